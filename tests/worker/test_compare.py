"""Any two ways to compute a network are held against each other, tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.compare.inputs import load_npz, save_npz
from surgeon_gui.engine import build as build_module
from surgeon_gui.engine import devices
from surgeon_gui.engine import run as run_module
from surgeon_gui.engine.run import Executed, latency_of
from surgeon_gui.errors import BuildFailed, CompareError, RunFailed, UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.jobs.report import QuietReport, Report
from surgeon_gui.jobs.spec import (
    BuildResult,
    BuildSpec,
    CompareResult,
    CompareSpec,
    RunResult,
    RunSpec,
    SideSpec,
)
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.network.store import load_network, save_network
from surgeon_gui.network.to_onnx import onnx_from_network
from surgeon_gui.reference.onnx_runner import OnnxRunner
from surgeon_gui.worker.tasks import compare as compare_module
from surgeon_gui.worker.tasks.compare import compare
from surgeon_gui.worker.tasks.run import run_engine

GRAPH = """
x = Placeholder() {dtype=f32, shape=[1,2,3,4]}
a = Abs(x)
b = Neg(a)
c = Exp(b)
y = Tanh(c)
"""
OTHER = GRAPH.replace("b = Neg(a)", "b = Abs(a)")


def graph_file(folder: Path, text: str = GRAPH, name: str = "graph.pb") -> Path:
    save_graphdef(parse_text(text), folder / name)
    return folder / name


def network_file(folder: Path, text: str = GRAPH, name: str = "graph.network") -> Path:
    network = network_from_graph(parse_text(text)).network
    assert network is not None
    save_network(network, folder / name)
    return folder / name


def compared(folder: Path, spec: CompareSpec) -> CompareResult:
    result = compare(spec, QuietReport(folder))
    assert isinstance(result, CompareResult)
    return result


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """A GPU that computes what ONNX Runtime does; what each engine shows is noted."""
    shown: list[tuple[str, ...]] = []

    def build(spec: BuildSpec, report: Report) -> BuildResult:
        network = load_network(spec.network)
        shown.append(tuple(network.outputs))
        if "c" in network.outputs and spec.precision == "int8":
            raise BuildFailed("It cannot be marked.")
        save_network(network, spec.engine)
        return BuildResult(spec.engine, 1, 1, "10", "tensorrt", "direct", ("current",), (), ())

    def run(spec: RunSpec, report: Report) -> Executed:
        assert spec.inputs is not None
        model = onnx_from_network(load_network(spec.engine))
        feeds = load_npz(spec.inputs)
        outputs: Mapping[str, Any] = OnnxRunner(model).run(feeds)
        times = (2.0,) * spec.iterations
        result = RunResult(
            "GPU", "sm89", "tensorrt", "10", (), (), latency_of(times), times, 0, 0, 1, (), 0
        )
        return Executed(result, feeds, outputs)

    monkeypatch.setattr(devices, "current_capability", lambda: "sm89")
    monkeypatch.setattr(build_module, "build", build)
    monkeypatch.setattr(run_module, "run", run)
    return shown


@pytest.mark.tensorflow
def test_a_network_equals_tensorflow_and_both_are_timed(tmp_path: Path) -> None:
    spec = CompareSpec(SideSpec(network_file(tmp_path)), SideSpec(graph_file(tmp_path)))
    result = compared(tmp_path, spec)
    assert result.ok
    assert (result.value, result.reference) == (
        "graph.network in ONNX Runtime",
        "graph.pb in TensorFlow",
    )
    assert [row.name for row in result.outputs] == ["y"]
    assert [time.ms > 0 for time in result.times] == [True, True]


@pytest.mark.tensorflow
def test_the_first_tensor_that_differs_is_found(tmp_path: Path) -> None:
    spec = CompareSpec(SideSpec(network_file(tmp_path, OTHER)), SideSpec(graph_file(tmp_path)))
    result = compared(tmp_path, spec)
    assert not result.ok
    first = result.first_divergence
    assert first is not None
    assert (first.node, first.op) == ("b", "Neg")
    assert first.layer


def test_stored_results_are_compared_with_stored_results(tmp_path: Path) -> None:
    save_npz(tmp_path / "a.npz", {"y": np.ones(4, np.float32)})
    save_npz(tmp_path / "b.npz", {"y": np.full(4, 1.5, np.float32)})
    spec = CompareSpec(SideSpec(tmp_path / "a.npz"), SideSpec(tmp_path / "b.npz"))
    result = compared(tmp_path, spec)
    assert not result.ok
    assert result.outputs[0].metrics["max_abs"] == 0.5
    assert result.times == ()


def test_all_tensors_can_be_stored_and_compared_later(tmp_path: Path) -> None:
    network, stored = SideSpec(network_file(tmp_path)), tmp_path / "all.npz"
    spec = CompareSpec(network, network, all_tensors=True, save_value=stored)
    first = compared(tmp_path, spec)
    assert [row.name for row in first.tensors] == ["a", "b", "c"]
    assert set(load_npz(stored)) == {"a", "b", "c", "y"}
    other = SideSpec(network_file(tmp_path, OTHER, "other.network"))
    again = compared(tmp_path, CompareSpec(other, SideSpec(stored)))
    assert again.first_divergence is not None
    assert again.first_divergence.node == "b"


def test_an_engine_is_built_and_its_tensors_are_marked_in_chunks(
    tmp_path: Path, card: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_module, "CHUNK_TENSORS", 2)
    engine = SideSpec(network_file(tmp_path, OTHER, "other.network"), "fp16", engine=True)
    result = compared(tmp_path, CompareSpec(engine, SideSpec(network_file(tmp_path))))
    assert result.first_divergence is not None
    assert result.first_divergence.node == "b"
    assert card == [("y",), ("a", "b")]
    assert result.times[0].ms == 2.0


def test_without_a_gpu_an_engine_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "current_capability", lambda: None)
    path = network_file(tmp_path)
    with pytest.raises(RunFailed, match="runs on an NVIDIA GPU"):
        compared(tmp_path, CompareSpec(SideSpec(path, "fp16", engine=True), SideSpec(path)))


def test_a_tensor_that_cannot_be_marked_is_left_out(
    tmp_path: Path, card: list[tuple[str, ...]]
) -> None:
    path = network_file(tmp_path)
    spec = CompareSpec(SideSpec(path, "int8", engine=True), SideSpec(path), all_tensors=True)
    result = compared(tmp_path, spec)
    assert [row.name for row in result.tensors] == ["a", "b"]
    assert result.left_out == ("c",)


def test_where_nan_begins_is_found_on_each_side(tmp_path: Path) -> None:
    text = """
x = Placeholder() {dtype=f32, shape=[4]}
a = Abs(x)
b = Neg(a)
c = Sqrt(b)
y = Neg(c)
"""
    path = network_file(tmp_path, text)
    result = compared(tmp_path, CompareSpec(SideSpec(path, title="one"), SideSpec(path)))
    assert {item.side: item.tensor.name for item in result.strange} == {
        "one": "c",
        "graph.network in ONNX Runtime": "c",
    }
    assert result.strange[0].tensor.nans == 4


def test_sides_without_a_tensor_in_common_are_refused(tmp_path: Path) -> None:
    save_npz(tmp_path / "a.npz", {"p": np.ones(1)})
    save_npz(tmp_path / "b.npz", {"q": np.ones(1)})
    spec = CompareSpec(SideSpec(tmp_path / "a.npz"), SideSpec(tmp_path / "b.npz"))
    with pytest.raises(CompareError, match="no tensor in common: p against q"):
        compared(tmp_path, spec)


def test_a_precision_the_cpu_lacks_is_refused(tmp_path: Path) -> None:
    side = SideSpec(network_file(tmp_path))
    with pytest.raises(UsageError, match="computes in int8 on the CPU"):
        compared(tmp_path, CompareSpec(SideSpec(side.path, "int8"), side))


@pytest.mark.parametrize(("precision", "unit"), [("fp16", 2**-11), ("bf16", 2**-8)])
def test_a_network_is_rounded_to_half_precision(
    tmp_path: Path, precision: str, unit: float
) -> None:
    side = SideSpec(network_file(tmp_path))
    half = CompareSpec(SideSpec(side.path, precision), side, max_rel=16 * unit, min_cosine=0.99)
    (row,) = compared(tmp_path, half).outputs
    assert unit / 8 < row.metrics["max_rel"] < 16 * unit
    names = tuple(layer.name for layer in load_network(side.path).layers)
    kept = replace(half, value=SideSpec(side.path, precision, kept=names))
    (row,) = compared(tmp_path, kept).outputs
    assert row.metrics["max_rel"] == 0
    unknown = replace(half, value=SideSpec(side.path, precision, kept=("nothing",)))
    with pytest.raises(UsageError, match="No layer is called so"):
        compared(tmp_path, unknown)


def test_an_inputs_file_that_lacks_an_input_is_refused(tmp_path: Path) -> None:
    save_npz(tmp_path / "in.npz", {"other": np.ones(1)})
    side = SideSpec(network_file(tmp_path))
    with pytest.raises(UsageError, match="no array for this input"):
        compared(tmp_path, CompareSpec(side, side, inputs=tmp_path / "in.npz"))


def test_a_network_runs_on_the_cpu_as_an_engine_does_on_a_gpu(tmp_path: Path) -> None:
    saved = tmp_path / "y.npz"
    spec = RunSpec(network_file(tmp_path), iterations=7, warmup=1, save_outputs=saved)
    result = run_engine(spec, QuietReport(tmp_path))
    assert isinstance(result, RunResult)
    assert result.device.startswith("CPU")
    assert len(result.latencies_ms) == 7
    assert load_npz(saved)["y"].shape == (1, 2, 3, 4)
    with pytest.raises(UsageError, match="belong to engines"):
        run_engine(RunSpec(spec.engine, streams=2), QuietReport(tmp_path))
