"""What goes with a precision: layers that keep float32, dtypes of the ends, ranges of int8."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QWidget

from surgeon_gui.edits.base import Edit
from surgeon_gui.errors import UsageError
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.range_files import eight_bit_build, load_any_ranges, ranges_of_edits
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.machine import Flavour
from surgeon_gui.ui.panels.kept_nodes import KeptNodes
from surgeon_gui.ui.widgets import button, row

_HALVES = ("fp16", "bf16")
_FILES = (
    "Ranges (*.json *.cache *.toml)",
    "TensorRT calibration cache (*.cache)",
    "Rule set with ranges (*.toml)",
)
_LAST_WITH_RANGES = 10


@dataclass(frozen=True)
class Rounding:
    """The ranges an int8 build takes.

    Attributes:
        is_int8: whether the build is one.
        ranges: a file with them; None takes those of the rule sets applied, or of the training.
        implicit: tell TensorRT the ranges, and let it choose what to round.
    """

    is_int8: bool = False
    ranges: Path | None = None
    implicit: bool = False

    def put_into(self, spec: BuildSpec, folder: Path, edits: Iterable[Edit]) -> BuildSpec:
        """Return the build of the rounded network, whose files go into `folder`.

        Raises:
            OpenError, RuleError: the ranges cannot be read.
            ConvertError, UsageError: they are of another network, or there are none.
        """
        if not self.is_int8:
            return spec
        known = load_any_ranges(self.ranges) if self.ranges is not None else ranges_of_edits(edits)
        if known is not None:
            return eight_bit_build(spec, known, folder, implicit=self.implicit)
        if self.implicit or spec.kept:
            raise UsageError(
                "There are no ranges to round by.",
                where="Ranges",
                hint="Choose a file of ranges; the Quantize panel finds them.",
            )
        return spec


class PrecisionOptions(QWidget):
    """A form whose rows change with the precision.

    Args:
        chooser: asks for the file of ranges.
        selected: tells the nodes that are selected.
    """

    def __init__(self, chooser: PathChooser, selected: Callable[[], tuple[str, ...]]) -> None:
        super().__init__()
        self._chooser = chooser
        self._precision = "fp32"
        self.kept = KeptNodes(selected)
        self.half_ends = QCheckBox("Inputs and outputs too")
        self.half_ends.setToolTip("They take the precision's dtype; else they stay float32")
        self.ranges = _field(
            "Ranges", "Saved by the Quantize panel, a calibration cache, or a rule set with ranges"
        )
        self.ranges.setPlaceholderText("the rule set's, or trained ones")
        self.browse = button("Choose…", self._choose, tip="Choose a file of ranges")
        self.implicit = QCheckBox("Let TensorRT choose what to round")
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setHorizontalSpacing(12)
        self.form.setVerticalSpacing(6)
        self._ends_row, self._implicit_row = row(self.half_ends, None), row(self.implicit, None)
        self._ranges_row = row(self.ranges, self.browse, spacing=4)
        self.form.addRow("Ranges", self._ranges_row)
        self.form.addRow("", self._implicit_row)
        self.form.addRow("In float32", self.kept)
        self.form.addRow("Convert", self._ends_row)
        self.set_flavour(None)
        self.set_precision(self._precision)

    def set_precision(self, precision: str) -> None:
        """Show the rows that go with a precision."""
        self._precision = precision
        is_int8, is_half = precision == "int8", precision in _HALVES
        self.form.setRowVisible(self._ranges_row, is_int8)
        self.form.setRowVisible(self._implicit_row, is_int8)
        self.form.setRowVisible(self.kept, is_int8 or is_half)
        self.form.setRowVisible(self._ends_row, is_half)
        self.setVisible(is_int8 or is_half)

    def set_flavour(self, flavour: Flavour | None) -> None:
        """Offer implicit rounding where this TensorRT has it."""
        major = 0 if flavour is None else int(flavour.version.partition(".")[0] or 0)
        has = flavour is not None and flavour.id == "tensorrt" and major <= _LAST_WITH_RANGES
        self.implicit.setEnabled(has)
        self.implicit.setToolTip(
            "TensorRT is told how far tensors reach, and rounds where that is faster"
            if has
            else "TensorRT 8 and 10 can; here what to round is written into the network"
        )
        if not has:
            self.implicit.setChecked(False)

    def apply(self, spec: BuildSpec) -> BuildSpec:
        """Return `spec` with what goes with its precision."""
        is_half = spec.precision in _HALVES
        return replace(
            spec,
            kept=self.kept.names() if is_half or spec.precision == "int8" else (),
            half_ends=is_half and self.half_ends.isChecked(),
        )

    def choice(self) -> Rounding:
        """Return the ranges chosen.

        Raises:
            UsageError: there is no such file.
        """
        name, is_int8 = self.ranges.text().strip(), self._precision == "int8"
        if not is_int8 or not name:
            return Rounding(is_int8, None, self.implicit.isChecked())
        path = Path(name).absolute()
        if not path.is_file():
            raise UsageError("There is no such file.", where=name, hint="Choose the ranges again.")
        return Rounding(is_int8, path, self.implicit.isChecked())

    def show_spec(self, spec: BuildSpec) -> None:
        """Fill the form as `apply` read it."""
        self.kept.show_names(spec.kept)
        self.half_ends.setChecked(spec.half_ends)

    def _choose(self) -> None:
        self._chooser.open_file(
            self.window(), "Ranges", "", _FILES, lambda path: self.ranges.setText(str(path))
        )


def _field(name: str, tip: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setToolTip(tip)
    return made
