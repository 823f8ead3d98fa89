"""The style sheet of the whole window: `style.qss` with a Theme's colours in it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from surgeon_gui.ui.theme import Theme, apply_theme

RADIUS = 6


def mix(first: QColor, second: QColor, share: float) -> str:
    """Return the colour `share` of the way from `first` to `second`, as `#rrggbb`."""
    return QColor.fromRgbF(
        first.redF() + (second.redF() - first.redF()) * share,
        first.greenF() + (second.greenF() - first.greenF()) * share,
        first.blueF() + (second.blueF() - first.blueF()) * share,
    ).name()


def dress_application(theme: Theme) -> None:
    """Give the whole application a theme's style, palette, font and style sheet.

    Nothing is done where it has them already: Qt would measure every widget again.
    """
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        return
    sheet = style_sheet(theme)
    worn = (application.styleSheet(), application.palette(), application.font())
    if worn != (sheet, theme.palette(), theme.ui_font):
        apply_theme(application, theme)
        application.setStyleSheet(sheet)


def style_sheet(theme: Theme) -> str:
    """Return the style sheet for the application."""
    hover = mix(theme.color("window"), theme.color("text"), 0.05)
    pressed = mix(theme.color("window"), theme.color("text"), 0.10)
    primary_hover = mix(theme.color("accent"), theme.color("text"), 0.12)
    pale = mix(theme.color("window"), theme.color("muted"), 0.55)
    tint = 0.18 if theme.is_dark else 0.10
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
        "card": mix(theme.color("window"), theme.color("accent"), tint),
        "card_refuses": mix(theme.color("window"), theme.color("refuses"), tint),
        "card_caveat": mix(theme.color("window"), theme.color("caveat"), tint),
        "caveat": theme.caveat,
        "scroll": mix(theme.color("window"), theme.color("muted"), 0.35),
        "radius": f"{RADIUS}px",
        "check": _check(theme),
        "produces": theme.produces,
        "consumes": theme.consumes,
        "refuses": theme.refuses,
    }
    sheet = resources.files("surgeon_gui.ui").joinpath("style.qss").read_text("utf-8")
    for name, value in values.items():
        sheet = sheet.replace(f"@{name}@", value)
    return sheet


def _check(theme: Theme) -> str:
    """Return the path of the tick on the accent: Qt's style sheets take pictures from files."""
    tone = "white" if theme.color("on_accent").lightness() > 127 else "black"
    return Path(__file__).with_name(f"check-{tone}.svg").as_posix()
