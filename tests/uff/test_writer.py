from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from surgeon_gui.errors import ConvertError, NotConvertible, UnknownNode, Unsupported
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import AttrValue, DType, Shape, TensorValue
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff.convert import InputSpec
from surgeon_gui.uff.writer import custom_nodes, inspect_uff, uff_from_graph
from tests.helpers.shared import data_path, shared_path
from tests.uff.golden import PLAIN, Golden


def node(name: str, op: str, *inputs: str, **attrs: AttrValue) -> Node:
    data = [TensorRef.parse(text) for text in inputs if not text.startswith("^")]
    controls = [text[1:] for text in inputs if text.startswith("^")]
    return Node(name, op, data, attrs, controls=controls)


def const(name: str, values: Any, dtype: DType | None = None) -> Node:
    value = TensorValue.from_array(np.asarray(values), dtype)
    return node(name, "Const", value=value, dtype=value.dtype)


def placeholder(name: str, *dims: int, dtype: DType = DType.FLOAT32) -> Node:
    return node(name, "Placeholder", dtype=dtype, shape=Shape(dims))


def graph_of(*nodes: Node) -> Graph:
    return Graph(nodes)


def by_id(meta: pb.MetaGraph) -> Mapping[str, pb.Node]:
    return {item.id: item for item in meta.graphs[0].nodes}


CONV: dict[str, AttrValue] = {
    "strides": (1, 1, 1, 1),
    "padding": b"VALID",
    "data_format": b"NHWC",
    "dilations": (1, 1, 1, 1),
}


class TestStrict:
    @pytest.mark.parametrize("name", PLAIN)
    def test_equals_what_nvidias_converter_wrote(self, name: str) -> None:
        golden = Golden(name)
        export = uff_from_graph(golden.graph, golden.outputs, strict=True)
        assert export.meta == golden.expected
        assert pb.MetaGraph.FromString(export.file.to_bytes()) == golden.expected
        assert not export.repairs

    @pytest.mark.parametrize("name", PLAIN)
    def test_text_form_equals_the_converters(self, name: str) -> None:
        golden = Golden(name)
        export = uff_from_graph(golden.graph, golden.outputs, strict=True)
        assert export.file.text() == golden.expected_text

    def test_worked_example_has_457_bytes(self) -> None:
        graph = graph_of(
            placeholder("x", -1, 2, 2, 1),
            const("w", np.full((1, 1, 1, 1), 2, np.float32)),
            node("conv", "Conv2D", "x", "w", **{**CONV, "padding": b"SAME"}),
            node("y", "Relu", "conv"),
        )
        assert len(uff_from_graph(graph, ["y"], strict=True).file.to_bytes()) == 457

    def test_control_inputs_become_plain_inputs_of_custom_nodes(self) -> None:
        graph = graph_of(placeholder("x", 1), node("wait", "NoOp"), node("y", "Odd", "x", "^wait"))
        made = by_id(uff_from_graph(graph, ["y"], strict=True).meta)
        assert list(made["y"].inputs) == ["x", "wait"]
        assert made["wait"].operation == "_NoOp"

    def test_a_batch_norm_with_a_control_input_fails_on_its_input_count(self) -> None:
        names = ["x", "s", "o", "m", "v"]
        inputs = [placeholder(name, 1) for name in names]
        graph = graph_of(
            *inputs, node("wait", "NoOp"), node("y", "FusedBatchNorm", *names, "^wait")
        )
        with pytest.raises(Unsupported, match="5 inputs"):
            uff_from_graph(graph, ["y"], strict=True)
        assert by_id(uff_from_graph(graph, ["y"]).meta)["y"].operation == "BatchNorm"

    def test_pow_is_refused(self) -> None:
        graph = graph_of(placeholder("x", 1), const("two", 2.0), node("y", "Pow", "x", "two"))
        with pytest.raises(Unsupported, match="Pow"):
            uff_from_graph(graph, ["y"], strict=True)

    def test_one_identity_is_passed_over_and_the_next_stays(self) -> None:
        graph = graph_of(
            placeholder("x", 1),
            node("far", "Identity", "x"),
            node("near", "Identity", "far"),
            node("y", "Relu", "near"),
        )
        strict = uff_from_graph(graph, ["y"], strict=True)
        assert [item.id for item in strict.nodes] == ["y", "far", "x", "MarkOutput_0"]
        assert [item.id for item in uff_from_graph(graph, ["y"]).nodes] == [
            "y",
            "x",
            "MarkOutput_0",
        ]

    def test_an_output_named_with_its_port_does_not_exist(self) -> None:
        graph = graph_of(placeholder("x", 1), node("y", "Relu", "x"))
        with pytest.raises(UnknownNode):
            uff_from_graph(graph, ["y:0"], strict=True)
        assert uff_from_graph(graph, ["y:0"]).outputs == ("y",)

    def test_outputs_are_nodes_with_inputs_that_nobody_reads(self) -> None:
        graph = graph_of(
            placeholder("x", 1), node("b", "Relu", "x"), const("alone", 1.0), node("a", "Neg", "x")
        )
        assert uff_from_graph(graph, strict=True).outputs == ("b", "a")

    def test_the_same_output_twice_is_marked_twice(self) -> None:
        graph = graph_of(placeholder("x", 1), node("y", "Relu", "x"))
        export = uff_from_graph(graph, ["y", "y"], strict=True)
        assert [item.id for item in export.nodes][-2:] == ["MarkOutput_0", "MarkOutput_1"]

    def test_a_shared_bias_leaves_an_unused_constant(self) -> None:
        graph = graph_of(
            placeholder("x", 1, 2),
            const("b", np.ones(2, np.float32)),
            node("y", "BiasAdd", "x", "b"),
            node("z", "BiasAdd", "y", "b"),
        )
        assert [item.id for item in uff_from_graph(graph, ["z"], strict=True).nodes] == [
            *("b", "z", "b_0", "y", "x", "MarkOutput_0")
        ]
        export = uff_from_graph(graph, ["z"])
        assert [item.id for item in export.nodes] == ["b", "z", "y", "x", "MarkOutput_0"]
        assert export.repairs == ("a bias shared by several nodes is written once (b)",)

    def test_double_constants_keep_their_bytes_under_dtype_7(self) -> None:
        graph = graph_of(placeholder("x", 1), const("c", 1.5), node("y", "Add", "x", "c"))
        meta = uff_from_graph(graph, ["y"], strict=True).meta
        assert int(by_id(meta)["c"].fields["dtype"].dtype) == 7
        assert meta.referenced_data["weights_c"].blob == np.float64(1.5).tobytes()

    def test_a_string_constant_is_its_bytes(self) -> None:
        graph = graph_of(const("c", b"text"), node("y", "Odd", "c"))
        meta = uff_from_graph(graph, ["y"], strict=True).meta
        assert meta.referenced_data["weights_c"].blob == b"text"


class TestRepairs:
    @pytest.mark.parametrize("name", PLAIN)
    def test_without_a_repair_the_file_equals_nvidias(self, name: str) -> None:
        golden = Golden(name)
        export = uff_from_graph(golden.graph, golden.outputs)
        touched = {item for names in export.repaired.values() for item in names}
        expected = by_id(golden.expected)
        written = by_id(export.meta)
        for identity, item in written.items():
            feeds_repaired = any(identity in written[name].inputs for name in touched)
            if identity not in touched and not (identity not in expected and feeds_repaired):
                assert item == expected[identity]
        assert (export.meta == golden.expected) == (not export.repairs)

    def test_pow_is_a_binary_operation(self) -> None:
        graph = graph_of(
            placeholder("x", 1), const("two", np.float32(2)), node("y", "Pow", "x", "two")
        )
        export = uff_from_graph(graph, ["y"])
        assert by_id(export.meta)["y"].fields["func"].s == "pow"
        assert export.repairs == ("Pow is written as Binary pow (y)",)

    def test_constants_become_dtypes_the_parser_takes(self) -> None:
        graph = graph_of(
            const("d", 1.5), const("i", np.int64(2**40)), const("h", np.float16(2)),
            node("y", "Odd", "d", "i", "h"),
        )  # fmt: skip
        export = uff_from_graph(graph, ["y"])
        data = export.meta.referenced_data
        assert data["weights_d"].blob == np.float32(1.5).tobytes()
        assert data["weights_i"].blob == np.int32(2**31 - 1).tobytes()
        assert data["weights_h"].blob == np.float16(2).tobytes()
        assert export.repairs == (
            "float64 is written as float32 (d)",
            "int64 is written as int32 (i)",
        )
        assert export.warnings == ("i: values beyond int32 are cut off at its limits.",)

    def test_consumers_of_a_renamed_input_follow(self) -> None:
        graph = graph_of(placeholder("x", 1), node("mid", "Neg", "x"), node("y", "Relu", "mid"))
        inputs = {"mid": InputSpec(DType.FLOAT32, (1, 4), "data")}
        made = by_id(uff_from_graph(graph, ["y"], inputs=inputs).meta)
        assert list(made) == ["y", "data", "MarkOutput_0"]
        assert list(made["y"].inputs) == ["data"]
        with pytest.raises(Unsupported, match="mid does not exist"):
            uff_from_graph(graph, ["y"], inputs=inputs, strict=True)

    def test_strings_are_plain(self) -> None:
        graph = graph_of(placeholder("x", 1), node("y", "Odd", "x", mode_u_str=b"fast"))
        made = by_id(uff_from_graph(graph, ["y"]).meta)
        assert made["y"].fields["mode_u_str"].s == "fast"
        strict = by_id(uff_from_graph(graph, ["y"], strict=True).meta)
        assert strict["y"].fields["mode_u_str"].s == "b'fast'"

    def test_asymmetric_explicit_padding_becomes_a_pad(self) -> None:
        attrs: dict[str, AttrValue] = {
            **CONV, "padding": b"EXPLICIT", "explicit_paddings": (0, 0, 0, 1, 2, 2, 0, 0),
        }  # fmt: skip
        graph = graph_of(
            placeholder("x", 1, 4, 4, 1),
            const("w", np.ones((3, 3, 1, 1), np.float32)),
            node("y", "Conv2D", "x", "w", **attrs),
        )
        meta = uff_from_graph(graph, ["y"]).meta
        made = by_id(meta)
        assert list(made["y"].inputs) == ["y/pad", "w"]
        assert list(made["y/pad"].inputs) == ["x", "y/pad/paddings"]
        blob = meta.referenced_data["weights_y/pad/paddings"].blob
        assert np.frombuffer(blob, np.int32).tolist() == [0, 0, 0, 1, 2, 2, 0, 0]
        with pytest.raises(Unsupported, match="EXPLICIT"):
            uff_from_graph(graph, ["y"], strict=True)

    def test_a_dilated_depthwise_convolution_is_folded(self) -> None:
        graph = graph_of(
            placeholder("x", 1, 8, 8, 2),
            const("block", np.array([2, 2], np.int32)),
            const("pads", np.array([[2, 2], [2, 3]], np.int32)),
            node("s2b", "SpaceToBatchND", "x", "block", "pads"),
            const("w", np.ones((3, 3, 2, 1), np.float32)),
            node("conv", "DepthwiseConv2dNative", "s2b", "w", **CONV),
            const("cut", np.array([[0, 0], [0, 1]], np.int32)),
            node("b2s", "BatchToSpaceND", "conv", "block", "cut"),
        )
        export = uff_from_graph(graph)
        conv = by_id(export.meta)["conv"]
        assert list(conv.inputs) == ["x", "w"]
        assert list(conv.fields["dilation"].i_list.val) == [2, 2]
        assert list(conv.fields["padding"].i_list.val) == [2, 2]
        assert conv.fields["number_groups"].i == 2
        assert export.outputs == ("conv",)

    def test_what_is_computed_from_constants_is_a_constant(self) -> None:
        graph = graph_of(
            placeholder("x", 1, 2),
            const("b", np.array([[1, 2]], np.float32)),
            node("flat", "Squeeze", "b", squeeze_dims=(0,), T=DType.FLOAT32),
            node("bias", "Neg", "flat", T=DType.FLOAT32),
            node("y", "BiasAdd", "x", "bias"),
        )
        export = uff_from_graph(graph, ["y"])
        assert list(by_id(export.meta)) == ["bias", "y", "x", "MarkOutput_0"]
        blob = export.meta.referenced_data["weights_bias"].blob
        assert np.frombuffer(blob, np.float32).tolist() == [-1, -2]
        assert export.repairs == (
            "what is computed from constants is written as a constant (bias)",
        )
        with pytest.raises(Unsupported, match="bias is a Neg"):
            uff_from_graph(graph, ["y"], strict=True)

    def test_reading_a_second_output_is_an_error_where_uff_has_one(self) -> None:
        names = ["x", "s", "o", "m", "v"]
        graph = graph_of(
            *(placeholder(name, 1) for name in names),
            node("bn", "FusedBatchNormV3", *names),
            node("y", "Relu", "bn:1"),
        )
        with pytest.raises(Unsupported, match="output 1 of bn"):
            uff_from_graph(graph, ["y"])
        assert uff_from_graph(graph, ["y"], strict=True).custom == {"bn": "FusedBatchNormV3"}


class TestErrors:
    def test_every_unwritable_node_is_named(self) -> None:
        graph = graph_of(
            placeholder("x", 1, 4),
            placeholder("p", 2, dtype=DType.INT32),
            node("t", "Transpose", "x", "p"),
            node("e", "ExpandDims", "t", "p"),
        )
        with pytest.raises(NotConvertible) as caught:
            uff_from_graph(graph, ["e"])
        assert [problem.node for problem in caught.value.problems] == ["e", "t"]
        assert all(problem.remedy for problem in caught.value.problems)

    def test_a_missing_input_is_named(self) -> None:
        with pytest.raises(Unsupported, match="gone does not exist"):
            uff_from_graph(graph_of(node("y", "Relu", "gone")), ["y"])

    def test_a_graph_without_outputs_says_so(self) -> None:
        loop = graph_of(node("a", "Relu", "b"), node("b", "Relu", "a"))
        with pytest.raises(ConvertError, match="no outputs"):
            uff_from_graph(loop, strict=True)

    def test_a_near_name_is_offered_for_an_unknown_output(self) -> None:
        graph = graph_of(placeholder("x", 1), node("prob", "Relu", "x"))
        with pytest.raises(UnknownNode, match="prob"):
            uff_from_graph(graph, ["prop"])

    def test_a_node_whose_parts_do_not_fit_is_named(self) -> None:
        graph = graph_of(
            placeholder("x", 1, 4, 4, 1),
            const("w", np.ones((1, 1, 1, 1), np.float32)),
            node("y", "Conv2D", "x", "w", **{**CONV, "padding": b"EXPLICIT"}),
        )
        with pytest.raises(Unsupported, match="do not fit together") as caught:
            uff_from_graph(graph, ["y"])
        assert caught.value.node == "y"

    def test_permutations_that_follow_from_shapes_are_known(self) -> None:
        graph = graph_of(
            placeholder("x", 1, 4),
            node("rank", "Rank", "x", T=DType.FLOAT32),
            const("one", np.int32(1)),
            const("zero", np.int32(0)),
            node("last", "Sub", "rank", "one", T=DType.INT32),
            node("perm", "Pack", "last", "zero", T=DType.INT32, N=2, axis=0),
            node("y", "Transpose", "x", "perm", T=DType.FLOAT32, Tperm=DType.INT32),
        )
        made = by_id(uff_from_graph(graph, ["y"]).meta)
        assert list(made["y"].fields["permutation"].i_list.val) == [1, 0]
        with pytest.raises(Unsupported, match="permutation perm is a Pack"):
            uff_from_graph(graph, ["y"], strict=True)

    def test_constants_in_a_circle_are_no_trap(self) -> None:
        value = TensorValue.from_array(np.ones(1, np.float32))
        graph = graph_of(
            const("a", np.float32(1)),
            node("c", "Const", "n", value=value, dtype=DType.FLOAT32),
            node("n", "Add", "c", "a", T=DType.FLOAT32),
            node("y", "Relu", "n", T=DType.FLOAT32),
        )
        assert list(by_id(inspect_uff(graph, ["y"]).meta)) == ["y", "MarkOutput_0"]

    def test_a_batch_to_space_without_crops_is_left(self) -> None:
        graph = graph_of(
            placeholder("x", 1, 8, 8, 1),
            node("s2b", "SpaceToBatchND", "x"),
            const("w", np.ones((1, 1, 1, 1), np.float32)),
            node("conv", "Conv2D", "s2b", "w", **CONV),
            node("b2s", "BatchToSpaceND", "conv"),
        )
        assert set(inspect_uff(graph, ["b2s"]).custom.values()) == {
            *("SpaceToBatchND", "BatchToSpaceND")
        }

    def test_a_tensor_attribute_of_a_plugin_is_refused(self) -> None:
        value = TensorValue.from_array(np.ones(3, np.float32))
        graph = graph_of(placeholder("x", 1), node("y", "Odd", "x", anchors=value))
        with pytest.raises(Unsupported, match="anchors is a tensor"):
            uff_from_graph(graph, ["y"])


class TestRealModels:
    def test_cifar_small_is_all_native(self) -> None:
        graph = graph_from_graphdef(data_path("cifar_small.pb").read_bytes())
        assert not custom_nodes(graph)
        assert not inspect_uff(graph).problems

    def test_mobilenet_weights_are_not_copied(self) -> None:
        path = data_path("mobilenet_v1_0.25_128_frozen.pb")
        data = path.read_bytes()
        export = uff_from_graph(graph_from_graphdef(data))
        weights = export.file.blobs["weights_MobilenetV1/Logits/Conv2d_1c_1x1/weights"]
        assert isinstance(weights, memoryview)
        assert np.shares_memory(np.frombuffer(weights, np.uint8), np.frombuffer(data, np.uint8))

    @pytest.mark.parametrize("name", ["charades_squeezenet", "unet_semseg_person_08"])
    def test_real_models_convert(self, name: str) -> None:
        data = shared_path(f"models/{name}.pb").read_bytes()
        export = inspect_uff(graph_from_graphdef(data))
        assert not export.problems
        assert not export.custom

    def test_batch_norms_left_in_training_are_refused(self) -> None:
        data = shared_path("models/tf_pose_mobilenet_v2_small.pb").read_bytes()
        problems = inspect_uff(graph_from_graphdef(data)).problems
        assert len(problems) == 39
        assert all("is_training" in problem.reason for problem in problems)


def test_a_loop_is_refused_unless_strict() -> None:
    graph = graph_of(
        placeholder("x", 1),
        node("enter", "Enter", "x"),
        node("merge", "Merge", "enter", "next"),
        node("next", "NextIteration", "merge"),
        node("exit", "Exit", "merge"),
    )
    with pytest.raises(Unsupported, match="loop"):
        uff_from_graph(graph, ["exit"])
    assert len(uff_from_graph(graph, ["exit"], strict=True).custom) == 4
