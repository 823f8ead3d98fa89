"""The script to take along: it compiles, and runs an engine with the real classes' names."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from surgeon_gui.compare.images import ImageRecipe
from surgeon_gui.jobs.engine_card import EngineCard
from surgeon_gui.jobs.message import TensorInfo
from surgeon_gui.jobs.runner import python_runner
from surgeon_gui.jobs.spec import BuildSpec, ShapeRange
from tests.engine.fake_cuda import FakeRuntime, void
from tests.engine.fake_engine import Design, HostMemory, fake_flavour

CARD = EngineCard(
    sha256="",
    bytes=4,
    flavour="tensorrt",
    tensorrt="10.16.1.11",
    gpus=("sm89",),
    inputs=(TensorInfo("x", "float32", (-1, 4)), TensorInfo("k", "int32", ())),
    outputs=(TensorInfo("y", "float32", (-1, 4)),),
    settings=BuildSpec(
        Path("/x.network"),
        Path("/x.engine"),
        profiles=((ShapeRange("x", (1, 4), (3, 4), (8, 4)),),),
        plugins=(Path("/opt/libmine.so"),),
    ),
    network_sha256="",
    built_at="",
)


def test_the_script_knows_the_engine() -> None:
    text = python_runner(Path("net.engine"), CARD, "run.py")
    compile(text, "run.py", "exec")
    assert "import tensorrt as trt" in text
    assert "input x: float32 [-1, 4]" in text
    assert "'/opt/libmine.so'" in text
    assert "'x': (3, 4)" in text
    rtx = python_runner(Path("net.engine"), replace(CARD, flavour="rtx"), "run.py")
    assert "import tensorrt_rtx as trt" in rtx


class Runtime(FakeRuntime):
    """With the two calls only the script uses."""

    def cudaStreamCreate(self) -> tuple[int, int]:
        return self.cudaStreamCreateWithFlags(0)

    def cudaMemcpyAsync(
        self, target: int, source: int, size: int, kind: int, stream: int
    ) -> tuple[int]:
        # The script copies from numpy's own memory, which the fake does not know.
        self.enqueue(stream, lambda: void(ctypes.memmove(target, source, size)))
        return (0,)


def test_the_script_runs_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime = Runtime()
    trt = fake_flavour("10.16.1.11", HostMemory(runtime), Design()).module
    module: Any = ModuleType("tensorrt")
    vars(module).update(vars(trt))
    module.Logger = type("Logger", (), {"WARNING": 1, "__init__": lambda self, level: None})
    module.nptype = lambda dtype: np.int32 if dtype.name == "INT32" else np.float32
    bindings: Any = ModuleType("cuda.bindings")
    bindings.runtime = runtime
    for name, made in (("tensorrt", module), ("cuda.bindings", bindings)):
        monkeypatch.setitem(sys.modules, name, made)
    monkeypatch.setattr(sys, "argv", ["run.py"])
    (tmp_path / "net.engine").write_bytes(b"plan")
    card = replace(CARD, settings=replace(CARD.settings, plugins=()))
    text = python_runner(tmp_path / "net.engine", card, "run.py")
    space: dict[str, Any] = {"__file__": str(tmp_path / "run.py"), "__name__": "runner"}
    exec(compile(text, "run.py", "exec"), space)
    engine, _ = space["load"]()
    x = np.linspace(-1, 1, 12).reshape(3, 4)
    outputs = space["run"](engine, {"x": x, "k": np.int32(1)})
    assert np.allclose(outputs["y"], np.maximum(2 * x + 1, 0))
    assert runtime.live == {}
    monkeypatch.setattr(sys, "argv", ["run.py", "--help"])
    space["main"]()
    assert "Usage: python run.py" in capsys.readouterr().out


def test_an_input_of_integers_takes_pixels_as_they_are(tmp_path: Path) -> None:
    settings = replace(CARD.settings, profiles=())
    card = replace(CARD, inputs=(TensorInfo("x", "uint8", (1, 2, 2, 3)),), settings=settings)
    text = python_runner(tmp_path / "net.engine", card, "run.py", recipe=ImageRecipe())
    pixels = np.arange(0, 240, 20, dtype=np.uint8).reshape(2, 2, 3)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    space: dict[str, Any] = {}
    exec("import numpy as np\n" + text[text.index("SHAPES") : text.index("def call")], space)
    assert np.array_equal(space["image"](tmp_path / "p.png")[0], pixels)
