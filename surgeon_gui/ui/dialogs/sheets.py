"""Sheets to read: about the program, what can be opened, commands and their keys."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from PySide6.QtCore import qVersion
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QMenuBar,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

import surgeon_gui
from surgeon_gui.settings import config_dir
from surgeon_gui.ui.diagnostics import Part
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, row

FORMATS: tuple[tuple[str, str, str], ...] = (
    ("Frozen graph", ".pb .graphdef", "Opened as it is; variables left can be frozen then."),
    ("GraphDef as text", ".pbtxt .textproto .prototxt", "Opened as it is."),
    ("SavedModel", "a folder", "Frozen by TensorFlow first, where it is installed."),
    ("Checkpoint", ".meta .index", "Frozen too; without values a .meta file's graph is opened."),
    ("Keras model", ".keras .h5", "Frozen too."),
    ("UFF", ".uff", "Opened, edited and built on every TensorRT, also those without a parser."),
    ("Rule set", ".toml", "Its rules join the list of rules."),
    ("Edit script", ".toml", "Its edits are replayed on the open graph."),
    ("Preprocess script", ".py", "A config.py of graphsurgeon; it runs once you agree."),
    ("Arrays", ".npz .npy", "Inputs for Verify, or for Run when that page is on top."),
    ("Images", ".png .jpg …", "Inputs for Verify."),
    ("Engine", ".engine .plan .trt", "Run on this machine's GPU."),
    ("Values per node", ".json", "Colour the graph."),
    ("Log", ".log .txt", "Its errors are explained and shown on their nodes."),
)

CANVAS_KEYS: tuple[tuple[str, str], ...] = (
    ("Walk along edges and rows", "Arrow keys"),
    ("Add to the selection", "Shift+Arrow keys"),
    ("Open or close a namespace", "Enter"),
    ("Zoom", "+, −, 0, mouse wheel"),
    ("Fit the graph", "F"),
    ("Go to the start of the graph", "Home"),
    ("Select nothing, stop a layout", "Esc"),
    ("Context menu", "Menu key, Shift+F10"),
    ("Select with a rectangle", "Shift and drag"),
    ("Move about", "Drag, middle button, two fingers"),
)


class Sheet(QDialog):
    """A table with words above it and buttons below."""

    def __init__(self, title: str, name: str, columns: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.resize(680, 520)
        self.words = label(wrap=True, copyable=True)
        self.words.hide()
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(title)
        self.tree.setColumnCount(len(columns))
        self.tree.setHeaderLabels(list(columns))
        self.tree.setAlternatingRowColors(True)
        self.tree.setObjectName("sheet")
        self.tree.setAllColumnsShowFocus(True)
        self.tree.header().setStretchLastSection(True)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.close_button = button("Close", self.accept, kind="primary")
        self.close_button.setDefault(True)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(16, 16, 16, 16)
        self.box.setSpacing(12)
        self.box.addWidget(self.words)
        self.box.addWidget(self.tree, 1)
        self.finished.connect(lambda _result: self.deleteLater())

    def say(self, text: str) -> None:
        """Put words above the table."""
        self.words.setText(text)
        self.words.show()

    def add(self, *cells: str, under: QTreeWidgetItem | None = None) -> QTreeWidgetItem:
        """Append a row."""
        item = QTreeWidgetItem(list(cells))
        for column, text in enumerate(cells):
            item.setToolTip(column, text)
        if under is None:
            self.tree.addTopLevelItem(item)
        else:
            under.addChild(item)
        return item

    def close_with(self, *others: QWidget) -> None:
        """Put the buttons below."""
        self.box.addWidget(row(*others, None, self.close_button))
        self.close_button.setFocus()


def formats_sheet(parent: QWidget) -> Sheet:
    """Return the sheet that says what can be opened or dropped."""
    sheet = Sheet("What can I open?", "formats", ("What", "File", "What happens"), parent)
    sheet.say("Open a graph with File, Open…, or drop any of these on the window.")
    sheet.tree.setRootIsDecorated(False)
    for what, ending, happens in FORMATS:
        sheet.add(what, ending, happens)
    sheet.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    sheet.close_with()
    return sheet


def about_sheet(parts: Sequence[Part], copy: QWidget, parent: QWidget) -> Sheet:
    """Return the sheet with versions and licences.

    Args:
        parts: the packages.
        copy: the button that copies diagnostics.
        parent: the window.
    """
    sheet = Sheet("About Graph Surgeon", "about", ("Package", "Version", "Licence"), parent)
    sheet.say(
        f"Graph Surgeon {surgeon_gui.__version__}, licence Apache-2.0.\n"
        "Takes a TensorFlow graph to TensorRT by surgery: see, cure, prove, export, build.\n"
        f"Python {platform.python_version()}, Qt {qVersion()}. "
        f"Settings and rule sets: {config_dir()}"
    )
    sheet.tree.setRootIsDecorated(False)
    for part in parts:
        sheet.add(part.name, part.version, part.licence)
    sheet.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    sheet.close_with(copy)
    return sheet


class KeysSheet(Sheet):
    """Every command of the menus with its key, sifted while typing.

    Args:
        bar: the menus, which give the order and the groups.
        theme: the colours.
        parent: the window.
    """

    def __init__(self, bar: QMenuBar, theme: Theme, parent: QWidget) -> None:
        super().__init__("Keyboard shortcuts", "keys", ("Command", "Key"), parent)
        self._theme = theme
        self.field = QLineEdit()
        self.field.setPlaceholderText("Filter by command or key")
        self.field.setAccessibleName("Filter the commands")
        self.field.setClearButtonEnabled(True)
        self.box.insertWidget(0, self.field)
        for action in bar.actions():
            group = self._group(action.text().replace("&", ""))
            self._fill(group, action)
        graph = self._group("In the graph")
        for words, keys in CANVAS_KEYS:
            self.add(words, keys, under=graph)
        self.tree.expandAll()
        self.field.textChanged.connect(self._sift)
        self.close_with(label("Ctrl+K runs any command by its name.", "muted"))
        self.field.setFocus()

    def _group(self, title: str) -> QTreeWidgetItem:
        group = self.add(title, "")
        font = group.font(0)
        font.setBold(True)
        group.setFont(0, font)
        return group

    def _fill(self, group: QTreeWidgetItem, menu_action: QAction, lead: str = "") -> None:
        # PySide leaves the type of QAction.menu() open.
        menu = menu_action.menu()
        actions: list[QAction] = menu.actions() if isinstance(menu, QWidget) else []
        for action in actions:
            title = action.text().replace("&", "").removesuffix("…")
            if isinstance(action.menu(), QWidget):
                self._fill(group, action, f"{lead}{title} › ")
            elif title and action.objectName():
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                item = self.add(f"{lead}{title}", keys, under=group)
                if not keys:
                    item.setForeground(0, self._theme.color("muted"))

    def _sift(self, text: str) -> None:
        words = text.lower().split()
        for at in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(at)
            if group is None:
                continue
            shown = 0
            for item in filter(None, map(group.child, range(group.childCount()))):
                whole = f"{group.text(0)} {item.text(0)} {item.text(1)}".lower()
                item.setHidden(not all(word in whole for word in words))
                shown += not item.isHidden()
            group.setHidden(shown == 0)
