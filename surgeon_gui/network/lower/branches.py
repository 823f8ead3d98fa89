"""Which branch of a TF1 conditional a node belongs to.

A Switch sends data to one of two branches, a Merge joins them. What only waits for a branch (a
constant made in it) says so by a control input from the branch's pivot: an Identity of a Switch.
"""

from __future__ import annotations

from collections.abc import Iterator

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.network.lower.scope import Scope
from surgeon_gui.network.lower.value import Guard

_SWITCHES = frozenset({"Switch", "RefSwitch"})


def predicate_of(graph: Scope, switch: Node) -> TensorRef:
    """Return the tensor that decides, past identities: conditionals copy it for each Switch."""
    ref = switch.inputs[1]
    source = graph.get(ref.node)
    while source is not None and source.op == "Identity" and source.inputs:
        ref = source.inputs[0]
        source = graph.get(ref.node)
    return ref


def control_guards(graph: Scope, node: Node) -> Iterator[Guard]:
    """Yield the predicates, and what they must be, for the branches a node waits for.

    A Switch itself runs whichever branch is taken: only who waits for one of its outputs waits for
    a branch.
    """
    for name in node.controls:
        port = None
        source = graph.get(name)
        while source is not None and source.op == "Identity" and source.inputs:
            port = source.inputs[0].port
            source = graph.get(source.inputs[0].node)
        if port is None or source is None or source.op not in _SWITCHES:
            continue
        if len(source.inputs) == 2:
            yield predicate_of(graph, source), port == 1
