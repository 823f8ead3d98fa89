from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from surgeon_gui.errors import (
    ConvertError,
    DanglingInput,
    DuplicateName,
    GraphCycle,
    NotAGraphDef,
    OpenError,
    SurgeonError,
    TruncatedFile,
)
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import DType, Shape, TensorValue
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff.file import save_uff
from surgeon_gui.uff.graph import graph_from_uff, is_uff_graph, uff_from_uff_graph
from surgeon_gui.uff.reader import open_uff, uff_from_bytes, uff_from_text
from surgeon_gui.uff.writer import uff_from_graph
from tests.helpers.shared import data_path
from tests.uff.golden import NAMES, Golden
from tests.uff.strategies import meta_graphs


def serialized(*nodes: pb.Node, **blobs: bytes) -> bytes:
    meta = pb.MetaGraph(version=1, descriptor_core_version=1)
    meta.graphs.add(id="main").nodes.extend(nodes)
    for key, blob in blobs.items():
        meta.referenced_data[key].blob = blob
    return meta.SerializeToString()


def const(name: str, shape: list[int], ref: str) -> pb.Node:
    node = pb.Node(id=name, operation="Const")
    node.fields["values"].ref = ref
    node.fields["dtype"].dtype = pb.DT_FLOAT32
    node.fields["shape"].i_list.val.extend(shape)
    return node


@pytest.mark.parametrize("name", NAMES)
def test_goldens_survive_reading_viewing_and_writing(name: str) -> None:
    golden = Golden(name)
    file = open_uff(golden.path / "expected.uff")
    assert file.meta == golden.expected
    assert pb.MetaGraph.FromString(file.to_bytes()) == golden.expected
    assert uff_from_uff_graph(graph_from_uff(file)).meta == golden.expected


@given(meta_graphs())
def test_any_file_survives_reading_viewing_and_writing(meta: pb.MetaGraph) -> None:
    file = uff_from_bytes(meta.SerializeToString())
    assert file.meta == meta
    assert pb.MetaGraph.FromString(file.to_bytes()) == meta
    graph = graph_from_uff(file)
    again = uff_from_uff_graph(graph)
    assert again.meta == meta
    assert graph_from_uff(again) == graph


def test_writing_what_was_read_gives_the_same_bytes(tmp_path: Path) -> None:
    graph = graph_from_graphdef(data_path("cifar_small.pb").read_bytes())
    file = uff_from_graph(graph).file
    size = save_uff(file, tmp_path / "a.uff")
    save_uff(open_uff(tmp_path / "a.uff"), tmp_path / "b.uff")
    assert (tmp_path / "a.uff").stat().st_size == size
    assert (tmp_path / "a.uff").read_bytes() == (tmp_path / "b.uff").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_the_full_text_form_is_read_back(name: str) -> None:
    file = uff_from_bytes(Golden(name).expected_bytes)
    assert uff_from_text(file.text(full=True)).meta == file.meta


def test_nvidias_text_form_and_other_texts_are_refused() -> None:
    with pytest.raises(OpenError, match="leaves weights out"):
        uff_from_text(Golden("lenet").expected_text)
    with pytest.raises(OpenError, match="cannot be read"):
        uff_from_text("node { }")


def test_weights_are_views_of_the_file() -> None:
    data = Golden("lenet").expected_bytes
    file = uff_from_bytes(data)
    assert all(isinstance(blob, memoryview) for blob in file.blobs.values())
    value = graph_from_uff(file)["conv1_w"].attrs["value"]
    assert isinstance(value, TensorValue)
    assert np.shares_memory(value.array, np.frombuffer(data, np.uint8))


class TestView:
    def test_ops_are_uffs_operations_and_orders_are_readable(self) -> None:
        graph = graph_from_uff(uff_from_bytes(Golden("lenet").expected_bytes))
        conv = next(node for node in graph if node.op == "Conv")
        assert conv.attrs["inputs_orders"] == (b"N+C", b"+CK")
        placeholder = next(node for node in graph if node.op == "Input")
        assert placeholder.attrs["dtype"] is DType.FLOAT32
        assert isinstance(placeholder.attrs["shape"], Shape)
        assert graph.outputs == (TensorRef("prob"),)
        assert is_uff_graph(graph)

    def test_a_graphdef_graph_is_no_uff_graph(self) -> None:
        graph = Graph((Node("x", "NoOp"),))
        assert not is_uff_graph(graph)
        with pytest.raises(ConvertError, match="TensorFlow's operations"):
            uff_from_uff_graph(graph)

    def test_it_survives_being_saved_as_a_graphdef(self) -> None:
        golden = Golden("plugin_lrelu")
        graph = graph_from_uff(uff_from_bytes(golden.expected_bytes))
        again = graph_from_graphdef(graphdef_from_graph(graph))
        assert uff_from_uff_graph(again).meta == golden.expected

    def test_edits_reach_the_file(self) -> None:
        graph = graph_from_uff(uff_from_bytes(Golden("lenet").expected_bytes))
        draft = Draft(graph)
        conv = next(node.name for node in graph if node.op == "Conv")
        draft.set_attr(conv, "strides", (2, 2))
        draft.rename({"prob": "answer"})
        meta = uff_from_uff_graph(draft.commit()).meta
        nodes = {node.id: node for node in meta.graphs[0].nodes}
        assert list(nodes[conv].fields["strides"].i_list.val) == [2, 2]
        assert list(nodes["MarkOutput_0"].inputs) == ["answer"]

    def test_other_outputs_are_marked_anew(self) -> None:
        graph = graph_from_uff(uff_from_bytes(Golden("lenet").expected_bytes))
        conv = next(node.name for node in graph if node.op == "Conv")
        chosen = graph.with_outputs([TensorRef(conv), TensorRef("prob")])
        marks = [n for n in uff_from_uff_graph(chosen).nodes if n.operation == "MarkOutput"]
        assert [list(node.inputs) for node in marks] == [[conv], ["prob"]]

    def test_a_changed_constant_is_written(self) -> None:
        graph = graph_from_uff(uff_from_bytes(Golden("lenet").expected_bytes))
        draft = Draft(graph)
        name = next(node.name for node in graph if node.op == "Const")
        draft.set_attr(name, "value", TensorValue.from_array(np.arange(3, dtype=np.int32)))
        file = uff_from_uff_graph(draft.commit())
        assert bytes(file.blobs[f"weights_{name}"]) == np.arange(3, dtype=np.int32).tobytes()


class TestBrokenFiles:
    @pytest.mark.parametrize("keep", [0.3, 0.6, 0.9, 0.99])
    def test_a_truncated_file(self, keep: float) -> None:
        data = Golden("conv_transpose").expected_bytes
        with pytest.raises(OpenError):
            uff_from_bytes(data[: int(len(data) * keep)])

    def test_a_file_cut_in_its_weights_is_called_truncated(self) -> None:
        with pytest.raises(TruncatedFile, match="ends too early"):
            uff_from_bytes(serialized(const("c", [1], "w"), w=b"\0" * 4)[:-1])

    def test_an_empty_file(self, tmp_path: Path) -> None:
        path = tmp_path / "x.uff"
        path.touch()
        with pytest.raises(OpenError, match="empty"):
            open_uff(path)

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(OpenError, match="no such file"):
            open_uff(tmp_path / "x.uff")

    @pytest.mark.parametrize("name", ["cifar_small.pb", "golden-uff/lenet/expected.pbtxt"])
    def test_another_kind_of_file(self, name: str) -> None:
        with pytest.raises(OpenError, match="no UFF file"):
            open_uff(data_path(name))

    def test_a_git_lfs_pointer_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "x.uff"
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        with pytest.raises(NotAGraphDef, match="Git LFS"):
            open_uff(path)

    def test_a_missing_reference(self) -> None:
        with pytest.raises(OpenError, match="refers to w"):
            uff_from_bytes(serialized(const("c", [1], "w")))

    @pytest.mark.parametrize("blob", [b"", b"\0" * 7, b"\0" * 9])
    def test_weights_of_the_wrong_length(self, blob: bytes) -> None:
        with pytest.raises(OpenError, match="needs 8 bytes"):
            uff_from_bytes(serialized(const("c", [2], "w"), w=blob))

    def test_a_circle(self) -> None:
        first = pb.Node(id="a", operation="Identity", inputs=["b"])
        second = pb.Node(id="b", operation="Identity", inputs=["a"])
        with pytest.raises(GraphCycle):
            uff_from_bytes(serialized(first, second))

    def test_a_missing_input(self) -> None:
        with pytest.raises(DanglingInput, match="gone"):
            uff_from_bytes(serialized(pb.Node(id="a", operation="Identity", inputs=["gone"])))

    def test_a_repeated_name(self) -> None:
        node = pb.Node(id="a", operation="Input")
        with pytest.raises(DuplicateName):
            uff_from_bytes(serialized(node, node))

    def test_another_version(self) -> None:
        meta = pb.MetaGraph(version=9)
        meta.graphs.add()
        with pytest.raises(OpenError, match="version 9"):
            uff_from_bytes(meta.SerializeToString())

    def test_no_nodes_and_several_graphs(self) -> None:
        with pytest.raises(OpenError, match="no nodes"):
            uff_from_bytes(serialized())
        meta = pb.MetaGraph(version=1)
        meta.graphs.add()
        meta.graphs.add()
        with pytest.raises(OpenError, match="2 graphs"):
            uff_from_bytes(meta.SerializeToString())

    def test_flipped_bytes_never_give_a_traceback(self) -> None:
        data = Golden("depthwise_bn_relu6").expected_bytes
        random = np.random.default_rng(0)
        for place in random.integers(0, len(data), 400):
            broken = bytearray(data)
            broken[place] ^= int(random.integers(1, 256))
            try:
                file = uff_from_bytes(bytes(broken))
                uff_from_uff_graph(graph_from_uff(file))
            except SurgeonError:
                continue


def test_exporting_a_shown_file_writes_it_as_it_is() -> None:
    golden = Golden("plugin_lrelu")
    shown = graph_from_uff(uff_from_bytes(golden.expected_bytes))
    export = uff_from_graph(shown)
    assert export.meta == golden.expected
    assert set(export.custom.values()) == {"LReLU_TRT"}
    assert export.outputs == ("out",)
