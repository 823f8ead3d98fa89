"""The form that says what a run is fed: random values, arrays, images, or what a script makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from surgeon_gui.compare.images import (
    CHANNELS,
    ENDINGS,
    LAYOUTS,
    RANGES,
    RESIZES,
    ImageFeed,
    ImageRecipe,
)
from surgeon_gui.compare.inputs import DISTRIBUTIONS
from surgeon_gui.errors import UsageError
from surgeon_gui.jobs.feeding import Feeding
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, SpinBox, button, label, row

RANDOM, ARRAYS, IMAGES, SCRIPT = "random", "arrays", "images", "script"

_KINDS = (
    (RANDOM, "Random values"),
    (ARRAYS, "Arrays from a file"),
    (IMAGES, "Images"),
)
_SCRIPT_WORDS = "What a script makes"
_DRAWN = {
    "uniform": "−1 to 1",
    "unit": "0 to 1",
    "normal": "Gaussian",
    "pixels": "0 to 255, whole",
    "zeros": "all 0",
    "ones": "all 1",
}
_ARRAY_FILES = ("Arrays (*.npz *.npy)", "All files (*)")
_SCRIPT_FILES = ("Python scripts (*.py)",)
_IMAGE_FILES = (f"Images ({' '.join('*' + ending for ending in ENDINGS)})", "All files (*)")
_OWN = "Own numbers"
_BETWEEN = "; "


class FeedingForm(QWidget):
    """A form of rows that change with where the inputs come from.

    Args:
        chooser: asks for files.
        seed: of random values, at first.
        scripts: offer a script whose `samples()` yields inputs; a choice of it is `inputs`.

    Signals:
        changed(): the rows shown are others.
    """

    changed = Signal()

    def __init__(self, chooser: PathChooser, seed: int, *, scripts: bool = False) -> None:
        super().__init__()
        self._chooser = chooser
        self.kind = ComboBox("Inputs")
        self.kind.setToolTip("Where the inputs come from")
        for key, words in _KINDS:
            self.kind.addItem(words, key)
        if scripts:
            self.kind.addItem(_SCRIPT_WORDS, SCRIPT)
        self.seed = SpinBox()
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setValue(seed)
        self.seed.setFixedWidth(96)
        self.seed.setAccessibleName("Seed of the random inputs")
        self.seed.setToolTip("The same seed gives the same inputs")
        self.drawn = ComboBox("Distribution")
        self.drawn.setToolTip("How random numbers are drawn; whole-number inputs have their own")
        for name in DISTRIBUTIONS:
            self.drawn.addItem(_DRAWN[name], name)
        self.arrays = _field("Arrays", "An .npz file keyed by input name, or an .npy file")
        self.script = _field(
            "Script", "Its samples() yields mappings of inputs to arrays; run only what you trust"
        )
        self.script.setPlaceholderText("A .py file with samples()")
        self.images = _field("Images", "Image files and folders, separated by semicolons")
        self.recipe = ComboBox("Numbers")
        self.recipe.setToolTip("What the pixels become: what the network was trained with")
        for name in RANGES:
            self.recipe.addItem(name, name)
        self.recipe.addItem(_OWN, None)
        self.mean = _field("Mean", "Subtracted from pixels of 0 to 255; one number or one each")
        self.std = _field("Deviation", "Divided by afterwards; one number or one per channel")
        self.resize_ = _choices("Size", RESIZES.items(), "How an image of another size fits")
        self.channels = _choices("Colours", ((name, name) for name in CHANNELS), "Channel order")
        layouts = ((name, "as the input" if name == "auto" else name) for name in LAYOUTS)
        self.layout_ = _choices("Layout", layouts, "Where the channels stand")
        self.input = _field("Input", "Which input takes the images; empty for the only one")
        self.input.setPlaceholderText("the only one")
        browse_arrays = button("Choose…", lambda: self._choose(_ARRAY_FILES, self.arrays))
        browse_script = button("Choose…", lambda: self._choose(_SCRIPT_FILES, self.script))
        browse_image = button("Add…", self._add_image, tip="Add an image file")
        browse_folder = button("Folder…", self._add_folder, tip="Take all images of a folder")
        self.form = form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(6)
        form.addRow("Inputs", self.kind)
        self._rows: list[tuple[str, QWidget]] = []
        self._add(RANDOM, "Seed", row(self.seed, self.drawn, None))
        self._add(ARRAYS, "File", row(self.arrays, browse_arrays, spacing=4))
        self._add(SCRIPT, "Script", row(self.script, browse_script, spacing=4))
        self._add(IMAGES, "Files", row(self.images, browse_image, browse_folder, spacing=4))
        self._add(IMAGES, "Size", self.resize_)
        colours = row(self.channels, label("Layout", "muted"), self.layout_, None)
        self._add(IMAGES, "Colours", colours)
        self._add(IMAGES, "Numbers", self.recipe)
        self._add(IMAGES, "Mean", row(self.mean, label("Deviation", "muted"), self.std))
        self._add(IMAGES, "Input", self.input)
        self.kind.currentIndexChanged.connect(lambda _index: self._show_rows())
        self.recipe.currentIndexChanged.connect(lambda _index: self._show_recipe())
        self._show_recipe()
        self._show_rows()

    def set_theme(self, theme: Theme) -> None:
        for field in (self.arrays, self.script, self.images, self.mean, self.std, self.input):
            field.setFont(theme.mono_font)

    def choice(self) -> Feeding:
        """Return what is chosen.

        Raises:
            UsageError: a field is empty or holds no number.
        """
        kind, seed = self.kind.currentData(), self.seed.value()
        drawn = self.drawn.currentData()
        if kind in (ARRAYS, SCRIPT):
            name = (self.arrays if kind == ARRAYS else self.script).text().strip()
            if not name:
                what = "file with" if kind == ARRAYS else "script that makes"
                raise UsageError(f"Choose the {what} the inputs.", where="Inputs")
            return Feeding(Path(name).absolute(), None, seed, drawn)
        if kind == RANDOM:
            return Feeding(seed=seed, distribution=drawn)
        names = [part.strip() for part in self.images.text().split(";") if part.strip()]
        if not names:
            raise UsageError("Choose an image or a folder of images.", where="Inputs")
        recipe = ImageRecipe(
            self.resize_.currentData(),
            self.channels.currentData(),
            self.layout_.currentData(),
            _numbers(self.mean),
            _numbers(self.std),
        )
        recipe.check()
        paths = tuple(Path(name).absolute() for name in names)
        return Feeding(None, ImageFeed(paths, recipe, self.input.text().strip()), seed, drawn)

    def show_choice(self, feeding: Feeding) -> None:
        """Fill the form with a choice."""
        self.seed.setValue(feeding.seed)
        self.drawn.setCurrentIndex(max(self.drawn.findData(feeding.distribution), 0))
        self.arrays.setText("" if feeding.inputs is None else str(feeding.inputs))
        images = feeding.images
        if images is not None:
            recipe = images.recipe
            self.images.setText(_BETWEEN.join(map(str, images.paths)))
            for box, value in (
                (self.resize_, recipe.resize),
                (self.channels, recipe.channels),
                (self.layout_, recipe.layout),
            ):
                box.setCurrentIndex(max(box.findData(value), 0))
            known = [name for name, item in RANGES.items() if _same_numbers(item, recipe)]
            self.recipe.setCurrentIndex(self.recipe.findData(known[0] if known else None))
            # The recipe's own order of colours must not change what was chosen.
            self.channels.setCurrentIndex(max(self.channels.findData(recipe.channels), 0))
            self.mean.setText(_text(recipe.mean))
            self.std.setText(_text(recipe.std))
            self.input.setText(images.input)
        kind = IMAGES if images is not None else RANDOM if feeding.inputs is None else ARRAYS
        self.kind.setCurrentIndex(self.kind.findData(kind))

    def _add(self, kind: str, words: str, field: QWidget) -> None:
        self.form.addRow(words, field)
        self._rows.append((kind, field))

    def _show_rows(self) -> None:
        present = self.kind.currentData()
        for kind, field in self._rows:
            self.form.setRowVisible(field, kind == present)
        self.changed.emit()

    def _show_recipe(self) -> None:
        name = self.recipe.currentData()
        own = name is None
        for field in (self.mean, self.std):
            field.setEnabled(own)
        if not own:
            recipe = RANGES[name]
            self.mean.setText(_text(recipe.mean))
            self.std.setText(_text(recipe.std))
            self.channels.setCurrentIndex(self.channels.findData(recipe.channels))

    def _choose(self, filters: tuple[str, ...], field: QLineEdit) -> None:
        folder = str(Path(field.text()).parent) if field.text() else ""
        self._chooser.open_file(
            self.window(), "Inputs", folder, filters, lambda path: field.setText(str(path))
        )

    def _add_image(self) -> None:
        self._chooser.open_file(self.window(), "Add an image", "", _IMAGE_FILES, self._take)

    def _add_folder(self) -> None:
        self._chooser.open_folder(self.window(), "Images", "", self._take)

    def _take(self, path: Path) -> None:
        before = self.images.text().strip()
        self.images.setText(f"{before}{_BETWEEN}{path}" if before else str(path))


def align_labels(*forms: QFormLayout) -> None:
    """Give the labels of forms that stand below each other one width."""
    labels: list[QWidget] = []
    for form in forms:
        for at in range(form.rowCount()):
            item = form.itemAt(at, QFormLayout.ItemRole.LabelRole)
            words = item.widget() if item is not None else None
            if words is not None:
                labels.append(words)
    width = max((each.sizeHint().width() for each in labels), default=0)
    for each in labels:
        each.setMinimumWidth(width)


def _field(name: str, tip: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setToolTip(tip)
    return made


def _choices(name: str, items: Iterable[tuple[str, str]], tip: str) -> ComboBox:
    made = ComboBox(name)
    made.setToolTip(tip)
    for key, words in items:
        made.addItem(words, key)
    return made


def _numbers(field: QLineEdit) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in field.text().replace(",", " ").split())
    except ValueError as error:
        raise UsageError(
            f"{field.text()!r} is no list of numbers.", where=field.accessibleName()
        ) from error


def _text(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _same_numbers(one: ImageRecipe, other: ImageRecipe) -> bool:
    return (one.mean, one.std) == (other.mean, other.std)
