"""What a source computes before it is frozen, and the frozen graph held against that.

The source runs once, with its variables loaded; its numbers outlive it, so that source and frozen
graph need not be in memory together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surgeon_gui.compare.inputs import load_npz, random_inputs
from surgeon_gui.compare.report import (
    TensorComparison,
    Tolerance,
    compare_tensors,
    has_numbers,
)
from surgeon_gui.errors import ConvertError, JobError, SurgeonError, UsageError
from surgeon_gui.freeze.trouble import first_line
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.values import Array, DType, Shape, TensorType
from surgeon_gui.reference.tensorflow_import import import_tensorflow
from surgeon_gui.reference.tensorflow_runner import TensorflowRunner

Compute = Callable[[Mapping[str, Array]], Sequence[Array]]

EQUAL = Tolerance(max_rel=1e-4)
"""Freezing moves numbers, it does not change them; optimisers round differently at most."""

_SIZES = (32, 64, 224, 8, 1)
"""What an open dimension is tried with, in this order: most networks take 32."""


@dataclass(frozen=True)
class Request:
    """How the source is to be run.

    Args:
        inputs: `.npz` of the inputs, keyed by the frozen graph's input names; None draws them.
        seed: of the random inputs.
        shapes: sizes of inputs that leave some open.
    """

    inputs: Path | None = None
    seed: int = 0
    shapes: Mapping[str, tuple[int, ...]] | None = None


class Sampler:
    """Runs a source once and keeps what it computed.

    Attributes:
        feeds: what it was fed, by input name.
        values: what it computed, in the order of its outputs.
        problem: why there are none, in words; empty where there are.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.feeds: Mapping[str, Array] = {}
        self.values: tuple[Array, ...] = ()
        self.problem = ""

    def take(self, types: Mapping[str, TensorType], compute: Compute) -> None:
        """Run the source.

        Args:
            types: its inputs.
            compute: from arrays for them to its outputs.

        Raises:
            UsageError: the inputs given do not fit; random ones that do not are a `problem`.
        """
        if self._request.inputs is not None:
            self._take(self._given(types, self._request.inputs), compute)
            return
        self.problem = "Its inputs leave sizes open."
        for sized in self._sized(types):
            try:
                feeds = random_inputs(sized, self._request.seed)
            except UsageError as error:
                self.problem = f"{error.where}: {error.message}" if error.where else error.message
                return
            self._take(feeds, compute)
            if not self.problem:
                return

    def _take(self, feeds: Mapping[str, Array], compute: Compute) -> None:
        tensorflow = import_tensorflow()
        try:
            self.values = tuple(compute(feeds))
        except (tensorflow.errors.OpError, ValueError, TypeError) as error:
            self.problem = f"The source does not run: {first_line(error)}"
            return
        except (JobError, ConvertError) as error:
            self.problem = f"The source does not run: {error.message}"
            return
        if not any(value.size for value in self.values):
            self.problem = "What the source computes from these inputs is empty."
        elif not any(value.size and has_numbers(value) for value in self.values):
            self.problem = "The source gives NaN everywhere."
        else:
            self.feeds, self.problem = feeds, ""

    def _given(self, types: Mapping[str, TensorType], path: Path) -> dict[str, Array]:
        given = load_npz(path)
        for name in types:
            if name not in given:
                raise UsageError(
                    "The inputs file has no array for this input.",
                    where=name,
                    hint=f"It holds {', '.join(given) or 'nothing'}.",
                )
        return {name: given[name] for name in types}

    def _sized(self, types: Mapping[str, TensorType]) -> Iterator[dict[str, TensorType]]:
        """Yield the inputs with their open dimensions closed, each time by another size."""
        shapes = self._request.shapes or {}
        types = {
            name: TensorType(kind.dtype, Shape(shapes[name])) if name in shapes else kind
            for name, kind in types.items()
        }
        is_open = any(dim < 0 for kind in types.values() for dim in (kind.shape.dims or ())[1:])
        for size in _SIZES if is_open else _SIZES[:1]:
            yield {
                name: TensorType(kind.dtype, Shape(_closed(kind.shape.dims, size)))
                for name, kind in types.items()
            }


def _closed(dims: tuple[int, ...] | None, size: int) -> tuple[int, ...] | None:
    if dims is None:
        return None
    return tuple(dim if dim >= 0 or at == 0 else size for at, dim in enumerate(dims))


def compare_with_source(
    graph: Graph, outputs: Sequence[TensorRef | None], sampler: Sampler
) -> tuple[TensorComparison, ...]:
    """Return how far a frozen graph's outputs are from what its source computed.

    Args:
        graph: the frozen graph.
        outputs: the source's outputs in it, in the source's order; None for those it has not.
        sampler: has run the source.
    """
    pairs = zip(outputs, sampler.values, strict=True)
    references = {str(ref): value for ref, value in pairs if ref is not None}
    kept = [ref for ref in outputs if ref is not None]
    return _compared(graph, kept, sampler, references)


def compare_graphs(before: Graph, after: Graph, sampler: Sampler) -> tuple[TensorComparison, ...]:
    """Return how far the outputs of one frozen graph are from those another has by those names."""
    outputs = after.outputs or ()
    try:
        with TensorflowRunner(before, outputs) as runner:
            references = runner.run(sampler.feeds, outputs)
    except SurgeonError as error:
        return _failed(outputs, error)
    return _compared(after, outputs, sampler, references)


def _compared(
    graph: Graph, outputs: Sequence[TensorRef], sampler: Sampler, references: Mapping[str, Array]
) -> tuple[TensorComparison, ...]:
    try:
        with TensorflowRunner(graph, outputs) as runner:
            values = runner.run(sampler.feeds, outputs)
    except SurgeonError as error:
        return _failed(outputs, error)
    return compare_tensors(values, references, tolerance=EQUAL).rows


def _failed(outputs: Sequence[TensorRef], error: SurgeonError) -> tuple[TensorComparison, ...]:
    """Return rows that say why nothing could be compared."""
    where = f" ({error.where})" if error.where else ""
    words = f"{error.message}{where}"
    return tuple(TensorComparison(str(ref), (), False, problem=words) for ref in outputs)


def tensor_type(tensor: Any) -> TensorType:
    """Return the dtype and shape of a TensorFlow tensor or TensorSpec."""
    rank = tensor.shape.rank
    dims = None if rank is None else tuple(-1 if dim is None else dim for dim in tensor.shape)
    return TensorType(DType(tensor.dtype.base_dtype.as_datatype_enum), Shape(dims))
