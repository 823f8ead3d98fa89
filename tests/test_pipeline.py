"""The roads from a file to what it can become, as the window and the command line take them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.edits.nodes import RenameNode
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.draft import Delta, Draft
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.ops import category
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import DType, TensorValue
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.opening import came_from, open_model, open_view
from surgeon_gui.pipeline import (
    export,
    lowering_of,
    network_of,
    parser_limits,
    prepare_build,
    prepare_verify,
    save_view,
    types_of,
)
from surgeon_gui.targets import Status, inspect
from surgeon_gui.uff.reader import open_uff
from tests.helpers.shared import data_path

LENET = data_path("golden-uff/lenet/expected.uff")


@pytest.fixture
def view() -> Graph:
    return open_view(LENET)


def test_a_uff_file_is_shown_by_its_own_operations_orders_and_weights(view: Graph) -> None:
    assert {"Input", "Conv", "Binary", "Activation", "Pool", "MarkOutput"} <= {
        node.op for node in view
    }
    convolution = next(node for node in view if node.op == "Conv")
    assert convolution.attrs["inputs_orders"] == (b"N+C", b"+CK")
    weights = view[convolution.inputs[1].node].attrs["value"]
    assert isinstance(weights, TensorValue)
    assert weights.array.ndim == 4
    assert category("Conv") == "convolution"
    assert {category(node.op) for node in view}.isdisjoint({"other", "plugin"})
    assert category("_LReLU_TRT") == category("_MyHead") == "plugin"
    assert category("_FusedConv2D") == "convolution"


def test_what_is_known_of_its_tensors_is_known_by_its_own_names(view: Graph) -> None:
    types = types_of(view)
    convolution = next(node for node in view if node.op == "Conv")
    assert types.type(TensorRef(convolution.name)).dtype is DType.FLOAT32
    assert types.type(TensorRef(convolution.name)).shape.rank == 4
    network = lowering_of(view).network
    assert network is not None
    assert {origin for layer in network.layers for origin in layer.origin} <= {
        node.name for node in view
    }


@pytest.mark.parametrize("target", ["direct", "uff-5.1", "uff-8"])
def test_targets_judge_its_own_nodes(target: str, view: Graph) -> None:
    report = inspect(view, target)
    assert set(report.verdicts) == {node.name for node in view}
    assert report.supported
    assert report.verdicts["MarkOutput_0"].status is Status.TAKES


def test_a_node_that_says_nothing_is_named_by_the_targets(view: Graph) -> None:
    convolution = next(node for node in view if node.op == "Conv")
    draft = Draft(view)
    draft.put(convolution.replace(attrs={}))
    report = inspect(draft.commit(), "direct")
    assert not report.supported
    assert report.verdicts[convolution.name].status is Status.REFUSES
    assert [problem.node for problem in report.problems] == [convolution.name]
    assert report.problems[0].op == "Conv"


def test_it_is_edited_compared_and_saved(view: Graph, tmp_path: Path) -> None:
    activation = next(node for node in view if node.op == "Activation")
    edited = RenameNode(activation.name, "renamed").apply(view)
    delta = Delta.between(view, edited)
    assert delta.added == ("renamed",)
    assert delta.removed == (activation.name,)
    save_view(edited, tmp_path / "edited.uff")
    names = [node.id for node in open_uff(tmp_path / "edited.uff").nodes]
    assert sorted(names) == sorted(node.name for node in edited)
    assert "renamed" in names
    again = open_view(tmp_path / "edited.uff")
    assert Delta.between(edited, again) == Delta()
    assert len(network_of(again).layers) == len(network_of(view).layers)


def test_unedited_it_is_saved_as_it_was(view: Graph, tmp_path: Path) -> None:
    save_view(view, tmp_path / "again.uff")
    assert open_uff(tmp_path / "again.uff").meta == open_uff(LENET).meta


def test_saved_as_a_graph_it_is_what_it_stands_for(view: Graph, tmp_path: Path) -> None:
    save_view(view, tmp_path / "graph.pb")
    assert "Conv2D" in {node.op for node in open_graph(tmp_path / "graph.pb")}
    written = export(view, tmp_path / "graph.pbtxt")
    assert written.nodes == len(open_graph(tmp_path / "graph.pbtxt"))


def test_jobs_get_what_it_stands_for(view: Graph, tmp_path: Path) -> None:
    spec = prepare_verify(view, view, tmp_path)
    assert open_graph(spec.original).nodes == open_model(LENET).nodes
    wanted = BuildSpec(Path(), tmp_path / "x.engine", route="uff")
    assert open_uff(prepare_build(view, tmp_path, wanted).network).meta == open_uff(LENET).meta
    built = prepare_build(view, tmp_path, BuildSpec(Path(), tmp_path / "x.engine"))
    assert built.network.suffix == ".network"


def test_the_graph_it_came_from_is_its_neighbour(tmp_path: Path) -> None:
    path = tmp_path / "net.uff"
    assert came_from(path) is None
    (tmp_path / "net.pb").touch()
    assert came_from(path) == tmp_path / "net.pb"
    assert came_from(tmp_path / "net.pb") is None


REFUSED = """
    x = Placeholder() {shape=[?, 4, 4, 3], dtype=f32}
    zero = Const() {value=f32{0}}
    low = Maximum(x, zero)
    six = Const() {value=f32{6}}
    y = Minimum(low, six)
    outputs(y)
    """


def test_what_nvidias_parser_will_refuse_is_said_before_export(tmp_path: Path) -> None:
    graph = parse_text(REFUSED)
    for parser in ("uff-5.0", "uff-5.1", "uff-6", "uff-7.0", "uff-7.1plus", "uff-8"):
        first, *rest = parser_limits(graph, Path("x.uff"), parser)
        assert "will refuse these 2 nodes" in first
        assert [line.split()[0] for line in rest] == ["low", "y"]
        assert "constant" in rest[0]
    notes = export(graph, tmp_path / "x.uff", parser="uff-5.1").notes
    assert any("parser of TensorRT 5.1.x will refuse" in note for note in notes)
    assert not any("will refuse" in note for note in export(graph, tmp_path / "x.uff").notes)


def test_a_parser_that_takes_all_is_not_mentioned() -> None:
    assert parser_limits(open_model(LENET), Path("x.uff"), "uff-8") == ()
    assert parser_limits(open_view(LENET), Path("x.uff"), "uff-8") == ()


def test_later_parsers_know_more() -> None:
    graph = parse_text(
        "x = Placeholder() {shape=[?, 4], dtype=f32}\ny = LeakyRelu(x) {alpha=0.2}\noutputs(y)"
    )
    assert parser_limits(graph, Path("x.uff"), "uff-5.0")
    assert not parser_limits(graph, Path("x.uff"), "uff-8")


def test_only_uff_files_have_a_uff_parser(tmp_path: Path) -> None:
    graph = parse_text(REFUSED)
    with pytest.raises(UsageError, match="no UFF parser"):
        export(graph, tmp_path / "x.uff", parser="direct")
    with pytest.raises(UsageError, match=r"Only \.uff files"):
        export(graph, tmp_path / "x.onnx", parser="uff-8")
    assert list(tmp_path.iterdir()) == []


def test_weights_survive_being_shown(view: Graph) -> None:
    restored = open_model(LENET)
    for node in view:
        if node.op == "Const":
            one, other = node.attrs["value"], restored[node.name].attrs["value"]
            assert isinstance(one, TensorValue)
            assert isinstance(other, TensorValue)
            np.testing.assert_array_equal(one.array, other.array)
