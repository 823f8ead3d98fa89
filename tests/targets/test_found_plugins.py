"""Plugins of libraries on this machine count as known: in the palette, in verdicts, in networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.graph.creators import FoundCreator, found_creators, note_creators
from surgeon_gui.graph.text import parse_text
from surgeon_gui.network.layers import Plugin
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.rewrite.plugins import find_plugin, plugins
from surgeon_gui.targets import inspect
from surgeon_gui.targets.again import Inspector
from surgeon_gui.targets.base import Status

GRAPH = """
x = Placeholder() {dtype=f32, shape=[1,8]}
own = MySwish(x) {beta_u_float=2.0}
y = Relu(own)
"""
SWISH = FoundCreator("MySwish", "2", "mine", (("beta", "FLOAT32"), ("axes", "INT32")), "10.16.1.11")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path))


def test_nothing_is_known_until_somebody_looked() -> None:
    assert found_creators() == {}
    assert "MySwish" not in plugins()
    assert inspect(parse_text(GRAPH), "trt-10").verdicts["own"].status is Status.REFUSES


def test_a_found_plugin_is_taken_by_its_tensorrt_and_no_other() -> None:
    note_creators([SWISH])
    graph = parse_text(GRAPH)
    taken = inspect(graph, "trt-10").verdicts["own"]
    assert taken.status is Status.CAVEAT
    assert "taken with the plugin MySwish" in taken.reason
    other = inspect(graph, "trt-8.6").verdicts["own"]
    assert other.status is Status.REFUSES
    assert "does not ship the plugin MySwish" in other.reason
    assert inspect(graph, "rtx-1").verdicts["own"].status is Status.REFUSES


def test_its_layer_has_version_namespace_fields_and_the_inputs_shape() -> None:
    note_creators([SWISH])
    network = network_from_graph(parse_text(GRAPH)).network
    assert network is not None
    kind = network.layers[0].kind
    assert isinstance(kind, Plugin)
    assert (kind.plugin_name, kind.plugin_version, kind.plugin_namespace) == (
        "MySwish",
        "2",
        "mine",
    )
    assert dict(kind.fields) == {"beta": 2.0}
    assert network.layers[0].outputs[0].shape == (1, 8)


def test_a_node_may_say_what_comes_out() -> None:
    note_creators([SWISH])
    text = GRAPH.replace("beta_u_float=2.0", "shape=[1,3], dtype=f32")
    network = network_from_graph(parse_text(text)).network
    assert network is not None
    assert network.layers[0].outputs[0].shape == (1, 3)


def test_the_palette_knows_its_fields() -> None:
    note_creators([SWISH])
    plugin = find_plugin("MySwish")
    assert plugin is not None
    assert [(field.name, field.type) for field in plugin.fields] == [
        ("beta", "float32"),
        ("axes", "int32"),
    ]
    assert plugin.typed({"beta": 1}) == {"beta": (1.0,)}
    assert list(plugins()) == sorted(plugins())


def test_a_described_plugin_gains_the_tensorrt_it_is_found_in() -> None:
    before = find_plugin("LReLU_TRT")
    assert before is not None
    assert "12.x" not in before.tensorrt
    note_creators([FoundCreator("LReLU_TRT", "1", "", (), "12.0.1")])
    after = find_plugin("LReLU_TRT")
    assert after is not None
    assert after.tensorrt == (*before.tensorrt, "12.x")
    assert after.fields == before.fields


def test_a_damaged_list_is_no_trouble(tmp_path: Path) -> None:
    note_creators([SWISH])
    (tmp_path / "plugins.json").write_text('[{"name": 1}]')
    assert found_creators() == {}


def test_the_same_graph_is_judged_anew_when_plugins_were_found() -> None:
    inspector = Inspector()
    graph = parse_text(GRAPH)
    assert inspector.inspect(graph, "trt-10").verdicts["own"].status is Status.REFUSES
    note_creators([SWISH])
    assert inspector.inspect(graph, "trt-10").verdicts["own"].status is Status.CAVEAT
