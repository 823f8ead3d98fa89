"""What a run computed, shown as a table, as the best classes, or as a picture."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.compare.images import ImageFeed, image_arrays
from surgeon_gui.compare.inputs import load_npz
from surgeon_gui.graph.values import Array, DType, Shape, TensorType
from surgeon_gui.jobs.message import TensorInfo
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, ElidedLabel, SpinBox, button
from surgeon_gui.view.outputs import (
    IMAGE,
    SEGMENTS,
    TABLE,
    TITLES,
    TOP,
    Best,
    as_classes,
    as_image,
    as_rows,
    best_classes,
    blended,
    forms_of,
    items_of,
    read_labels,
    row_name,
)

logger = logging.getLogger(__name__)

_MOST_COLUMNS = 4096
_LABELS = ("Labels, one a line (*.txt *.csv *.names)", "All files (*)")


@dataclass(frozen=True)
class Shown:
    """What is on show: the outputs, and the picture they were computed from."""

    outputs: Mapping[str, Array]
    under: Mapping[int, Array]


class _Numbers(RowsModel[int]):
    """An array by rows of its last dimension; the rows are row numbers."""

    def __init__(self, theme: Theme) -> None:
        super().__init__((), theme)
        self._array: Array | None = None
        self._cells: Array | None = None

    def show_array(self, array: Array) -> None:
        self._array, self._cells = array, as_rows(array)
        count = min(self._cells.shape[1], _MOST_COLUMNS)
        self._columns = ("", *map(str, range(count)))
        self.show(range(self._cells.shape[0]))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self._cells is None or self._array is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            row, column = index.row(), index.column()
            if column == 0:
                return row_name(self._array, row)
            value = self._cells[row, column - 1]
            return f"{float(value):.6g}" if value.dtype.kind == "f" else str(value)
        if role == Qt.ItemDataRole.FontRole:
            return self.theme.mono_font
        return None


class _Classes(RowsModel[Best]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (f"{found.value:.6g}", str(found.index), found.label)[index.column()]
        if role == Qt.ItemDataRole.FontRole and index.column() < 2:
            return self.theme.mono_font
        return None


class _Picture(QLabel):
    """A picture as large as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._full = QPixmap()

    def show_pixels(self, pixels: Array) -> None:
        height, width = pixels.shape[:2]
        image = QImage(
            pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888
        ).copy()
        self._full = QPixmap.fromImage(image)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._full.isNull():
            return
        enlarged = self._full.width() < self.width()
        mode = Qt.TransformationMode
        self.setPixmap(
            self._full.scaled(
                self.size(),
                Qt.AspectRatioMode.KeepAspectRatio,
                mode.FastTransformation if enlarged else mode.SmoothTransformation,
            )
        )


class OutputView(QWidget):
    """Chooses one of a run's outputs and the form it is shown in."""

    def __init__(self, session: Session, theme: Theme, chooser: PathChooser) -> None:
        super().__init__()
        self._session = session
        self._chooser = chooser
        self._shown = Shown({}, {})
        self._labels: tuple[str, ...] = ()
        self.output = ComboBox("Output")
        self.form = ComboBox("Shown as")
        self.item = SpinBox()
        self.item.setAccessibleName("Which of the batch")
        self.item.setToolTip("Which of the batch")
        self.labels_button = button(
            "Labels…", self._choose_labels, tip="A text file with the name of each class"
        )
        self.words = ElidedLabel(role="muted")
        self._numbers = _Numbers(theme)
        self._classes = _Classes(("Score", "Class", "Label"), theme)
        self.table, self.classes, self.picture = QTableView(), QTableView(), _Picture()
        set_up_table(self.table, self._numbers, "Values", (90,))
        set_up_table(self.classes, self._classes, "Best classes", (130, 90))
        self.classes.horizontalHeader().setStretchLastSection(True)
        self._pages = QStackedWidget()
        for page in (self.table, self.classes, self.picture):
            self._pages.addWidget(page)
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 6, 8, 6)
        bar.setSpacing(8)
        for each in (self.output, self.form, self.item, self.labels_button):
            bar.addWidget(each)
        bar.addWidget(self.words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self._pages, 1)
        self.output.currentIndexChanged.connect(lambda _index: self._chosen())
        self.form.currentIndexChanged.connect(lambda _index: self._draw())
        self.item.valueChanged.connect(lambda _value: self._draw())

    def set_theme(self, theme: Theme) -> None:
        self._numbers.theme = self._classes.theme = theme

    def load(
        self, results: Path | None, images: ImageFeed | None, inputs: tuple[TensorInfo, ...]
    ) -> None:
        """Show the outputs in an `.npz`, read off the UI thread.

        Args:
            results: the file.
            images: what the run was fed, to lie under segments.
            inputs: the run's inputs.
        """
        if results is None:
            self._take(Shown({}, {}))
            return
        self._session.compute(
            "outputs",
            partial(_read, results, images, inputs),
            lambda found: self._take(found) if isinstance(found, Shown) else None,
        )

    def _take(self, shown: Shown) -> None:
        before = self.output.currentText()
        self._shown = shown
        self.output.blockSignals(True)
        self.output.clear()
        self.output.addItems(list(shown.outputs))
        self.output.setCurrentIndex(max(self.output.findText(before), 0))
        self.output.blockSignals(False)
        self._chosen()

    def _present(self) -> Array | None:
        return self._shown.outputs.get(self.output.currentText())

    def _chosen(self) -> None:
        array = self._present()
        before = self.form.currentData()
        forms = forms_of(array) if array is not None else (TABLE,)
        self.form.blockSignals(True)
        self.form.clear()
        for key in forms:
            self.form.addItem(TITLES[key], key)
        self.form.setCurrentIndex(max(self.form.findData(before), 0))
        self.form.blockSignals(False)
        self.item.setMaximum(max(items_of(array) - 1, 0) if array is not None else 0)
        self._draw()

    def _draw(self) -> None:
        array, form, item = self._present(), self.form.currentData(), self.item.value()
        self.labels_button.setVisible(form == TOP)
        self.item.setVisible(form != TABLE and self.item.maximum() > 0)
        if array is None:
            self.words.set_full("No outputs were kept.")
            self._numbers.show(())
            self._pages.setCurrentWidget(self.table)
            return
        shape = "×".join(map(str, array.shape)) or "scalar"
        self.words.set_full(f"{array.dtype} {shape}")
        if form == TOP:
            self._classes.show(best_classes(array, item, labels=self._labels))
            self._pages.setCurrentWidget(self.classes)
        elif form == IMAGE:
            self.picture.show_pixels(as_image(array, item))
            self._pages.setCurrentWidget(self.picture)
        elif form == SEGMENTS:
            under = self._shown.under.get(item)
            self.picture.show_pixels(blended(as_classes(array, item), under))
            self._pages.setCurrentWidget(self.picture)
        else:
            self._numbers.show_array(array)
            self._pages.setCurrentWidget(self.table)

    def _choose_labels(self) -> None:
        def read(path: Path) -> None:
            self._session.compute("labels", lambda: read_labels(path), taken)

        def taken(found: object) -> None:
            if isinstance(found, tuple):
                self._labels = found
                self._draw()

        self._chooser.open_file(self.window(), "Labels of the classes", "", _LABELS, read)


def _read(results: Path, images: ImageFeed | None, inputs: tuple[TensorInfo, ...]) -> Shown:
    outputs = load_npz(results)
    if images is None:
        return Shown(outputs, {})
    types = {
        info.name: TensorType(DType.from_text(info.dtype), Shape(info.shape)) for info in inputs
    }
    (array,) = image_arrays(images, types).values()
    return Shown(outputs, {at: as_image(array, at) for at in range(len(array))})
