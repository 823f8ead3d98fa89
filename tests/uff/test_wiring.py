"""Surgery in place keeps track of who reads whom."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.uff.wiring import WiredNode, Wiring

COUNT = 8


def _name(number: int) -> str:
    return f"n{number}"


@st.composite
def wirings(draw: st.DrawFn) -> Wiring[WiredNode]:
    """Nodes that read earlier ones, some of them twice, some at another port or by waiting."""
    nodes = []
    for number in range(COUNT):
        sources = draw(st.lists(st.integers(0, number - 1), max_size=4)) if number else []
        forms = draw(
            st.lists(
                st.sampled_from(["{}", "{}", "{}:0", "{}:1", "^{}"]),
                min_size=len(sources),
                max_size=len(sources),
            )
        )
        inputs = [form.format(_name(source)) for form, source in zip(forms, sources, strict=True)]
        name = _name(number)
        nodes.append(WiredNode(name, "Add", inputs, Node(name, "Add")))
    return Wiring(nodes)


def _read(wiring: Wiring[WiredNode]) -> dict[str, Counter[str]]:
    return {
        name: Counter(reader.name for reader in readers)
        for name, readers in wiring.consumers.items()
        if readers
    }


names = st.lists(st.integers(0, COUNT - 1).map(_name), max_size=3)
steps = st.lists(
    st.tuples(st.sampled_from(["remove", "exclusive", "forward", "rewire"]), names),
    min_size=1,
    max_size=4,
)


@given(wirings(), steps)
def test_after_any_surgery_the_readers_are_those_a_fresh_look_finds(
    wiring: Wiring[WiredNode], steps: list[tuple[str, list[str]]]
) -> None:
    every = list(wiring.nodes)
    for kind, chosen in steps:
        if kind == "rewire":
            # Also one that was deleted before, which is nobody's reader then.
            wiring.rewire(every[-1], chosen)
        elif kind == "forward":
            wiring.forward_inputs(chosen)
        else:
            wiring.remove(chosen, exclusive=kind == "exclusive")
        fresh = Wiring(wiring.nodes)
        assert _read(wiring) == _read(fresh)
        assert wiring.node_map == fresh.node_map
        assert wiring.outputs == fresh.outputs


def test_surgery_tells_nodes_of_the_same_name_apart() -> None:
    node = Node("b", "Add", (TensorRef("a"),))
    first, second = (WiredNode("b", "Add", ["a"], node) for _ in range(2))
    wiring = Wiring([WiredNode("a", "Const", [], Node("a", "Const")), first, second])
    wiring.rewire(first, [])
    assert [reader is second for reader in wiring.consumers["a"]] == [True]
