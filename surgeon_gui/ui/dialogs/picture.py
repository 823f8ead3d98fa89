"""Asks what a picture of the graph shall show and be."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QFormLayout, QVBoxLayout, QWidget

from surgeon_gui.ui.widgets import ComboBox, button, label, row

PARTS = {"whole": "Whole graph", "view": "What is in view", "selection": "Selection"}
FORMS = {
    ".svg": "SVG, sharp at every size",
    ".png": "PNG, pixels",
    ".pdf": "PDF, one page of its size",
}
SCALES = (1, 2, 3, 4)


@dataclass(frozen=True)
class PictureChoice:
    """What was chosen.

    Attributes:
        part: `whole`, `view` or `selection`.
        form: `.svg`, `.png` or `.pdf`.
        scale: pixels per unit, for `.png`.
        light: whether it is drawn for paper, whatever the window wears.
    """

    part: str
    form: str
    scale: int
    light: bool


class PictureDialog(QDialog):
    """Part, form, scale and colours.

    Args:
        sizes: width and height of each part that can be had, in units of the scene.
        parent: the window.

    Signals:
        chosen(object): a PictureChoice.
    """

    chosen = Signal(object)

    def __init__(self, sizes: dict[str, tuple[float, float]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("picture")
        self.setWindowTitle("Export a picture")
        self.setAccessibleName("Export a picture")
        self.setMinimumWidth(420)
        self._sizes = sizes
        self.part = ComboBox("Part")
        for key, title in PARTS.items():
            if key in sizes:
                self.part.addItem(title, key)
        self.form = ComboBox("Form")
        for form, title in FORMS.items():
            self.form.addItem(title, form)
        self.scale = ComboBox("Scale")
        for scale in SCALES:
            self.scale.addItem(f"{scale} ×", scale)
        self.scale.setCurrentIndex(SCALES.index(2))
        self.colors = ComboBox("Colours")
        self.colors.addItem("As in the window", False)
        self.colors.addItem("Light, for paper", True)
        self.words = label(role="muted")
        self.words.setAccessibleName("Size of the picture")
        fields = QFormLayout()
        fields.setHorizontalSpacing(12)
        fields.setVerticalSpacing(8)
        for title, field in (
            ("Part", self.part),
            ("Form", self.form),
            ("Scale", self.scale),
            ("Colours", self.colors),
        ):
            fields.addRow(title, field)
        self.export = button("Export…", self._accept, kind="primary")
        self.export.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(fields)
        layout.addWidget(self.words)
        layout.addWidget(row(None, button("Cancel", self.reject, kind="button"), self.export))
        for box in (self.part, self.form, self.scale):
            box.currentIndexChanged.connect(lambda _index: self._refresh())
        self.finished.connect(lambda _result: self.deleteLater())
        self._refresh()

    def choice(self) -> PictureChoice:
        """Return what the fields say."""
        return PictureChoice(
            self.part.currentData(),
            self.form.currentData(),
            self.scale.currentData(),
            self.colors.currentData(),
        )

    def _refresh(self) -> None:
        choice = self.choice()
        has_pixels = choice.form == ".png"
        self.scale.setEnabled(has_pixels)
        times = choice.scale if has_pixels else 1
        width, height = (round(side * times) for side in self._sizes[choice.part])
        self.words.setText(f"{width} × {height} {'pixels' if has_pixels else 'units'}")

    def _accept(self) -> None:
        self.chosen.emit(self.choice())
        self.accept()
