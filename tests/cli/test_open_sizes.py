"""`--shape NAME=?x?x?x3`: dimensions stay open in what export, verify, inspect and build make."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import tensorflow as tf

from surgeon_gui.cli.options import parse_shape
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.values import Shape
from surgeon_gui.network.store import load_network
from tests.cli.command import surgeon

pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net that halves its image and doubles it again, of no known size."""
    path = tmp_path_factory.mktemp("models") / "doubles.pb"
    with tf.Graph().as_default() as graph:
        image = tf.compat.v1.placeholder(tf.float32, (None, None, None, 3), name="image")
        kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 3)).astype(np.float32)
        low = tf.nn.relu(tf.nn.conv2d(image, kernel, 2, "SAME"))
        size = tf.shape(image)[1:3]
        up = tf.raw_ops.ResizeBilinear(images=low, size=size, half_pixel_centers=True)
        tf.add(image, up, name="doubled")
        path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


@pytest.mark.parametrize(
    ("text", "dims"),
    [
        ("image=?x?x?x3", (-1, -1, -1, 3)),
        ("image=-1x-1x-1x3", (-1, -1, -1, 3)),
        ("image=1x?x224x3", (1, -1, 224, 3)),
        ("image:0=?", (-1,)),
        ("keep_prob=scalar", ()),
    ],
)
def test_a_shape_may_leave_dimensions_open(text: str, dims: tuple[int, ...]) -> None:
    assert parse_shape(text) == (text.partition("=")[0].removesuffix(":0"), Shape(dims))


@pytest.mark.parametrize("text", ["image", "image=", "image=1x-2x3", "image=?x", "image=1×2"])
def test_what_is_no_shape_is_bad_usage(text: str) -> None:
    with pytest.raises(UsageError):
        parse_shape(text)


def test_without_a_shape_the_sizes_are_asked_for(model: Path) -> None:
    ran = surgeon("inspect", model, "--json")
    assert ran.status == 1
    (problem,) = ran.json["problems"]
    assert "--shape image=?x?x?x3" in problem["remedy"] or "1x224x224x3" in problem["remedy"]


def test_inspect_takes_open_sizes(model: Path) -> None:
    ran = surgeon("inspect", model, "--shape", "image=?x?x?x3", "--json")
    assert ran.status == 0
    assert ran.json["supported"] is True
    assert ran.json["inputs"][0]["shape"] == [-1, -1, -1, 3]


def test_export_writes_symbolic_dimensions(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.onnx"
    assert surgeon("export", model, "--shape", "image=1x?x?x3", "-o", target).status == 0
    dims = onnx.load(target).graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_value for dim in dims] == [1, 0, 0, 3]
    assert dims[1].dim_param
    assert dims[1].dim_param != dims[2].dim_param
    network = tmp_path / "x.network"
    assert surgeon("export", model, "--shape", "image=?x64x64x3", "-o", network).status == 0
    assert load_network(network).inputs[0].shape == (-1, 64, 64, 3)


def test_verify_picks_sizes_and_takes_given_ones(model: Path, tmp_path: Path) -> None:
    ran = surgeon("verify", model, "--shape", "image=?x?x?x3", "--json")
    assert ran.status == 0
    assert ran.json["outputs"][0]["shape"][0] > 1
    given = tmp_path / "x.npz"
    np.savez(given, allow_pickle=False, image=np.ones((2, 37, 41, 3), np.float32))
    ran = surgeon("verify", model, "--shape", "image=?x?x?x3", "--inputs", given, "--json")
    assert ran.status == 0
    assert ran.json["outputs"][0]["shape"] == [2, 37, 41, 3]


@pytest.mark.tensorrt
def test_build_takes_a_profile_of_sizes(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.engine"
    profile = "image=1x32x32x3:1x224x224x3:4x512x640x3"
    ran = surgeon("build", model, "--profile", profile, "--gpu", "sm86", "-o", target, "--json")
    assert ran.status == 0, ran.stdout
    assert ran.json["inputs"][0]["shape"] == [-1, -1, -1, 3]
    assert target.stat().st_size > 0


@pytest.mark.tensorrt
def test_a_second_range_is_a_second_profile(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.engine"
    ranges = ("image=1x32x32x3:1x64x64x3:1x96x96x3", "image=4x32x32x3:4x64x64x3:8x96x96x3")
    options = [part for text in ranges for part in ("--profile", text)]
    ran = surgeon("build", model, *options, "--gpu", "sm86", "-o", target, "--json")
    assert ran.status == 0, ran.stdout
    card = json.loads(target.with_name("x.engine.json").read_text("utf-8"))
    made = [profile[0]["optimum"] for profile in card["settings"]["profiles"]]
    assert made == [[1, 64, 64, 3], [4, 64, 64, 3]]


def test_profiles_that_lack_an_input_are_refused(model: Path, tmp_path: Path) -> None:
    ranges = ("image=1x32x32x3:1x64x64x3:1x96x96x3", "image=4x32x32x3:4x64x64x3:8x96x96x3")
    options = [part for text in (*ranges, "other=1:2:3") for part in ("--profile", text)]
    ran = surgeon("build", model, *options, "-o", tmp_path / "x.engine", "--json")
    assert ran.status == 2
    assert ran.json["error"]["where"] == "other"


@pytest.mark.tensorrt
def test_build_of_open_sizes_asks_for_a_profile(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.engine"
    ran = surgeon("build", model, "--shape", "image=?x?x?x3", "-o", target, "--json")
    assert ran.status == 2
    assert "profile" in ran.json["error"]["hint"]
