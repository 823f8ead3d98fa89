"""Every kind of source freezes to a graph that computes what the source did."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.errors import ConvertError, NotAGraphDef, NotFrozen, OpenError, UsageError
from surgeon_gui.freeze.checkpoint import freeze_checkpoint
from surgeon_gui.freeze.frozen import Choice
from surgeon_gui.freeze.functions import freeze_keras, freeze_saved_model
from surgeon_gui.freeze.optimise import PASSES, optimise
from surgeon_gui.freeze.source import source_kind
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import FreezeSpec
from tests.freeze.conftest import Model, assert_computes
from tests.helpers.shared import data_path

pytestmark = [
    pytest.mark.tensorflow,
    # Raised inside TensorFlow and Keras by their own use of older Python and numpy.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def test_a_keras_file_freezes_in_inference_mode(keras_file: Model) -> None:
    frozen = freeze_keras(keras_file.path)
    assert frozen.source == "Keras model"
    assert_computes(frozen.graph, keras_file)


def test_a_variable_that_is_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    import tensorflow as tf

    layers = tf.keras.layers
    model = tf.keras.Sequential([tf.keras.Input((8, 8, 3)), layers.RandomFlip(), layers.Dense(2)])
    model.export(str(tmp_path / "exported"), verbose=False)
    with pytest.raises(NotFrozen, match="writes a variable") as caught:
        freeze_saved_model(tmp_path / "exported")
    assert caught.value.where is not None
    assert "random_flip" in caught.value.where
    assert ".keras" in str(caught.value.hint)
    model.save(tmp_path / "model.keras")
    assert not any(
        "random_flip" in node.name for node in freeze_keras(tmp_path / "model.keras").graph
    )


def test_an_exported_model_freezes_by_its_default_signature(exported: Model) -> None:
    frozen = freeze_saved_model(exported.path)
    assert frozen.signature == "serving_default"
    assert set(frozen.signatures) == {"serve", "serving_default"}
    assert_computes(frozen.graph, exported)


def test_inner_tensors_can_be_the_outputs(exported: Model) -> None:
    whole = freeze_saved_model(exported.path).graph
    relu = next(node.name for node in whole if node.op == "Relu")
    frozen = freeze_saved_model(exported.path, choice=Choice((relu,)))
    assert frozen.graph.outputs == (TensorRef(relu),)
    assert len(frozen.graph) < len(whole)
    assert frozen.nodes_before == len(whole)


@pytest.mark.parametrize("lowered", [True, False])
def test_control_flow_is_lowered_or_kept(branching: Model, lowered: bool) -> None:
    frozen = freeze_saved_model(branching.path, signature="first", lower_control_flow=lowered)
    ops = {node.op for node in frozen.graph}
    assert ("Switch" in ops, "StatelessWhile" in ops) == (lowered, not lowered)
    assert_computes(frozen.graph, branching)


def test_a_signature_is_asked_for_when_it_is_not_clear(branching: Model) -> None:
    with pytest.raises(UsageError, match="not clear") as caught:
        freeze_saved_model(branching.path)
    assert caught.value.hint == "Choose one of first, second."
    with pytest.raises(UsageError, match="no signature third"):
        freeze_saved_model(branching.path, signature="third")


def test_a_version_1_saved_model_freezes(version1: Model) -> None:
    frozen = freeze_saved_model(version1.path / "saved", tags=["serve"])
    assert_computes(frozen.graph, version1)


@pytest.mark.parametrize("name", ["", "model.ckpt-7", "model.ckpt-7.meta", "model.ckpt-7.index"])
def test_a_checkpoint_freezes_with_its_meta_graph(version1: Model, name: str) -> None:
    frozen = freeze_checkpoint(version1.path / name, choice=Choice(("y",)))
    assert frozen.source == "checkpoint"
    assert_computes(frozen.graph, version1)


def test_a_checkpoint_freezes_with_a_graphdef(version1: Model, tmp_path: Path) -> None:
    for part in version1.path.glob("model.ckpt-7.[id]*"):
        shutil.copy(part, tmp_path)
    frozen = freeze_checkpoint(tmp_path, graph=version1.path / "graph.pb", choice=Choice(("y",)))
    assert_computes(frozen.graph, version1)
    with pytest.raises(NotFrozen, match=r"no \.meta file"):
        freeze_checkpoint(tmp_path)


def test_a_graphdef_without_a_saver_is_restored_by_names(tensorflow: Any, tmp_path: Path) -> None:
    v1 = tensorflow.compat.v1
    x = np.ones((1, 2), np.float32)
    with tensorflow.Graph().as_default() as graph, v1.Session() as session:
        given = v1.placeholder(tensorflow.float32, [None, 2], name="x")
        plain = v1.get_variable("plain", [2], use_resource=False)
        resource = v1.get_variable("resource", [2], use_resource=True)
        y = tensorflow.identity(given * plain + resource, name="y")
        tensorflow.io.write_graph(graph.as_graph_def(), str(tmp_path), "graph.pb", as_text=False)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "model"), write_meta_graph=False)
        value = session.run(y, {given: x})
    frozen = freeze_checkpoint(tmp_path / "model", graph=tmp_path / "graph.pb")
    assert_computes(frozen.graph, Model(tmp_path, {"x": x}, {"y": value}))


def test_a_training_graph_asks_for_its_outputs(version1: Model) -> None:
    with pytest.raises(UsageError, match="for training") as caught:
        freeze_checkpoint(version1.path)
    assert caught.value.hint == "Perhaps y."


def test_a_missing_part_of_a_checkpoint_is_said(version1: Model, tmp_path: Path) -> None:
    for suffix in ("meta", "index"):
        shutil.copy(version1.path / f"model.ckpt-7.{suffix}", tmp_path)
    with pytest.raises(OpenError, match=r"missing: model\.ckpt-7\.data-00000-of-00001"):
        freeze_checkpoint(tmp_path, choice=Choice(("y",)))
    (tmp_path / "model.ckpt-7.index").unlink()
    with pytest.raises(OpenError, match=r"no \.index file"):
        freeze_checkpoint(tmp_path / "model.ckpt-7.meta")
    with pytest.raises(OpenError, match="no checkpoint in this folder"):
        freeze_checkpoint(tmp_path)


def test_a_folder_of_several_checkpoints_asks_which(version1: Model, tmp_path: Path) -> None:
    for name in ("a.index", "b.index"):
        shutil.copy(version1.path / "model.ckpt-7.index", tmp_path / name)
    with pytest.raises(OpenError, match="not clear"):
        freeze_checkpoint(tmp_path)


def test_a_table_cannot_be_frozen(tensorflow: Any, tmp_path: Path) -> None:
    lookup = tensorflow.lookup
    module = tensorflow.Module()
    entries = lookup.KeyValueTensorInitializer(["a", "b"], [1.0, 2.0])
    module.table = lookup.StaticHashTable(entries, 0.0)
    module.find = tensorflow.function(
        lambda word: {"number": module.table.lookup(word)},
        input_signature=[tensorflow.TensorSpec([None], tensorflow.string, name="word")],
    )
    tensorflow.saved_model.save(module, str(tmp_path), signatures=module.find)
    with pytest.raises(NotFrozen):
        freeze_saved_model(tmp_path)


def test_damaged_files_are_said(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x05")
    with pytest.raises(OpenError, match=r"saved_model\.pb cannot be read"):
        freeze_saved_model(tmp_path)
    (tmp_path / "m.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(OpenError, match="Keras model cannot be loaded"):
        freeze_keras(tmp_path / "m.h5")
    import tensorflow as tf

    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    model.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(OpenError) as caught:
        freeze_keras(tmp_path / "m.weights.h5")
    assert "weights only" in str(caught.value.hint)


def test_optimising_keeps_the_values_and_drops_nodes(exported: Model) -> None:
    graph = freeze_saved_model(exported.path).graph
    seen: list[str] = []
    small, passes = optimise(graph, on_pass=lambda name, place: seen.append(f"{place} {name}"))
    assert len(small) < len(graph) / 3
    assert not any(node.op == "Rsqrt" for node in small)
    assert [item.name for item in passes] == list(PASSES)
    assert seen == [f"{place} {name}" for place, name in enumerate(PASSES)]
    assert passes[0].nodes_before == len(graph)
    assert passes[-1].nodes_after == len(small)
    assert_computes(small, exported)


def test_an_unknown_pass_is_refused(exported: Model) -> None:
    graph = freeze_saved_model(exported.path).graph
    with pytest.raises(ConvertError, match="no pass bogus"):
        optimise(graph, ["bogus"])


def test_an_op_tensorflow_does_not_know_is_named_with_its_node() -> None:
    graph = parse_text(
        "x = Placeholder() {shape=[1, 4, 4, 2]}\nseen = LReLU_TRT(x) {negSlope=0.1}\ny = Relu(seen)"
    )
    with pytest.raises(ConvertError, match="does not know the op LReLU_TRT") as caught:
        optimise(graph)
    assert caught.value.where == "seen"
    assert "surgery" in str(caught.value.hint)


def test_sources_are_told_apart(
    keras_file: Model, exported: Model, version1: Model, tmp_path: Path
) -> None:
    assert source_kind(keras_file.path) == "keras"
    assert source_kind(exported.path) == "saved_model"
    assert source_kind(exported.path / "saved_model.pb") == "saved_model"
    for name in ("", "model.ckpt-7", "model.ckpt-7.meta", "model.ckpt-7.data-00000-of-00001"):
        assert source_kind(version1.path / name) == "checkpoint"
    assert source_kind(data_path("cifar_small.pb")) == "graph"
    with pytest.raises(OpenError, match="has variables"):
        source_kind(version1.path / "graph.pb")
    with pytest.raises(OpenError, match="neither a SavedModel nor a checkpoint"):
        source_kind(tmp_path)
    with pytest.raises(OpenError):
        source_kind(tmp_path / "missing.pb")
    shutil.make_archive(str(tmp_path / "some"), "zip", exported.path)
    with pytest.raises(NotAGraphDef):
        source_kind(tmp_path / "some.zip")


def test_the_worker_freezes_optimises_and_saves(exported: Model, tmp_path: Path) -> None:
    spec = FreezeSpec(exported.path, tmp_path / "out.pb", optimize=True)
    result = run_job(spec, directory=tmp_path / "job", timeout=300)
    assert result.inputs == ("image",)
    assert result.outputs == ("output_0",)
    assert result.nodes_before > result.nodes_after == len(open_graph(tmp_path / "out.pb"))
    assert result.bytes == (tmp_path / "out.pb").stat().st_size
    assert result.passes[-1].nodes_after == result.nodes_after
    graph = open_graph(tmp_path / "out.pb").with_outputs([TensorRef("output_0")])
    assert_computes(graph, exported)
