"""ONNX Runtime on the CPU: outputs, inner tensors, and clear refusals."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from surgeon_gui.errors import ConvertError, JobFailed, UsageError
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.reference.onnx_runner import OnnxRunner


def model(*nodes: onnx.NodeProto, shape: tuple[int | str, ...] = ("batch", 2)) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


NEG = helper.make_node("Neg", ["x"], ["h"], name="first")
EXP = helper.make_node("Exp", ["h"], ["y"], name="second")
FEEDS = {"x": np.ones((3, 2), np.float32)}


def test_outputs_and_chosen_inner_tensors() -> None:
    runner = OnnxRunner(model(NEG, EXP), extra=["h", "y"])
    assert runner.outputs() == ("y", "h")
    found = runner.run(FEEDS)
    assert found["y"] == pytest.approx(np.full((3, 2), np.exp(-1)))
    assert list(runner.run(FEEDS, ["h"])) == ["h"]


def test_inputs_have_types() -> None:
    runner = OnnxRunner(model(NEG, EXP), optimised=True)
    assert runner.inputs() == {"x": TensorType(DType.FLOAT32, Shape.of(-1, 2))}


def test_a_model_it_does_not_take_names_the_node() -> None:
    wrong = helper.make_node("Dance", ["h"], ["y"], name="second")
    with pytest.raises(ConvertError, match="ONNX Runtime refuses the network") as caught:
        OnnxRunner(model(NEG, wrong))
    assert "Dance" in caught.value.message
    mistyped = helper.make_node("And", ["h", "h"], ["y"], name="third")
    with pytest.raises(ConvertError) as caught:
        OnnxRunner(model(NEG, mistyped))
    assert caught.value.where == "third"


def test_a_file_of_a_newer_onnx_asks_for_a_newer_runtime() -> None:
    newer = model(NEG, EXP)
    newer.ir_version = 999
    with pytest.raises(ConvertError, match="IR version") as caught:
        OnnxRunner(newer)
    assert "Upgrade onnxruntime" in str(caught.value.hint)


def test_a_stop_while_running_names_the_node() -> None:
    shape = helper.make_node("Constant", [], ["s"], value_ints=[5], name="shape")
    reshape = helper.make_node("Reshape", ["x", "s"], ["y"], name="reshape")
    runner = OnnxRunner(model(shape, reshape))
    with pytest.raises(JobFailed, match="ONNX Runtime stopped") as caught:
        runner.run(FEEDS)
    assert caught.value.where == "reshape"


@pytest.mark.parametrize(
    ("feeds", "words"),
    [
        ({}, "This input of the network has no value."),
        ({"x": np.ones((3, 4), np.float32)}, "The array is [3,4], the network's input is [?,2]."),
        ({"x": np.ones((3, 2), np.complex64)}, "The array is complex64, the network's input is"),
    ],
)
def test_inputs_that_do_not_fit_are_said(feeds: dict[str, np.ndarray], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        OnnxRunner(model(NEG, EXP)).run(feeds)
    assert words in caught.value.message
    assert caught.value.where == "x"


def test_inputs_are_brought_to_the_dtype_of_the_network() -> None:
    found = OnnxRunner(model(NEG, EXP)).run({"x": np.ones((1, 2), np.float64)})
    assert found["y"].dtype == np.float32


def test_zeros_padded_before_a_maximum_count() -> None:
    """ONNX Runtime's own optimiser would make them the pool's padding, which is never largest."""
    pad = onnx.helper.make_node("Pad", ["x", "p"], ["padded"])
    pool = onnx.helper.make_node("MaxPool", ["padded"], ["y"], kernel_shape=[3, 3])
    padded = model(pad, pool, shape=(1, 1, 3, 3))
    sizes = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    padded.graph.initializer.append(onnx.numpy_helper.from_array(sizes, "p"))
    found = OnnxRunner(padded, optimised=True).run({"x": np.full((1, 1, 3, 3), -1, np.float32)})
    np.testing.assert_array_equal(found["y"][0, 0], [[0, 0, 0], [0, -1, 0], [0, 0, 0]])


def test_a_plugin_is_told_to_be_tensorrts_alone() -> None:
    plugin = helper.make_node("NMS_TRT", ["h"], ["y"], name="detect", domain="surgeon.plugins")
    made = model(NEG, plugin)
    made.opset_import.append(helper.make_opsetid("surgeon.plugins", 1))
    with pytest.raises(ConvertError, match="NMS_TRT is a TensorRT plugin") as caught:
        OnnxRunner(made)
    assert caught.value.where == "detect"
