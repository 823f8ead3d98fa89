"""One lowering in progress: values of tensors, problems of nodes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from surgeon_gui.errors import ConvertError, GraphError, OpenError, SurgeonError, Unsupported
from surgeon_gui.graph.evaluate import evaluate
from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.ops import is_stateful, output_count
from surgeon_gui.graph.shapes import infer_node
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.network.lower.branches import control_guards
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.inline import Inlined
from surgeon_gui.network.lower.loops import WHILES, Unroller, unroll_frame
from surgeon_gui.network.lower.order import Frame
from surgeon_gui.network.lower.plugins_kept import found_plugin
from surgeon_gui.network.lower.refusals import loop_problem, open_size_problem, refusal
from surgeon_gui.network.lower.registry import CONVERTERS
from surgeon_gui.network.lower.scope import Scope
from surgeon_gui.network.lower.sources import EXAMPLE_SIZE
from surgeon_gui.network.lower.value import DEAD, Growing, Guard, Value, held_dtype

logger = logging.getLogger(__name__)

# Nothing is computed for these: their outputs are their inputs, or numbers of the file.
_NOT_FOLDED = frozenset({"Const", "Switch", "Merge", "RefSwitch", "RefMerge", "Identity"})
_MERGES = frozenset({"Merge", "RefMerge"})
_INPUTS = frozenset({"Placeholder", "PlaceholderV2"})
_REFUSALS = (
    *(ConvertError, GraphError, OpenError),
    # What numpy and Python say of a malformed node: it must not keep the others from their verdict.
    *(ArithmeticError, LookupError, TypeError, ValueError),
)
_MALFORMED = "Its inputs and attributes do not fit together"
_CORRECT = "Correct the graph where it was made."
_NEXT = frozenset({"NextIteration", "RefNextIteration"})


class Run:
    """Lowers nodes one by one and keeps what became of each."""

    def __init__(
        self, inlined: Inlined, shapes: dict[str, Shape], growing: Growing = MappingProxyType({})
    ) -> None:
        self.scope = Scope(inlined.graph)
        self.owners = inlined.owners
        self.uncalled = {problem.node: problem for problem in inlined.problems}
        self.b = Lower(self.scope, shapes, self.owners, growing)
        self.values = self.b.values
        self.problems: dict[str, Unsupported] = {}
        self.types: dict[TensorRef, TensorType] = {}
        self.unjudged: set[str] = set()
        self.done: set[str] = set()
        self.refused: set[str] = set()
        self.guessing = False
        self.looping = False
        self.unroller = Unroller(self, inlined.graph)
        self.with_layers: set[str] = set()

    def own(self, name: str, owner: str) -> None:
        """Let a node of an unrolled loop belong to the node that loops."""
        self.owners[name] = self.owners.get(owner, owner)

    def lower_frame(self, frame: Frame) -> None:
        """Unroll a TF1 loop; where that cannot be, its LoopCond has the problem."""
        self.looping = True
        try:
            unroll_frame(self, frame, self._lose)
        except Unsupported as problem:
            self.refused.add(problem.node)
            self.problems.setdefault(problem.node, problem)
        finally:
            self.looping = False

    def _lose(self, node: Node) -> None:
        """Say what can be said of a node inside a loop that is not unrolled."""
        if node.name in self.refused:
            return
        self.done.add(node.name)
        inputs = [self.values.get(ref) for ref in node.inputs]
        if node.op in CONVERTERS or node.op in _NEXT:
            self.unjudged.add(node.name)
            self._guess(node, inputs)
        else:
            self._refuse(node, refusal(node), inputs)

    def lower(self, node: Node) -> None:
        """Lower one node; whatever happens, say what its outputs are as far as it is known."""
        self.b.node = node
        self.done.add(node.name)
        if node.name in self.uncalled:
            self.problems[node.name] = self.uncalled[node.name]
        inputs = [self.values.get(ref) for ref in node.inputs]
        values = tuple(value for value in inputs if value is not None)
        if len(values) < len(inputs):
            self._skip(node, inputs)
            return
        before = len(self.b.builder)
        try:
            # TensorFlow computes NaN and infinity without a word.
            with np.errstate(all="ignore"):
                results = self._results(node, values)
        except _REFUSALS as error:
            if not isinstance(error, SurgeonError):
                logger.debug("%s cannot be lowered", node.name, exc_info=True)
                error = Unsupported(node.name, f"{_MALFORMED}: {error}.", _CORRECT)
            elif not isinstance(error, Unsupported):
                error = Unsupported(node.name, error.message, error.hint)
            if node.op in CONVERTERS and any(value.guessed for value in values):
                # Maybe the guess is what it cannot take.
                self.unjudged.add(node.name)
                self._guess(node, inputs)
            else:
                self._refuse(node, error, inputs)
            return
        if len(self.b.builder) > before:
            self.with_layers.add(self.owners.get(node.name, node.name))
        for port, value in enumerate(results):
            self._set(TensorRef(node.name, port), value)
        if self.guessing:
            self._type(node, inputs)

    def _results(self, node: Node, values: tuple[Value, ...]) -> tuple[Value, ...]:
        guards: set[Guard] = set()
        if node.op not in _MERGES:
            for ref, side in control_guards(self.scope, node):
                predicate = self.values.get(ref)
                if predicate is None:
                    continue
                if predicate.array is None:
                    guards.add((ref, side))
                elif bool(predicate.array) is not side:
                    return (DEAD,) * max(output_count(node), 1)
            if any(value.dead for value in values):
                return (DEAD,) * max(output_count(node), 1)
            for value in values:
                guards |= value.guards
        results = self._converted(node, values)
        guessed = any(value.guessed for value in values)
        if not guards and not guessed:
            return results
        return tuple(
            replace(value, guards=value.guards | guards, guessed=value.guessed or guessed)
            for value in results
        )

    def _converted(self, node: Node, values: tuple[Value, ...]) -> tuple[Value, ...]:
        folds = (
            node.op not in _NOT_FOLDED
            and not is_stateful(node.op)
            and TensorRef(node.name) not in self.b.growing
        )
        if values and folds:
            arrays = [value.array for value in values if value.array is not None]
            if len(arrays) == len(values):
                folded = evaluate(node, arrays)
                if folded is not None:
                    types = infer_node(node, [value.type for value in values], arrays)
                    return tuple(
                        Value.known(array, _dtype_of(array, types, port))
                        for port, array in enumerate(folded)
                    )
        sizeless = [place for place, value in enumerate(values) if min(value.shape, default=0) < 0]
        problem = open_size_problem(node, sizeless)
        if problem is not None:
            raise problem
        if node.op in WHILES:
            return self.unroller.unroll(node, values)
        convert = CONVERTERS.get(node.op) or found_plugin(node.op)
        if convert is None:
            raise refusal(node)
        result = convert(Call(node, values), self.b)
        return result if isinstance(result, tuple) else (result,)

    def _set(self, ref: TensorRef, value: Value) -> None:
        self.values[ref] = value
        if not value.dead:
            self.types[ref] = value.type
            # TensorFlow fetches nothing from inside loops and from branches not taken.
            if not value.guards and not self.looping and ref.node not in self.owners:
                self.b.set_source(ref, value)

    def _skip(self, node: Node, inputs: Sequence[Value | None]) -> None:
        """An input has no known shape, or does not exist."""
        for ref, value in zip(node.inputs, inputs, strict=True):
            if value is None and ref.node not in self.scope:
                self._refuse(
                    node,
                    Unsupported(
                        node.name,
                        f"It reads {ref}, which does not exist.",
                        "Connect the input to another node or remove this node.",
                    ),
                    inputs,
                )
                return
            lost = ref.node in self.unjudged or ref.node in self.refused
            if value is None and ref.node in self.done and not lost:
                self._refuse(
                    node,
                    Unsupported(node.name, f"{ref.node} has no output {ref.port}."),
                    inputs,
                )
                return
        if node.op == "LoopCond":
            self._refuse(node, loop_problem(node), inputs)
            return
        if node.op not in CONVERTERS:
            self._refuse(node, refusal(node), inputs)
            return
        self.unjudged.add(node.name)
        self._guess(node, inputs)

    def _type(self, node: Node, inputs: Sequence[Value | None]) -> tuple[TensorType, ...]:
        """Record what is known of a node's outputs without its inputs' values in the network."""
        known = [
            self.types.get(ref) or TensorType(DType.INVALID if value is None else value.dtype)
            for ref, value in zip(node.inputs, inputs, strict=True)
        ]
        arrays = [
            None if value is None or (self.guessing and not self._is_const(ref)) else value.array
            for ref, value in zip(node.inputs, inputs, strict=True)
        ]
        found = infer_node(node, known, arrays)
        for port, kind in enumerate(found):
            self.types[TensorRef(node.name, port)] = kind
        return found

    def _is_const(self, ref: TensorRef) -> bool:
        source = self.scope.get(ref.node)
        return source is not None and source.op == "Const"

    def _refuse(self, node: Node, problem: Unsupported, inputs: Sequence[Value | None]) -> None:
        owner = self.owners.get(node.name)
        if owner is not None:
            inner = node.name.removeprefix(f"{owner}/")
            reason = f"In the function it calls, {inner}: {problem.reason}"
            problem = Unsupported(owner, reason, problem.remedy, rule=problem.rule)
        self.refused.add(node.name)
        self.problems.setdefault(problem.node, problem)
        self._guess(node, inputs)

    def _guess(self, node: Node, inputs: Sequence[Value | None]) -> None:
        """Type the outputs of a node that was not lowered, so that its readers can be judged.

        Where the type is known in full, an input of the network that will never be stands in. The
        open dimensions of a refused input are guessed: what depends on the guess is not reported.
        """
        for port, found in enumerate(self._type(node, inputs)):
            held = held_dtype(found.dtype)
            dims = found.shape.dims
            if held is None or dims is None:
                continue
            if node.op in _INPUTS:
                self.guessing = True
                dims = tuple(
                    dim if dim >= 0 else EXAMPLE_SIZE if axis else 1
                    for axis, dim in enumerate(dims)
                )
            if all(dim >= 0 for dim in dims):
                ref = TensorRef(node.name, port)
                # A node of a loop is lowered, and refused, turn after turn.
                name = self.b.free(f"{ref}__unknown")
                tensor = self.b.builder.add_input(name, held, dims)
                self.values[ref] = replace(Value.of(tensor, found.dtype), guessed=True)

    def mark_output(self, ref: TensorRef) -> None:
        self.b.node = Node(str(ref), "Output")
        value = self.values.get(ref)
        if ref.node not in self.scope:
            self.problems.setdefault(
                ref.node,
                Unsupported(ref.node, "This output does not exist.", "Choose another output."),
            )
            return
        if value is None or value.dead:
            reason = "This output lies on a branch that is never taken."
            if value is None:
                reason = f"The shape of output {ref} cannot be known."
            if value is not None or not self.problems:
                self.problems.setdefault(ref.node, Unsupported(ref.node, reason))
            return
        try:
            tensor = self.b.edge_tensor(value)
        except Unsupported as problem:
            self.problems.setdefault(ref.node, problem)
            return
        self.b.builder.mark_output(tensor)


def _dtype_of(array: object, types: Sequence[TensorType], port: int) -> DType | None:
    """Return the inferred dtype, which tells quint8 from uint8; None: the array's own."""
    dtype = types[port].dtype if port < len(types) else DType.INVALID
    return None if dtype is DType.INVALID or dtype.numpy is None else dtype
