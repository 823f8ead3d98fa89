"""The targets' pages: what each is, since when, on which JetPack, and what it needs."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.targets import Target, catalogue
from surgeon_gui.ui.scrolling import ScrollArea
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, row

_ROUTES = {
    "direct": "Direct: this program lowers the graph to TensorRT layers itself.",
    "uff": "UFF: a .uff file for NVIDIA's UFF parser.",
    "onnx": "ONNX: tf2onnx, then TensorRT's ONNX parser.",
    "hybrid": "Hybrid: TensorRT segments inside a TensorFlow graph.",
}


class TargetDialog(QDialog):
    """A list of the targets, and the page of the one chosen in it.

    Signals:
        chosen(str): the user wants this target.
    """

    chosen = Signal(str)

    def __init__(self, target_id: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("target-page")
        self.setWindowTitle("Targets")
        self.setAccessibleName("Targets")
        self.resize(820, 460)
        self._theme = theme
        self._present = target_id
        self._targets = catalogue()
        self.list = QListWidget()
        self.list.setAccessibleName("Targets")
        self.list.setFixedWidth(268)
        for target in self._targets:
            item = QListWidgetItem(target.title)
            item.setToolTip(target.id)
            item.setSizeHint(QSize(0, 26))
            self.list.addItem(item)
        self.page = ScrollArea()
        self.page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.use_button = button("Check for this target", self._use, kind="primary")
        body = QHBoxLayout()
        body.setSpacing(16)
        body.addWidget(self.list)
        body.addWidget(self.page, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(body, 1)
        layout.addWidget(row(None, button("Close", self.reject, kind="button"), self.use_button))
        self.list.currentRowChanged.connect(self._show)
        ids = [target.id for target in self._targets]
        self.list.setCurrentRow(ids.index(target_id) if target_id in ids else 0)
        self.finished.connect(self.deleteLater)

    @property
    def target(self) -> Target:
        """The target whose page is on show."""
        return self._targets[self.list.currentRow()]

    def _show(self, _row: int) -> None:
        target = self.target
        content = QWidget()
        words = QVBoxLayout(content)
        words.setContentsMargins(0, 0, 8, 0)
        words.setSpacing(8)
        words.addWidget(label(target.title, "strong", wrap=True))
        name = label(f"--target {target.id}", "muted", copyable=True)
        name.setFont(self._theme.mono_font)
        words.addWidget(name)
        words.addWidget(label(target.summary, wrap=True, copyable=True))
        words.addWidget(label(_ROUTES[target.route], "muted", wrap=True))
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for key, text in target.page.lines:
            name = label(key, "muted")
            name.setAlignment(Qt.AlignmentFlag.AlignTop)
            form.addRow(name, label(text, wrap=True, copyable=True))
        words.addSpacing(4)
        words.addLayout(form)
        words.addStretch(1)
        self.page.setWidget(content)
        self.page.setAccessibleName(f"{target.title}: {target.summary}")
        self.use_button.setEnabled(target.id != self._present)

    def _use(self) -> None:
        self.chosen.emit(self.target.id)
        self.accept()
