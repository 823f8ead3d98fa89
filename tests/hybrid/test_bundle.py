"""A hybrid bundle: written, read again, damaged, and made by TF-TRT's words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.errors import OpenError, SaveError, UsageError
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Shape
from surgeon_gui.hybrid.bundle import (
    GRAPH,
    MANIFEST,
    ROUNDED,
    is_bundle,
    read_bundle,
    segment_path,
    write_bundle,
)
from surgeon_gui.hybrid.convert import TrtGraphConverter
from surgeon_gui.hybrid.plan import plan_hybrid
from surgeon_gui.jobs.hybrid_spec import BundleBuildResult, BundleBuildSpec
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.network.layers import Quantize
from surgeon_gui.network.store import load_network
from surgeon_gui.targets.partition import PartitionOptions
from surgeon_gui.targets.segments import ENGINE_OP
from surgeon_gui.worker.tasks.bundle import build_bundle

HYBRID = """
x = Placeholder() {dtype=f32, shape=[-1, 4]}
w = Const() {value=f32[4]{1,2,3,4}}
a = Mul(x, w)
b = Tanh(a)
c = Exp(b)
s = Lgamma(c) {T=f32}
d = Neg(s)
e = Abs(d)
f = Add(e, w)
"""
"""Two segments with an op between them that TensorRT does not have."""


def test_a_bundle_says_what_is_in_it(tmp_path: Path) -> None:
    plan = plan_hybrid(parse_text(HYBRID))
    written = write_bundle(plan, tmp_path / "hybrid", model="net.pb", maximum_cached_engines=3)
    read = read_bundle(tmp_path / "hybrid")
    assert read == written
    assert is_bundle(tmp_path / "hybrid")
    assert [segment.nodes for segment in read.segments] == [("a", "b", "c"), ("d", "e", "f")]
    assert read.segments[0].inputs[0].tensor == "x"
    assert read.segments[0].inputs[0].shape == (-1, 4)
    assert read.remaining.keys() == {"x", "s"}
    assert (read.nodes_before, read.nodes_after, read.converted) == (9, 5, 7)
    assert read.maximum_cached_engines == 3


def test_the_graph_has_a_node_for_each_segment(tmp_path: Path) -> None:
    write_bundle(plan_hybrid(parse_text(HYBRID)), tmp_path)
    graph = open_graph(tmp_path / GRAPH)
    engines = [node for node in graph if node.op == ENGINE_OP]
    assert [node.name for node in engines] == ["TRTEngineOp_0", "TRTEngineOp_1"]
    assert engines[0].attrs["input_shapes"] == (Shape((-1, 4)),)
    assert graph["f"].op == "Identity"
    network = load_network(segment_path(tmp_path, "TRTEngineOp_0", ".network"))
    assert network.inputs[0].shape == (-1, 4)


def test_unknown_shapes_wait_for_the_run(tmp_path: Path) -> None:
    graph = parse_text(HYBRID.replace("[-1, 4]", "[-1, -1, -1, 4]"))
    plan = plan_hybrid(graph, options=PartitionOptions(dynamic=True))
    assert plan.partition.segments
    assert not plan.networks
    bundle = write_bundle(plan, tmp_path)
    assert not any(segment.has_network for segment in bundle.segments)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.update(format="zip"), "no manifest"),
        (lambda data: data.update(version=99), "version 99"),
        (lambda data: data.pop("segments"), "damaged"),
        (lambda data: data.update(segments=[{"name": 3}]), "damaged"),
    ],
)
def test_a_foreign_manifest_is_told(tmp_path: Path, change: object, words: str) -> None:
    write_bundle(plan_hybrid(parse_text(HYBRID)), tmp_path)
    data = json.loads((tmp_path / MANIFEST).read_text())
    assert callable(change)
    change(data)
    (tmp_path / MANIFEST).write_text(json.dumps(data))
    with pytest.raises(OpenError, match=words):
        read_bundle(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "7"])
def test_a_damaged_manifest_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(OpenError):
        read_bundle(tmp_path)


def test_a_folder_that_is_none_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(OpenError, match="no hybrid bundle") as caught:
        read_bundle(tmp_path)
    assert "surgeon partition" in (caught.value.hint or "")


def test_a_file_in_the_folders_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "hybrid").write_bytes(b"")
    with pytest.raises(SaveError, match="cannot be made"):
        write_bundle(plan_hybrid(parse_text(HYBRID)), tmp_path / "hybrid")


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    plan = plan_hybrid(parse_text(HYBRID))
    (tmp_path / "graph.pb").write_bytes(b"the user's own")
    with pytest.raises(UsageError, match="other files"):
        write_bundle(plan, tmp_path)
    assert (tmp_path / "graph.pb").read_bytes() == b"the user's own"


def test_a_bundle_left_half_done_is_made_again(tmp_path: Path) -> None:
    plan = plan_hybrid(parse_text(HYBRID))
    write_bundle(plan, tmp_path)
    (tmp_path / "manifest.json").unlink()
    assert len(write_bundle(plan, tmp_path).segments) == 2


def test_tf_trts_words_convert_a_graphdef() -> None:
    data = graphdef_from_graph(parse_text(HYBRID))
    converter = TrtGraphConverter(
        input_graph_def=data, nodes_blacklist=["f"], minimum_segment_size=2, max_batch_size=4
    )
    graph = graph_from_graphdef(converter.convert())
    assert [node.op for node in graph].count(ENGINE_OP) == 2
    assert graph["f"].op == "Add"
    assert converter.conversion_rate == pytest.approx(5 / 9)
    assert converter.remaining.keys() == {"x", "s", "f"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "not both"),
        ({"input_graph_def": b"", "input_saved_model_dir": "x"}, "not both"),
        ({"input_graph_def": b"", "precision_mode": "INT4"}, "INT4"),
        ({"input_graph_def": b"", "precision_mode": "INT8", "is_dynamic_op": True}, "ranges"),
        ({"input_graph_def": b"", "max_batch_size": 0}, "at least one"),
        ({"input_graph_def": b"", "minimum_segment_size": 0}, "at least one"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        TrtGraphConverter(**options)


@pytest.mark.tensorrt
def test_save_builds_an_engine_for_each_segment(tmp_path: Path) -> None:
    converter = TrtGraphConverter(
        input_graph_def=graphdef_from_graph(parse_text(HYBRID)), max_batch_size=8
    )
    bundle = converter.save(tmp_path / "hybrid", gpus=["sm86"])
    for segment in bundle.segments:
        assert segment.layers > 0
        assert segment_path(tmp_path / "hybrid", segment.name, ".engine").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.tensorrt
def test_int8_is_calibrated_by_segment(tmp_path: Path) -> None:
    text = """
x = Placeholder() {dtype=f32, shape=[2, 6, 6, 3]}
w = Const() {value=f32[3,3,3,4]{0.1}}
a = Conv2D(x, w) {strides=[1,1,1,1], padding="SAME"}
b = Relu(a)
c = Tanh(b)
s = Lgamma(c) {T=f32}
v = Const() {value=f32[3,3,4,2]{0.05}}
d = Conv2D(s, v) {strides=[1,1,1,1], padding="SAME"}
e = Tanh(d)
f = Abs(e)
"""
    converter = TrtGraphConverter(
        input_graph_def=graphdef_from_graph(parse_text(text)), precision_mode="INT8"
    )
    with pytest.raises(UsageError, match="need ranges"):
        converter.save(tmp_path / "early")
    random = np.random.default_rng(0)
    converter.calibrate(
        ["f"], 3, feed_dict_fn=lambda: {"x:0": random.random((2, 6, 6, 3), np.float32) + 0.5}
    )
    bundle = converter.save(tmp_path / "hybrid", gpus=["sm86"])
    assert len(bundle.segments) == 2
    for segment in bundle.segments:
        network = load_network(segment_path(tmp_path / "hybrid", segment.name, ".network"))
        assert any(isinstance(layer.kind, Quantize) for layer in network.layers)
        assert segment.layers > 0


MIXED = """
x = Placeholder() {dtype=f32, shape=[-1, 6, 6, 3]}
w = Const() {value=f32[3,3,3,4]{0.1}}
a = Conv2D(x, w) {strides=[1,1,1,1], padding="SAME"}
b = Relu(a)
c = Tanh(b)
s = Lgamma(c) {T=f32}
d = Tanh(s)
e = Abs(d)
f = Sqrt(e)
"""
"""A segment that can be rounded, one that cannot, and a batch that is left open."""


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.tensorrt
def test_a_bundle_is_calibrated_in_its_job(tmp_path: Path) -> None:
    plan = plan_hybrid(parse_text(MIXED), max_batch_size=2)
    folder = tmp_path / "hybrid"
    write_bundle(plan, folder, max_batch_size=2)
    report = QuietReport(tmp_path)
    spec = BundleBuildSpec(folder, ("sm86",), "int8")
    with pytest.raises(UsageError, match="no samples"):
        build_bundle(spec, report)
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).random((6, 6, 6, 3), np.float32))
    spec = replace(spec, data=(tmp_path / "x.npz",))
    built = build_bundle(spec, report)
    assert isinstance(built, BundleBuildResult)
    assert built.ok
    assert len(built.segments) == 2
    rounded = [segment_path(folder, item.name, ROUNDED).exists() for item in built.segments]
    assert rounded == [True, False]
    plain = load_network(segment_path(folder, built.segments[0].name, ".network"))
    assert not any(isinstance(layer.kind, Quantize) for layer in plain.layers)
    again = build_bundle(spec, report)
    assert isinstance(again, BundleBuildResult)
    assert all(item.reused for item in again.segments)
    write_bundle(plan, folder, max_batch_size=2)
    assert not segment_path(folder, built.segments[0].name, ROUNDED).exists()


def test_only_int8_is_calibrated() -> None:
    converter = TrtGraphConverter(input_graph_def=graphdef_from_graph(parse_text(HYBRID)))
    with pytest.raises(UsageError, match="Only INT8"):
        converter.calibrate(["f"], 1, feed_dict_fn=dict)
