"""Constants and plugins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.ir import Kind, TensorSpec


@dataclass(frozen=True, eq=False, kw_only=True)
class Constant(Kind):
    arity: ClassVar[tuple[int, int | None]] = (0, 0)
    weights_: Array

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(DType.from_numpy(self.weights_.dtype), self.weights_.shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Plugin(Kind):
    """A TensorRT plugin; types of the outputs are declared, fields are what its creator takes."""

    arity: ClassVar[tuple[int, int | None]] = (0, None)
    plugin_name: str
    plugin_version: str = "1"
    plugin_namespace: str = ""
    fields: tuple[tuple[str, Any], ...] = ()
    declared: tuple[TensorSpec, ...] = ()

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return list(self.declared)


def as_float32(array: Array) -> Array:
    """Return `array` as contiguous float32, itself if it is that already."""
    return np.ascontiguousarray(array, dtype=np.float32)
