"""The build job's work: each way to fail ends in words, and leaves the old engine alone."""

from __future__ import annotations

import dataclasses
import errno
import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.engine import build as build_module
from surgeon_gui.engine.build import build, build_error
from surgeon_gui.engine.config import store_timing_cache
from surgeon_gui.engine.devices import current_capability
from surgeon_gui.engine.readback import read_network
from surgeon_gui.errors import (
    BuildFailed,
    EngineError,
    JobCancelled,
    OpenError,
    PlanMismatch,
    SaveError,
    SurgeonError,
    UsageError,
)
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.spec import BuildSpec, Provenance, ShapeRange
from surgeon_gui.network.ir import Network, NetworkBuilder
from surgeon_gui.network.layers import (
    NMS,
    Constant,
)
from tests.engine.builds import Recorder, cnn, run, spec_for
from tests.engine.rtx import rtx
from tests.network.cases import CASES

pytestmark = pytest.mark.tensorrt

BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(autouse=True)
def _tensorrt() -> None:
    rtx()


def test_a_gpu_that_cannot_run_the_plan_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "current_capability", lambda: "sm90")
    (warning,) = run(spec_for(cnn(), tmp_path, flavour="rtx"), tmp_path).warnings
    assert warning.startswith("The GPU here (sm90) does not run plans of TensorRT for RTX")


@pytest.mark.skipif(current_capability() is not None, reason="there is a GPU")
def test_a_refittable_engine_without_a_gpu_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed) as caught:
        run(spec_for(cnn(), tmp_path, refittable=True), tmp_path)
    assert caught.value.hint is not None
    assert "needs a GPU while building" in caught.value.hint


def test_bf16_on_a_gpu_without_it_is_explained(tmp_path: Path) -> None:
    spec = spec_for(cnn(), tmp_path, precision="bf16", gpus=("sm75",))
    with pytest.raises(BuildFailed) as caught:
        run(spec, tmp_path)
    assert caught.value.hint is not None
    assert "no such dtype" in caught.value.hint


def test_int8_needs_scales_in_the_network(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no quantization scales"):
        run(spec_for(cnn(), tmp_path, precision="int8"), tmp_path)
    quantized = BY_NAME["quantize"].network()
    assert run(spec_for(quantized, tmp_path, precision="int8"), tmp_path).bytes


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ((), "dynamic dimensions: image"),
        ((("other", 1, 1, 1),), "no such input"),
        ((("image", 2, 1, 4),), "minimum ≤ optimum ≤ maximum"),
        ((("image", 1, 4, 2),), "minimum ≤ optimum ≤ maximum"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused(
    tmp_path: Path, ranges: tuple[tuple[str, int, int, int], ...], message: str
) -> None:
    profile = tuple(
        ShapeRange(name, *((batch, 3, 16, 16) for batch in corners)) for name, *corners in ranges
    )
    profiles = (profile,) if profile else ()
    with pytest.raises(UsageError, match=message):
        run(spec_for(cnn(batch=-1), tmp_path, profiles=profiles), tmp_path)


@pytest.mark.parametrize(
    ("corner", "message"), [((1, 3, 16), "4 dimensions"), ((1, 3, 8, 16), "fixed at 16")]
)
def test_a_profile_of_other_dimensions_is_refused(
    tmp_path: Path, corner: tuple[int, ...], message: str
) -> None:
    profile = (ShapeRange("image", corner, corner, corner),)
    with pytest.raises(UsageError, match=message) as caught:
        run(spec_for(cnn(batch=-1), tmp_path, profiles=(profile,)), tmp_path)
    assert caught.value.where == "image"


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"gpus": ("sm90",)}, "gpus"),
        ({"gpus": ("current", "sm86")}, "gpus"),
        ({"optimization_level": 9}, "optimization_level"),
        ({"workspace_bytes": 0}, "workspace_bytes"),
        ({"precision": "fp64"}, "precision"),
        ({"route": "uff"}, "route"),
        ({"timing_cache": Path("cache")}, "timing_cache"),
        ({"hardware_compatible": True}, "hardware_compatible"),
    ],
)
def test_an_option_that_cannot_be_is_named(
    tmp_path: Path, options: dict[str, Any], where: str
) -> None:
    with pytest.raises(UsageError) as caught:
        run(spec_for(cnn(), tmp_path, **options), tmp_path)
    assert caught.value.where == where
    assert not (tmp_path / "x.engine").exists()


def test_too_small_a_workspace_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="workspace") as caught:
        run(spec_for(cnn(), tmp_path, workspace_bytes=1024), tmp_path)
    assert caught.value.hint == "Raise the workspace limit."


def test_a_version_compatible_engine_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed) as caught:
        run(spec_for(cnn(), tmp_path, version_compatible=True), tmp_path)
    assert caught.value.hint is not None
    assert "lean runtime" in caught.value.hint


@pytest.mark.parametrize("phase", ["Loading the network", "Checking the layers"])
def test_cancel_before_the_build_ends_it(tmp_path: Path, phase: str) -> None:
    with pytest.raises(JobCancelled):
        build(spec_for(cnn(), tmp_path), Recorder(tmp_path, cancel_at=phase))


def test_cancel_in_the_middle_of_the_build_ends_it(tmp_path: Path) -> None:
    spec = spec_for(cnn(blocks=6), tmp_path)
    first = Recorder(tmp_path)
    build(spec, first)
    inner = [phase for phase, _, total in first.phases if total]
    spec.engine.write_bytes(b"the old engine")
    second = Recorder(tmp_path, cancel_at=inner[len(inner) // 2])
    with pytest.raises(JobCancelled):
        build(spec, second)
    assert spec.engine.read_bytes() == b"the old engine"
    assert len(second.phases) < len(first.phases)


def test_a_full_disk_keeps_the_old_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_for(cnn(), tmp_path)
    spec.engine.write_bytes(b"the old engine")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SaveError, match="No space left"):
        run(spec, tmp_path)
    assert spec.engine.read_bytes() == b"the old engine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.engine", "x.network"]


@pytest.mark.parametrize("name", ["none/x.engine", "."])
def test_where_nothing_can_be_written_is_said_before_the_build(tmp_path: Path, name: str) -> None:
    spec = dataclasses.replace(spec_for(cnn(), tmp_path), engine=tmp_path / name)
    report = Recorder(tmp_path)
    with pytest.raises(SaveError):
        build(spec, report)
    assert not report.phases


def test_an_engine_does_not_overwrite_its_model(tmp_path: Path) -> None:
    model = tmp_path / "m.pb"
    model.write_bytes(b"the model")
    spec = dataclasses.replace(
        spec_for(cnn(), tmp_path), engine=model, provenance=Provenance(str(model))
    )
    with pytest.raises(UsageError, match=r"overwrite.*made from") as caught:
        run(spec, tmp_path)
    assert "m.engine" in str(caught.value.hint)
    assert model.read_bytes() == b"the model"
    with pytest.raises(UsageError, match="overwrite"):
        run(dataclasses.replace(spec, engine=spec.network), tmp_path)


def test_plugin_libraries_do_not_stop_a_tensorrt_without_plugins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = dataclasses.replace(spec_for(cnn(), tmp_path), plugins=(tmp_path / "libmine.so",))
    assert run(spec, tmp_path).path.is_file()
    assert "takes no plugins, so libmine.so stays out" in caplog.text


def test_a_timing_cache_that_cannot_be_kept_spoils_no_build(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Config:
        def get_timing_cache(self) -> Config:
            return self

        def serialize(self) -> bytes:
            return b"times"

    (tmp_path / "file").write_bytes(b"")
    spec = dataclasses.replace(
        spec_for(cnn(), tmp_path), timing_cache=tmp_path / "file" / "x.cache"
    )
    store_timing_cache(Config(), spec)
    assert "timing cache is not kept" in caplog.text
    spec = dataclasses.replace(spec, timing_cache=tmp_path / "new" / "x.cache")
    store_timing_cache(Config(), spec)
    assert (tmp_path / "new" / "x.cache").read_bytes() == b"times"


def blocked(*names: str) -> Callable[..., Any]:
    """Return an import function that does not find some modules."""
    real = importlib.import_module

    def find(name: str, *arguments: Any) -> Any:
        if name in names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *arguments)

    return find


def test_without_tensorrt_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib, "import_module", blocked("tensorrt", "tensorrt_rtx"))
    spec = spec_for(cnn(), tmp_path)
    for flavour in (None, "rtx", "tensorrt"):
        with pytest.raises(EngineError, match="not installed here") as caught:
            run(dataclasses.replace(spec, flavour=flavour), tmp_path)
        assert caught.value.hint is not None
        assert "pip install" in caught.value.hint


def test_a_tensorrt_that_does_not_load_is_told_from_a_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str, *arguments: Any) -> Any:
        raise ImportError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr(importlib, "import_module", broken)
    for flavour in (None, "rtx", "tensorrt"):
        with pytest.raises(EngineError, match=r"does not load: libcuda\.so\.1") as caught:
            run(dataclasses.replace(spec_for(cnn(), tmp_path), flavour=flavour), tmp_path)
        assert caught.value.hint is not None
        assert "memory" in caught.value.hint


def test_a_tensorrt_that_loads_is_taken_before_one_that_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.import_module

    def broken(name: str, *arguments: Any) -> Any:
        if name == "tensorrt":
            raise ImportError("libnvinfer.so.11: cannot open shared object file")
        return real(name, *arguments)

    monkeypatch.setattr(importlib, "import_module", broken)
    spec = dataclasses.replace(spec_for(cnn(), tmp_path), flavour=None)
    assert run(spec, tmp_path).flavour == "rtx"


def test_a_layer_that_cannot_be_built_is_explained(tmp_path: Path) -> None:
    builder = NetworkBuilder()
    boxes = builder.add_input("boxes", DType.FLOAT32, (1, 8, 4))
    scores = builder.add_input("scores", DType.FLOAT32, (1, 8, 1))
    (most,) = builder.add(Constant(weights_=np.array(3, np.int32)), name="most")
    kept, _ = builder.add(
        NMS(topk_box_limit=8), [boxes, scores, most], name="nms", origin=["NonMaxSuppressionV3"]
    )
    builder.mark_output(kept)
    with pytest.raises(BuildFailed) as caught:
        run(spec_for(builder.build(), tmp_path), tmp_path)
    assert caught.value.hint == "This TensorRT cannot build that layer."
    assert "catchCudaError" not in str(caught.value)


def test_messages_point_at_the_node_they_speak_of() -> None:
    origins = {"conv": ("scope/Conv2D",), "conv1": ("scope/Conv2D_1",), "a": ("other",)}
    error = build_error(["(conv1) [Convolution]: a tactic failed for conv1+relu."], origins)
    assert error.where == "scope/Conv2D_1"
    assert build_error(["Something failed."], origins).where is None


def test_a_network_that_reads_back_otherwise_is_not_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bent(definition: Any, flavour: Any) -> Network:
        network = read_network(definition, flavour)
        return dataclasses.replace(network, layers=network.layers[::-1])

    monkeypatch.setattr(build_module, "read_network", bent)
    with pytest.raises(PlanMismatch, match="another network than it was given"):
        run(spec_for(cnn(), tmp_path), tmp_path)
    assert not (tmp_path / "x.engine").exists()


@pytest.mark.parametrize("content", [b"", b"hello"])
def test_a_file_without_a_model_is_no_onnx_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.onnx").write_bytes(content)
    spec = BuildSpec(tmp_path / "x.onnx", tmp_path / "x.engine", route="onnx", gpus=("sm86",))
    with pytest.raises(BuildFailed, match="ONNX parser"):
        run(spec, tmp_path)


def test_a_missing_network_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OpenError):
        run(BuildSpec(tmp_path / "none.network", tmp_path / "x.engine"), tmp_path)


def test_two_builds_in_one_process_do_not_mix_their_errors(tmp_path: Path) -> None:
    with pytest.raises(SurgeonError):
        run(spec_for(cnn(), tmp_path, workspace_bytes=1024), tmp_path)
    assert run(spec_for(cnn(), tmp_path), tmp_path).warnings == ()
