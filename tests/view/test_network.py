"""A network drawn as a graph: its layers, what they read, and the nodes they came from."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import DType, TensorValue
from surgeon_gui.network.ir import Network, NetworkBuilder
from surgeon_gui.network.layers.convolution import Convolution
from surgeon_gui.network.layers.enums import ActivationType, ElementWiseOperation
from surgeon_gui.network.layers.pointwise import Activation, ElementWise
from surgeon_gui.network.layers.sources import Constant
from surgeon_gui.view.labels import Labels, Metrics, kind_of
from surgeon_gui.view.network import graph_from_network, layer_text
from surgeon_gui.view.tree import tree_from_graph


def network() -> Network:
    """An input, a convolution with weights, a constant added, an activation."""
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, (1, 3, 8, 8))
    kernel = np.ones((4, 3, 1, 1), dtype=np.float32)
    convolution = Convolution(
        num_output_maps=4,
        kernel_size=(1, 1),
        stride=(1, 1),
        pre_padding=(0, 0),
        post_padding=(0, 0),
        dilation=(1, 1),
        kernel=kernel,
    )
    (y,) = builder.add(convolution, [x], name="a/conv", origin=("a/Conv2D", "a/BiasAdd"))
    (c,) = builder.add(Constant(weights_=np.ones((1, 4, 1, 1), np.float32)), name="a/constant")
    (z,) = builder.add(ElementWise(op=ElementWiseOperation.SUM), [y, c], name="b/add")
    (out,) = builder.add(Activation(type=ActivationType.RELU), [z], name="x")
    builder.mark_output(out)
    return builder.build()


def test_layers_are_nodes_that_read_each_other() -> None:
    drawn = graph_from_network(network())
    assert {node.name: node.op for node in drawn.graph} == {
        "x_1": "Placeholder",
        "a/conv": "Convolution",
        "a/constant": "Const",
        "b/add": "ElementWise SUM",
        "x": "Activation RELU",
    }
    assert drawn.graph["b/add"].inputs == (TensorRef("a/conv"), TensorRef("a/constant"))
    assert drawn.graph["a/conv"].inputs == (TensorRef("x_1"),)
    assert drawn.graph.outputs == (TensorRef("x"),)
    assert str(drawn.type(TensorRef("a/conv")).shape) == "[1,4,8,8]"
    assert drawn.type(TensorRef("nothing")).dtype is DType.INVALID


def test_links_lead_both_ways() -> None:
    drawn = graph_from_network(network())
    assert drawn.layers_from(frozenset({"a/BiasAdd"})) == ("a/conv",)
    assert drawn.origin("a/conv") == ("a/Conv2D", "a/BiasAdd")
    assert drawn.origin("a/") == ("a/Conv2D", "a/BiasAdd", "a/constant")
    assert drawn.origin("x_1") == ()


def test_weights_are_rows_of_their_layer_and_groups_count_layers() -> None:
    drawn = graph_from_network(network())
    tree = tree_from_graph(drawn.graph)
    labels = Labels(tree, Metrics(), drawn)
    item = tree.find("a/conv")
    assert item is not None
    label = labels.get(item)
    assert label.category == "convolution"
    assert [(row.left, row.right) for row in label.rows][1:] == [("kernel", "4×3×1×1")]
    assert isinstance(drawn.graph["a/conv"].attrs["kernel"], TensorValue)
    kinds = {node.name: kind_of(node.op) for node in drawn.graph}
    assert kinds["b/add"] == "arithmetic"
    assert kinds["x"] == "activation"
    root = labels.get(~0)
    assert root.rows[0].left == "5 layers"


def test_the_text_of_a_layer_says_what_tells_it_apart() -> None:
    assert [layer_text(layer) for layer in network().layers] == [
        "Convolution",
        "Constant",
        "ElementWise SUM",
        "Activation RELU",
    ]
