"""What is written in nodes."""

from __future__ import annotations

import numpy as np
import pytest

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import DType, Shape, TensorType, TensorValue
from surgeon_gui.view.labels import Labels, Metrics, Row
from surgeon_gui.view.tree import tree_from_graph
from surgeon_gui.view.words import constant_text, one_line, shape_text
from tests.view.graphs import const, network, node, placeholder, weights


def labels_of(graph: Graph) -> Labels:
    return Labels(tree_from_graph(graph), Metrics(), None)


def rows_of(graph: Graph, name: str) -> list[tuple[str, str]]:
    tree = tree_from_graph(graph)
    item = tree.find(name)
    assert item is not None
    return [(row.left, row.right) for row in Labels(tree, Metrics(), None).get(item).rows]


def ints(name: str, *values: int) -> Node:
    value = TensorValue.from_array(np.array(values, dtype=np.int32))
    return Node(name, "Const", attrs={"dtype": DType.INT32, "value": value})


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.float32(0.1), "0.1"),
        (np.int32(-1), "-1"),
        (np.array([-1, 2, -1], np.int32), "[-1,2,-1]"),
        (np.array([127.5, 127.5, 127.5], np.float32), "[127.5,127.5,127.5]"),
        (np.zeros(4, np.float32), "4"),
        (np.zeros((3, 3, 3, 32), np.float32), "3×3×3×32"),
        (np.array(True), "true"),
        (np.array(b"a message that is too long"), "“a message that…”"),
        (np.zeros((0,), np.int32), "[]"),
    ],
)
def test_few_values_are_written_out_and_more_by_their_dimensions(
    array: np.ndarray, text: str
) -> None:
    assert constant_text(TensorValue.from_array(array)) == text


def test_types_are_short_and_float_goes_without_saying() -> None:
    assert shape_text(TensorType(DType.FLOAT32, Shape.of(1, -1, 3))) == "[1,?,3]"
    assert shape_text(TensorType(DType.INT32, Shape.of())) == "i32 []"
    assert shape_text(TensorType(DType.FLOAT32)) == ""


def test_a_node_shows_its_weights_by_their_role() -> None:
    rows = rows_of(network(), "net/block_1/Conv2D")
    assert rows == [("kernel", "3×3×3×3")]


def test_the_row_of_a_weight_knows_its_constant() -> None:
    tree = tree_from_graph(network())
    item = tree.find("net/block_1/BiasAdd")
    assert item is not None
    rows = Labels(tree, Metrics(), None).get(item).rows
    assert rows == (Row("bias", "[0,0,0]", "net/block_1/bias"),)


def test_a_slice_is_written_as_in_python() -> None:
    slice_node = Node(
        "slice",
        "StridedSlice",
        map(TensorRef.parse, ("x", "begin", "end", "strides")),
        attrs={"begin_mask": 1, "shrink_axis_mask": 2},
    )
    graph = Graph(
        (
            placeholder("x", 4, 4, 4),
            ints("begin", 0, 1, 0),
            ints("end", 3, 2, 4),
            ints("strides", 1, 1, 2),
            slice_node,
        )
    )
    assert ("slice", "[:3, 1, 0:4:2]") in rows_of(graph, "slice")


def test_many_constants_are_cut_short() -> None:
    sources = [weights(f"w{at}", 5, at + 1) for at in range(20)]
    graph = Graph((*sources, node("all", "AddN", *(source.name for source in sources))))
    rows = rows_of(graph, "all")
    assert rows[-1] == ("and 15 more constants", "")


def test_names_that_repeat_the_op_are_shortened() -> None:
    graph = Graph(
        (
            placeholder("x", 1),
            const("norm/scale", *range(9)),
            node("norm/Mul", "Mul", "x", "norm/scale"),
            node("y", "Relu", "norm/Mul"),
        )
    )
    assert rows_of(graph, "norm/Mul")[0] == ("norm", "")


def test_long_writing_loses_its_middle_and_fits() -> None:
    metrics = Metrics()
    short = metrics.elided("a_rather_long_name_of_a_layer_42", "plain", 100.0)
    assert short.endswith("_42")
    assert "…" in short
    assert metrics.width(short, "plain") <= 100.0
    assert metrics.elided("short", "plain", 100.0) == "short"


def test_control_characters_are_made_visible() -> None:
    assert one_line("a\nb\u202e") == "a\\nb\\u202e"


def test_a_group_says_how_many_nodes_it_has() -> None:
    labels = labels_of(network())
    tree = tree_from_graph(network())
    net = tree.find_group("net")
    assert net is not None
    assert labels.get(net).head == "net"
    assert labels.get(net).rows == (Row("12 nodes"),)
