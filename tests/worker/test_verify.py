"""Verify says whether a network computes what the graph does, and where it stops doing so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from surgeon_gui.compare.inputs import load_npz, save_npz
from surgeon_gui.errors import JobCancelled, OpenError, UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import DType, Shape
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import VerifyResult, VerifySpec
from surgeon_gui.network.ir import Network, NetworkBuilder, Source
from surgeon_gui.network.layers import Shuffle, Unary, UnaryOperation
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.network.store import save_network
from surgeon_gui.worker.tasks.verify import verify
from tests.helpers.shared import data_path

pytestmark = pytest.mark.tensorflow

GRAPH = """
x = Placeholder() {dtype=f32, shape=[1, 2, 3, 4]}
a = Abs(x)
b = Neg(a)
y = Exp(b)
z = Tanh(b)
"""
NHWC, NCHW = (0, 2, 3, 1), (0, 3, 1, 2)


def chain(middle: UnaryOperation = UnaryOperation.NEG, outputs: str = "yz") -> Network:
    """Return GRAPH's network, computed in NCHW."""
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, (1, 2, 3, 4))
    (flipped,) = builder.add(Shuffle(first_transpose=NCHW), [x], name="x/nchw")
    (a,) = builder.add(Unary(op=UnaryOperation.ABS), [flipped], name="a")
    builder.set_source(a, Source(TensorRef("a"), NHWC))
    (b,) = builder.add(Unary(op=middle), [a], name="b/layer")
    builder.set_source(b, Source(TensorRef("b"), NHWC))
    for name, op in (("y", UnaryOperation.EXP), ("z", UnaryOperation.SIN)):
        if name in outputs:
            (out,) = builder.add(Unary(op=op), [b], name=f"{name}/nchw")
            builder.set_source(out, Source(TensorRef(name), NHWC))
            (back,) = builder.add(Shuffle(first_transpose=NHWC), [out], name=f"{name}/out")
            builder.set_source(back, Source(TensorRef(name), (0, 1, 2, 3)))
            builder.mark_output(back)
    return builder.build()


def spec_for(folder: Path, network: Network, graph: str = GRAPH) -> VerifySpec:
    save_graphdef(parse_text(graph), folder / "graph.pb")
    save_network(network, folder / "graph.network")
    return VerifySpec(folder / "graph.pb", folder / "graph.network")


def run(folder: Path, spec: VerifySpec) -> VerifyResult:
    result = verify(spec, QuietReport(folder))
    assert isinstance(result, VerifyResult)
    return result


def test_equal_numbers_are_ok(tmp_path: Path) -> None:
    result = run(tmp_path, spec_for(tmp_path, chain(outputs="y")))
    assert result.ok
    assert [row.name for row in result.outputs] == ["y"]
    assert result.outputs[0].shape == (1, 2, 3, 4)
    assert result.outputs[0].metrics["max_rel"] < 1e-5
    assert result.first_divergence is None
    assert result.tensors == ()


def test_an_output_that_differs_is_traced_to_its_layer(tmp_path: Path) -> None:
    result = run(tmp_path, spec_for(tmp_path, chain()))
    assert [(row.name, row.ok) for row in result.outputs] == [("y", True), ("z", False)]
    assert not result.ok
    assert result.first_divergence is not None
    assert (result.first_divergence.node, result.first_divergence.op) == ("z", "Tanh")


def test_the_first_wrong_tensor_is_found_before_the_outputs(tmp_path: Path) -> None:
    result = run(tmp_path, spec_for(tmp_path, chain(UnaryOperation.ABS)))
    assert not any(row.ok for row in result.outputs)
    first = result.first_divergence
    assert first is not None
    assert (first.node, first.op, first.layer) == ("b", "Neg", "b/layer")
    assert first.comparison.metrics["cosine"] == pytest.approx(-1)


def test_all_tensors_has_a_row_for_each_in_the_order_of_the_graph(tmp_path: Path) -> None:
    spec = replace(spec_for(tmp_path, chain(UnaryOperation.ABS)), all_tensors=True)
    result = run(tmp_path, spec)
    assert [(row.name, row.ok) for row in result.tensors] == [
        ("a", True),
        ("b", False),
        ("y", False),
        ("z", False),
    ]


def test_chosen_outputs_decide(tmp_path: Path) -> None:
    spec = replace(spec_for(tmp_path, chain()), outputs=("y",))
    assert run(tmp_path, spec).ok
    with pytest.raises(UsageError, match="no such output") as caught:
        run(tmp_path, replace(spec, outputs=("w",)))
    assert caught.value.where == "w"


def test_the_tolerance_decides(tmp_path: Path) -> None:
    spec = replace(spec_for(tmp_path, chain()), max_rel=100.0, min_cosine=-1.0)
    assert run(tmp_path, spec).ok


def test_renamed_tensors_are_found_in_the_original(tmp_path: Path) -> None:
    graph = GRAPH.replace("x =", "image =").replace("Abs(x)", "Abs(image)").replace("y =", "old =")
    spec = spec_for(tmp_path, chain(outputs="y"), graph)
    result = run(tmp_path, replace(spec, renamed={"x": "image", "y": "old"}))
    assert result.ok
    assert result.outputs[0].name == "old"


def test_an_output_the_original_does_not_have_is_a_row(tmp_path: Path) -> None:
    spec = spec_for(tmp_path, chain(outputs="y"), GRAPH.replace("y =", "other ="))
    result = run(tmp_path, spec)
    assert not result.ok
    assert result.outputs[0].problem == "The reference has no such tensor."
    assert result.first_divergence is None


def test_inputs_come_from_a_file_and_outputs_go_to_files(tmp_path: Path) -> None:
    spec = spec_for(tmp_path, chain(outputs="y"))
    image = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4) / 24
    save_npz(tmp_path / "x.npz", {"x": image})
    spec = replace(
        spec,
        inputs=tmp_path / "x.npz",
        save_outputs=tmp_path / "mine.npz",
        save_reference=tmp_path / "theirs.npz",
    )
    assert run(tmp_path, spec).ok
    for name in ("mine.npz", "theirs.npz"):
        assert load_npz(tmp_path / name)["y"] == pytest.approx(np.exp(-image))
    save_npz(tmp_path / "x.npz", {"image": image})
    with pytest.raises(UsageError, match="no array for this input") as caught:
        run(tmp_path, spec)
    assert caught.value.where == "x"


def test_the_seed_chooses_the_inputs(tmp_path: Path) -> None:
    spec = replace(spec_for(tmp_path, chain(outputs="y")), save_outputs=tmp_path / "y.npz")
    found = []
    for seed in (0, 0, 1):
        run(tmp_path, replace(spec, seed=seed))
        found.append(load_npz(tmp_path / "y.npz")["y"].tobytes())
    assert found[0] == found[1] != found[2]


def test_inputs_surgery_removed_are_fed_for_inference(tmp_path: Path) -> None:
    graph = """
    x = Placeholder() {dtype=f32, shape=[?, 2, 3, 4]}
    keep = Placeholder() {dtype=f32, shape=?}
    a = RealDiv(x, keep)
    b = Abs(a)
    c = Neg(b)
    y = Exp(c)
    """
    spec = spec_for(tmp_path, chain(outputs="y"), graph)
    assert run(tmp_path, spec).ok


def test_a_uint8_image_is_drawn_as_one_though_the_network_holds_it_wider(tmp_path: Path) -> None:
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.INT32, (64,))
    (y,) = builder.add(Unary(op=UnaryOperation.ABS), [x], name="y")
    builder.set_source(y, Source(TensorRef("y"), (0,)))
    builder.mark_output(y)
    graph = "x = Placeholder() {dtype=u8, shape=[64]}\ny = Cast(x) {DstT=i32}"
    spec = replace(spec_for(tmp_path, builder.build(), graph), save_outputs=tmp_path / "y.npz")
    assert run(tmp_path, spec).ok
    assert load_npz(tmp_path / "y.npz")["y"].max() > 200


def test_an_onnx_file_is_compared_by_its_outputs(tmp_path: Path) -> None:
    spec = spec_for(tmp_path, chain())
    nodes = [helper.make_node(op, [a], [b]) for op, a, b in (("Abs", "x", "h"), ("Neg", "h", "i"))]
    onnx_graph = helper.make_graph(
        [*nodes, helper.make_node("Exp", ["i"], ["y"])],
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 2, 3, 4))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 2, 3, 4))],
    )
    path = tmp_path / "graph.onnx"
    onnx.save(
        helper.make_model(onnx_graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        path,
    )
    result = run(tmp_path, replace(spec, network=path, all_tensors=True))
    assert result.ok
    assert result.tensors == ()


@pytest.mark.parametrize("name", ["missing.onnx", "broken.onnx", "missing.network"])
def test_a_network_that_cannot_be_read_is_said(tmp_path: Path, name: str) -> None:
    spec = spec_for(tmp_path, chain())
    (tmp_path / "broken.onnx").write_bytes(b"\xff\xff\xff")
    with pytest.raises(OpenError) as caught:
        run(tmp_path, replace(spec, network=tmp_path / name))
    assert caught.value.where == str(tmp_path / name)


def test_a_cancelled_job_stops(tmp_path: Path) -> None:
    report = QuietReport(tmp_path)
    report.is_cancelled = True
    with pytest.raises(JobCancelled):
        verify(spec_for(tmp_path, chain()), report)


def test_a_real_model_is_verified_through_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path))
    original = data_path("mobilenet_v1_0.25_128_frozen.pb")
    network = network_from_graph(open_graph(original)).network
    assert network is not None
    save_network(network, tmp_path / "m.network")
    result = run_job(VerifySpec(original, tmp_path / "m.network", all_tensors=True), timeout=300)
    assert result.ok
    assert result.outputs[0].name == "MobilenetV1/Predictions/Reshape_1"
    assert len(result.tensors) > 50
    assert [row.problem for row in result.tensors if not row.ok] == []
    assert result.peak_rss_bytes < 2 << 30


@pytest.mark.parametrize(
    "change", [lambda s: replace(s, seed=1), lambda s: replace(s, shapes={"Input": (2, 32, 32, 3)})]
)
def test_a_small_real_model_agrees(
    tmp_path: Path, change: Callable[[VerifySpec], VerifySpec]
) -> None:
    original = data_path("cifar_small.pb")
    spec = change(VerifySpec(original, tmp_path / "m.network"))
    shapes = {name: Shape(dims) for name, dims in spec.shapes.items()}
    network = network_from_graph(open_graph(original), shapes=shapes).network
    assert network is not None
    save_network(network, spec.network)
    result = run(tmp_path, spec)
    assert result.ok
    assert result.outputs[0].shape == (spec.shapes.get("Input", (1,))[0], 10)
