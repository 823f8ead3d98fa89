"""What the engines of a hybrid are: their precision, samples for int8, how many are kept ready."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from surgeon_gui.errors import UsageError
from surgeon_gui.jobs.hybrid_spec import BundleBuildSpec
from surgeon_gui.jobs.spec import PRECISIONS
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.widgets import ComboBox, SpinBox, button, row

_SAMPLES = ("Samples (*.npz *.npy *.py)", "All files (*)")


class EngineOptions(QWidget):
    """A form; the row of samples is there for int8 alone.

    Args:
        chooser: asks for the samples.
    """

    def __init__(self, chooser: PathChooser) -> None:
        super().__init__()
        self._chooser = chooser
        self.precision = ComboBox("Precision of the engines")
        self.precision.setToolTip("In int8, segments that cannot be rounded are built in fp32")
        self.precision.addItems(list(PRECISIONS))
        self.samples = QLineEdit()
        self.samples.setAccessibleName("Samples")
        self.samples.setPlaceholderText("Arrays, or a script")
        self.samples.setToolTip(
            "Inputs of whole runs; each segment is calibrated with what reaches it. "
            "A script is code: run only what you trust"
        )
        self.browse = button("Choose…", self._choose, tip="Choose the samples")
        self.cached = SpinBox()
        self.cached.setRange(1, 999)
        self.cached.setFixedWidth(96)
        self.cached.setAccessibleName("Engines kept ready")
        self.cached.setToolTip("For how many input shapes a segment is kept ready while it runs")
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setHorizontalSpacing(12)
        self.form.setVerticalSpacing(6)
        self._samples_row = row(self.samples, self.browse, spacing=4)
        self.form.addRow("Engines kept", row(self.cached, None))
        self.form.addRow("Precision", row(self.precision, None))
        self.form.addRow("Samples", self._samples_row)
        self.precision.currentTextChanged.connect(lambda _text: self._show_samples())
        self._show_samples()

    def put_into(self, spec: BundleBuildSpec) -> BundleBuildSpec:
        """Return `spec` with what is chosen.

        Raises:
            UsageError: int8 has no samples, or they are not there.
        """
        precision, name = self.precision.currentText(), self.samples.text().strip()
        if precision != "int8":
            return replace(spec, precision=precision)
        if not name:
            raise UsageError("Choose samples for int8.", where="Samples")
        path = Path(name).absolute()
        if not path.exists():
            raise UsageError("There is no such file or folder.", where=name)
        return replace(spec, precision=precision, data=(path,))

    def _show_samples(self) -> None:
        self.form.setRowVisible(self._samples_row, self.precision.currentText() == "int8")

    def _choose(self) -> None:
        self._chooser.open_file(
            self.window(), "Samples", "", _SAMPLES, lambda path: self.samples.setText(str(path))
        )
