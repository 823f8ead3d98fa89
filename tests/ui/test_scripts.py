"""Edit scripts replayed in the window."""

from __future__ import annotations

from pathlib import Path

from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from tests.ui.conftest import Driver

GRAPH = "x = Placeholder() {shape=[4]}\na = Relu(x)\nb = Elu(a)\nc = Tanh(b)"
SCRIPT = """\
[[edit]]
do = "bypass"
node = "a"

[[edit]]
do = "bypass"
node = "no-such-node"

[[edit]]
do = "bypass"
node = "b"
"""


def test_a_replay_stops_at_the_first_failure_and_names_its_line(
    driver: Driver, tmp_path: Path
) -> None:
    graph, script = tmp_path / "graph.pb", tmp_path / "script.toml"
    save_graph(parse_text(GRAPH), graph)
    script.write_text(SCRIPT, encoding="utf-8")
    driver.open(graph)
    driver.answers.path = script
    driver.run("rules.replay")
    window = driver.window
    assert window.session.graph is not None
    assert {node.name for node in window.session.graph} == {"x", "b", "c"}
    assert window.message.isVisible()
    assert "no-such-node" in window.message.message.text()
    assert "script.toml:5" in window.message.where.full()
    driver.run("edit.undo")
    assert "a" in window.session.graph
