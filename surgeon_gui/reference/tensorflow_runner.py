"""A frozen graph, run by TensorFlow on the CPU: the reference every other run is held against."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np

from surgeon_gui.errors import ConvertError, GraphError, JobFailed, Unsupported, UsageError
from surgeon_gui.graph.graphdef import PROTOBUF_LIMIT, graphdef_from_graph
from surgeon_gui.graph.model import Graph, Node, TensorRef, unknown_node
from surgeon_gui.graph.query import deduce_inputs, inside_loops, reachable
from surgeon_gui.graph.values import Array, DType, Shape, TensorType, TensorValue
from surgeon_gui.reference.tensorflow_import import import_tensorflow

CHUNK_BYTES = 256 << 20
"""How much `run_many` lets one run return at a time."""

_UNKNOWN_SIZE_GUESS = 16 << 20
_NODE_IN_ERROR = re.compile(
    r"\{\{node ([^}]+)\}\}|[Nn]ode '([^']+)'|name: \"([^\"]+)\"|of node (\S+) was passed"
)
_TRACE = re.compile(r"Graph execution error|Detected at node|Node: |\s+File |\s*\[\[")
_PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2"})
_LARGE_CONSTANT = 1 << 16
_FEEDABLE = frozenset(
    {DType.FLOAT32, DType.FLOAT64, DType.FLOAT16, DType.INT32, DType.INT64, DType.UINT8}
)
_WRITERS = frozenset({"Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints", "WriteFile"})
_NO_VALUES = frozenset({DType.RESOURCE, DType.VARIANT})


class TensorflowRunner:
    """A session that holds one graph, without any of TensorFlow's own graph optimisations.

    Only what `targets` need is loaded, so ops TensorFlow does not know elsewhere do no harm. Random
    ops without a seed get a fixed one; device strings are ignored.

    Args:
        graph: a frozen graph.
        targets: the tensors that will be fetched, with all they depend on; None loads everything.
        shapes: placeholder shapes that override the graph's.

    Raises:
        JobFailed: TensorFlow is not installed.
        Unsupported: a needed node has an op TensorFlow does not know.
        ConvertError: TensorFlow refuses the graph; `where` is the node where it says so.
        UnknownNode: a target or a shape names no node.
    """

    def __init__(
        self,
        graph: Graph,
        targets: Iterable[TensorRef] | None = None,
        shapes: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self._tf = import_tensorflow()
        self.graph = graph if targets is None else _needed(graph, targets)
        for name in shapes or {}:
            if name not in graph:
                raise unknown_node(name, [node.name for node in graph])
        light, self._weights = _lightened(self.graph)
        self._tf_graph = self._tf.Graph()
        self._shapes = {name: Shape(tuple(dims)) for name, dims in (shapes or {}).items()}
        self._import(self._prepared(light, shapes or {}))
        options = self._tf.compat.v1.ConfigProto(allow_soft_placement=True)
        options.graph_options.rewrite_options.disable_meta_optimizer = True
        options.graph_options.optimizer_options.opt_level = -1
        # One op at a time: the same order in every run, and a lower peak of memory.
        options.inter_op_parallelism_threads = 1
        # Threads of its own: a Python function in one session may run another session.
        options.use_per_session_threads = True
        self._session = self._tf.compat.v1.Session(graph=self._tf_graph, config=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the session's memory."""
        self._session.close()

    def _prepared(self, graph: Graph, shapes: Mapping[str, Sequence[int]]) -> Any:
        data = graphdef_from_graph(graph)
        if len(data) > PROTOBUF_LIMIT:
            raise ConvertError(
                "TensorFlow cannot load a graph larger than 2 GiB.",
                hint="Cut the graph in two and verify each half.",
            )
        message = self._tf.compat.v1.GraphDef.FromString(data)
        for node in message.node:
            node.device = ""
            if node.name in shapes:
                override = self._tf.TensorShape(list(shapes[node.name])).as_proto()
                node.attr["shape"].shape.CopyFrom(override)
            if shapes and "_output_shapes" in node.attr:
                # Recorded for the old shapes; TensorFlow would hold the new ones against them.
                del node.attr["_output_shapes"]
            seeds = [key for key in ("seed", "seed2") if key in node.attr]
            if len(seeds) == 2 and not any(node.attr[key].i for key in seeds):
                node.attr["seed"].i = 1
        return message

    def _import(self, message: Any) -> None:
        try:
            with self._tf_graph.as_default():
                self._tf.import_graph_def(message, name="")
        except self._tf.errors.NotFoundError as error:
            found = re.search(r"Op type not registered '([^']*)'", str(error))
            if found is None:
                raise _refused(error, self.graph) from error
            op = found[1]
            name = next((node.name for node in self.graph if node.op == op), op)
            raise Unsupported(
                name,
                f"TensorFlow {self._tf.__version__} does not know the op {op}, so there are no "
                "reference values for it.",
                "Verify an output before this node, or against a graph without it.",
            ) from error
        except (ValueError, TypeError, self._tf.errors.OpError) as error:
            raise _refused(error, self.graph) from error

    def inputs(self) -> dict[str, TensorType]:
        """Return what a user feeds (`query.deduce_inputs`), with shapes overridden."""
        found = {}
        for node in deduce_inputs(self.graph):
            kind = self.type(TensorRef(node.name))
            # TensorFlow takes a scalar placeholder of an old graph for one of unknown rank.
            found[node.name] = TensorType(kind.dtype, self._shapes.get(node.name, kind.shape))
        return found

    def type(self, ref: TensorRef) -> TensorType:
        """Return what TensorFlow's shape inference knows about a tensor.

        Raises:
            GraphError: there is no such tensor.
        """
        tensor = self._tensor(ref)
        dims = None
        if tensor.shape.rank is not None:
            dims = tuple(-1 if dim is None else dim for dim in tensor.shape.as_list())
        return TensorType(DType(tensor.dtype.base_dtype.as_datatype_enum), Shape(dims))

    def _tensor(self, ref: TensorRef) -> Any:
        try:
            return self._tf_graph.get_tensor_by_name(f"{ref.node}:{ref.port}")
        except (KeyError, ValueError) as error:
            if ref.node not in self.graph:
                raise unknown_node(ref.node, [node.name for node in self.graph]) from error
            raise GraphError(f"It has no output {ref.port}.", where=ref.node) from error

    def tensors(self) -> tuple[TensorRef, ...]:
        """Return every tensor that can be fetched, in the graph's order.

        Left out: constants, tensors without values (handles), and what lives inside TF1 loops.
        """
        inside = inside_loops(self.graph)
        found = []
        for node in self.graph:
            if node.op == "Const" or node.name in inside:
                continue
            operation = self._tf_graph.get_operation_by_name(node.name)
            for port, tensor in enumerate(operation.outputs):
                if DType(tensor.dtype.base_dtype.as_datatype_enum) not in _NO_VALUES:
                    found.append(TensorRef(node.name, port))
        return tuple(found)

    def run(self, feeds: Mapping[str, Array], fetches: Sequence[TensorRef]) -> dict[str, Array]:
        """Return the fetched tensors by name, without `:0`.

        Raises:
            UsageError: an input is missing, unknown, or of another dtype or shape.
            JobFailed: TensorFlow stopped; `where` is the node where it says so.
        """
        prepared = self._feeds(feeds)
        targets = [self._tensor(ref) for ref in fetches]
        try:
            arrays = self._session.run(targets, prepared)
        except (self._tf.errors.OpError, ValueError, TypeError) as error:
            raise _stopped(error, self.graph) from error
        return {str(ref): np.asarray(array) for ref, array in zip(fetches, arrays, strict=True)}

    def run_many(
        self,
        feeds: Mapping[str, Array],
        fetches: Sequence[TensorRef],
        *,
        limit: int = CHUNK_BYTES,
    ) -> Iterator[dict[str, Array]]:
        """Yield the fetched tensors in chunks of about `limit` bytes, in the order asked for.

        Each chunk runs the graph again. Tensors that have no value in this run (a branch not
        taken) are left out.

        Raises:
            UsageError: an input is missing, unknown, or of another dtype or shape.
        """
        chunk: list[TensorRef] = []
        size = 0
        for ref in fetches:
            kind = self.type(ref)
            count, numpy = kind.shape.size, kind.dtype.numpy
            nbytes = count * numpy.itemsize if count is not None and numpy else _UNKNOWN_SIZE_GUESS
            if chunk and size + nbytes > limit:
                yield self._run_alive(feeds, chunk)
                chunk, size = [], 0
            chunk.append(ref)
            size += nbytes
        if chunk:
            yield self._run_alive(feeds, chunk)

    def _run_alive(
        self, feeds: Mapping[str, Array], fetches: Sequence[TensorRef]
    ) -> dict[str, Array]:
        """`run`, without the tensors that make it fail."""
        try:
            return self.run(feeds, fetches)
        except JobFailed:
            if len(fetches) == 1:
                return {}
        middle = len(fetches) // 2
        return {
            **self._run_alive(feeds, fetches[:middle]),
            **self._run_alive(feeds, fetches[middle:]),
        }

    def _feeds(self, feeds: Mapping[str, Array]) -> dict[Any, Array]:
        prepared = {}
        for name, array in feeds.items():
            ref = TensorRef.parse(name)
            if ref.node not in self.graph:
                continue
            prepared[self._tensor(ref)] = _fitting(name, array, self.type(ref))
        for name, array in self._weights.items():
            prepared.setdefault(self._tensor(TensorRef(name)), array)
        for node in self.graph:
            if node.op in _PLACEHOLDERS and node.name not in feeds:
                raise UsageError(
                    "This input has no value.",
                    where=node.name,
                    hint=f"Give an array named {node.name} among the inputs.",
                )
        return prepared


def _needed(graph: Graph, targets: Iterable[TensorRef]) -> Graph:
    kept = reachable(graph, {ref.node for ref in targets})
    nodes = tuple(node for node in graph.nodes if node.name in kept)
    return Graph(nodes, graph.versions, graph.library)


def _lightened(graph: Graph) -> tuple[Graph, dict[str, Array]]:
    """Return the graph with its large constants as placeholders, and what to feed them.

    Nodes that would write files (a training graph's saver) do nothing.

    TensorFlow 2.21 holds a constant about six times on its way from a GraphDef into a session, a
    fed array once (ResNet50, 102 MB: 490 MB less at the peak); kernels and results are the same.
    """
    weights: dict[str, Array] = {}
    nodes: list[Node] = []
    for node in graph:
        value = node.attrs.get("value") if node.op == "Const" else None
        if (
            isinstance(value, TensorValue)
            and value.dtype in _FEEDABLE
            and value.nbytes >= _LARGE_CONSTANT
        ):
            weights[node.name] = value.array
            attrs = {"dtype": value.dtype, "shape": Shape(value.shape)}
            node = node.replace(op="Placeholder", attrs=attrs)
        elif node.op in _WRITERS:
            node = node.replace(op="NoOp", inputs=(), attrs={})
        nodes.append(node)
    return Graph(tuple(nodes), graph.versions, graph.library), weights


def _fitting(name: str, array: Array, kind: TensorType) -> Array:
    """Return `array` in the input's dtype; a float is never cut to an integer."""
    wanted = kind.dtype.numpy
    if wanted is not None and array.dtype != wanted:
        text = array.dtype.kind in "SUO" and kind.dtype is DType.STRING
        if not text and not np.can_cast(array.dtype, wanted, "same_kind"):
            raise UsageError(
                f"The array is {array.dtype}, the input is {kind.dtype.text}.", where=name
            )
        array = array.astype(wanted)
    dims = kind.shape.dims
    if dims is not None:
        fits = len(dims) == array.ndim and all(
            dim in (-1, have) for dim, have in zip(dims, array.shape, strict=True)
        )
        if not fits:
            shape = "x".join(map(str, array.shape)) or "scalar"
            raise UsageError(
                f"The array is {Shape(tuple(array.shape))}, the input is {kind.shape}.",
                where=name,
                hint="Give an array of the input's shape"
                + (f", or --shape {name}={shape}." if len(dims) == array.ndim else "."),
            )
    return array


def _where(text: str, graph: Graph) -> str | None:
    """Return the node an error of TensorFlow speaks of."""
    for names in _NODE_IN_ERROR.findall(text):
        name = str(next(filter(None, names)))
        if name in graph:
            return name
    return None


def _first_line(error: Exception) -> str:
    """Return the line that says what happened, without TensorFlow's trace around it."""
    text = str(getattr(error, "message", None) or error)
    lines = [line for line in text.splitlines() if line.strip() and not _TRACE.match(line)]
    line = lines[0].strip() if lines else type(error).__name__
    return re.split(r" \[\[| for '\{\{node", line, maxsplit=1)[0].rstrip(".")


def _refused(error: Exception, graph: Graph) -> ConvertError:
    return ConvertError(
        f"TensorFlow refuses the graph: {_first_line(error)}.",
        where=_where(str(error), graph),
        hint="The original has to run in TensorFlow to be compared with.",
    )


def _stopped(error: Exception, graph: Graph) -> JobFailed:
    return JobFailed(
        f"TensorFlow stopped: {_first_line(error)}.",
        where=_where(str(error), graph),
        hint="Give it inputs that it takes: their sizes, and their values as an .npz file.",
    )
