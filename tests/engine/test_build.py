"""The build job's work: what it makes, what it says, how it fails."""

from __future__ import annotations

import builtins
import dataclasses
import errno
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.engine import build as build_module
from surgeon_gui.engine.build import build, build_error
from surgeon_gui.engine.devices import current_capability
from surgeon_gui.engine.flavours import DEFAULT_TARGETS
from surgeon_gui.engine.plan import read_plan_header
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
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.jobs.spec import BuildResult, BuildSpec, ShapeRange, TensorInfo
from surgeon_gui.network.ir import Network, NetworkBuilder, Tensor
from surgeon_gui.network.layers import (
    NMS,
    Activation,
    ActivationType,
    Constant,
    Convolution,
    Pooling,
    PoolingType,
    Reduce,
    ReduceOperation,
    Softmax,
)
from surgeon_gui.network.store import save_network
from surgeon_gui.network.to_onnx import save_onnx
from tests.engine.rtx import rtx
from tests.network.cases import CASES
from tests.network.cases.case import random

pytestmark = pytest.mark.tensorrt

BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(autouse=True)
def _tensorrt() -> None:
    rtx()


def convolution(channels: int, maps: int, stride: int = 1) -> Convolution:
    return Convolution(
        num_output_maps=maps,
        kernel_size=(3, 3),
        stride=(stride, stride),
        pre_padding=(1, 1),
        post_padding=(1, 1),
        dilation=(1, 1),
        kernel=random(maps, channels, 3, 3),
        bias=random(maps),
    )


def cnn(batch: int = 1, blocks: int = 2) -> Network:
    """A small classifier: convolutions, pool, mean, softmax."""
    builder = NetworkBuilder()
    x: Tensor = builder.add_input("image", DType.FLOAT32, (batch, 3, 16, 16))
    relu = Activation(type=ActivationType.RELU)
    for index in range(blocks):
        kind = convolution(x.shape[1], 8)
        (x,) = builder.add(kind, [x], name=f"block{index}/conv", origin=[f"block{index}/Conv2D"])
        (x,) = builder.add(relu, [x], name=f"block{index}/relu")
    pool = Pooling(
        type=PoolingType.MAX,
        window_size=(2, 2),
        stride=(2, 2),
        pre_padding=(0, 0),
        post_padding=(0, 0),
    )
    (x,) = builder.add(pool, [x], name="pool")
    mean = Reduce(op=ReduceOperation.AVG, axes=(2, 3), keep_dims=False)
    (x,) = builder.add(mean, [x], name="mean")
    (x,) = builder.add(Softmax(axis=1), [x], name="probabilities")
    builder.mark_output(x)
    return builder.build()


def spec_for(network: Network, folder: Path, **options: Any) -> BuildSpec:
    save_network(network, folder / "x.network")
    options.setdefault("gpus", ("sm86",))
    return BuildSpec(folder / "x.network", folder / "x.engine", **options)


class Recorder(QuietReport):
    """Keeps what is reported; cancels when told to."""

    def __init__(self, folder: Path, cancel_at: str | None = None) -> None:
        super().__init__(folder)
        self.phases: list[tuple[str, int, int | None]] = []
        self._cancel_at = cancel_at

    def progress(self, phase: str, done: int = 0, total: int | None = None) -> None:
        self.phases.append((phase, done, total))
        if phase == self._cancel_at:
            self.is_cancelled = True
        super().progress(phase, done, total)


def run(spec: BuildSpec, folder: Path) -> BuildResult:
    return build(spec, Recorder(folder))


def test_a_small_cnn_is_built(tmp_path: Path) -> None:
    report = Recorder(tmp_path)
    result = build(spec_for(cnn(), tmp_path), report)
    assert result.path.stat().st_size == result.bytes
    header = read_plan_header(result.path)
    assert (header.flavour, header.version) == ("rtx", result.tensorrt)
    assert result.gpu == ("sm86",)
    assert (result.flavour, result.route) == ("rtx", "direct")
    assert result.layers == len(cnn().layers)
    assert result.inputs == (TensorInfo("image", "float32", (1, 3, 16, 16)),)
    assert result.outputs == (TensorInfo("probabilities", "float32", (1, 8)),)
    assert result.warnings == ()
    names = [phase for phase, _, _ in report.phases]
    for phase in ("Loading the network", "Checking the layers", "Writing the engine"):
        assert phase in names
    steps = [(done, total) for _, done, total in report.phases if total]
    assert steps
    assert all(0 <= done <= total for done, total in steps)


def test_the_same_network_builds_the_same_engine(tmp_path: Path) -> None:
    spec = spec_for(cnn(), tmp_path)
    other = dataclasses.replace(spec, engine=tmp_path / "y.engine")
    run(spec, tmp_path)
    run(other, tmp_path)
    assert spec.engine.read_bytes() == other.engine.read_bytes()


def test_without_a_list_of_gpus_the_default_list_is_built_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "current_capability", lambda: None)
    monkeypatch.setattr("surgeon_gui.engine.config.current_capability", lambda: None)
    assert run(spec_for(cnn(), tmp_path, gpus=()), tmp_path).gpu == DEFAULT_TARGETS


def test_without_a_list_the_gpu_that_is_there_is_built_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "current_capability", lambda: "sm89")
    monkeypatch.setattr("surgeon_gui.engine.config.current_capability", lambda: "sm89")
    assert run(spec_for(cnn(), tmp_path, gpus=()), tmp_path).gpu == ("sm89",)


def test_a_gpu_that_cannot_run_the_plan_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "current_capability", lambda: "sm90")
    (warning,) = run(spec_for(cnn(), tmp_path, flavour="rtx"), tmp_path).warnings
    assert warning.startswith("The GPU here (sm90) does not run plans of TensorRT for RTX")


@pytest.mark.parametrize(
    ("here", "message"), [(None, "no GPU here"), ("sm90", r"GPU here \(sm90\)")]
)
def test_the_current_gpu_must_be_one_to_build_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str | None, message: str
) -> None:
    monkeypatch.setattr("surgeon_gui.engine.config.current_capability", lambda: here)
    with pytest.raises(UsageError, match=message) as caught:
        run(spec_for(cnn(), tmp_path, gpus=("current",)), tmp_path)
    assert caught.value.hint is not None
    assert "sm86" in caught.value.hint


def test_the_current_gpu_is_built_for_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surgeon_gui.engine.config.current_capability", lambda: "sm89")
    assert run(spec_for(cnn(), tmp_path, gpus=("current",)), tmp_path).gpu == ("sm89",)


@pytest.mark.skipif(current_capability() is not None, reason="there is a GPU")
def test_a_refittable_engine_without_a_gpu_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed) as caught:
        run(spec_for(cnn(), tmp_path, refittable=True), tmp_path)
    assert caught.value.hint is not None
    assert "needs a GPU while building" in caught.value.hint


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_engines_are_smaller(tmp_path: Path, precision: str) -> None:
    wide = NetworkBuilder()
    x = wide.add_input("image", DType.FLOAT32, (1, 64, 8, 8))
    (y,) = wide.add(convolution(64, 512), [x], name="conv")
    wide.mark_output(y)
    sizes = {}
    for name in ("fp32", precision):
        spec = spec_for(wide.build(), tmp_path, precision=name)
        result = run(spec, tmp_path)
        assert result.inputs[0].dtype == result.outputs[0].dtype == "float32"
        sizes[name] = result.bytes
    assert sizes[precision] < sizes["fp32"] - 64 * 512 * 9


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


def test_an_optimization_profile_bounds_a_dynamic_batch(tmp_path: Path) -> None:
    ranges = (ShapeRange("image", (1, 3, 16, 16), (4, 3, 16, 16), (8, 3, 16, 16)),)
    result = run(spec_for(cnn(batch=-1), tmp_path, profiles=(ranges,)), tmp_path)
    assert result.inputs[0].shape == (-1, 3, 16, 16)
    assert result.outputs[0].shape == (-1, 8)


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


def test_options_that_can_be_are_taken(tmp_path: Path) -> None:
    spec = spec_for(
        cnn(),
        tmp_path,
        workspace_bytes=1 << 28,
        optimization_level=1,
        tf32=True,
        sparse_weights=True,
    )
    assert run(spec, tmp_path).bytes


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
    with pytest.raises(EngineError, match=r"does not load: libcuda\.so\.1"):
        run(dataclasses.replace(spec_for(cnn(), tmp_path), flavour="rtx"), tmp_path)


def test_the_engine_room_imports_without_tensorrt_and_cuda(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def guarded(name: str, *arguments: Any, **named: Any) -> Any:
        assert name.partition(".")[0] not in ("tensorrt", "tensorrt_rtx", "cuda", "pycuda")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", guarded)
    for name in [name for name in sys.modules if name.startswith("surgeon_gui.engine")]:
        monkeypatch.delitem(sys.modules, name)
    importlib.import_module("surgeon_gui.engine.build")
    importlib.import_module("surgeon_gui.engine.witness")


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


def test_an_onnx_file_is_built_by_tensorrts_own_parser(tmp_path: Path) -> None:
    save_onnx(cnn(), tmp_path / "x.onnx")
    spec = BuildSpec(tmp_path / "x.onnx", tmp_path / "x.engine", route="onnx", gpus=("sm86",))
    result = run(spec, tmp_path)
    assert result.route == "onnx"
    assert result.inputs == (TensorInfo("image", "float32", (1, 3, 16, 16)),)
    assert result.outputs == (TensorInfo("probabilities", "float32", (1, 8)),)


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
