"""The verdict for `direct` agrees with what happens on build, model by model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import Shape
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import BuildSpec, FreezeSpec
from surgeon_gui.pipeline import prepare_build
from surgeon_gui.targets import inspect
from surgeon_gui.targets.autofix import find_fix
from tests.helpers.shared import ROOT, shared_path

SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "boxes3d.pb": {},
    "bsrn_super_resolution.pb": {"sr_input": (1, 16, 16, 3), "sr_input_scale": ()},
    "charades_squeezenet.pb": {"input_image": (1, 224, 224, 3)},
    "cifar_small.pb": {},
    "lstm_mnist_dropout_leftovers.pb": {"X": (1, 784), "keep_prob": ()},
    "mobilenet_v1_0.25_128_frozen.pb": {},
    "opencv_face_detector_uint8.pb": {"data": (1, 300, 300, 3)},
    "ssd_mobilenet_v1_0.125_256_person_cat_dog.pb": {},
    "tf_pose_mobilenet_v2_small.pb": {"image": (1, 64, 64, 3)},
    "unet_semseg_person_08.pb": {},
}


def _model(name: str) -> Graph:
    if name == "boxes3d.pb":
        return open_graph(ROOT / "samples" / name)
    return open_graph(shared_path(f"models/{name}"))


def _fails(graph: Graph, shapes: dict[str, Shape], folder: Path) -> SurgeonError | None:
    """Build for one GPU; return what went wrong, or None where there is an engine."""
    wanted = BuildSpec(network=Path(), engine=folder / "x.engine", gpus=("sm86",))
    try:
        spec = prepare_build(graph, folder, wanted, shapes=shapes)
        built = run_job(spec, directory=folder)
    except SurgeonError as error:
        return error
    assert built.path.stat().st_size == built.bytes > 0
    return None


@pytest.mark.slow
@pytest.mark.tensorrt
@pytest.mark.parametrize("name", sorted(SHAPES))
def test_what_is_called_convertible_builds_and_nothing_that_builds_is_refused(
    name: str, tmp_path: Path
) -> None:
    graph = _model(name)
    shapes = {node: Shape(dims) for node, dims in SHAPES[name].items()}
    states: list[tuple[str, Graph, dict[str, Shape]]] = [("as it is", graph, {})]
    if shapes:
        states.append(("with shapes", graph, shapes))
    fix = find_fix(graph, "direct", shapes=shapes)
    if fix.rules:
        states.append((f"after {fix.rules}", fix.edit.apply(graph), shapes))
    for number, (words, present, given) in enumerate(states):
        report = inspect(present, "direct", shapes=given)
        error = _fails(present, given, tmp_path / str(number))
        assert report.supported == (error is None), (words, report.summary, str(error))


@pytest.mark.slow
@pytest.mark.tensorrt
@pytest.mark.parametrize("folder", ["single_ops", "control_flow_small"])
def test_the_verdict_on_small_nets_agrees_with_their_build(folder: str, tmp_path: Path) -> None:
    found = sorted(shared_path(f"models/{folder}").rglob("*.pb"))
    assert found
    differ = []
    for number, path in enumerate(found):
        graph = open_graph(path)
        error = _fails(graph, {}, tmp_path / str(number))
        if inspect(graph, "direct").supported != (error is None):
            differ.append((path.name, str(error)))
    assert differ == []


KERAS = {
    "norm": "[k.layers.Conv2D(8, 3, strides=2, padding='same'), k.layers.BatchNormalization(), "
    "k.layers.LeakyReLU(), k.layers.Flatten(), k.layers.Dense(4, activation='softmax')]",
    "depthwise": "[k.layers.SeparableConv2D(8, 3, padding='same', activation='swish'), "
    "k.layers.GlobalAveragePooling2D(), k.layers.Dropout(0.5), k.layers.Dense(4)]",
    "upsampling": "[k.layers.Conv2DTranspose(4, 3, strides=2), k.layers.UpSampling2D(2), "
    "k.layers.ZeroPadding2D(1), k.layers.LayerNormalization(), k.layers.Activation('gelu')]",
    "recurrent": "[k.layers.Reshape((16, 48)), k.layers.LSTM(8, return_sequences=True), "
    "k.layers.GRU(8), k.layers.Dense(3, activation='sigmoid')]",
}


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.tensorrt
def test_the_verdict_on_keras_networks_agrees_with_their_build(tmp_path: Path) -> None:
    lines = ["import keras as k"]
    for name, layers in KERAS.items():
        lines.append(f"net = k.Sequential([k.Input((16, 16, 3)), *{layers}])")
        lines.append(f"net.save({str(tmp_path / name)!r} + '.keras')")
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, capture_output=True)
    for name in KERAS:
        frozen = run_job(FreezeSpec(tmp_path / f"{name}.keras", tmp_path / f"{name}.pb"))
        graph = open_graph(frozen.path).with_outputs(map(TensorRef.parse, frozen.outputs))
        error = _fails(graph, {}, tmp_path / name)
        report = inspect(graph, "direct")
        assert report.supported == (error is None), (name, report.summary, str(error))
