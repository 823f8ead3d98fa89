"""The TensorRT versions the direct route builds with, and what each of them lacks.

Sources: the method and enum lists of the Python bindings of 8.6.1, 10.16.1, 11.4.0 and TensorRT for
RTX 1.7.1.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, field

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Layer, Tensor
from surgeon_gui.network.layers import Plugin
from surgeon_gui.targets.base import Page, Status, Verdict
from surgeon_gui.targets.jetpack import jetpack_source, jetpack_words
from surgeon_gui.targets.plugins import plugin_available

_BINDINGS = "Python API of the TensorRT bindings"


@dataclass(frozen=True)
class Flavour:
    """One line of TensorRT releases.

    Attributes:
        id: the target's id.
        title: for people.
        summary: what it is.
        page: further facts.
        missing: what it has not: layer kinds (`Cumulative`) and operations (`Unary.ISNAN`).
        dtypes: tensor dtypes it has not, and what becomes of them.
        library: its version as the plugins' descriptions spell it.
    """

    id: str
    title: str
    summary: str
    page: Page
    missing: frozenset[str] = frozenset()
    dtypes: Mapping[DType, str] = field(default_factory=dict)
    library: str = ""

    def verdict(self, layer: Layer, tensors: Mapping[str, Tensor]) -> Verdict | None:
        """Return why this TensorRT does not take a layer as it is, or None where it does."""
        kind = layer.kind
        operation = kind.parameters().get("op", kind.parameters().get("type"))
        member = getattr(operation, "name", "")
        for name in (kind.type_name, f"{kind.type_name}.{member}"):
            if name in self.missing:
                what = f"the layer {kind.type_name}" if "." not in name else f"{member} in {name}"
                what = what.removesuffix(f".{member}")
                return Verdict(
                    Status.REFUSES,
                    f"{self.title} has not {what}, which this node needs.",
                    "Build with another TensorRT (see the matrix of targets), or replace the node.",
                    source=_BINDINGS,
                )
        if isinstance(kind, Plugin) and plugin_available(kind.plugin_name, self.library) is False:
            return Verdict(
                Status.REFUSES,
                f"{self.title} does not ship the plugin {kind.plugin_name}, which this node needs.",
                "Build with another TensorRT (see the matrix of targets), or cut the graph.",
            )
        held = {tensor.dtype for tensor in layer.outputs}
        held |= {tensors[name].dtype for name in layer.inputs if name in tensors}
        for dtype, words in self.dtypes.items():
            if dtype in held:
                narrowed = dtype is DType.INT64
                return Verdict(
                    Status.CAVEAT if narrowed else Status.REFUSES,
                    f"{self.title} has no {dtype.text} tensors; {words}",
                    source=_BINDINGS,
                )
        for network in kind.networks().values():
            known = network.tensors
            for inner in network.layers:
                found = self.verdict(inner, known)
                if found is not None:
                    return found
        return None


_NARROWED = "its values are narrowed to int32."

FLAVOURS = (
    Flavour(
        "trt-8.6",
        "TensorRT 8.6",
        "The last TensorRT with a UFF parser, built here layer by layer without it.",
        Page(
            since="8.6 (2023)",
            until="8.6.3; TensorRT 10 follows",
            jetpack=jetpack_words("8.6"),
            jetpack_source=jetpack_source("8.6"),
            needs="tensorrt 8.6 for Python, CUDA 11 or 12, an NVIDIA GPU to build on.",
            source=_BINDINGS,
        ),
        frozenset({"Cumulative", "Unary.ISNAN", "Activation.GELU_ERF", "Activation.GELU_TANH"}),
        {
            DType.INT64: _NARROWED,
            DType.BFLOAT16: "cast to float16 or float32.",
        },
        library="8.6",
    ),
    Flavour(
        "trt-10",
        "TensorRT 10",
        "Explicit batch only; the UFF and Caffe parsers are gone.",
        Page(
            since="10.0 (2024)",
            until="10.16; TensorRT 11 follows",
            jetpack=jetpack_words("10"),
            jetpack_source=jetpack_source("10"),
            needs="tensorrt 10 for Python, CUDA 12 or 13, an NVIDIA GPU to build on.",
            source=_BINDINGS,
        ),
        library="10.x",
    ),
    Flavour(
        "trt-11",
        "TensorRT 11",
        "Networks are always strongly typed: precision is stated in the graph, not by flags.",
        Page(
            since="11.0 (2026)",
            jetpack=jetpack_words("11"),
            needs="tensorrt 11 for Python, CUDA 13, an NVIDIA GPU to build on.",
            source=_BINDINGS,
        ),
        library="11.x",
    ),
    Flavour(
        "rtx-1",
        "TensorRT for RTX 1",
        "Builds without a GPU; plans run on GeForce and RTX GPUs (sm75, sm80, sm86, sm89, sm120, "
        "sm121), not on data centre Hopper and not on Jetson. It takes no plugins.",
        Page(
            since="1.0 (2025)",
            jetpack="none: it does not run on Jetson",
            needs="tensorrt-rtx for Python; CUDA 12, or CUDA 13 with driver 580 or later, to run.",
            source=_BINDINGS,
        ),
        frozenset({"Plugin", "NMS", "NonZero"}),
    ),
)

# Distributions that bring a TensorRT, in the order the engine's worker prefers them.
_DISTRIBUTIONS = (
    ("tensorrt-rtx", "TensorRT for RTX", "rtx-1"),
    ("tensorrt", "TensorRT", ""),
    ("tensorrt-cu13", "TensorRT", ""),
    ("tensorrt-cu12", "TensorRT", ""),
    ("tensorrt-cu11", "TensorRT", ""),
)


@dataclass(frozen=True)
class Installed:
    """The TensorRT the direct route builds with here."""

    title: str
    flavour: Flavour


def installed() -> Installed | None:
    """Return the installed TensorRT by its package's name and version, without importing it."""
    for name, title, flavour_id in _DISTRIBUTIONS:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        return Installed(f"{title} {version}", _flavour(flavour_id, version))
    return None


def _flavour(flavour_id: str, version: str) -> Flavour:
    """Return the line a version belongs to; the newest for one that is newer than all known."""
    known = {flavour.id: flavour for flavour in FLAVOURS}
    if flavour_id:
        return known[flavour_id]
    major = version.partition(".")[0]
    return known.get({"8": "trt-8.6", "10": "trt-10"}.get(major, "trt-11"), known["trt-11"])
