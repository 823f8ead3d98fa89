"""Freezing says how far the frozen graph is from its source, and why where it cannot."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.compare.inputs import save_npz
from surgeon_gui.edits.optimise import PRESETS
from surgeon_gui.errors import NotFrozen, OpenError, UnknownNode, UsageError
from surgeon_gui.freeze import optimise as grappler
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import TensorValue
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.jobs.spec import FreezeResult, FreezeSpec
from surgeon_gui.pipeline import network_of
from surgeon_gui.ui.dialogs.freeze_work import result_words
from surgeon_gui.worker.tasks.freeze import freeze
from tests.freeze.conftest import Model, assert_computes

pytestmark = [
    pytest.mark.tensorflow,
    # Raised inside TensorFlow and Keras by their own use of older Python and numpy.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

Freeze = Callable[..., FreezeResult]


@pytest.fixture
def frozen(tmp_path: Path) -> Freeze:
    """Return what freezes a source in this process."""

    def run(source: Path, **options: Any) -> FreezeResult:
        spec = FreezeSpec(source, tmp_path / "out.pb", **options)
        result = freeze(spec, QuietReport(tmp_path))
        assert isinstance(result, FreezeResult)
        return result

    return run


def assert_verified(result: FreezeResult, *names: str) -> None:
    assert result.unverified == ""
    assert [row.name for row in result.verified] == list(names)
    assert result.ok
    assert result.largest_difference is not None
    assert result.largest_difference < 1e-5


@pytest.mark.parametrize("optimize", [False, True])
def test_keras_files_compute_what_they_did(
    frozen: Freeze, keras_file: Model, optimize: bool
) -> None:
    assert_verified(frozen(keras_file.path, optimize=optimize), "scores")


def test_exported_models_compute_what_they_did_and_build(frozen: Freeze, exported: Model) -> None:
    result = frozen(exported.path, optimize=True)
    assert_verified(result, "output_0")
    assert network_of(open_graph(result.path)).layers


@pytest.mark.parametrize("lowered", [True, False])
def test_control_flow_computes_what_it_did(frozen: Freeze, branching: Model, lowered: bool) -> None:
    result = frozen(branching.path, signature="second", lower_control_flow=lowered)
    assert_verified(result, "doubled", "waved")
    assert network_of(open_graph(result.path)).layers


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("saved", {"tags": ("serve",)}),
        ("model.ckpt-7", {"outputs": ("y",)}),
        ("model.ckpt-7.index", {"outputs": ("y",), "graph": "graph.pb"}),
    ],
)
def test_version_1_sources_compute_what_they_did(
    frozen: Freeze, version1: Model, name: str, options: dict[str, Any]
) -> None:
    if "graph" in options:
        options = {**options, "graph": version1.path / "graph.pb"}
    assert_verified(frozen(version1.path / name, **options), "y")


def test_outputs_chosen_inside_are_held_against_the_whole(frozen: Freeze, exported: Model) -> None:
    relu = next(n.name for n in open_graph(frozen(exported.path).path) if n.op == "Relu")
    result = frozen(exported.path, outputs=(relu,))
    assert result.outputs == (relu,)
    assert_verified(result, "output_0")
    assert_verified(frozen(exported.path, outputs=(relu,), optimize=True), "output_0", relu)


def test_a_tensor_can_be_fed_instead_of_the_input(frozen: Freeze, exported: Model) -> None:
    relu = next(n.name for n in open_graph(frozen(exported.path).path) if n.op == "Relu")
    result = frozen(exported.path, inputs=(relu,))
    assert result.inputs == (f"{relu}_input",)
    assert not any(node.op == "Conv2D" for node in open_graph(result.path))
    assert_verified(result, "output_0")


def test_a_wrong_number_is_found(
    frozen: Freeze, exported: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(graph: Graph, **_: object) -> tuple[Graph, tuple[grappler.PassReport, ...]]:
        nodes = []
        for node in graph.nodes:
            value = node.attrs.get("value")
            if isinstance(value, TensorValue) and value.array.dtype == np.float32:
                twice = TensorValue.from_array(np.asarray(value.array * 2))
                node = node.replace(attrs={**node.attrs, "value": twice})
            nodes.append(node)
        return dataclasses.replace(graph, nodes=tuple(nodes)), ()

    monkeypatch.setattr(grappler, "optimise", spoilt)
    result = frozen(exported.path, optimize=True)
    assert not result.ok
    assert result.verified[0].problem is not None
    assert "difference" in result.verified[0].problem


def test_without_verify_nothing_is_compared(frozen: Freeze, exported: Model) -> None:
    result = frozen(exported.path, verify=False)
    assert (result.verified, result.unverified) == ((), "")


def test_a_source_of_nothing_but_nan_is_not_compared(
    frozen: Freeze, tensorflow: Any, tmp_path: Path
) -> None:
    file = tmp_path / "m.pb"
    with tensorflow.Graph().as_default() as graph:
        given = tensorflow.compat.v1.placeholder(tensorflow.float32, [2], name="x")
        tensorflow.math.log(-tensorflow.exp(given), name="lost")
        file.write_bytes(graph.as_graph_def().SerializeToString())
        blind = frozen(file)
        tensorflow.add(given, 1.0, name="found")
        file.write_bytes(graph.as_graph_def().SerializeToString())
    assert (blind.verified, blind.unverified) == ((), "The source gives NaN everywhere.")
    assert blind.ok
    assert "not compared with its source: The source gives NaN" in result_words(blind)
    half = frozen(file)
    assert half.ok
    assert half.uncompared == ("lost",)
    assert half.largest_difference == 0
    assert result_words(half).endswith("Not compared: the source gives NaN at lost.")


def test_given_inputs_are_taken(frozen: Freeze, exported: Model, tmp_path: Path) -> None:
    save_npz(tmp_path / "x.npz", exported.feeds)
    result = frozen(exported.path, feeds=tmp_path / "x.npz")
    assert result.verified[0].shape == exported.values["output_0"].shape
    np.savez(tmp_path / "y.npz", other=np.ones(3))
    with pytest.raises(UsageError, match="no array for this input"):
        frozen(exported.path, feeds=tmp_path / "y.npz")


def test_open_sizes_are_tried_or_given(frozen: Freeze, tensorflow: Any, tmp_path: Path) -> None:
    layers = tensorflow.keras.layers
    model = tensorflow.keras.Sequential(
        [layers.Input((None, None, 1), name="image"), layers.Cropping2D(16, name="inner")]
    )
    model.save(tmp_path / "m.keras")
    # Of 32 nothing is left.
    tried = frozen(tmp_path / "m.keras")
    assert_verified(tried, "inner")
    assert tried.verified[0].shape == (1, 32, 32, 1)
    given = frozen(tmp_path / "m.keras", shapes={"image": (2, 40, 33, 1)})
    assert given.verified[0].shape == (2, 8, 1, 1)


def test_text_cannot_be_drawn_and_that_is_said(
    frozen: Freeze, tensorflow: Any, tmp_path: Path
) -> None:
    module = tensorflow.Module()
    module.weight = tensorflow.Variable(2)
    module.measure = tensorflow.function(
        lambda word: {"size": module.weight * tensorflow.strings.length(word)},
        input_signature=[tensorflow.TensorSpec([None], tensorflow.string, name="word")],
    )
    tensorflow.saved_model.save(module, str(tmp_path / "m"), signatures=module.measure)
    result = frozen(tmp_path / "m")
    assert result.verified == ()
    assert "no random values" in result.unverified
    np.savez(tmp_path / "x.npz", word=np.array([b"ab", b"abc"]))
    assert_verified(frozen(tmp_path / "m", feeds=tmp_path / "x.npz"), "size")


def test_a_missing_shard_is_named(frozen: Freeze, version1: Model, tmp_path: Path) -> None:
    for suffix in ("meta", "index"):
        shutil.copy(version1.path / f"model.ckpt-7.{suffix}", tmp_path)
    (tmp_path / "model.ckpt-7.data-00001-of-00003").write_bytes(b"")
    with pytest.raises(OpenError) as caught:
        frozen(tmp_path / "model.ckpt-7", outputs=("y",))
    assert "data-00000-of-00003" in str(caught.value)
    assert "data-00002-of-00003" in str(caught.value)
    assert "data-00001-of-00003" not in str(caught.value)


@pytest.mark.parametrize("name", ["saved", "model.ckpt-7"])
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_a_wrong_name_is_said(frozen: Freeze, version1: Model, name: str, side: str) -> None:
    options = {"outputs": ("y",), side: ("bogus",)}
    with pytest.raises(UnknownNode) as caught:
        frozen(version1.path / name, **options)
    assert caught.value.where == "bogus"


def test_an_unknown_op_is_named_with_its_node(
    frozen: Freeze, exported: Model, version1: Model, tmp_path: Path
) -> None:
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

    folder = tmp_path / "saved"
    shutil.copytree(exported.path, folder)
    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    for function in saved.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            node.op = {"Relu": "MyOwnOp"}.get(node.op, node.op)
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
    with pytest.raises(OpenError, match="MyOwnOp") as caught:
        frozen(folder)
    assert caught.value.where is not None
    assert "Relu" in caught.value.where
    for part in version1.path.glob("model.ckpt-7.*"):
        shutil.copy(part, tmp_path)
    meta = tmp_path / "model.ckpt-7.meta"
    graph = meta_graph_pb2.MetaGraphDef.FromString(meta.read_bytes())
    for node in graph.graph_def.node:
        node.op = {"Softmax": "MyOwnOp"}.get(node.op, node.op)
    meta.write_bytes(graph.SerializeToString())
    with pytest.raises(OpenError, match="MyOwnOp") as caught:
        frozen(tmp_path / "model.ckpt-7", outputs=("y",))
    assert caught.value.where == "y"


def test_an_iterator_is_refused_until_what_it_gives_is_fed(
    frozen: Freeze, tensorflow: Any, tmp_path: Path
) -> None:
    v1 = tensorflow.compat.v1
    with tensorflow.Graph().as_default(), v1.Session() as session:
        data = tensorflow.data.Dataset.from_tensors(np.ones((2, 3), np.float32))
        batch = v1.data.make_initializable_iterator(data).get_next("batch")
        weight = v1.get_variable("w", [3, 2])
        tensorflow.matmul(batch, weight, name="y")
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    with pytest.raises(NotFrozen, match="iterator") as caught:
        frozen(tmp_path / "model.ckpt", outputs=("y",))
    assert caught.value.where == "batch"
    result = frozen(tmp_path / "model.ckpt", outputs=("y",), inputs=("batch",))
    assert result.inputs == ("batch_input",)
    assert_verified(result, "y")


def test_a_table_is_refused_unless_the_outputs_need_none(
    frozen: Freeze, tensorflow: Any, tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text("one\ntwo\n")
    v1 = tensorflow.compat.v1
    x = np.ones((2, 3), np.float32)
    with tensorflow.Graph().as_default(), v1.Session() as session:
        given = v1.placeholder(tensorflow.float32, [None, 3], name="x")
        scores = tensorflow.matmul(given, v1.get_variable("w", [3, 2]), name="scores")
        words = tensorflow.lookup.TextFileInitializer(
            str(tmp_path / "words.txt"),
            tensorflow.int64,
            tensorflow.lookup.TextFileIndex.LINE_NUMBER,
            tensorflow.string,
            tensorflow.lookup.TextFileIndex.WHOLE_LINE,
        )
        table = tensorflow.lookup.StaticHashTable(words, "none")
        label = table.lookup(tensorflow.argmax(scores, 1))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        v1.saved_model.simple_save(
            session,
            str(tmp_path / "saved"),
            {"x": given},
            {"scores": scores, "label": label},
            legacy_init_op=v1.tables_initializer(),
        )
        value = session.run(scores, {given: x})
    with pytest.raises(NotFrozen) as caught:
        frozen(tmp_path / "saved")
    assert caught.value.hint
    result = frozen(tmp_path / "saved", outputs=("scores",))
    assert_verified(result, "scores")
    graph = open_graph(result.path).with_outputs([TensorRef("scores")])
    assert_computes(graph, Model(tmp_path, {"x": x}, {"scores": value}))


def test_a_graph_with_variables_says_how_to_freeze_it(frozen: Freeze, version1: Model) -> None:
    with pytest.raises(OpenError, match="has variables") as caught:
        frozen(version1.path / "graph.pb")
    assert caught.value.hint == "Freeze the checkpoint, and name this file as its graph."


def _graph(*tags: str) -> bytes:
    from tensorflow.core.protobuf import meta_graph_pb2

    info = meta_graph_pb2.MetaGraphDef.MetaInfoDef(tags=tags)
    return bytes(meta_graph_pb2.MetaGraphDef(meta_info_def=info).SerializeToString())


def _with_graphs(source: Path, folder: Path, *graphs: bytes) -> Path:
    """Copy a SavedModel and give it more graphs."""
    from tensorflow.core.protobuf import saved_model_pb2

    shutil.copytree(source, folder)
    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    for graph in graphs:
        saved.meta_graphs.add().ParseFromString(graph)
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
    return folder


def test_of_several_graphs_the_one_to_serve_is_taken(
    frozen: Freeze, version1: Model, tmp_path: Path
) -> None:
    folder = _with_graphs(version1.path / "saved", tmp_path / "m", _graph("train"))
    assert_verified(frozen(folder), "y")
    with pytest.raises(UsageError, match="no graph with the tags gpu") as caught:
        frozen(folder, tags=("gpu",))
    assert caught.value.hint == "It has graphs with the tags serve; train."
    several = _with_graphs(folder, tmp_path / "n", _graph("serve", "gpu"))
    with pytest.raises(UsageError, match="not clear") as caught:
        frozen(several)
    assert "serve, gpu" in str(caught.value.hint)
    assert_verified(frozen(several, tags=("serve",)), "y")


def test_a_frozen_graph_that_cannot_run_says_why(
    frozen: Freeze, tensorflow: Any, tmp_path: Path
) -> None:
    v1 = tensorflow.compat.v1
    with tensorflow.Graph().as_default() as graph:
        given = v1.placeholder(tensorflow.float32, [2], name="x")
        with tensorflow.control_dependencies([v1.Assert(given[0] > 1e6, ["too small"])]):
            tensorflow.identity(given, name="y")
    (tmp_path / "m.pb").write_bytes(graph.as_graph_def().SerializeToString())
    result = frozen(tmp_path / "m.pb", outputs=("y",))
    assert result.unverified.startswith("The source does not run: ")
    assert "assertion failed" in result.unverified


@pytest.mark.parametrize("options", [{}, {"optimize": True, "passes": PRESETS["all"]}])
def test_a_frozen_graph_is_taken_as_it_is(
    frozen: Freeze, exported: Model, tmp_path: Path, options: dict[str, Any]
) -> None:
    plain = tmp_path / "plain.pb"
    before = save_graphdef(open_graph(frozen(exported.path).path), plain)
    result = frozen(plain, **options)
    assert result.source == "frozen graph"
    assert result.inputs == ("image",)
    assert (result.bytes < before) == bool(options)
    assert_verified(result, "output_0")


def test_names_of_the_signature_choose_outputs_and_inputs(
    frozen: Freeze, version1: Model, branching: Model
) -> None:
    result = frozen(branching.path, signature="first", outputs=("waved",), inputs=("x",))
    assert result.outputs == ("waved",)
    assert len(result.inputs) == 1
    assert_verified(result, "doubled", "waved")
    version = frozen(version1.path / "saved", outputs=("y",), inputs=("x",))
    assert (version.inputs, version.outputs) == (("x",), ("y",))
    assert_verified(version, "y")
    checkpoint = frozen(version1.path / "model.ckpt-7", outputs=("y",), inputs=("x",))
    assert checkpoint.inputs == ("x",)
    assert_verified(checkpoint, "y")
