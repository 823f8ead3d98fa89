"""TF-TRT's converter, by its own words: `TrtGraphConverter(…).convert()`, `.save(folder)`.

The names and defaults are those of TensorFlow 1.15's `tensorflow.python.compiler.tensorrt`
(`trt_convert.TrtGraphConverter`). TensorFlow has had no TensorRT since 2.18, so the result is not
run by TensorFlow alone: `save` makes a bundle that `hybrid.runner.HybridRunner` runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import deduce_outputs, resolve_output
from surgeon_gui.graph.values import Array
from surgeon_gui.hybrid.bundle import Bundle, read_bundle, write_bundle
from surgeon_gui.hybrid.plan import HybridPlan, plan_hybrid
from surgeon_gui.jobs.hybrid_spec import BundleBuildSpec
from surgeon_gui.jobs.run import run_job
from surgeon_gui.network.ir import Network
from surgeon_gui.opening import open_model
from surgeon_gui.targets.partition import PartitionOptions
from surgeon_gui.targets.segments import hybrid_graph

PRECISION_MODES = ("FP32", "FP16", "BF16", "INT8")
"""Precisions of the engines; INT8 needs `calibrate`."""


class TrtGraphConverter:
    """Converts a frozen graph into TensorRT segments with TensorFlow around them.

    Args:
        input_saved_model_dir: a SavedModel folder.
        input_graph_def: a frozen GraphDef instead: TensorFlow's message, its bytes, or a `.pb`.
        nodes_blacklist: names or tensors that stay in TensorFlow; those nothing reads are outputs.
        max_batch_size: the largest batch of segments whose batch is open.
        max_workspace_size_bytes: TensorRT's working memory, for each segment.
        precision_mode: one of `PRECISION_MODES`.
        minimum_segment_size: nodes below which a segment stays in TensorFlow.
        is_dynamic_op: build engines when their shapes are met, not in `save`.
        maximum_cached_engines: for how many shapes each segment is kept ready.
        use_calibration: INT8 takes ranges from `calibrate`; without it the graph must have been
            trained for eight bits, which is quantized as a whole by `surgeon quantize`.
        target: whose verdicts divide the graph: `direct`, or `tftrt-1.15` for TF-TRT's own.

    Raises:
        UsageError: the input or an option is wrong.
        OpenError: a file cannot be read.
    """

    def __init__(
        self,
        input_saved_model_dir: str | Path | None = None,
        input_graph_def: Any = None,
        nodes_blacklist: Iterable[str] | None = None,
        max_batch_size: int = 1,
        max_workspace_size_bytes: int = 1 << 30,
        precision_mode: str = "FP32",
        minimum_segment_size: int = 3,
        is_dynamic_op: bool = False,
        maximum_cached_engines: int = 1,
        use_calibration: bool = True,
        *,
        target: str = "direct",
    ) -> None:
        if (input_saved_model_dir is None) == (input_graph_def is None):
            raise UsageError("Give a SavedModel folder or a GraphDef, and not both.")
        mode = precision_mode.upper()
        if mode not in PRECISION_MODES:
            raise UsageError(
                f"precision_mode {precision_mode!r} is not there.",
                where="precision_mode",
                hint=f"Choose {', '.join(PRECISION_MODES)}.",
            )
        if mode == "INT8" and (not use_calibration or is_dynamic_op):
            raise UsageError(
                "INT8 engines need ranges, and ranges need calibration with fixed shapes.",
                where="precision_mode",
                hint="Leave use_calibration on and is_dynamic_op off.",
            )
        if max_batch_size < 1:
            raise UsageError("A batch has at least one sample.", where="max_batch_size")
        self._kept = tuple(nodes_blacklist or ())
        self._options = PartitionOptions(
            minimum_segment_size, tuple(_node(name) for name in self._kept), (), is_dynamic_op
        )
        self._given = input_graph_def
        self._model = str(input_saved_model_dir or "")
        if input_saved_model_dir is not None:
            self._graph = open_model(Path(input_saved_model_dir))
        else:
            self._graph = self._read(input_graph_def)
        self._max_batch_size = max_batch_size
        self._workspace = max_workspace_size_bytes
        self._precision = mode.lower()
        self._cached = maximum_cached_engines
        self._target = target
        self._plan: HybridPlan | None = None
        self._rounded: dict[str, Network] = {}

    def _read(self, given: Any) -> Graph:
        if isinstance(given, str | Path):
            self._model = str(given)
            return open_model(Path(given))
        return graph_from_graphdef(given if isinstance(given, bytes) else given.SerializeToString())

    def convert(self) -> Any:
        """Return the GraphDef with a `TRTEngineOp` node for each segment.

        It is of the class `input_graph_def` was of, and bytes otherwise.
        """
        plan = self._planned()
        graph = hybrid_graph(plan.partition, plan.kinds, plan.outputs, {})
        data = graphdef_from_graph(graph)
        given = self._given
        if given is None or isinstance(given, bytes | str | Path):
            return data
        return type(given).FromString(data)

    @property
    def conversion_rate(self) -> float:
        """Share of the nodes that are converted, 0 to 1."""
        return self._planned().partition.rate

    @property
    def remaining(self) -> dict[str, str]:
        """The nodes that stay in TensorFlow, and why."""
        return dict(self._planned().partition.remaining)

    def calibrate(
        self,
        fetch_names: Iterable[str],
        num_runs: int,
        feed_dict_fn: Callable[[], Mapping[str, Array]] | None = None,
        input_map_fn: Callable[[], Mapping[str, Array]] | None = None,
    ) -> Any:
        """Run the graph on samples, find each segment's ranges, and return the GraphDef.

        Args:
            fetch_names: what is computed; the graph's own outputs are, too.
            num_runs: how many samples are run.
            feed_dict_fn: returns the inputs of a run by name, `input` or `input:0`.
            input_map_fn: the same; one of the two is given.

        Raises:
            UsageError: the precision is not INT8, or the arguments are wrong.
            JobError: a worker crashed.
        """
        feed = feed_dict_fn or input_map_fn
        if self._precision != "int8":
            raise UsageError("Only INT8 engines are calibrated.", where="precision_mode")
        if feed is None or (feed_dict_fn and input_map_fn) or num_runs < 1:
            raise UsageError("Give one function that returns inputs, and at least one run.")
        for name in fetch_names:
            resolve_output(self._graph, name)
        from surgeon_gui.hybrid.calibrate import quantized_segments

        samples = (
            {name.removesuffix(":0"): array for name, array in feed().items()}
            for _ in range(num_runs)
        )
        self._rounded = quantized_segments(self._planned(), samples, self._max_batch_size)
        return self.convert()

    def save(self, output_dir: str | Path, *, gpus: Iterable[str] = ()) -> Bundle:
        """Write the bundle, and build its engines in a worker unless `is_dynamic_op`.

        Args:
            output_dir: the bundle's folder.
            gpus: compute capabilities to build for; none takes the GPU that is there, else a list.

        Raises:
            SaveError: a file cannot be written.
            JobError: the worker crashed.
        """
        folder = Path(output_dir).absolute()
        plan = self._planned()
        if self._precision == "int8":
            if not self._rounded:
                raise UsageError("INT8 engines need ranges.", hint="Call calibrate first.")
            plan = replace(plan, networks={**plan.networks, **self._rounded})
        write_bundle(
            plan,
            folder,
            model=self._model,
            maximum_cached_engines=self._cached,
            max_batch_size=self._max_batch_size,
        )
        if not self._options.dynamic:
            run_job(
                BundleBuildSpec(
                    folder, tuple(gpus), self._precision, workspace_bytes=self._workspace
                )
            )
        return read_bundle(folder)

    def _planned(self) -> HybridPlan:
        if self._plan is None:
            self._plan = plan_hybrid(
                self._graph,
                self._target,
                self._options,
                outputs=self._outputs(),
                max_batch_size=self._max_batch_size,
                suggest=False,
            )
        return self._plan

    def _outputs(self) -> tuple[TensorRef, ...]:
        """Return the kept nodes nothing reads, as TF-TRT's users name their outputs there."""
        named = [
            resolve_output(self._graph, name)
            for name in self._kept
            if _node(name) in self._graph and not self._graph.consumers(_node(name))
        ]
        return tuple(dict.fromkeys(named)) or deduce_outputs(self._graph)


def _node(name: str) -> str:
    return TensorRef.parse(name).node
