"""Every layer kind, exported to ONNX and run by ONNX Runtime, computes what its definition says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from surgeon_gui.errors import ConvertError, SaveError, UsageError
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Kind, Network, NetworkBuilder, TensorSpec
from surgeon_gui.network.layers import (
    Activation,
    ActivationType,
    Constant,
    ElementWise,
    ElementWiseOperation,
    Gather,
    Identity,
    Plugin,
    Pooling,
    SampleMode,
    Slice,
)
from surgeon_gui.network.to_onnx import OPSET, OPSETS, PLUGIN_DOMAIN, onnx_from_network, save_onnx
from surgeon_gui.network.to_onnx.writer import LAYERS
from tests.network.cases import CASES, Case

KINDS = [
    kind
    for kind in vars(layers).values()
    if isinstance(kind, type) and issubclass(kind, Kind) and kind is not Kind
]


def run(model: onnx.ModelProto | Path, inputs: Mapping[str, Array]) -> list[Array]:
    """Run a model as it stands, without ONNX Runtime's own rewriting."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    results: list[Any] = session.run(None, dict(inputs))
    return results


def assert_close(actual: Array, expected: Array, tolerance: float) -> None:
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


LATER = {"slice_wrap": 19}
"""Cases that no earlier operator set expresses."""


@pytest.mark.parametrize("opset", [14, OPSET, max(OPSETS)])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_export_computes_what_the_layer_is_defined_to(case: Case, opset: int) -> None:
    first = LATER.get(case.name, 0)
    if opset < first:
        with pytest.raises(ConvertError, match=f"needs ONNX opset {first}"):
            onnx_from_network(case.network(), opset=opset)
        return
    model = onnx_from_network(case.network(), opset=opset)
    onnx.checker.check_model(model, full_check=True)
    results = run(model, case.inputs())
    assert len(results) == len(case.expected)
    for actual, expected in zip(results, case.expected, strict=True):
        assert_close(actual, expected, case.tolerance)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_layer_infers_the_types_of_what_it_computes(case: Case) -> None:
    for tensor, expected in zip(case.network().output_tensors, case.expected, strict=True):
        assert tensor.dtype is DType.from_numpy(expected.dtype)
        assert tensor.rank == expected.ndim
        for known, actual in zip(tensor.shape, expected.shape, strict=True):
            assert known in (-1, actual)


def test_every_kind_has_an_exporter_and_a_case() -> None:
    names = {kind.__name__ for kind in KINDS}
    assert set(LAYERS) == names
    assert {case.kind.type_name for case in CASES} == names - {"Plugin"}


def chain() -> Network:
    """In -> scaled (by a constant) -> out, made from nodes of a graph."""
    builder = NetworkBuilder()
    x = builder.add_input("in", DType.FLOAT32, (2, 300))
    factors = np.arange(300, dtype=np.float32).reshape(1, 300)
    (factor,) = builder.add(Constant(weights_=factors), name="scope/factor")
    (scaled,) = builder.add(
        ElementWise(op=ElementWiseOperation.PROD),
        [x, factor],
        name="scope/scaled",
        origin=["scope/Mul", "scope/factor"],
    )
    (out,) = builder.add(Activation(type=ActivationType.RELU), [scaled], name="out")
    builder.mark_output(out)
    return builder.build()


def test_names_and_origins_are_kept() -> None:
    graph = onnx_from_network(chain()).graph
    assert [node.name for node in graph.node] == ["scope/scaled", "out"]
    assert [node.doc_string for node in graph.node] == ["scope/Mul scope/factor", "out"]
    assert [list(node.output) for node in graph.node] == [["scope/scaled"], ["out"]]
    assert [tensor.name for tensor in graph.initializer] == ["scope/factor"]
    assert [tensor.name for tensor in graph.output] == ["out"]


def test_any_tensor_can_be_asked_for() -> None:
    model = onnx_from_network(chain(), outputs=["scope/scaled", "scope/factor", "out"])
    onnx.checker.check_model(model, full_check=True)
    x = np.full((2, 300), -1, np.float32)
    scaled, factor, out = run(model, {"in": x})
    np.testing.assert_array_equal(scaled, -factor.repeat(2, axis=0))
    assert not out.any()


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (["nobody"], "no such tensor"),
        (["in"], "is an input"),
        (["out", "out"], "asked for twice"),
    ],
)
def test_an_impossible_output_is_refused(outputs: list[str], message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        onnx_from_network(chain(), outputs=outputs)


def test_the_opset_is_the_one_promised() -> None:
    (opset,) = onnx_from_network(chain()).opset_import
    assert (opset.domain, opset.version) == ("", OPSET)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_opset_is_the_earliest_from_17_on_that_has_the_layer(case: Case) -> None:
    (opset,) = onnx_from_network(case.network()).opset_import
    assert opset.version == LATER.get(case.name, OPSET)


@pytest.mark.parametrize("opset", [12, 21, -1])
def test_an_opset_that_cannot_be_written_is_said(opset: int) -> None:
    with pytest.raises(UsageError, match=f"opset {opset} cannot be written"):
        onnx_from_network(chain(), opset=opset)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("pool", [layers.PoolingType.MAX, layers.PoolingType.AVERAGE])
def test_zeros_before_a_pool_count_whatever_the_runtime_optimises(
    pool: layers.PoolingType, opset: int
) -> None:
    builder = NetworkBuilder()
    x = builder.add_input("in", DType.FLOAT32, (1, 1, 3, 3))
    pad = Slice(start=(0, 0, -1, -1), size=(1, 1, 4, 4), stride=(1,) * 4, mode=SampleMode.FILL)
    (padded,) = builder.add(pad, [x], name="pad")
    none = (0, 0)
    kind = Pooling(
        type=pool, window_size=(2, 2), stride=(2, 2), pre_padding=none, post_padding=none
    )
    (out,) = builder.add(kind, [padded], name="pool")
    builder.mark_output(out)
    model = onnx_from_network(builder.build(), opset=opset).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"in": np.full((1, 1, 3, 3), -4, np.float32)})
    corner, edge, inner = (0, 0, -4) if pool is layers.PoolingType.MAX else (-1, -2, -4)
    np.testing.assert_array_equal(result[0, 0], [[corner, edge], [edge, inner]])


def test_weights_shared_by_two_layers_are_stored_once() -> None:
    case = next(case for case in CASES if case.name == "conv")
    builder = NetworkBuilder()
    x = builder.add_input("in", DType.FLOAT32, case.inputs()["in0"].shape)
    for name in ("a", "b"):
        (y,) = builder.add(case.kind, [x], name=name)
        builder.mark_output(y)
    model = onnx_from_network(builder.build())
    assert sorted(tensor.name for tensor in model.graph.initializer) == ["a/bias", "a/kernel"]


def test_constants_that_look_alike_but_are_not_the_same_stay_apart() -> None:
    builder = NetworkBuilder()
    x = builder.add_input("in", DType.FLOAT32, (2, 2))
    for at in range(20):
        kind = Activation(type=ActivationType.CLIP, alpha=float(at), beta=at + 0.5)
        (y,) = builder.add(kind, [x], name=f"clip{at}")
        builder.mark_output(y)
    results = run(onnx_from_network(builder.build()), {"in": np.zeros((2, 2), np.float32)})
    assert [result[0, 0] for result in results] == list(range(20))


def test_a_plugin_becomes_a_node_of_its_own_domain() -> None:
    kind = Plugin(
        plugin_name="Normalize_TRT",
        plugin_version="2",
        fields=(("eps", 1e-3), ("acrossSpatial", True), ("weights", np.ones(3, np.float32))),
        declared=(TensorSpec(DType.FLOAT32, (1, 3)),),
    )
    builder = NetworkBuilder()
    x = builder.add_input("in", DType.FLOAT32, (1, 3))
    (y,) = builder.add(kind, [x], name="norm")
    builder.mark_output(y)
    model = onnx_from_network(builder.build())
    onnx.checker.check_model(model)
    (node,) = model.graph.node
    values = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
    assert (node.op_type, node.domain) == ("Normalize_TRT", PLUGIN_DOMAIN)
    assert values == {
        "plugin_version": b"2",
        "plugin_namespace": b"",
        "eps": pytest.approx(1e-3),
        "acrossSpatial": 1,
        "weights": [1.0, 1.0, 1.0],
    }


def test_names_that_meet_are_told_apart() -> None:
    builder = NetworkBuilder()
    x = builder.add_input("clip/low", DType.FLOAT32, (1, 2))
    kind = Activation(type=ActivationType.CLIP, alpha=-1, beta=1)
    (y,) = builder.add(kind, [x], name="clip")
    builder.mark_output(y)
    model = onnx_from_network(builder.build())
    onnx.checker.check_model(model, full_check=True)
    (result,) = run(model, {"clip/low": np.array([[-3, 3]], np.float32)})
    np.testing.assert_array_equal(result, [[-1, 1]])


@pytest.mark.parametrize(
    ("kind", "dims", "message"),
    [
        (Slice(start=(-4,), size=(9,), stride=(1,), mode=SampleMode.REFLECT), (3,), "at most once"),
        (Slice(start=(-1,), size=(4,), stride=(1,), mode=SampleMode.WRAP), (-1,), "known dim"),
    ],
)
def test_what_onnx_cannot_say_names_the_layer(
    kind: Slice, dims: tuple[int, ...], message: str
) -> None:
    builder = NetworkBuilder()
    (y,) = builder.add(kind, [builder.add_input("in", DType.FLOAT32, dims)], name="pad")
    builder.mark_output(y)
    with pytest.raises(ConvertError, match=message) as caught:
        onnx_from_network(builder.build())
    assert caught.value.where == "pad"


def test_boxes_that_differ_by_class_are_refused() -> None:
    case = next(case for case in CASES if case.name == "nms")
    boxes = case.feeds[0].array[:, :, None]
    feeds = (dataclasses.replace(case.feeds[0], array=boxes), *case.feeds[1:])
    with pytest.raises(ConvertError, match="differ by class"):
        onnx_from_network(dataclasses.replace(case, feeds=feeds).network())


def test_gathering_int64_and_int32_indices_agree() -> None:
    results = []
    for dtype in (DType.INT32, DType.INT64):
        builder = NetworkBuilder()
        x = builder.add_input("x", DType.FLOAT32, (4, 2))
        at = builder.add_input("at", dtype, (3,))
        (y,) = builder.add(Gather(axis=0), [x, at], name="gather")
        builder.mark_output(y)
        feeds = {
            "x": np.arange(8, dtype=np.float32).reshape(4, 2),
            "at": np.array([3, 0, 3], dtype.numpy),
        }
        results.append(run(onnx_from_network(builder.build()), feeds)[0])
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("inline_limit", [1 << 30, 100])
def test_a_saved_model_runs_with_weights_inside_or_beside_it(
    tmp_path: Path, inline_limit: int
) -> None:
    path = tmp_path / "model.onnx"
    written = save_onnx(chain(), path, inline_limit=inline_limit)
    files = sorted(tmp_path.iterdir())
    assert written == sum(file.stat().st_size for file in files)
    beside = inline_limit == 100
    assert [file.name for file in files] == ["model.onnx"] + ["model.onnx.data"] * beside
    onnx.checker.check_model(str(path), full_check=True)
    (result,) = run(path, {"in": np.ones((2, 300), np.float32)})
    np.testing.assert_array_equal(result, np.tile(np.arange(300, dtype=np.float32), (2, 1)))


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SaveError):
        save_onnx(chain(), tmp_path / "missing" / "model.onnx")


def test_half_precision_weights_are_exported_bit_by_bit() -> None:
    weights = np.array([[1.5, -2.25, 65504]], np.float16)
    builder = NetworkBuilder()
    (c,) = builder.add(Constant(weights_=weights), name="c")
    (y,) = builder.add(Identity(), [c], name="y")
    builder.mark_output(y)
    (result,) = run(onnx_from_network(builder.build()), {})
    assert result.tobytes() == weights.tobytes()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_file_holds_the_very_model(case: Case, tmp_path: Path) -> None:
    save_onnx(case.network(), tmp_path / "x.onnx")
    assert onnx.load(str(tmp_path / "x.onnx")) == onnx_from_network(case.network())


def test_weights_beside_the_model_are_the_very_weights(tmp_path: Path) -> None:
    network = chain()
    save_onnx(network, tmp_path / "x.onnx", inline_limit=0)
    assert (tmp_path / "x.onnx.data").stat().st_size == 1200
    loaded = onnx.load(str(tmp_path / "x.onnx"))
    for tensor in loaded.graph.initializer:
        tensor.ClearField("data_location")
        tensor.ClearField("external_data")
    expected = {tensor.name: tensor for tensor in onnx_from_network(network).graph.initializer}
    assert {tensor.name: tensor for tensor in loaded.graph.initializer} == expected
