from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.compat import graphsurgeon as gs
from surgeon_gui.compat.graphsurgeon.events import masked_crc32c
from surgeon_gui.graph.values import DType
from surgeon_gui.proto import graphdef_pb2 as pb


def graphdef(*nodes: str) -> pb.GraphDef:
    """Return a GraphDef of lines `name Op in0 in1`."""
    message = pb.GraphDef()
    for line in nodes:
        name, op, *inputs = line.split()
        message.node.add(name=name, op=op, input=inputs)
    return message


def graph(*nodes: str) -> gs.DynamicGraph:
    return gs.DynamicGraph(graphdef(*nodes))


def lines(dynamic: gs.DynamicGraph) -> list[str]:
    return [" ".join([node.name, node.op, *node.input]) for node in dynamic]


def names(nodes: Any) -> list[str]:
    return [node.name for node in nodes]


class TestStaticGraph:
    def test_a_graphdef_is_wrapped_not_copied(self) -> None:
        message = graphdef("a A", "b B a")
        static = gs.StaticGraph(message)
        message.node[0].op = "Changed"
        assert static[0].op == "Changed"
        assert static.as_graph_def() is message

    def test_a_graph_of_another_shares_its_analysis(self) -> None:
        first = graph("a Placeholder", "b B a")
        second = gs.StaticGraph(first)
        assert second.as_graph_def() is first.as_graph_def()
        assert names(second.graph_inputs) == ["a"]

    def test_an_empty_graph_has_empty_dicts(self) -> None:
        static = gs.StaticGraph()
        assert len(static) == 0
        for found in (static.node_map, static.node_outputs, static.graph_outputs):
            assert found == {}
        assert static.graph_inputs == {}

    def test_analysis(self) -> None:
        static = graph("in Placeholder", "q FIFOQueueV2", "c Const", "a A in in:1 ^c", "b B a")
        assert names(static.node_outputs["in"]) == ["a", "a"]
        assert names(static.node_outputs["c"]) == ["a"]
        assert static.node_outputs["b"] == []
        assert names(static.graph_outputs) == ["b"]
        assert names(static.graph_inputs) == ["in", "q"]
        assert static.node_map["a"].op == "A"

    def test_nodes_by_position_slice_and_name(self) -> None:
        static = graph("a A", "b B", "c C")
        assert static[-1].name == "c"
        assert names(static[1:]) == ["b", "c"]
        assert static["b"].op == "B"
        with pytest.raises(KeyError):
            static["z"]

    def test_a_file_is_read_and_written(self, tmp_path: Path) -> None:
        first = graph("a A", "b B a")
        first.write(tmp_path / "g.pb")
        second = gs.StaticGraph(str(tmp_path / "g.pb"))
        assert [node.SerializeToString() for node in second] == [
            node.SerializeToString() for node in first
        ]
        assert names(second.graph_outputs) == ["b"]

    def test_an_event_file_holds_the_graph(self, tmp_path: Path) -> None:
        graph("a A").write_tensorboard(tmp_path / "log")
        (path,) = (tmp_path / "log").iterdir()
        data = path.read_bytes()
        (length,) = struct.unpack_from("<Q", data)
        assert struct.unpack_from("<I", data, 8)[0] == masked_crc32c(data[:8])
        assert data[12 : 12 + length].endswith(b"brain.Event:2")
        assert graphdef("a A").SerializeToString() in data[12 + length :]

    def test_find_by_op_is_exact(self) -> None:
        static = graph("a Conv2D", "b Conv", "c Relu")
        assert names(static.find_nodes_by_op("Conv")) == ["b"]
        assert names(static.find_nodes_by_op({"Conv2D", "Relu"})) == ["a", "c"]

    @pytest.mark.parametrize(
        ("pattern", "found"),
        [
            ("conv", ["x/conv"]),
            ("conv.*", ["x/conv", "x/conv_1"]),
            ("conv|conv_1", ["x/conv"]),
            ("x/conv", []),
            (["conv", "y"], ["x/conv", "y"]),
        ],
    )
    def test_find_by_name_matches_the_last_component(
        self, pattern: str | list[str], found: list[str]
    ) -> None:
        assert names(graph("x/conv A", "x/conv_1 A", "y A").find_nodes_by_name(pattern)) == found

    def test_find_by_path_matches_the_whole_name(self) -> None:
        static = graph("block/a A", "block A", "block2/a A")
        assert names(static.find_nodes_by_path("block")) == ["block"]
        assert names(static.find_nodes_by_path("block/.*")) == ["block/a"]

    def test_inputs_are_found_whatever_their_mark(self) -> None:
        static = graph("a A", "ns/b B", "c C a:1 ns/b ^a")
        node = static["c"]
        assert names(static.find_node_inputs(node)) == ["a", "ns/b", "a"]
        assert names(static.find_node_inputs_by_name(node, "b")) == ["ns/b"]
        assert names(static.find_node_inputs_by_op(node, "A")) == ["a", "a"]

    def test_parts_of_a_chain_are_concatenated(self) -> None:
        static = graph("a1 A", "a2 A", "b B a1 a2", "c B", "d C b")
        assert [names(chain) for chain in static.find_node_chains_by_op(["A", "B"])] == [
            ["a1", "a2", "b"]
        ]
        assert [names(chain) for chain in static.find_node_chains_by_op(["A", "B", "C"])] == [
            ["a1", "a2", "b", "d"]
        ]


class TestRemove:
    def test_references_of_every_kind_go(self) -> None:
        dynamic = graph("a A", "b B a a:1 ^a", "c C b")
        dynamic.remove("a")
        assert lines(dynamic) == ["b B", "c C b"]
        assert names(dynamic.graph_outputs) == ["c"]

    def test_what_only_they_use_goes_too(self) -> None:
        dynamic = graph("w Const", "s Const", "a A w", "b B a s", "keep K s")
        dynamic.remove([dynamic["b"]], remove_exclusive_dependencies=True)
        assert lines(dynamic) == ["s Const", "keep K s"]

    def test_graph_outputs_may_be_passed_as_they_are(self) -> None:
        dynamic = graph("a A", "b B a", "c C a")
        dynamic.remove(dynamic.graph_outputs, remove_exclusive_dependencies=False)
        assert lines(dynamic) == ["a A"]

    def test_a_missing_name_is_an_assertion_error(self) -> None:
        with pytest.raises(AssertionError, match="zzz"):
            graph("a A").remove("zzz")


class TestForwardInputs:
    def test_chains_of_single_inputs_keep_the_place(self) -> None:
        dynamic = graph("x X", "i I x:1", "j I i", "y Y k j ^j", "k K")
        dynamic.forward_inputs(dynamic.find_nodes_by_op("I"))
        assert lines(dynamic) == ["x X", "y Y k x:1 x:1", "k K"]

    def test_inputs_of_forwarded_inputs_come_last(self) -> None:
        dynamic = graph("i I x y", "j I i z", "c C j")
        dynamic.forward_inputs(["i", "j"])
        assert lines(dynamic) == ["c C z x y"]

    def test_a_node_with_a_control_input_stays(self) -> None:
        dynamic = graph("x X", "i I x ^w", "y Y i")
        dynamic.forward_inputs(dynamic["i"])
        assert lines(dynamic) == ["x X", "i I x ^w", "y Y i"]

    def test_the_first_port_counts_as_the_node(self) -> None:
        dynamic = graph("x X", "i I x", "y Y i:0")
        dynamic.forward_inputs("i")
        assert lines(dynamic) == ["x X", "y Y x"]

    def test_a_node_without_inputs_disappears(self) -> None:
        dynamic = graph("i I", "y Y i")
        dynamic.forward_inputs("i")
        assert lines(dynamic) == ["y Y"]

    def test_a_circle_of_forwarded_nodes_stands_for_nothing(self) -> None:
        dynamic = graph("i I j", "j I i", "y Y i")
        dynamic.forward_inputs(["i", "j"])
        assert lines(dynamic) == ["y Y"]


class TestCollapse:
    NODES = ("x X", "w W", "ns/a A x w", "ns/b B ns/a x ^w", "y Y ns/b ns/a:1 ^ns/a x")

    @pytest.mark.parametrize(
        ("unique", "expected"), [(True, "P P x w ^w"), (False, "P P x w x ^w")]
    )
    def test_inputs_come_in_the_order_of_the_nodes(self, unique: bool, expected: str) -> None:
        dynamic = graph(*self.NODES)
        dynamic.collapse_namespaces({"ns": gs.create_plugin_node("P")}, unique_inputs=unique)
        assert lines(dynamic) == ["x X", "w W", "y Y P x", expected]

    def test_components_match_whole(self) -> None:
        dynamic = graph("a A", "a/b/c C", "ab B", "x/a A")
        dynamic.collapse_namespaces({"a": gs.create_plugin_node("P")})
        assert lines(dynamic) == ["ab B", "x/a A", "P P"]

    def test_the_longest_namespace_wins(self) -> None:
        dynamic = graph("in I", "a/x X in", "a/b/y Y a/x", "out O a/b/y")
        dynamic.collapse_namespaces(
            {"a": gs.create_plugin_node("P"), "a/b": gs.create_plugin_node("Q")}
        )
        assert lines(dynamic) == ["in I", "out O Q", "P P in", "Q Q P"]

    def test_a_trailing_slash_never_matches(self) -> None:
        dynamic = graph("a/x X")
        dynamic.collapse_namespaces({"a/": gs.create_plugin_node("P")})
        assert lines(dynamic) == ["a/x X", "P P"]

    def test_excluded_nodes_stay(self) -> None:
        dynamic = graph("a/x X", "a/y Y a/x", "z Z a/y")
        dynamic.collapse_namespaces(
            {"a": gs.create_plugin_node("P")}, exclude_nodes=[dynamic["a/x"]]
        )
        assert lines(dynamic) == ["a/x X", "z Z P", "P P a/x"]

    def test_one_plugin_under_several_namespaces_is_added_once(self) -> None:
        dynamic = graph("x X", "a/n A x", "b/n B a/n", "y Y a/n b/n")
        plugin = gs.create_plugin_node("P")
        dynamic.collapse_namespaces({"a": plugin, "b": plugin})
        assert lines(dynamic) == ["x X", "y Y P", "P P x"]

    def test_the_callers_node_changes_and_a_copy_is_added(self) -> None:
        dynamic = graph("x X", "a/n A x")
        plugin = gs.create_plugin_node("P", inputs=["first"])
        dynamic.collapse_namespaces({"a": plugin})
        assert list(plugin.input) == ["first", "x"]
        plugin.op = "Later"
        assert lines(dynamic) == ["x X", "P P first x"]

    def test_a_plugin_may_take_the_name_of_what_it_replaces(self) -> None:
        dynamic = graph("Input Old", "y Y Input")
        dynamic.collapse_namespaces({"Input": gs.create_plugin_node("Input", op="Placeholder")})
        assert lines(dynamic) == ["y Y Input", "Input Placeholder"]

    def test_a_port_of_a_leaf_dangles_and_of_a_namespace_does_not(self) -> None:
        dynamic = graph("a/split S", "y Y a/split:1")
        dynamic.collapse_namespaces({"a/split": gs.create_plugin_node("P")})
        assert lines(dynamic) == ["y Y a/split:1", "P P"]
        dynamic = graph("a/split S", "y Y a/split:1")
        dynamic.collapse_namespaces({"a": gs.create_plugin_node("P")})
        assert lines(dynamic) == ["y Y P", "P P"]

    def test_of_two_plugins_with_one_name_the_first_is_added(self) -> None:
        dynamic = graph("x X", "a/n A x", "b/n B x")
        dynamic.collapse_namespaces(
            {"a": gs.create_plugin_node("P", op="One"), "b": gs.create_plugin_node("P", op="Two")}
        )
        assert lines(dynamic) == ["x X", "P One x"]


class TestOtherSurgery:
    def test_append_and_extend_copy_without_checks(self) -> None:
        dynamic = graph("a A")
        node = gs.create_plugin_node("a", op="B")
        dynamic.append(node)
        dynamic.extend([node])
        node.op = "C"
        assert lines(dynamic) == ["a A", "a B", "a B"]
        assert dynamic.node_map["a"].op == "A"

    def test_add_checks_names(self) -> None:
        dynamic = graph("a A")
        dynamic.add(gs.create_plugin_node("b"))
        assert lines(dynamic) == ["a A", "b b"]
        with pytest.raises(AssertionError, match="taken"):
            dynamic.add([gs.create_plugin_node("a")])

    def test_connect_and_disconnect(self) -> None:
        dynamic = graph("a A", "b B")
        dynamic.connect("a", dynamic["b"])
        dynamic.connect("a", "b")
        assert lines(dynamic) == ["a A", "b B a"]
        with pytest.raises(ValueError, match="already"):
            dynamic.connect("a", "b", error_if_connected=True)
        dynamic.disconnect("a", "b")
        dynamic.disconnect("a", "b")
        assert lines(dynamic) == ["a A", "b B"]
        with pytest.raises(ValueError, match="no input"):
            dynamic.disconnect("a", "b", error_if_not_connected=True)

    def test_sort_moves_inputs_to_the_front(self) -> None:
        dynamic = graph("n N a b c d")
        dynamic.sort("n", ["c", "a"])
        assert lines(dynamic) == ["n N c a b d"]
        with pytest.raises(ValueError, match="z is no input"):
            dynamic.sort("n", ["z"])
        dynamic.sort("n", ["z", "d"], error_if_not_found=False)
        assert lines(dynamic) == ["n N d c a b"]

    def test_remove_duplicates(self) -> None:
        dynamic = graph("a A x x y", "a B", "b C z z")
        gs.remove_duplicates(dynamic, ["a"])
        assert lines(dynamic) == ["a A x y", "b C z z"]
        gs.remove_duplicates(dynamic)
        assert lines(dynamic) == ["a A x y", "b C z"]

    def test_inputs_of_a_found_node_can_be_changed_in_place(self) -> None:
        dynamic = graph("Input I", "n NMS_TRT Input a")
        dynamic.find_nodes_by_op("NMS_TRT")[0].input.remove("Input")
        dynamic["n"].input.insert(0, "b")
        assert lines(dynamic) == ["Input I", "n NMS_TRT b a"]


class TestNodes:
    def test_plugin_attributes_carry_suffixes(self) -> None:
        node = gs.create_plugin_node(
            "n", op="P_TRT", count=3, slope=0.5, flag=True, mode="fast", sizes=[1, 2],
            scales=[1, 2.5], empty=[], dtype=DType.FLOAT16, shape=[1, -1], inputs=["a", "b"],
            wide=np.float64(2), few=(3, 4),
        )  # fmt: skip
        assert node.name == "n"
        assert list(node.input) == ["a", "b"]
        assert node.attr["count_u_int"].i == 3
        assert node.attr["slope_u_float"].f == 0.5
        assert node.attr["flag_u_int"].i == 1
        assert node.attr["mode_u_str"].s == b"fast"
        assert list(node.attr["sizes_u_ilist"].list.i) == [1, 2]
        assert list(node.attr["scales_u_flist"].list.f) == [1, 2.5]
        assert node.attr["empty_u_ilist"].WhichOneof("value") == "list"
        assert node.attr["dtype"].type == DType.FLOAT16.value
        assert gs.shape(node) == (1, -1)
        assert node.attr["wide_u_float"].f == 2
        assert list(node.attr["few_u_ilist"].list.i) == [3, 4]

    def test_create_node_gives_no_suffixes_and_advises(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        node = gs.create_node("n", axis=1)
        assert node.op == "n"
        assert node.attr["axis"].i == 1
        assert "create_plugin_node" in capsys.readouterr().out

    def test_update_appends_to_shape_and_inputs(self) -> None:
        node = gs.create_plugin_node("n", op="P", shape=[1], inputs="a")
        other = gs.create_plugin_node("b")
        assert gs.update_node(node, op="Q", shape=[2], inputs=[other]) is node
        assert (node.name, node.op) == ("n", "Q")
        assert gs.shape(node) == (1, 2)
        assert list(node.input) == ["a", "b"]

    @pytest.mark.parametrize(
        "attrs", [{"a": None}, {"a": b"x"}, {"a": ["x"]}, {"inputs": [1]}, {"inputs": 1}]
    )
    def test_other_values_are_type_errors(self, attrs: dict[str, Any]) -> None:
        with pytest.raises(TypeError):
            gs.create_plugin_node("n", **attrs)

    def test_a_constant_is_read_back(self) -> None:
        values = np.arange(6, dtype=np.float32).reshape(2, 3)
        node = gs.create_node("c", op="Const", value=values, dtype=DType.FLOAT32)
        assert gs.extract_numpy_array(node).tolist() == [0, 1, 2, 3, 4, 5]

    def test_a_constant_in_typed_lists_is_read_too(self) -> None:
        node = pb.NodeDef(name="c", op="Const")
        gs.update_node(node, dtype=DType.FLOAT16)
        node.attr["value"].tensor.half_val.append(0x3C00)
        assert gs.extract_numpy_array(node).tolist() == [1]

    def test_no_shape_is_empty_and_stays_absent(self) -> None:
        node = gs.create_plugin_node("n")
        assert gs.shape(node) == ()
        assert "shape" not in node.attr


class TestSoftmax:
    def test_the_softmax_of_old_tensorflow_is_unwrapped(self) -> None:
        dynamic = graph(
            "x X", "rank Const", "one Const", "Shape Shape x", "Shape_1 Shape x",
            "sub Sub rank one", "begin Pack sub", "size Const", "cut Slice Shape_1 begin size",
            "values_0 Const", "axis Const", "concat ConcatV2 values_0 cut axis",
            "flat Reshape x concat", "soft Softmax flat", "back Reshape soft Shape", "y Y back",
        )  # fmt: skip
        gs.extras.process_softmax(dynamic)
        found = lines(dynamic)
        assert "soft Softmax x axis" in found
        assert "y Y soft" in found
        ops = {node.op for node in dynamic}
        assert not ops & {"Sub", "Pack", "Slice", "ConcatV2", "Reshape", "Shape"}


@pytest.mark.tensorflow
def test_genuine_tensorflow_messages_and_dtypes_work() -> None:
    tf = pytest.importorskip("tensorflow")
    with tf.Graph().as_default() as native:
        x = tf.compat.v1.placeholder(tf.float32, [1, 4], name="x")
        tf.nn.relu(tf.negative(x, name="act/neg"), name="act/relu")
        tf.sqrt(native.get_tensor_by_name("act/relu:0"), name="y")
    dynamic = gs.DynamicGraph(native)
    plugin = gs.create_plugin_node("p", op="Placeholder", dtype=tf.float32, shape=[1, 4])
    dynamic.collapse_namespaces({"act": plugin})
    message = dynamic.as_graph_def()
    assert isinstance(message, tf.compat.v1.GraphDef)
    assert lines(dynamic) == ["x Placeholder", "y Sqrt p", "p Placeholder x"]
    assert message.node[-1].attr["dtype"].type == tf.float32.as_datatype_enum
    assert isinstance(gs.StaticGraph().as_graph_def(), tf.compat.v1.GraphDef)
