"""Real models through UFF: the file computes what TensorFlow computes on the graph, and builds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.compare.inputs import save_npz
from surgeon_gui.uff.reader import open_uff
from tests.cli.command import surgeon
from tests.helpers.shared import shared_path


@dataclass(frozen=True)
class Model:
    """A real model that fits UFF, and what makes it fit.

    Attributes:
        shape: of its input, where the graph leaves dimensions open.
        rules: surgery before the export.
        custom: operations that stay plugins in the file; our own lowering has layers for them.
        runs: whether TensorFlow itself computes numbers from it.
        fixed: what inputs must be fed that the network has not.
    """

    shape: str = ""
    rules: tuple[str, ...] = ()
    custom: frozenset[str] = frozenset()
    runs: bool = True
    fixed: dict[str, float] = field(default_factory=dict)

    @property
    def options(self) -> list[str]:
        return ["--shape", self.shape] if self.shape else []

    @property
    def surgery(self) -> list[str]:
        return [*self.options, *(word for rule in self.rules for word in ("--rules", rule))]


MODELS = {
    "cifar_small": Model(),
    "mobilenet_v1_0.25_128_frozen": Model(),
    "charades_squeezenet": Model("input_image=1x224x224x3"),
    "unet_semseg_person_08": Model(),
    "lstm_mnist_dropout_leftovers": Model("X=1x784", ("clean",)),
    "bsrn_super_resolution": Model(
        "sr_input=1x16x16x3",
        ("clean", "depth-to-space-to-transposed-convolution", "fold-fill"),
        fixed={"sr_input_scale": 4.0},
    ),
    "tf_pose_mobilenet_v2_small": Model(
        "image=1x128x128x3",
        ("batch-statistics-to-plugin",),
        custom=frozenset({"_InstanceNormalization_TRT", "_ResizeBilinear"}),
    ),
    # TensorFlow makes NaN of this one: some of its quantized ranges are empty.
    "opencv_face_detector_uint8": Model("data=1x300x300x3", runs=False),
}


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def uff(name: str, tmp_path: Path) -> Path:
    path = tmp_path / "model.uff"
    ran = surgeon("export", shared_path(f"models/{name}.pb"), *MODELS[name].surgery, "-o", path)
    assert ran.status == 0
    return path


def test_only_plugins_are_custom_operations(name: str, uff: Path) -> None:
    operations = {node.operation for node in open_uff(uff).nodes}
    assert {item for item in operations if item.startswith("_")} == MODELS[name].custom


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_file_computes_what_the_graph_computes(name: str, uff: Path, tmp_path: Path) -> None:
    model = MODELS[name]
    if not model.runs:
        pytest.skip("TensorFlow itself gives no numbers.")
    original = shared_path(f"models/{name}.pb")
    feeds = []
    if model.fixed:
        dims = [int(dim) for dim in model.shape.partition("=")[2].split("x")]
        image = np.random.default_rng(0).uniform(0, 1, dims).astype(np.float32)
        arrays = {key: np.array(value, np.float32) for key, value in model.fixed.items()}
        arrays[model.shape.partition("=")[0]] = image
        save_npz(tmp_path / "x.npz", arrays)
        feeds = ["--inputs", tmp_path / "x.npz"]
    ran = surgeon("verify", uff, *model.options, *feeds, "--original", original, "--json")
    assert ran.status == 0
    for row in ran.json["outputs"]:
        assert row["max_rel"] <= 1e-3
        assert row["cosine"] >= 0.99999


@pytest.mark.tensorrt
@pytest.mark.slow
def test_the_engine_of_the_file_builds(name: str, uff: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx")
    engine = tmp_path / "model.engine"
    model = MODELS[name]
    ran = surgeon("build", uff, *model.options, "--gpu", "sm89", "-o", engine, "--json")
    assert ran.status == 0
    assert ran.json["bytes"] == engine.stat().st_size > 0
