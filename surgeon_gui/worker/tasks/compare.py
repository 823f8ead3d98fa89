"""Compare any two ways to compute a network, tensor by tensor."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from surgeon_gui.compare.finite import non_finite
from surgeon_gui.compare.images import image_arrays
from surgeon_gui.compare.inputs import load_arrays, random_inputs, save_npz
from surgeon_gui.compare.report import (
    TensorComparison,
    Tolerance,
    compare_tensor,
    compare_tensors,
)
from surgeon_gui.errors import BuildFailed, CompareError, JobFailed, RunFailed, UsageError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, Shape, TensorType
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import (
    CompareResult,
    CompareSpec,
    Divergence,
    SideSpec,
    SideTime,
    Strange,
)
from surgeon_gui.network.precision import HALVES, with_precision
from surgeon_gui.network.store import load_network
from surgeon_gui.worker.registry import task
from surgeon_gui.worker.sides import OnnxSide, Side, open_side
from surgeon_gui.worker.timing import Stopwatch

if TYPE_CHECKING:
    from surgeon_gui.worker.candidate import Candidate

_LOG = logging.getLogger(__name__)

CHUNK_BYTES = 256 << 20
CHUNK_TENSORS = 32
"""Tensors marked at once: more would cost memory, and keep an engine's layers from fusing."""

_GUESSED_BYTES = 4 << 20


@task("compare")
def compare(spec: CompareSpec, report: Report) -> CompareResult:
    """Compare the outputs; where one differs or is no number, find the first tensor that does."""
    report.progress("Opening the two sides")
    with (
        closing(_opened(spec.value, spec, report)) as value,
        closing(_opened(spec.reference, spec, report)) as reference,
    ):
        return _Comparison(spec, report, value, reference).run()


def _opened(side: SideSpec, spec: CompareSpec, report: Report) -> Side:
    # Each of these imports something heavy that the others do not need.
    if side.engine:
        from surgeon_gui.worker.engine_sides import BuiltSide

        precision = side.precision or "fp32"
        return BuiltSide(side.path, report, precision, side.title, spec.plugins, side.kept)
    if side.precision in HALVES and side.path.suffix.lower() == ".network":
        return OnnxSide(side.path, side.title, _rounded(side))
    if side.precision not in ("", "fp32"):
        raise UsageError(
            f"Nothing computes in {side.precision} on the CPU.",
            where=str(side.path),
            hint="Compare the engine of that precision.",
        )
    return open_side(side.path, report, side.title, spec.plugins, spec.shapes)


def _rounded(side: SideSpec) -> Candidate:
    # onnxruntime is heavy and not needed by the other sides.
    from surgeon_gui.worker.candidate import NetworkCandidate

    network = load_network(side.path)
    return NetworkCandidate(with_precision(network, HALVES[side.precision], side.kept))


@dataclass
class _Comparison:
    spec: CompareSpec
    report: Report
    value: Side
    reference: Side
    left_out: list[str] = field(default_factory=list)

    def run(self) -> CompareResult:
        spec = self.spec
        self.tolerance = Tolerance(spec.max_rel, spec.min_cosine)
        self.feeds = self._feeds()
        names = self._names()
        watches = (Stopwatch(seconds=1.0), Stopwatch(seconds=1.0))
        found: list[Mapping[str, Array]] = []
        for side, watch in zip(self._sides, watches, strict=True):
            self.report.progress(f"Running {side.title}")
            found.append(side.run(self.feeds, names, watch))
        values, references = found
        self._shared_or_raise(values, references)
        names = names or tuple(references)
        rows = compare_tensors(values, references, names, self.tolerance)
        kept: tuple[dict[str, Array], dict[str, Array]] = ({}, {})
        seeking = {
            side.title
            for side, arrays in zip(self._sides, found, strict=True)
            if non_finite({name: arrays[name] for name in names if name in arrays})
        }
        inner: list[TensorComparison] = []
        strange: dict[str, Strange] = {}
        if spec.all_tensors or not rows.ok or seeking:
            inner, strange = self._inner(names, set(seeking), not rows.ok, kept)
        for path, arrays, more in zip(
            (spec.save_value, spec.save_reference), found, kept, strict=True
        ):
            if path is not None:
                save_npz(path, {**more, **arrays})
        for side, arrays in zip(self._sides, found, strict=True):
            for bad in non_finite({name: arrays[name] for name in names if name in arrays})[:1]:
                strange.setdefault(side.title, Strange(side.title, bad))
        return CompareResult(
            value=self.value.title,
            reference=self.reference.title,
            ok=rows.ok,
            outputs=rows.rows,
            first_divergence=self._divergence([*inner, *rows.rows]),
            tensors=tuple(inner) if spec.all_tensors else (),
            strange=tuple(strange.values()),
            left_out=tuple(self.left_out),
            times=tuple(
                SideTime(side.title, statistics.median(watch.times), len(watch.times))
                for side, watch in zip(self._sides, watches, strict=True)
                if watch.times
            ),
            max_rel=spec.max_rel,
            min_cosine=spec.min_cosine,
            saved=spec.save_value,
        )

    @property
    def _sides(self) -> tuple[Side, Side]:
        return self.value, self.reference

    def _feeds(self) -> dict[str, Array]:
        """Return an array for every input of either side, of the reference's dtypes."""
        spec = self.spec
        types: dict[str, TensorType] = {}
        for side in (self.reference, self.value):
            for name, kind in side.inputs().items():
                have = types.get(name)
                if have is None:
                    types[name] = kind
                elif not have.shape.is_static:
                    types[name] = TensorType(have.dtype, kind.shape)
        for name, kind in types.items():
            if name in spec.shapes:
                types[name] = TensorType(kind.dtype, Shape(tuple(spec.shapes[name])))
            elif kind.shape.rank is None:
                # Surgery removed it, as it removes the keep probability of a dropout: a scalar.
                types[name] = TensorType(kind.dtype, Shape.of())
        given: dict[str, Array] = {}
        if spec.inputs is not None:
            given |= load_arrays(spec.inputs, tuple(types))
        if spec.images is not None:
            given |= image_arrays(spec.images, types)
        missing = {name: kind for name, kind in types.items() if name not in given}
        if spec.inputs is not None:
            for name, kind in missing.items():
                if kind.shape.rank != 0:
                    raise UsageError(
                        "The inputs file has no array for this input.",
                        where=name,
                        hint=f"It holds {', '.join(given) or 'nothing'}.",
                    )
        return {**given, **random_inputs(missing, spec.seed, spec.distribution)}

    def _names(self) -> tuple[str, ...]:
        """Return what to compare; nothing where only running tells what is there."""
        if self.spec.outputs:
            return tuple(str(TensorRef.parse(name)) for name in self.spec.outputs)
        # What was stored may hold inner tensors too; the side that computes knows its outputs.
        first, second = self._sides
        if first.is_stored and not second.is_stored:
            first, second = second, first
        if first.is_stored:
            return ()
        return first.outputs() or (() if second.is_stored else second.outputs())

    def _shared_or_raise(
        self, values: Mapping[str, Array], references: Mapping[str, Array]
    ) -> None:
        if not set(values) & set(references):
            one, other = (", ".join(list(item)[:6]) or "nothing" for item in (values, references))
            raise CompareError(
                f"The two sides have no tensor in common: {one} against {other}.",
                hint="Compare results of the same graph, or name the outputs with --output.",
            )

    def _inner(
        self,
        outputs: Sequence[str],
        seeking: set[str],
        differs: bool,
        kept: tuple[dict[str, Array], dict[str, Array]],
    ) -> tuple[list[TensorComparison], dict[str, Strange]]:
        """Compare the tensors before the outputs, as far as is needed.

        Args:
            outputs: what has been compared.
            seeking: sides whose first NaN or infinity is looked for.
            differs: whether the first difference is looked for.
            kept: what was computed is put here, where it shall be saved.
        """
        spec = self.spec
        rows: list[TensorComparison] = []
        strange: dict[str, Strange] = {}
        names = self._shared_inner(outputs)
        done = 0
        for chunk in self._chunks(names):
            self.report.progress("Comparing inner tensors", done, len(names))
            values, references = self._computed(chunk)
            done += len(chunk)
            for name in chunk:
                if name not in values or name not in references:
                    self.left_out.append(name)
                    continue
                row = compare_tensor(name, values[name], references[name], self.tolerance)
                rows.append(row)
                for side, arrays in zip(self._sides, (values, references), strict=True):
                    for bad in non_finite({name: arrays[name]}):
                        strange.setdefault(side.title, Strange(side.title, bad))
            if spec.all_tensors:
                for wanted, keep, arrays in zip(
                    (spec.save_value, spec.save_reference), kept, (values, references), strict=True
                ):
                    if wanted is not None:
                        keep.update(arrays)
            elif (not differs or any(not row.ok for row in rows)) and seeking <= set(strange):
                break
        return rows, strange

    def _shared_inner(self, outputs: Sequence[str]) -> list[str]:
        """Return the inner tensors both sides have, in the graph's order where one knows it."""
        # A network leaves out what it folds; TensorFlow knows the graph's own order.
        first, second = self.reference, self.value
        if first.is_stored:
            first, second = second, first
        both = set(second.inner())
        return [name for name in first.inner() if name in both and name not in outputs]

    def _chunks(self, names: Sequence[str]) -> Iterator[list[str]]:
        chunk: list[str] = []
        size = 0
        for name in names:
            sizes = [item for item in (side.size(name) for side in self._sides) if item is not None]
            more = max(sizes, default=_GUESSED_BYTES)
            if chunk and (len(chunk) == CHUNK_TENSORS or size + more > CHUNK_BYTES):
                yield chunk
                chunk, size = [], 0
            chunk.append(name)
            size += more
        if chunk:
            yield chunk

    def _computed(self, names: list[str]) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """Run both sides, without those tensors that make one fail."""
        try:
            return self.value.run(self.feeds, names), self.reference.run(self.feeds, names)
        except (BuildFailed, RunFailed, JobFailed) as error:
            if len(names) == 1:
                _LOG.warning("%s is left out: %s", names[0], error.message)
                return {}, {}
        middle = len(names) // 2
        one, other = self._computed(names[:middle]), self._computed(names[middle:])
        return {**one[0], **other[0]}, {**one[1], **other[1]}

    def _divergence(self, rows: Sequence[TensorComparison]) -> Divergence | None:
        for row in rows:
            if not row.ok:
                origins = [side.origin(row.name) for side in self._sides]
                op = next((item.op for item in origins if item.op), "")
                layer = next((item.layer for item in origins if item.layer), None)
                return Divergence(TensorRef.parse(row.name).node, op, layer, row)
        return None
