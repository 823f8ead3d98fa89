"""TensorFlow's optimiser as an edit: what it takes, and when it changed nothing."""

from __future__ import annotations

import pytest

from surgeon_gui.edits import grappler
from surgeon_gui.edits.grappler import OPTIMISERS, Grappler
from surgeon_gui.edits.script import script_from_toml, script_to_toml
from surgeon_gui.errors import EditError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.uff.graph import graph_from_uff
from surgeon_gui.uff.reader import open_uff
from tests.helpers.shared import data_path

NET = """
x = Placeholder() {shape=[1]}
i = Identity(x)
y = Relu(i)
"""


def test_it_is_part_of_scripts_and_has_something_to_run_it() -> None:
    assert script_from_toml(script_to_toml([Grappler()])).edits == (Grappler(),)
    assert "grappler" in OPTIMISERS


def test_another_order_of_nodes_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    def turned(graph: Graph) -> Graph:
        return Graph(tuple(reversed(graph.nodes)), graph.versions, graph.library, graph.extra)

    monkeypatch.setattr(grappler, "OPTIMISERS", {"grappler": turned})
    graph = parse_text(NET)
    assert Grappler().apply(graph) is graph


def test_what_it_made_is_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    small = parse_text("x = Placeholder() {shape=[1]}\ny = Relu(x)")
    monkeypatch.setattr(grappler, "OPTIMISERS", {"grappler": lambda graph: small})
    assert Grappler().apply(parse_text(NET)) is small


def test_a_shown_uff_file_is_left_alone() -> None:
    shown = graph_from_uff(open_uff(data_path("golden-uff/lenet/expected.uff")))
    with pytest.raises(EditError, match="holds UFF's"):
        Grappler().apply(shown)
