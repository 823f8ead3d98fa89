from __future__ import annotations

import json
from pathlib import Path

import pytest

from surgeon_gui.edits.nodes import RenameNode
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.opening import open_view
from surgeon_gui.pipeline import save_view
from surgeon_gui.uff.reader import open_uff
from tests.cli.command import surgeon
from tests.helpers.shared import data_path

MODEL = data_path("cifar_small.pb")


@pytest.fixture
def uff(tmp_path: Path) -> Path:
    path = tmp_path / "net.uff"
    assert surgeon("export", MODEL, "-o", path).status == 0
    return path


def test_a_uff_file_is_inspected_like_the_graph_it_stands_for(uff: Path) -> None:
    ran = surgeon("inspect", uff, "--json")
    assert ran.status == 0
    assert ran.json["supported"]
    assert "Conv2D" in ran.json["ops"]


def test_a_uff_file_becomes_a_network_and_a_uff_file_again(uff: Path, tmp_path: Path) -> None:
    assert surgeon("export", uff, "-o", tmp_path / "net.network").status == 0
    again = tmp_path / "again.uff"
    assert surgeon("export", uff, "-o", again, "--json").json["notes"] == []
    assert [node.id for node in open_uff(again).nodes] == [node.id for node in open_uff(uff).nodes]


def test_a_damaged_uff_file_is_a_message(uff: Path) -> None:
    uff.write_bytes(uff.read_bytes()[:-10])
    ran = surgeon("inspect", uff, "--json")
    assert ran.status == 2
    assert "ends too early" in json.dumps(ran.json["error"])


def test_convert_to_uff_takes_nvidias_flags(tmp_path: Path) -> None:
    out = tmp_path / "net.uff"
    assert surgeon("convert-to-uff", MODEL, "-o", out, "-t", "-q").status == 0
    assert open_uff(out).nodes
    assert out.with_suffix(".pbtxt").exists()


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["cifar_small", "mobilenet_v1_0.25_128_frozen"])
def test_the_network_of_a_uff_file_equals_tensorflow_on_the_graph(
    name: str, tmp_path: Path
) -> None:
    original = data_path(f"{name}.pb")
    uff = tmp_path / "net.uff"
    assert surgeon("export", original, "-o", uff).status == 0
    ran = surgeon("verify", uff, "--original", original, "--json")
    assert ran.status == 0
    assert ran.json["ok"]
    assert all(output["max_rel"] <= 1e-3 for output in ran.json["outputs"])


@pytest.mark.tensorrt
@pytest.mark.parametrize("ending", ["pb", "uff"])
def test_nvidias_parser_is_offered_only_where_tensorrt_has_it(
    ending: str, uff: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorrt_rtx")
    model = uff if ending == "uff" else MODEL
    ran = surgeon("build", model, "--route", "uff", "-o", tmp_path / "x.engine", "--json")
    assert ran.status == 2
    assert "no UFF parser" in json.dumps(ran.json["error"])
    assert not (tmp_path / "x.engine").exists()


@pytest.mark.tensorrt
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_graph_is_built_through_onnx(precision: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx")
    plans = {}
    for route in ("direct", "onnx"):
        options = ("--route", route, "--precision", precision, "--gpu", "sm86")
        ran = surgeon("build", MODEL, *options, "-o", tmp_path / f"{route}.engine", "--json")
        assert ran.status == 0
        assert ran.json["route"] == route
        plans[route] = ran.json
    assert plans["onnx"]["inputs"] == plans["direct"]["inputs"]
    assert plans["onnx"]["outputs"] == plans["direct"]["outputs"]
    assert plans["onnx"]["bytes"] == pytest.approx(plans["direct"]["bytes"], rel=0.1)


@pytest.mark.tensorrt
def test_eight_bits_through_onnx_are_refused_in_words(tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx")
    options = ("--route", "onnx", "--precision", "int8")
    ran = surgeon("build", MODEL, *options, "-o", tmp_path / "x.engine", "--json")
    assert ran.status == 2
    assert ran.json["error"]["where"] == "precision"
    assert not (tmp_path / "x.engine").exists()


def test_two_uff_files_are_compared_by_their_own_operations(uff: Path, tmp_path: Path) -> None:
    assert surgeon("diff", uff, uff).status == 0
    shown = open_view(uff)
    draft = Draft(shown)
    convolution = next(node for node in shown if node.op == "Conv")
    draft.set_attr(convolution.name, "strides", (3, 3))
    draft.set_attr(convolution.name, "inputs_orders", (b"NC+", b"+CK"))
    relu = next(node.name for node in shown if node.op == "Activation")
    save_view(RenameNode(relu, "renamed").apply(draft.commit()), tmp_path / "other.uff")
    ran = surgeon("diff", uff, tmp_path / "other.uff", "--json")
    assert ran.status == 1
    assert (ran.json["added"], ran.json["removed"]) == (["renamed"], [relu])
    changes = {row["node"]: row["changes"] for row in ran.json["changed"]}
    assert any(line.endswith("→ [3, 3]") for line in changes[convolution.name])
    assert any("N+C" in line and "NC+" in line for line in changes[convolution.name])
    assert "renamed" in surgeon("diff", uff, tmp_path / "other.uff").stdout


def test_a_uff_file_is_compared_with_a_graph_by_what_it_stands_for(uff: Path) -> None:
    ran = surgeon("diff", MODEL, uff, "--json")
    assert ran.status == 1
    assert not ran.json["equal"]
    assert all("op:" not in line for row in ran.json["changed"] for line in row["changes"])


def test_export_says_what_a_parser_will_refuse(tmp_path: Path) -> None:
    graph = tmp_path / "clipped.pb"
    text = "x = Placeholder() {shape=[?, 4], dtype=f32}\nz = Const() {value=f32{0}}\n"
    save_graph(parse_text(text + "y = Maximum(x, z)\noutputs(y)"), graph)
    out = tmp_path / "clipped.uff"
    ran = surgeon("export", graph, "-o", out, "--parser", "uff-5.1", "--json")
    assert ran.status == 0
    assert any("will refuse this node" in note for note in ran.json["notes"])
    assert any(note.startswith("y (Maximum)") for note in ran.json["notes"])
    ran = surgeon("export", graph, "-o", tmp_path / "x.onnx", "--parser", "uff-5.1")
    assert ran.status == 2
