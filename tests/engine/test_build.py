"""The build job's work: what it makes and what it says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from surgeon_gui.engine import build as build_module
from surgeon_gui.engine.build import build
from surgeon_gui.engine.flavours import DEFAULT_TARGETS
from surgeon_gui.engine.plan import read_plan_header
from surgeon_gui.errors import (
    UsageError,
)
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.spec import BuildSpec, ShapeRange, TensorInfo
from surgeon_gui.network.ir import NetworkBuilder
from surgeon_gui.network.precision import with_precision
from surgeon_gui.network.to_onnx import save_onnx
from tests.engine.builds import Recorder, cnn, convolution, run, spec_for
from tests.engine.rtx import rtx

pytestmark = pytest.mark.tensorrt


@pytest.fixture(autouse=True)
def _tensorrt() -> None:
    rtx()


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


def test_an_optimization_profile_bounds_a_dynamic_batch(tmp_path: Path) -> None:
    ranges = (ShapeRange("image", (1, 3, 16, 16), (4, 3, 16, 16), (8, 3, 16, 16)),)
    result = run(spec_for(cnn(batch=-1), tmp_path, profiles=(ranges,)), tmp_path)
    assert result.inputs[0].shape == (-1, 3, 16, 16)
    assert result.outputs[0].shape == (-1, 8)


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


def test_an_onnx_file_is_built_by_tensorrts_own_parser(tmp_path: Path) -> None:
    save_onnx(cnn(), tmp_path / "x.onnx")
    spec = BuildSpec(tmp_path / "x.onnx", tmp_path / "x.engine", route="onnx", gpus=("sm86",))
    result = run(spec, tmp_path)
    assert result.route == "onnx"
    assert result.inputs == (TensorInfo("image", "float32", (1, 3, 16, 16)),)
    assert result.outputs == (TensorInfo("probabilities", "float32", (1, 8)),)


def test_a_file_in_another_precision_than_asked_for_is_refused(tmp_path: Path) -> None:
    """TensorRT for RTX would build it as it is."""
    save_onnx(with_precision(cnn(), DType.FLOAT16), tmp_path / "half.onnx")
    save_onnx(cnn(), tmp_path / "full.onnx")
    spec = BuildSpec(
        tmp_path / "half.onnx",
        tmp_path / "x.engine",
        route="onnx",
        gpus=("sm86",),
        precision="fp16",
    )
    assert run(spec, tmp_path).bytes
    for precision in ("fp16", "bf16", "int8"):
        other = dataclasses.replace(spec, network=tmp_path / "full.onnx", precision=precision)
        with pytest.raises(UsageError, match=f"Nothing in this file is {precision}"):
            run(other, tmp_path)
