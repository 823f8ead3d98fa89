"""A hybrid bundle as one side of a run or a comparison."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from surgeon_gui.compare.inputs import random_inputs
from surgeon_gui.errors import RunFailed
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, TensorType
from surgeon_gui.hybrid.bundle import read_bundle
from surgeon_gui.hybrid.segments import EngineOpener
from surgeon_gui.worker.sides import Origin
from surgeon_gui.worker.timing import Stopwatch, measured

if TYPE_CHECKING:
    from surgeon_gui.hybrid.runner import HybridRunner

logger = logging.getLogger(__name__)


class BundleSide:
    """TensorFlow with the segments as engines on the GPU, or on the CPU where there is none.

    Args:
        path: the bundle's folder.
        title: what the user calls it; empty says it by the folder.
        shapes: placeholder shapes that override the graph's.

    Raises:
        OpenError: the folder is no bundle.
    """

    is_stored = False

    def __init__(
        self, path: Path, title: str = "", shapes: Mapping[str, tuple[int, ...]] | None = None
    ) -> None:
        self.title = title or f"{path.name} as hybrid"
        self._path = path
        self._bundle = read_bundle(path)
        self._shapes = dict(shapes or {})
        self._held = ExitStack()
        self._opener: EngineOpener | None = None
        self._runner: HybridRunner | None = None
        self._open_gpu()

    def _open_gpu(self) -> None:
        from surgeon_gui.engine.resident import resident_engines

        try:
            engines = self._held.enter_context(resident_engines())
        except RunFailed as error:
            logger.warning("The segments run on the CPU: %s", error)
            return
        self._opener = engines.open

    def _opened(self) -> HybridRunner:
        if self._runner is None:
            from surgeon_gui.hybrid.runner import HybridRunner

            self._runner = HybridRunner(self._path, shapes=self._shapes, open_engine=self._opener)
        return self._runner

    def outputs(self) -> tuple[str, ...]:
        return self._bundle.outputs

    def inner(self) -> tuple[str, ...]:
        return ()

    def inputs(self) -> Mapping[str, TensorType]:
        return self._opened().inputs()

    def origin(self, name: str) -> Origin:
        ref = TensorRef.parse(name)
        for segment in self._bundle.segments:
            if ref.node in segment.nodes:
                return Origin(layer=segment.name)
        return Origin()

    def size(self, name: str) -> int | None:
        return None

    def run(
        self,
        feeds: Mapping[str, Array],
        names: Sequence[str],
        watch: Stopwatch | None = None,
    ) -> dict[str, Array]:
        wanted = [name for name in names or self.outputs() if name in self.outputs()]
        fetches = [TensorRef.parse(name) for name in wanted]
        runner = self._opened()
        missing = {name: kind for name, kind in runner.inputs().items() if name not in feeds}
        given = {**feeds, **random_inputs(missing)}
        found = measured(lambda: runner.run(given, fetches), watch)
        ran = Counter[str]()
        for segment in runner.segments.values():
            ran.update({name for name, count in segment.runs.items() if count})
        words = ", ".join(f"{count} as {name}" for name, count in sorted(ran.items()))
        logger.info("%d segments ran: %s", len(runner.segments), words or "none")
        return found

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None
        self._held.close()
