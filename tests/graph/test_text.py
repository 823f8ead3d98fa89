"""The text form: pleasant to write, exact to read back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from surgeon_gui.errors import DuplicateName, TextFormError
from surgeon_gui.graph.model import Graph, TensorRef, Versions
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text, print_text
from surgeon_gui.graph.values import DType, FuncRef, RawAttr, Shape, TensorValue
from tests.graph.strategies import graphs
from tests.helpers.shared import data_path


@given(graphs())
@settings(max_examples=120)
def test_any_graph_survives_printing_and_parsing(graph: Graph) -> None:
    assert parse_text(print_text(graph)) == graph


@pytest.mark.parametrize("name", ["cifar_small.pb", "mobilenet_v1_0.25_128_frozen.pb"])
def test_models_survive_printing_and_parsing(name: str) -> None:
    graph = open_graph(data_path(name))
    assert parse_text(print_text(graph)) == graph


def test_a_line_reads_as_it_is_written() -> None:
    graph = parse_text(
        """
        # a comment
        x = Placeholder() {shape=[?, 224, 224, 3]}
        w = Const() {value=f32[2, 2]{1, 2.5, -3, 1e-3}}   # weights
        y = MatMul(x, w, ^start) {transpose_b=true} on "/device:GPU:0"
        t = TopKV2(y, "odd name")
        z = Identity(t:1)
        "odd name" = Const() {value=i32{3}}
        start = NoOp()
        outputs(z, t:1)
        versions(producer=27, min_consumer=12)
        """
    )
    assert [node.op for node in graph] == [
        "Placeholder", "Const", "MatMul", "TopKV2", "Identity", "Const", "NoOp",
    ]  # fmt: skip
    assert graph["x"].attrs == {"dtype": DType.FLOAT32, "shape": Shape((-1, 224, 224, 3))}
    value = graph["w"].attrs["value"]
    assert isinstance(value, TensorValue)
    np.testing.assert_array_equal(value.array, np.array([[1, 2.5], [-3, 1e-3]], np.float32))
    assert graph["y"].controls == ("start",)
    assert graph["y"].device == "/device:GPU:0"
    assert graph["z"].inputs == (TensorRef("t", 1),)
    assert graph["odd name"].is_const
    assert graph.outputs == (TensorRef("z"), TensorRef("t", 1))
    assert graph.versions == Versions(27, 12)


def test_dtypes_and_counts_follow_from_the_inputs() -> None:
    graph = parse_text(
        """
        i = Placeholder() {dtype=i64}
        s = Shape(i) {out_type=i64}
        f = Cast(i) {DstT=f16}
        g = ConcatV2(f, f, s)
        e = Equal(g, g)
        w = Where(e)
        k = TopKV2(g, s)
        a = Add(k:1, k:1)
        p = Pack(a, a, a)
        """
    )
    assert graph["f"].attrs["SrcT"] is DType.INT64
    assert graph["g"].attrs == {"N": 2, "T": DType.FLOAT16, "Tidx": DType.INT64}
    assert graph["e"].attrs == {"T": DType.FLOAT16}
    assert graph["w"].attrs == {} or graph["w"].attrs == {"T": DType.BOOL}
    assert graph["a"].attrs == {"T": DType.INT32}
    assert graph["p"].attrs == {"N": 3, "T": DType.INT32}


def test_attributes_told_by_inputs_are_not_printed_but_absence_is() -> None:
    text = "x = Placeholder() {dtype=f16}\ny = Relu(x)\nz = Relu(x) {T=-}\nw = Relu(x) {T=f64}\n"
    assert print_text(parse_text(text)) == text
    assert "T" not in parse_text(text)["z"].attrs


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("1.5", 1.5),
        ("-inf", float("-inf")),
        ("true", True),
        ('"SAME"', b"SAME"),
        (r'"\x00\"\\\n"', b'\x00"\\\n'),
        ('"é"', "é".encode()),
        ("f32", DType.FLOAT32),
        ("DT_FLOAT", DType.FLOAT32),
        ("float32", DType.FLOAT32),
        ("dtype:131", DType(131)),
        ("?", Shape(None)),
        ("shape[1, ?]", Shape((1, -1))),
        ("[1, ?]", Shape((1, -1))),
        ("[1, 2]", (1, 2)),
        ("[]", ()),
        ("[?, shape[2]]", (Shape(None), Shape((2,)))),
        ("[1.0, 2.0]", (1.0, 2.0)),
        ("i32[3]{0}", TensorValue.from_array(np.zeros(3, np.int32))),
        ("i32[0]{}", TensorValue.from_array(np.zeros(0, np.int32))),
        ('string{"a"}', TensorValue.from_array(np.array(b"a", dtype=object))),
        ("@branch", FuncRef("branch")),
        ('raw b64"SgFh"', RawAttr(b"J\x01a")),
    ],
)
def test_every_kind_of_value_can_be_written(text: str, value: object) -> None:
    assert parse_text(f"x = Op() {{a={text}}}")["x"].attrs["a"] == value


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("x Relu(y)", "Expected = after x", "line 1, column 3"),
        ("x = Relu(y", r"Expected ','", "line 1, column 11"),
        ("x = Relu()\ny = Relu(%)", "Expected a name", "line 2, column 10"),
        ("x = C() {value=f32[2]{1, 2, 3}}", "3 elements do not fill", "line 1, column 31"),
        ("x = C() {value=u8{300}}", "does not fit uint8", "line 1, column 23"),
        ("x = C() {value=i32{1.5}}", "does not belong in a constant of int32", "line 1, column 23"),
        ("x = C() {a=blue}", "blue is no value", "line 1, column 16"),
        ("x = C() {shape=[a]}", "Expected a dimension", "line 1, column 17"),
        ('x = C() {a=raw b64"???"}', "no base64", "line 1, column 24"),
    ],
)
def test_errors_name_the_place(text: str, message: str, where: str) -> None:
    with pytest.raises(TextFormError, match=message) as caught:
        parse_text(text)
    assert caught.value.where == where


def test_two_nodes_of_one_name_are_refused() -> None:
    with pytest.raises(DuplicateName):
        parse_text("x = NoOp()\nx = NoOp()")
