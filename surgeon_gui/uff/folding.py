"""Constants that nodes compute from constants: UFF wants them as constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from surgeon_gui.errors import GraphError, OpenError
from surgeon_gui.graph.evaluate import evaluate, has_evaluator
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, TensorValue
from surgeon_gui.uff.wiring import WiredNode


class Folding:
    """Which nodes depend on nothing but constants, and what they come to.

    Attributes:
        names: nodes other than Const that always give the same.
    """

    def __init__(
        self, sources: Mapping[str, WiredNode], consumers: Mapping[str, Sequence[WiredNode]]
    ) -> None:
        self._sources = sources
        self._values: dict[str, tuple[Array, ...]] = {}
        waiting = {name: len(node.input) for name, node in sources.items()}
        pending = [name for name, node in sources.items() if node.op == "Const"]
        self.names: set[str] = set()
        while pending:
            for reader in consumers[pending.pop()]:
                waiting[reader.name] -= 1
                # A Const with inputs would be a mistake, and could close a circle.
                foldable = reader.op != "Const" and has_evaluator(reader.op)
                if waiting[reader.name] == 0 and foldable:
                    self.names.add(reader.name)
                    pending.append(reader.name)

    def value(self, name: str) -> TensorValue | None:
        """Return what a node of `names` comes to; None, and it leaves `names`, if nobody can tell.

        That happens to graphs with faults only, and the fault shows elsewhere.
        """
        pending = [name]
        while pending:
            node = self._sources[pending[-1]]
            refs = [TensorRef.parse(text) for text in node.input if not text.startswith("^")]
            missing = [
                ref.node for ref in refs if ref.node in self.names and ref.node not in self._values
            ]
            if missing:
                pending += missing
                continue
            pending.pop()
            try:
                self._values[node.name] = self._evaluated(node, refs)
            except (GraphError, OpenError, IndexError):
                self.names -= {node.name, name}
                return None
        return TensorValue.from_array(self._values[name][0])

    def _evaluated(self, node: WiredNode, refs: list[TensorRef]) -> tuple[Array, ...]:
        found = evaluate(node.node, [self._input(ref) for ref in refs])
        if not found:
            raise GraphError("It has no value.", where=node.name)
        return found

    def _input(self, ref: TensorRef) -> Array:
        if ref.node in self._values:
            return self._values[ref.node][ref.port]
        value = self._sources[ref.node].attrs.get("value")
        if not isinstance(value, TensorValue):
            raise GraphError("It has no value.", where=ref.node)
        return value.array
