"""The network this program was first wanted for: 3D boxes, with all that UFF refused in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.targets.inspect import inspect
from surgeon_gui.uff.writer import uff_from_graph
from tests.cli.command import surgeon
from tests.helpers.shared import ROOT

BODY = """
x = Placeholder() {shape=[?, 8, 8, 3]}
w = Const() {value=f32[3, 3, 3, 4]{0.1}}
c = Conv2D(x, w) {strides=[1, 1, 1, 1], padding="SAME", data_format="NHWC", dilations=[1, 1, 1, 1]}
relu = LeakyRelu(c) {alpha=0.1, T=f32}
shape = Shape(relu)
begin = Const() {value=i32[1]{0}}
end = Const() {value=i32[1]{1}}
batch = StridedSlice(shape, begin, end, end) {shrink_axis_mask=1, begin_mask=0, end_mask=0}
rest = Const() {value=i32{-1}}
pack = Pack(batch, rest) {axis=0}
flat = Reshape(relu, pack)
"""

HEAD = """
{0}/w = Const() {{value=f32[256, 4]{{0.01}}}}
{0}/fc = MatMul(flat, {0}/w) {{transpose_a=false, transpose_b=false}}
{0}/shape = Const() {{value=i32[3]{{-1, 2, 2}}}}
{0}/Reshape = Reshape({0}/fc, {0}/shape)
{0}/l2/Square = Square({0}/Reshape)
{0}/l2/axis = Const() {{value=i32{{2}}}}
{0}/l2/Sum = Sum({0}/l2/Square, {0}/l2/axis) {{keep_dims=true}}
{0}/l2/eps = Const() {{value=f32{{1e-12}}}}
{0}/l2/Maximum = Maximum({0}/l2/Sum, {0}/l2/eps)
{0}/l2/Rsqrt = Rsqrt({0}/l2/Maximum)
{0}/l2 = Mul({0}/Reshape, {0}/l2/Rsqrt)
"""
HEADS = ("orientation", "confidence", "dimension")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return parse_text(BODY + "".join(HEAD.format(name) for name in HEADS))


def test_uff_refuses_it_and_takes_it_after_the_cure(graph: Graph) -> None:
    assert not inspect(graph, "uff-8").supported
    cured = ApplyRules(("uff",)).apply(graph)
    assert inspect(cured, "uff-8").supported
    assert [cured[f"{name}/l2"].op for name in HEADS] == ["Mul", "Mul", "Mul"]


def test_the_direct_route_takes_it_before_and_after(graph: Graph) -> None:
    for one in (graph, ApplyRules(("direct",)).apply(graph), ApplyRules(("uff",)).apply(graph)):
        assert network_from_graph(one).problems == ()


def test_the_plugin_is_written_as_the_parser_knows_it(graph: Graph) -> None:
    exported = uff_from_graph(ApplyRules(("uff",)).apply(graph))
    node = next(node for node in exported.meta.graphs[0].nodes if node.id == "relu")
    assert node.operation == "_LReLU_TRT"
    assert node.fields["negSlope_u_float"].d == pytest.approx(0.1)


@pytest.mark.tensorflow
@pytest.mark.parametrize("rules", ["uff", "direct"])
def test_the_cured_network_computes_what_tensorflow_does(
    graph: Graph, rules: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))
    original, cured = tmp_path / "original.pb", tmp_path / "cured.pb"
    save_graph(graph, original)
    save_graph(ApplyRules((rules,)).apply(graph), cured)
    ran = surgeon("verify", cured, "--original", original, "--json")
    assert ran.status == 0, ran.json
    assert {output["name"] for output in ran.json["outputs"]} == {f"{name}/l2" for name in HEADS}
    assert all(output["max_abs"] < 1e-5 for output in ran.json["outputs"])


@pytest.mark.tensorflow
def test_the_sample_is_cured_and_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))
    sample = ROOT / "samples" / "boxes3d.pb"
    cured = tmp_path / "cured.pb"
    assert surgeon("edit", sample, "--rules", "uff", "-o", cured).status == 0
    assert surgeon("inspect", cured, "--target", "uff-8", "--json").json["supported"]
    assert surgeon("verify", cured, "--original", sample, "--json").status == 0
