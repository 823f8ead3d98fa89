"""The finer options of a build; those a TensorRT lacks cannot be chosen for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QWidget

from surgeon_gui.errors import UsageError
from surgeon_gui.jobs.spec import BuildSpec, ShapeRange, gpu_names
from surgeon_gui.network.ir import Network
from surgeon_gui.settings import cache_dir
from surgeon_gui.ui.machine import Flavour
from surgeon_gui.ui.widgets import ComboBox, SpinBox, row

_DLA = "Run what it can on this deep learning accelerator, the rest on the GPU"
_CORNERS = ("least", "best", "most")
_FLAGS = (
    ("tf32", "TF32", "Let float32 products round to 10 bits of mantissa, which is faster"),
    ("sparse_weights", "Sparse weights", "Use the GPU's 2:4 sparsity where weights have it"),
    ("refittable", "Refittable", "Let the engine's weights be changed after the build"),
    ("version_compatible", "Later versions", "Run with later versions of TensorRT too"),
    ("hardware_compatible", "Later GPUs", "Run on Ampere and every later GPU"),
    (
        "timing_cache",
        "Timing cache",
        "Keep how fast kernels were, for quicker builds later",
    ),
    ("detailed", "Layer details", "Keep what TensorRT can tell of each layer in the engine"),
)


def routes(flavours: Iterable[Flavour]) -> list[tuple[str, str]]:
    """Return the ways to build with what is installed, as words and the word of a `BuildSpec`."""
    found = [("Direct, layer by layer", "direct"), ("ONNX, by TensorRT's parser", "onnx")]
    if any(item.parses_uff for item in flavours):
        found.append(("UFF, by NVIDIA's parser", "uff"))
    return found


def parse_gpus(text: str) -> tuple[str, ...]:
    """Read `sm86, sm89` or `current`.

    Raises:
        UsageError: one is no compute capability.
    """
    gpus = gpu_names(text)
    for name in gpus:
        if name != "current" and not (name.startswith("sm") and name[2:].isdigit()):
            raise UsageError(
                f"{name} is no GPU target.", where="GPU targets", hint="Such as sm86, sm89."
            )
    return gpus


def lacking(flavour: Flavour | None, *, has_gpu: bool) -> dict[str, str]:
    """Return why options cannot be used, by option.

    Args:
        flavour: the TensorRT that builds; None for none.
        has_gpu: whether a GPU is here.
    """
    if flavour is None:
        return {"dla": "TensorRT is not installed."}
    if flavour.id == "rtx":
        found = {
            "version_compatible": "TensorRT for RTX comes without the lean runtime it needs.",
            "hardware_compatible": "TensorRT for RTX builds for each GPU you name instead.",
            "timing_cache": "TensorRT for RTX has none; its builds are quick without.",
            "dla": "TensorRT for RTX builds for GPUs alone.",
        }
        if not has_gpu:
            found["refittable"] = "TensorRT for RTX needs a GPU here for this."
        return found
    if int(flavour.version.partition(".")[0] or 0) >= 11:
        return {"dla": "TensorRT 11 supports no deep learning accelerators."}
    return {}


class BuildOptions(QWidget):
    """A form for what a `BuildSpec` holds beyond target and precision.

    Signals:
        changed(): a dynamic input appeared or went.
    """

    changed = Signal()

    def __init__(self, workspace_mib: int) -> None:
        super().__init__()
        self._flavour: Flavour | None = None
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setHorizontalSpacing(12)
        self.form.setVerticalSpacing(6)
        self.level = ComboBox("Optimization level")
        self.level.setToolTip("How long TensorRT searches for fast kernels: 0 least, 5 longest")
        self.level.addItem("TensorRT's own", None)
        for level in range(6):
            self.level.addItem(str(level), level)
        self.workspace = SpinBox()
        self.workspace.setRange(0, 1 << 20)
        self.workspace.setValue(workspace_mib)
        self.workspace.setSuffix(" MiB")
        self.workspace.setSpecialValueText("TensorRT's own")
        self.workspace.setAccessibleName("Workspace")
        self.workspace.setToolTip("The most scratch memory a layer may use")
        self.dla = SpinBox()
        self.dla.setRange(-1, 15)
        self.dla.setValue(-1)
        self.dla.setSpecialValueText("none")
        self.dla.setAccessibleName("Deep learning accelerator")
        self.dla.setToolTip(_DLA)
        self.flags: dict[str, QCheckBox] = {}
        for name, title, tip in _FLAGS:
            box = QCheckBox(title)
            box.setToolTip(tip)
            self.flags[name] = box
        boxes = list(self.flags.values())
        self.form.addRow("Effort", self.level)
        self.form.addRow("Workspace", self.workspace)
        self.form.addRow("Allow", row(*boxes[:3], None))
        self.form.addRow("Also run on", row(*boxes[3:5], None))
        self.form.addRow("Keep", row(*boxes[5:], None))
        self.form.addRow("DLA core", self.dla)
        self.ranges: dict[str, tuple[QLineEdit, ...]] = {}
        self._fixed_rows = self.form.rowCount()

    def set_flavour(self, flavour: Flavour | None, *, has_gpu: bool = False) -> None:
        """Offer what this TensorRT has; the others say why not."""
        self._flavour = flavour
        reasons = lacking(flavour, has_gpu=has_gpu)
        for name, _title, tip in _FLAGS:
            box, reason = self.flags[name], reasons.get(name)
            box.setEnabled(reason is None)
            box.setToolTip(reason or tip)
            if reason is not None:
                box.setChecked(False)
        reason = reasons.get("dla")
        self.form.setRowVisible(self.dla, reason is None)
        if reason is not None:
            self.dla.setValue(-1)

    def set_network(self, network: Network | None) -> None:
        """Ask for a range of shapes for each input with unknown dimensions."""
        dynamic = {
            tensor.name: tensor.shape
            for tensor in (network.inputs if network is not None else ())
            if min(tensor.shape, default=0) < 0
        }
        kept = {name: [field.text() for field in fields] for name, fields in self.ranges.items()}
        while self.form.rowCount() > self._fixed_rows:
            self.form.removeRow(self._fixed_rows)
        self.ranges = {}
        for name, shape in dynamic.items():
            fields = tuple(QLineEdit() for _ in _CORNERS)
            guess = "x".join("1" if dim < 0 else str(dim) for dim in shape)
            texts = kept.get(name, [guess] * len(_CORNERS))
            for field, corner, text in zip(fields, _CORNERS, texts, strict=True):
                field.setText(text)
                field.setAccessibleName(f"{corner} shape of {name}")
                field.setToolTip(
                    f"The {corner} shape of {name}, as 1x224x224x3; a comma before that of "
                    "another profile"
                )
            self.form.addRow(name, row(*fields, spacing=4))
            self.ranges[name] = fields
        self.changed.emit()

    def apply(self, spec: BuildSpec) -> BuildSpec:
        """Return `spec` with the options chosen here.

        Raises:
            UsageError: a shape is none.
        """
        chosen = {name: box.isChecked() for name, box in self.flags.items()}
        return replace(
            spec,
            optimization_level=self.level.currentData(),
            workspace_bytes=self.workspace.value() << 20 or None,
            profiles=self._profiles(),
            tf32=chosen["tf32"],
            sparse_weights=chosen["sparse_weights"],
            refittable=chosen["refittable"],
            version_compatible=chosen["version_compatible"],
            hardware_compatible=chosen["hardware_compatible"],
            timing_cache=self._cache_file() if chosen["timing_cache"] else None,
            detailed=chosen["detailed"],
            dla_core=self.dla.value() if self.dla.value() >= 0 else None,
        )

    def show_spec(self, spec: BuildSpec) -> None:
        """Fill the form as `apply` read it; inputs this graph lacks are left out."""
        self.level.setCurrentIndex(max(self.level.findData(spec.optimization_level), 0))
        self.workspace.setValue((spec.workspace_bytes or 0) >> 20)
        for name, box in self.flags.items():
            value = getattr(spec, name)
            box.setChecked(box.isEnabled() and value is not None and value is not False)
        self.dla.setValue(-1 if spec.dla_core is None else spec.dla_core)
        found: dict[str, list[ShapeRange]] = {}
        for item in (item for profile in spec.profiles for item in profile):
            found.setdefault(item.input, []).append(item)
        for name, items in found.items():
            shapes = zip(
                *((item.minimum, item.optimum, item.maximum) for item in items), strict=True
            )
            for field, dims in zip(self.ranges.get(name, ()), shapes, strict=False):
                field.setText(", ".join("x".join(map(str, shape)) for shape in dims))

    def _profiles(self) -> tuple[tuple[ShapeRange, ...], ...]:
        """Return the optimization profiles, as many as each field has shapes."""
        found: list[list[ShapeRange]] = []
        for name, fields in self.ranges.items():
            listed = [[_dims(name, part) for part in field.text().split(",")] for field in fields]
            if len({len(shapes) for shapes in listed}) > 1:
                raise UsageError(
                    "Its least, best and most shapes are not for as many profiles.",
                    where=name,
                    hint="Give each of the three as many shapes, with commas between.",
                )
            found.append([ShapeRange(name, *corners) for corners in zip(*listed, strict=True)])
        if len({len(ranges) for ranges in found}) > 1:
            raise UsageError(
                "The inputs do not have as many profiles.",
                where=next(iter(self.ranges)),
                hint="Give each input a range for every profile, with commas between.",
            )
        return tuple(zip(*found, strict=True))

    def _cache_file(self) -> Path:
        """Return the file timings of this TensorRT are kept in."""
        name = "default" if self._flavour is None else f"{self._flavour.id}-{self._flavour.version}"
        return cache_dir() / "timing" / f"{name}.cache"


def _dims(name: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.lower().split("x"))
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no shape.", where=name, hint="Write it as 1x224x224x3."
        ) from error
