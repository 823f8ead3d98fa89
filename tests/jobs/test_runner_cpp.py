"""The C++ to take along: it compiles, prepares an image and runs an engine.

TensorRT's and CUDA's headers are stood in for by some that have the same names and arguments, with
an engine that gives y = 2 x.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from surgeon_gui.compare.images import ImageFeed, ImageRecipe, image_arrays
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.jobs.engine_card import EngineCard
from surgeon_gui.jobs.message import TensorInfo
from surgeon_gui.jobs.runner import python_runner
from surgeon_gui.jobs.runner_cpp import cmake_lists, cpp_runner
from surgeon_gui.jobs.spec import BuildSpec
from tests.engine.standin import VERSIONS, surface

STANDIN = Path(__file__).parent / "standin"
COMPILER = shutil.which("g++")
FLAGS = ("-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{STANDIN}")

CARD = EngineCard(
    sha256="",
    bytes=8,
    flavour="rtx",
    tensorrt="1.7.1.116",
    gpus=("sm89",),
    inputs=(TensorInfo("x", "float32", (1, 3, 4, 6)),),
    outputs=(TensorInfo("net/y", "float32", (1, 3, 4, 6)),),
    settings=BuildSpec(Path("/x.network"), Path("/x.engine")),
    network_sha256="",
    built_at="",
)
RECIPE = ImageRecipe("crop", "BGR", mean=(103.939, 116.779, 123.68), std=(2.0,))

SNAKE = {
    "deserializeCudaEngine": ("Runtime", "deserialize_cuda_engine"),
    "createExecutionContext": ("ICudaEngine", "create_execution_context"),
    "getNbIOTensors": ("ICudaEngine", "num_io_tensors"),
    "getIOTensorName": ("ICudaEngine", "get_tensor_name"),
    "getTensorIOMode": ("ICudaEngine", "get_tensor_mode"),
    "getTensorDataType": ("ICudaEngine", "get_tensor_dtype"),
    "getTensorLocation": ("ICudaEngine", "get_tensor_location"),
    "setInputShape": ("IExecutionContext", "set_input_shape"),
    "getTensorShape": ("IExecutionContext", "get_tensor_shape"),
    "setTensorAddress": ("IExecutionContext", "set_tensor_address"),
    "enqueueV3": ("IExecutionContext", "execute_async_v3"),
}
"""What the source calls, as the Python API of the same version names it."""


def built(folder: Path, card: EngineCard, recipe: ImageRecipe | None = None) -> Path:
    if COMPILER is None:
        pytest.skip("There is no g++ here.")
    source, program = folder / "run.cpp", folder / "run"
    source.write_text(cpp_runner(folder / "net.engine", card, "run", recipe=recipe))
    (folder / "net.engine").write_bytes(b"vtrtplan")
    command = [COMPILER, *FLAGS, str(source), "-o", str(program), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return program


def ran(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments],
        cwd=program.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_every_call_exists_in_every_version(version: str) -> None:
    text = cpp_runner(Path("net.engine"), replace(CARD, tensorrt=version), "run")
    calls = set(re.findall(r"(?:runtime|engine|context)->(\w+)\(", text))
    assert calls == set(SNAKE)
    classes = surface(version)["classes"]
    for owner, name in SNAKE.values():
        assert name in classes[owner], f"{owner}.{name}"


@pytest.mark.parametrize("flavour", ["rtx", "tensorrt"])
def test_the_program_runs_the_engine_on_arrays(tmp_path: Path, flavour: str) -> None:
    program = built(tmp_path, replace(CARD, flavour=flavour))
    x = np.linspace(-1, 1, 72, dtype=np.float32)
    x.tofile(tmp_path / "x.bin")
    done = ran(program, "x=x.bin")
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.fromfile(tmp_path / "net_y.bin", np.float32), 2 * x)
    assert ran(program).returncode == 0


@pytest.mark.parametrize("shape", [(1, 3, 4, 6), (2, 4, 6, 3)])
def test_an_image_is_prepared_as_python_does(tmp_path: Path, shape: tuple[int, ...]) -> None:
    card = replace(CARD, inputs=(TensorInfo("x", "float32", shape),))
    program = built(tmp_path, card, RECIPE)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "p.ppm")
    done = ran(program, "x=p.ppm")
    assert done.returncode == 0, done.stderr
    found = np.fromfile(tmp_path / "net_y.bin", np.float32).reshape(shape) / 2
    kind = TensorType(DType.FLOAT32, Shape(shape))
    expected = image_arrays(ImageFeed((tmp_path / "p.ppm",), RECIPE), {"x": kind})["x"]
    assert np.allclose(found, expected, atol=1e-4)
    space: dict[str, object] = {"__file__": str(tmp_path / "run.py"), "__name__": "runner"}
    text = python_runner(tmp_path / "net.engine", card, "run.py", recipe=RECIPE)
    start, end = text.index("SHAPES"), text.index("def call")
    exec("import numpy as np\n" + text[start:end], space)
    prepare = space["image"]
    assert callable(prepare)
    assert np.allclose(prepare(str(tmp_path / "p.ppm")), expected, atol=1e-4)


@pytest.mark.parametrize("resize", ["stretch", "fit", "crop"])
def test_every_way_to_resize_gives_what_python_gives_on_plain_areas(
    tmp_path: Path, resize: str
) -> None:
    recipe = ImageRecipe(resize)
    program = built(tmp_path, CARD, recipe)
    pixels = np.zeros((16, 8, 3), np.uint8)
    pixels[:8], pixels[8:] = (250, 0, 0), (0, 0, 250)
    Image.fromarray(pixels).save(tmp_path / "p.ppm")
    assert ran(program, "x=p.ppm").returncode == 0
    found = np.fromfile(tmp_path / "net_y.bin", np.float32).reshape(1, 3, 4, 6) / 2
    kind = TensorType(DType.FLOAT32, Shape((1, 3, 4, 6)))
    expected = image_arrays(ImageFeed((tmp_path / "p.ppm",), recipe), {"x": kind})["x"]
    assert np.allclose(found[..., 0, :], expected[..., 0, :], atol=0.02)
    assert np.allclose(found[..., 3, :], expected[..., 3, :], atol=0.02)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x=none.bin",), "cannot read none.bin"),
        (("z=x.bin",), "there is no input z"),
        (("x",), "Usage"),
        (("x=x.bin",), "takes 288"),
    ],
)
def test_a_wrong_call_ends_in_words(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    program = built(tmp_path, CARD)
    (tmp_path / "x.bin").write_bytes(b"123")
    done = ran(program, *arguments)
    assert done.returncode == 1
    assert words in done.stderr


def test_plugins_are_loaded_where_there_are_any() -> None:
    settings = replace(CARD.settings, plugins=(Path("/opt/libmine.so"),))
    card = replace(CARD, flavour="tensorrt", tensorrt="8.6.1", settings=settings)
    text = cpp_runner(Path("net.engine"), card, "run")
    assert '"/opt/libmine.so"' in text
    assert "initLibNvInferPlugins" in text
    assert "kINT64" not in text
    lists = cmake_lists(card, "run", "run.cpp")
    assert "nvinfer_plugin" in lists
    assert "tensorrt_rtx" in cmake_lists(CARD, "run", "run.cpp")


@pytest.mark.parametrize("flavour", ["rtx", "tensorrt"])
def test_cmake_takes_the_lists(tmp_path: Path, flavour: str) -> None:
    cmake = shutil.which("cmake")
    if cmake is None or COMPILER is None:
        pytest.skip("There is no cmake here.")
    card = replace(CARD, flavour=flavour)
    built(tmp_path, card)
    for name in ("tensorrt_rtx", "nvinfer", "nvinfer_plugin"):
        (tmp_path / f"lib{name}.a").write_bytes(b"!<arch>\n")
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "FindCUDAToolkit.cmake").write_text(
        "set(CUDAToolkit_FOUND TRUE)\nadd_library(CUDA::cudart INTERFACE IMPORTED)\n"
    )
    (tmp_path / "CMakeLists.txt").write_text(cmake_lists(card, "run", "run.cpp"))
    options = (
        f"-DCMAKE_MODULE_PATH={tmp_path / 'modules'}",
        f"-DNVINFER_INCLUDE={STANDIN}",
        f"-DNVINFER_LIBRARY={tmp_path / 'libnvinfer.a'}",
        f"-DNVINFER_PLUGIN_LIBRARY={tmp_path / 'libnvinfer_plugin.a'}",
    )
    for command in (
        [cmake, "-S", str(tmp_path), "-B", str(tmp_path / "build"), *options],
        [cmake, "--build", str(tmp_path / "build")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "build" / "run").exists()
