"""Function calls written out: every node of a called function becomes a node of the graph.

A conditional (`If`) becomes what TensorFlow 1 wrote for it: a pivot per branch that the branch's
nodes wait for, and a Merge per output.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import DType, FuncRef
from surgeon_gui.proto import graphdef_pb2 as pb

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
CONDITIONALS = frozenset({"If", "StatelessIf"})
_DEEPEST = 50

# Outputs by name, for ops with several; those of other ops are numbered.
_OUTPUTS = {
    "TopKV2": "values indices",
    "TopK": "values indices",
    "Switch": "output_false output_true",
    "Merge": "output value_index",
    "FusedBatchNorm": "y batch_mean batch_variance reserve_space_1 reserve_space_2",
    "FusedBatchNormV2": "y batch_mean batch_variance reserve_space_1 reserve_space_2",
    "FusedBatchNormV3": (
        "y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3"
    ),
    "Unique": "y idx",
    "UniqueV2": "y idx",
    "UniqueWithCounts": "y idx count",
    "MaxPoolWithArgmax": "output argmax",
    "LSTMBlockCell": "i cs f o ci co h",
    "BlockLSTM": "i cs f o ci co h",
    "BlockLSTMV2": "i cs f o ci co h",
    "GRUBlockCell": "r u c h",
    "NonMaxSuppressionV4": "selected_indices valid_outputs",
    "NonMaxSuppressionV5": "selected_indices selected_scores valid_outputs",
    "CombinedNonMaxSuppression": "nmsed_boxes nmsed_scores nmsed_classes valid_detections",
    "TensorListPopBack": "output_handle tensor",
    "SparseSoftmaxCrossEntropyWithLogits": "loss backprop",
    "SoftmaxCrossEntropyWithLogits": "loss backprop",
}


@dataclass(frozen=True)
class Inlined:
    """A graph without calls.

    Attributes:
        graph: calls stay as IdentityN nodes of the same name, so their readers need no change.
        owners: for every node that came from a function, the call in the original graph.
        problems: calls that could not be written out.
    """

    graph: Graph
    owners: dict[str, str]
    problems: tuple[Unsupported, ...] = ()


def inline_functions(graph: Graph) -> Inlined:
    """Write out the functions a graph calls, however deep."""
    functions = {
        function.signature.name: function
        for function in pb.FunctionDefLibrary.FromString(graph.library).function
    }
    if not functions:
        return Inlined(graph, {})
    nodes: list[Node] = list(graph.nodes)
    owners: dict[str, str] = {}
    problems: list[Unsupported] = []
    for _ in range(_DEEPEST):
        taken = {node.name for node in nodes}
        result: list[Node] = []
        for node in nodes:
            try:
                made = _Writer(functions, node, taken).nodes()
            except Unsupported as problem:
                owner = owners.get(node.name, node.name)
                problems.append(Unsupported(owner, problem.reason, problem.remedy))
                made = [node]
            for new in made:
                if new.name != node.name:
                    owners[new.name] = owners.get(node.name, node.name)
            result.extend(made)
        if len(result) == len(nodes):
            break
        nodes = result
    return Inlined(replace(graph, nodes=tuple(nodes)), owners, tuple(problems))


class _Writer:
    """Writes out one call."""

    def __init__(
        self, functions: dict[str, pb.FunctionDef], call: Node, taken: Iterable[str]
    ) -> None:
        self.functions = functions
        self.call = call
        prefix = call.name
        while any(f"{prefix}/{name}" in taken for name in self._inner_names()):
            prefix += "_"
        self.prefix = prefix

    def _inner_names(self) -> list[str]:
        names = [value.name for value in self.call.attrs.values() if isinstance(value, FuncRef)]
        found = [self.functions[name] for name in names if name in self.functions]
        return ["pivot", *(node.name for function in found for node in function.node_def)]

    def nodes(self) -> list[Node]:
        """Return what stands for the node: itself when it is no call.

        Raises:
            Unsupported: the function does not exist, or is generic.
        """
        op = self.call.op
        if op in CALLS:
            name = self._function("f")
        elif op in self.functions:
            name = op
        elif op in CONDITIONALS:
            return self._conditional()
        else:
            return [self.call]
        body, results = self.body(name, self.prefix, self.call.inputs, self.call.controls)
        return [*body, self._identities(results)]

    def _identities(self, results: list[TensorRef]) -> Node:
        return Node(self.call.name, "IdentityN", results, controls=self.call.controls)

    def _function(self, attribute: str) -> str:
        found = self.call.attrs.get(attribute)
        if not isinstance(found, FuncRef) or found.name not in self.functions:
            raise Unsupported(
                self.call.name,
                f"The function it calls ({attribute}) is not in the graph's library.",
                "Freeze the model again with its functions inlined.",
            )
        return found.name

    def _conditional(self) -> list[Node]:
        predicate, *arguments = self.call.inputs
        prefix = self.prefix
        made: list[Node] = []
        if self.call.attrs.get("Tcond", DType.BOOL) is not DType.BOOL:
            cast = Node(f"{prefix}/condition", "Cast", [predicate], {"DstT": DType.BOOL})
            made.append(cast)
            predicate = TensorRef(cast.name)
        switch = Node(f"{prefix}/switch", "Switch", [predicate, predicate])
        made.append(switch)
        branches: list[list[TensorRef]] = []
        for port, attribute in enumerate(("else_branch", "then_branch")):
            inner = f"{prefix}/{attribute}"
            pivot = Node(f"{inner}/pivot", "Identity", [TensorRef(switch.name, port)])
            controls = (*self.call.controls, pivot.name)
            body, results = self.body(self._function(attribute), inner, arguments, controls)
            ends = [
                Node(f"{inner}/result_{place}", "Identity", [ref], controls=controls)
                for place, ref in enumerate(results)
            ]
            made += [pivot, *body, *ends]
            branches.append([TensorRef(end.name) for end in ends])
        merges = [
            Node(f"{prefix}/merge_{place}", "Merge", [other, then])
            for place, (other, then) in enumerate(zip(*branches, strict=True))
        ]
        return [*made, *merges, self._identities([TensorRef(merge.name) for merge in merges])]

    def body(
        self,
        name: str,
        prefix: str,
        arguments: Iterable[TensorRef],
        controls: Iterable[str],
    ) -> tuple[list[Node], list[TensorRef]]:
        """Return the function's nodes, renamed, and the tensors it returns."""
        function = self.functions[name]
        known: dict[str, TensorRef] = dict(
            zip((arg.name for arg in function.signature.input_arg), arguments, strict=False)
        )
        ops = {node.name: node.op for node in function.node_def}

        def ref(text: str) -> TensorRef:
            source, _, rest = text.partition(":")
            if source in known:
                return known[source]
            return TensorRef(f"{prefix}/{source}", self._port(ops.get(source, ""), rest))

        message = pb.GraphDef()
        for inner in function.node_def:
            copy = message.node.add()
            copy.CopyFrom(inner)
            copy.name = f"{prefix}/{inner.name}"
            del copy.input[:]
            for text in inner.input:
                if not text.startswith("^"):
                    copy.input.append(str(ref(text)))
                elif text[1:] not in known:
                    copy.input.append(f"^{prefix}/{text[1:]}")
            copy.input.extend(f"^{control}" for control in controls)
            if any(value.WhichOneof("value") == "placeholder" for value in copy.attr.values()):
                raise Unsupported(
                    self.call.name,
                    f"The function {name} is generic.",
                    "Freeze the model again with its functions inlined.",
                )
        # A function that only hands on what it is given has no nodes, which is no graph.
        nodes = list(graph_from_graphdef(message.SerializeToString()).nodes) if message.node else []
        results = [ref(function.ret[arg.name]) for arg in function.signature.output_arg]
        return nodes, results

    def _port(self, op: str, text: str) -> int:
        """Return the port that `name:index` means for an op."""
        name, _, index = text.partition(":")
        place = int(index) if index.isdigit() else 0
        if op in self.functions:
            names = [arg.name for arg in self.functions[op].signature.output_arg]
        else:
            names = _OUTPUTS.get(op, "").split()
        return names.index(name) + place if name in names else place


def function_body(graph: Graph, name: str) -> tuple[Graph, tuple[TensorRef, ...]] | None:
    """Return a function's nodes, calls written out, and the tensors it returns.

    Names begin with a slash; arguments are read from `/argument_0` and so on, which are no nodes.

    Raises:
        Unsupported: it calls a function that does not exist, or is generic.
    """
    functions = {
        function.signature.name: function
        for function in pb.FunctionDefLibrary.FromString(graph.library).function
    }
    if name not in functions:
        return None
    count = len(functions[name].signature.input_arg)
    arguments = [TensorRef(f"/argument_{place}") for place in range(count)]
    nodes, results = _Writer(functions, Node(name, name), ()).body(name, "", arguments, ())
    inlined = inline_functions(replace(graph, nodes=tuple(nodes), outputs=None))
    if inlined.problems:
        raise inlined.problems[0]
    return inlined.graph, tuple(results)
