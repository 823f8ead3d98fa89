from __future__ import annotations

import pytest

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.boundary import (
    Extract,
    SetBatch,
    SetInput,
    SetOutputs,
    StripUnreachable,
)
from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import DType, Shape

GRAPH = """
x = Placeholder() {shape=[?, 8]}
lost = Relu(x)
also = Relu(lost)
w = Const() {value=f32[8]{1}}
y = Mul(x, w)
"""


def test_an_input_gets_shape_and_dtype() -> None:
    after = SetInput("x", Shape.of(1, 8), DType.FLOAT16).apply(parse_text(GRAPH))
    assert after["x"].attrs["shape"] == Shape.of(1, 8)
    assert after["x"].attrs["dtype"] is DType.FLOAT16


def test_what_is_left_out_stays_and_no_change_is_none() -> None:
    graph = parse_text(GRAPH)
    assert SetInput("x", Shape.of(3, 8)).apply(graph)["x"].attrs["dtype"] is DType.FLOAT32
    assert SetInput("x", Shape.of(-1, 8)).apply(graph) is graph


def test_a_noted_output_shape_goes_with_the_shape_it_noted() -> None:
    graph = parse_text("x = Placeholder() {shape=[?, 8], _output_shapes=[shape[?, 8]]}")
    assert "_output_shapes" not in SetInput("x", Shape.of(1, 8)).apply(graph)["x"].attrs


def test_outputs_are_chosen_by_node_or_tensor_and_given_up_again() -> None:
    graph = parse_text(GRAPH)
    chosen = SetOutputs(("y", "lost", "y:0")).apply(graph)
    assert chosen.outputs == (TensorRef("y"), TensorRef("lost"))
    assert SetOutputs(("y", "lost")).apply(chosen) is chosen
    assert SetOutputs().apply(chosen).outputs is None


def test_stripping_keeps_what_the_outputs_need() -> None:
    chosen = SetOutputs(("y",)).apply(parse_text(GRAPH))
    after = StripUnreachable().apply(chosen)
    assert [node.name for node in after] == ["x", "w", "y"]
    assert StripUnreachable().apply(after) is after


@pytest.mark.parametrize(
    "edit",
    [
        SetInput("y", Shape.of(1)),
        SetInput("x"),
        SetInput("x", Shape.of(-2)),
        SetInput("nowhere", Shape.of(1)),
        SetOutputs(("y:1",)),
        SetOutputs(("nowhere",)),
    ],
)
def test_what_makes_no_sense_is_refused(edit: Edit) -> None:
    with pytest.raises(SurgeonError):
        edit.apply(parse_text(GRAPH))


def test_titles_name_what_is_done() -> None:
    assert SetInput("x", Shape.of(1, -1), DType.INT8).title == "Make x int8 [1,?]"
    assert SetInput("x", Shape.of(1)).title == "Make x [1]"
    assert SetOutputs(("a",)).title == "Choose a as output"
    assert SetOutputs().title == "Deduce the outputs"


BATCHED = """
x = Placeholder() {shape=[1, 4, 4, 2], _output_shapes=[shape[1, 4, 4, 2]]}
scale = Placeholder() {shape=[]}
flat = Const() {value=i32[2]{1, -1}}
r = Reshape(x, flat)
other = Const() {value=i32[2]{-1, 32}}
r2 = Reshape(x, other)
w = Const() {value=f32[2, 2, 3, 2]{1}}
sizes = Const() {value=i32[4]{1, 8, 8, 3}}
up = Conv2DBackpropInput(sizes, w, x) {strides=[1, 2, 2, 1], padding="SAME", data_format="NHWC"}
y = Relu(r)
"""


def test_the_batch_is_set_where_it_is_stated() -> None:
    after = SetBatch(3).apply(parse_text(BATCHED))
    assert after["x"].attrs["shape"] == Shape.of(3, 4, 4, 2)
    assert "_output_shapes" not in after["x"].attrs
    assert after["scale"].attrs["shape"] == Shape.of()
    types = infer_types(after)
    assert types.shape(TensorRef("r")) == Shape.of(3, 32)
    assert types.shape(TensorRef("r2")) == Shape.of(3, 32)
    assert types.shape(TensorRef("up")) == Shape.of(3, 8, 8, 3)
    assert "flat" not in after


def test_the_batch_is_left_open_where_that_can_be() -> None:
    with pytest.raises(SurgeonError, match="cannot be left open") as caught:
        SetBatch(-1).apply(parse_text(BATCHED))
    assert caught.value.where == "up"
    without = "\n".join(line for line in BATCHED.splitlines() if not line.startswith("up"))
    after = SetBatch(-1).apply(parse_text(without))
    assert infer_types(after).shape(TensorRef("r")) == Shape.of(-1, 32)
    assert SetBatch(-1).apply(after) is after
    with pytest.raises(SurgeonError, match="no batch size"):
        SetBatch(0).apply(after)
    assert (SetBatch(2).title, SetBatch(-1).title) == ("Make the batch 2", "Leave the batch open")


def test_a_part_is_extracted_between_tensors() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[4]}
        a = Relu(x)
        b = Sigmoid(a)
        c = Tanh(b)
        d = Elu(c)
        """
    )
    after = Extract(("c",), ("a",)).apply(graph)
    assert [(node.name, node.op) for node in after] == [
        ("a_input", "Placeholder"),
        ("b", "Sigmoid"),
        ("c", "Tanh"),
    ]
    assert after.outputs == (TensorRef("c"),)
    assert Extract(("c",)).title == "Extract c"
    with pytest.raises(SurgeonError, match="which outputs"):
        Extract(()).apply(graph)
