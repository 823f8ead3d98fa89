"""The finer options of a build; those a TensorRT lacks cannot be chosen for it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QSpinBox, QWidget

from surgeon_gui.errors import UsageError
from surgeon_gui.jobs.spec import BuildSpec, ShapeRange
from surgeon_gui.network.ir import Network
from surgeon_gui.ui.widgets import ComboBox, row

_CORNERS = ("least", "best", "most")
_FLAGS = (
    ("tf32", "TF32", "Let float32 products round to 10 bits of mantissa, which is faster"),
    ("sparse_weights", "Sparse weights", "Use the GPU's 2:4 sparsity where weights have it"),
    ("refittable", "Refittable", "Let the engine's weights be changed after the build"),
    ("version_compatible", "Later versions", "Run with later versions of TensorRT too"),
    ("hardware_compatible", "Later GPUs", "Run on Ampere and every later GPU"),
)
_LACKING = {"rtx": ("hardware_compatible", "version_compatible")}
"""Flags by the flavour that does not have them."""


class BuildOptions(QWidget):
    """A form for what a `BuildSpec` holds beyond target and precision.

    Signals:
        changed(): a dynamic input appeared or went.
    """

    changed = Signal()

    def __init__(self, workspace_mib: int) -> None:
        super().__init__()
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(6)
        self.level = ComboBox("Optimization level")
        self.level.setToolTip("How long TensorRT searches for fast kernels: 0 least, 5 longest")
        self.level.addItem("TensorRT's own", None)
        for level in range(6):
            self.level.addItem(str(level), level)
        self.workspace = QSpinBox()
        self.workspace.setRange(0, 1 << 20)
        self.workspace.setValue(workspace_mib)
        self.workspace.setSuffix(" MiB")
        self.workspace.setSpecialValueText("TensorRT's own")
        self.workspace.setAccessibleName("Workspace")
        self.workspace.setToolTip("The most scratch memory a layer may use")
        self.flags: dict[str, QCheckBox] = {}
        for name, title, tip in _FLAGS:
            box = QCheckBox(title)
            box.setToolTip(tip)
            self.flags[name] = box
        boxes = list(self.flags.values())
        self._form.addRow("Effort", self.level)
        self._form.addRow("Workspace", self.workspace)
        self._form.addRow("Allow", row(*boxes[:3], None))
        self._form.addRow("Also run on", row(*boxes[3:], None))
        self.ranges: dict[str, tuple[QLineEdit, ...]] = {}
        self._fixed_rows = self._form.rowCount()

    def set_flavour(self, flavour: str | None) -> None:
        """Offer what this TensorRT has; None: whichever is installed, which refuses by itself."""
        lacking = _LACKING.get(flavour or "", ())
        for name, box in self.flags.items():
            box.setEnabled(name not in lacking)
            if name in lacking:
                box.setChecked(False)

    def set_network(self, network: Network | None) -> None:
        """Ask for a range of shapes for each input with unknown dimensions."""
        dynamic = {
            tensor.name: tensor.shape
            for tensor in (network.inputs if network is not None else ())
            if min(tensor.shape, default=0) < 0
        }
        kept = {name: [field.text() for field in fields] for name, fields in self.ranges.items()}
        while self._form.rowCount() > self._fixed_rows:
            self._form.removeRow(self._fixed_rows)
        self.ranges = {}
        for name, shape in dynamic.items():
            fields = tuple(QLineEdit() for _ in _CORNERS)
            guess = "x".join("1" if dim < 0 else str(dim) for dim in shape)
            texts = kept.get(name, [guess] * len(_CORNERS))
            for field, corner, text in zip(fields, _CORNERS, texts, strict=True):
                field.setText(text)
                field.setAccessibleName(f"{corner} shape of {name}")
                field.setToolTip(f"The {corner} shape of {name}, as 1x224x224x3")
            self._form.addRow(name, row(*fields, spacing=4))
            self.ranges[name] = fields
        self.changed.emit()

    def apply(self, spec: BuildSpec) -> BuildSpec:
        """Return `spec` with the options chosen here.

        Raises:
            UsageError: a shape is none.
        """
        ranges = tuple(
            ShapeRange(name, *(_dims(name, field.text()) for field in fields))
            for name, fields in self.ranges.items()
        )
        chosen = {name: box.isChecked() for name, box in self.flags.items()}
        return replace(
            spec,
            optimization_level=self.level.currentData(),
            workspace_bytes=self.workspace.value() << 20 or None,
            profiles=(ranges,) if ranges else (),
            tf32=chosen["tf32"],
            sparse_weights=chosen["sparse_weights"],
            refittable=chosen["refittable"],
            version_compatible=chosen["version_compatible"],
            hardware_compatible=chosen["hardware_compatible"],
        )


def _dims(name: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.lower().split("x"))
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no shape.", where=name, hint="Write it as 1x224x224x3."
        ) from error
