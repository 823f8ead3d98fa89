"""The style sheet of the whole window, made from a Theme; sizes sit on a 4-px grid."""

from __future__ import annotations

from PySide6.QtGui import QColor

from surgeon_gui.ui.theme import Theme

RADIUS = 6


def mix(first: QColor, second: QColor, share: float) -> str:
    """Return the colour `share` of the way from `first` to `second`, as `#rrggbb`."""
    parts = [
        round(a + (b - a) * share)
        for a, b in zip(first.getRgb()[:3], second.getRgb()[:3], strict=True)
    ]
    return QColor(*parts).name()


def style_sheet(theme: Theme) -> str:
    """Return the style sheet for the application."""
    hover = mix(theme.color("window"), theme.color("text"), 0.05)
    pressed = mix(theme.color("window"), theme.color("text"), 0.10)
    primary_hover = mix(theme.color("accent"), theme.color("text"), 0.12)
    pale = mix(theme.color("window"), theme.color("muted"), 0.55)
    values = {
        "window": theme.window,
        "canvas": theme.canvas,
        "sunken": theme.sunken,
        "line": theme.line,
        "text": theme.text,
        "muted": theme.muted,
        "accent": theme.accent,
        "soft": theme.accent_soft,
        "on_accent": theme.on_accent,
        "node": theme.node,
        "hover": hover,
        "pressed": pressed,
        "primary_hover": primary_hover,
        "pale": pale,
        "card": mix(
            theme.color("window"), theme.color("accent"), 0.10 if not theme.is_dark else 0.18
        ),
        "scroll": mix(theme.color("window"), theme.color("muted"), 0.35),
        "radius": f"{RADIUS}px",
        "produces": theme.produces,
        "consumes": theme.consumes,
        "refuses": theme.refuses,
    }
    sheet = _SHEET
    for name, value in values.items():
        sheet = sheet.replace(f"@{name}@", value)
    return sheet


_SHEET = """
QMainWindow, QDialog { background: @window@; }
QMainWindow::separator { background: @line@; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: @accent@; }

QMenuBar { background: @window@; padding: 2px 4px; border: 0; }
QMenuBar::item { padding: 4px 8px; border-radius: 4px; background: transparent; color: @text@; }
QMenuBar::item:selected { background: @hover@; }
QMenuBar::item:pressed { background: @pressed@; }
QMenu { background: @window@; border: 1px solid @line@; padding: 4px; }
QMenu::item { padding: 4px 24px 4px 8px; border-radius: 4px; }
QMenu::item:selected { background: @soft@; color: @text@; }
QMenu::item:disabled { color: @pale@; }
QMenu::icon { padding-left: 8px; }
QMenu::separator { height: 1px; background: @line@; margin: 4px 4px; }

QToolBar { background: @window@; border: 0; border-bottom: 1px solid @line@; padding: 4px 8px 8px 8px; spacing: 8px; }
QToolBar::separator { background: @line@; width: 1px; margin: 4px 4px; }

QPushButton, QToolButton[kind="button"] {
  background: @window@; color: @text@; border: 1px solid @line@; border-radius: @radius@;
  padding: 4px 10px; min-height: 18px;
}
QPushButton:hover, QToolButton[kind="button"]:hover { background: @hover@; }
QPushButton:pressed, QToolButton[kind="button"]:pressed, QPushButton:checked { background: @pressed@; }
QPushButton:focus, QToolButton[kind="button"]:focus { border: 1px solid @accent@; }
QPushButton:disabled, QToolButton[kind="button"]:disabled { color: @pale@; }
QToolButton[kind="button"]::menu-indicator, QPushButton::menu-indicator { image: none; width: 0; }
QPushButton[kind="primary"], QToolButton[kind="primary"] {
  background: @accent@; color: @on_accent@; border: 1px solid @accent@; border-radius: @radius@;
  padding: 4px 10px; min-height: 18px; font-weight: 600;
}
QPushButton[kind="primary"]:hover, QToolButton[kind="primary"]:hover { background: @primary_hover@; }
QPushButton[kind="primary"]:focus, QToolButton[kind="primary"]:focus { border: 1px solid @text@; }
QPushButton[kind="primary"]:disabled, QToolButton[kind="primary"]:disabled {
  background: @sunken@; color: @pale@; border-color: @line@;
}
QPushButton[kind="small"] { padding: 2px 8px; min-height: 16px; }
QPushButton[kind="small-primary"] {
  background: @accent@; color: @on_accent@; border: 1px solid @accent@; border-radius: @radius@;
  padding: 2px 8px; min-height: 16px; font-weight: 600;
}
QPushButton[kind="small-primary"]:hover { background: @primary_hover@; }
QPushButton[kind="small-primary"]:focus { border: 1px solid @text@; }
QPushButton[kind="small-primary"]:disabled { background: @sunken@; color: @pale@; border-color: @line@; }
QPushButton[kind="link"] {
  border: 1px solid transparent; background: transparent; color: @accent@; padding: 0 2px;
  text-align: left; min-height: 16px;
}
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:focus { border: 1px solid @accent@; border-radius: 4px; }
QToolButton { border: 1px solid transparent; border-radius: 4px; padding: 2px; background: transparent; }
QToolButton:hover { background: @hover@; }
QToolButton:focus { border: 1px solid @accent@; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox {
  background: @sunken@; color: @text@; border: 1px solid @line@; border-radius: @radius@;
  padding: 3px 8px; selection-background-color: @accent@; selection-color: @on_accent@;
}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus {
  border: 1px solid @accent@;
}
QLineEdit:disabled { color: @pale@; }
QPlainTextEdit#log { border: 0; border-radius: 0; background: @window@; padding: 4px 8px; }

QAbstractItemView { background: @window@; border: 0; outline: 0; selection-background-color: @soft@; selection-color: @text@; }
QTreeView, QListView, QTableView { alternate-background-color: @sunken@; }
QTreeView::item, QListView::item { padding: 0 4px; border: 1px solid transparent; }
QTreeView::item:hover, QListView::item:hover { background: @hover@; }
QTreeView::item:selected, QListView::item:selected, QTableView::item:selected {
  background: @soft@; color: @text@;
}
QTreeView::item:focus, QListView::item:focus { border: 1px solid @accent@; }
QHeaderView::section {
  background: @window@; color: @muted@; border: 0; border-bottom: 1px solid @line@; padding: 4px 8px;
  text-align: left;
}
QTableView { gridline-color: @line@; }
QTableCornerButton::section { background: @window@; border: 0; }

QTabBar { background: @window@; border: 0; }
QTabBar::tab {
  background: transparent; color: @muted@; border: 0; border-bottom: 2px solid transparent;
  padding: 6px 8px 4px 8px; margin: 0 4px;
}
QTabBar::tab:hover { color: @text@; }
QTabBar::tab:selected { color: @text@; border-bottom: 2px solid @accent@; font-weight: 600; }
QTabBar::tab:focus { color: @accent@; }

QWidget#panel-title { background: @window@; border-bottom: 1px solid @line@; }
QLabel#panel-name { font-weight: 600; }
QLabel[role="muted"] { color: @muted@; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="pill"] { background: @sunken@; color: @muted@; border-radius: 8px; padding: 0 6px; }
QLabel[role="produces"] { color: @produces@; }
QLabel[role="consumes"] { color: @consumes@; }
QLabel[role="refuses"] { color: @refuses@; }
QFrame#card { background: @card@; border: 1px solid @accent@; border-radius: @radius@; }
QFrame#plain-card { background: @sunken@; border: 1px solid @line@; border-radius: @radius@; }
QFrame#bar { background: @card@; border: 0; border-bottom: 1px solid @line@; }
QFrame#row { border: 0; border-bottom: 1px solid @line@; }
QFrame#row:hover { background: @hover@; }
QFrame#rule { background: @line@; max-height: 1px; min-height: 1px; border: 0; }

QScrollArea { border: 0; background: @window@; }
QScrollArea > QWidget > QWidget { background: @window@; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: @scroll@; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 24px; }
QScrollBar::handle:horizontal { min-width: 24px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QStatusBar { background: @window@; border-top: 1px solid @line@; }
QStatusBar::item { border: 0; }
QProgressBar { background: @sunken@; border: 0; border-radius: 2px; max-height: 4px; min-height: 4px; }
QProgressBar::chunk { background: @accent@; border-radius: 2px; }
QToolTip { background: @window@; color: @text@; border: 1px solid @line@; padding: 4px; }
QSplitter::handle { background: @line@; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
"""
