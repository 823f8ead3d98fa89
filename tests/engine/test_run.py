"""Running an engine: on a fake runtime with every version's names, and on the GPU's own memory."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.compare.inputs import load_npz, save_npz
from surgeon_gui.engine.cuda import Cuda, open_cuda
from surgeon_gui.engine.cuda_runtime import RuntimeBinding
from surgeon_gui.engine.devices import Device
from surgeon_gui.engine.load import load_engine
from surgeon_gui.engine.run import Executed, check, execute, latency_of
from surgeon_gui.errors import JobCancelled, RunFailed, UsageError
from surgeon_gui.graph.values import Array
from surgeon_gui.jobs.engine_card import EngineCard
from surgeon_gui.jobs.kinds import result_from_json
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.jobs.run_spec import RunSpec
from surgeon_gui.jobs.spec import BuildSpec, RunResult
from tests.engine.fake_cuda import FakeRuntime
from tests.engine.fake_engine import CardMemory, Design, HostMemory, Memory, fake_flavour
from tests.engine.standin import VERSIONS

GPU = Device(0, "NVIDIA L4", "sm89", 24 << 30)


@dataclass
class Bench:
    """Where engines run in these tests."""

    cuda: Cuda
    memory: Memory
    folder: Path
    runtime: FakeRuntime | None = None
    version: str = "10.16.1.11"

    def run(self, design: Design | None = None, **options: Any) -> Executed:
        """Run the fake engine."""
        plan = self.folder / "x.engine"
        plan.write_bytes(b"plan")
        options = {"iterations": 4, "warmup": 1, **options}
        card = options.pop("card", None)
        report = options.pop("report", None) or QuietReport(self.folder)
        flavour = fake_flavour(self.version, self.memory, design or Design())
        loaded = load_engine(plan, flavour, GPU)
        spec = RunSpec(plan, **options)
        return execute(loaded, self.cuda, spec, GPU, report, card=card)


def card_bench(folder: Path) -> Bench:
    try:
        cuda = open_cuda(0, "cuda-python")
        return Bench(cuda, CardMemory(importlib.import_module("cupy")), folder)
    except (RunFailed, ImportError) as error:
        pytest.skip(f"No GPU with CuPy here: {error}")


@pytest.fixture(params=[*VERSIONS, "card"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "card":
        made = card_bench(tmp_path)
    else:
        runtime = FakeRuntime()
        cuda = Cuda(RuntimeBinding(runtime, 0))
        made = Bench(cuda, HostMemory(runtime), tmp_path, runtime, request.param)
    with made.cuda:
        yield made


def expected(x: Any) -> Any:
    return np.maximum(2 * x + 1, 0)


def test_the_outputs_are_what_the_engine_computes(bench: Bench) -> None:
    done = bench.run()
    assert done.feeds["x"].shape == (2, 4)  # the profile's best
    assert np.allclose(done.outputs["y"], expected(done.feeds["x"]))
    assert [(item.name, item.shape) for item in done.result.inputs] == [("x", (2, 4)), ("k", ())]
    assert [(item.name, item.shape) for item in done.result.outputs] == [("y", (2, 4))]
    assert done.result.device == "NVIDIA L4"


def test_given_inputs_decide_the_shape_and_outputs_are_saved(bench: Bench) -> None:
    x = np.linspace(-2, 2, 20, dtype=np.float64).reshape(5, 4)
    save_npz(bench.folder / "in.npz", {"x": x, "k": np.asarray(3, np.int32)})
    saved = bench.folder / "out.npz"
    done = bench.run(inputs=bench.folder / "in.npz", save_outputs=saved)
    assert np.allclose(load_npz(saved)["y"], expected(x.astype(np.float32)))
    assert done.result.saved == saved


def test_every_timed_run_has_a_latency(bench: Bench) -> None:
    design = Design()
    result = bench.run(design, iterations=25, warmup=3).result
    assert len(result.latencies_ms) == 25
    assert len(design.runs) == 28
    times = result.latency_ms
    assert 0 < times.min <= times.median <= times.p95 <= times.p99 <= times.max
    assert result.throughput > 0
    assert result.to_device_ms > 0
    assert result.gpu_memory_bytes >= 0


def test_streams_run_side_by_side_and_share_the_work(bench: Bench) -> None:
    done = bench.run(streams=3, iterations=10)
    assert len(done.result.latencies_ms) == 10
    assert np.allclose(done.outputs["y"], expected(done.feeds["x"]))


def test_cuda_graphs_give_the_same_outputs(bench: Bench) -> None:
    done = bench.run(cuda_graph=True, layers=True)
    assert np.allclose(done.outputs["y"], expected(done.feeds["x"]))
    assert done.result.warnings == ()
    assert len(done.result.layers) == 2


def test_layer_times_are_means_with_the_nodes_they_came_from(bench: Bench) -> None:
    settings = BuildSpec(Path("/a.network"), Path("/a.engine"))
    layers = {"conv": ("net/Conv2D",), "relu": ("net/Relu",), "pick": ()}
    card = EngineCard("", 4, "tensorrt", "", (), (), (), settings, "", "", layers)
    first, second = bench.run(layers=True, iterations=50, card=card).result.layers
    assert (first.name, first.nodes) == ("conv + relu", ("net/Conv2D", "net/Relu"))
    assert first.ms == pytest.approx(0.75)
    assert first.share == pytest.approx(0.75)
    assert second.share == pytest.approx(0.25)


def test_nan_and_infinity_are_found(bench: Bench) -> None:
    (found,) = bench.run(Design(poisoned=True)).result.non_finite
    assert (found.name, found.nans, found.infinities, found.size) == ("y", 1, 1, 8)
    assert bench.run().result.non_finite == ()


def test_an_output_whose_size_the_run_decides_is_fetched(bench: Bench) -> None:
    done = bench.run(Design(picking=True))
    y = expected(done.feeds["x"])
    assert np.allclose(done.outputs["picked"], y[y > 1])


def test_a_shape_outside_the_profile_is_refused(bench: Bench) -> None:
    with pytest.raises(UsageError, match="takes 1x4 to 8x4 here, not 9x4") as caught:
        bench.run(shapes={"x": (9, 4)})
    assert caught.value.where == "x"
    with pytest.raises(UsageError, match="takes a scalar here, not 2"):
        bench.run(shapes={"k": (2,)})
    assert bench.run(shapes={"x": (8, 4)}).outputs["y"].shape == (8, 4)


def test_wrong_inputs_are_refused(bench: Bench) -> None:
    path = bench.folder / "in.npz"
    wrong: list[tuple[dict[str, Array], str]] = [
        ({"x": np.zeros((1, 4), np.float32)}, "no array for this input"),
        ({"z": np.zeros(1)}, "no such input"),
        ({"x": np.zeros((1, 4)), "k": np.asarray(1.5, np.float32)}, "array is float32"),
    ]
    for arrays, words in wrong:
        save_npz(path, arrays)
        with pytest.raises(UsageError, match=words):
            bench.run(inputs=path)


def test_a_run_that_does_not_start_is_an_error(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="did not start"):
        bench.run(Design(failing=True))


def test_a_profile_the_engine_lacks_is_refused(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="profile 1"):
        bench.run(profile=1)


def test_ten_thousand_runs_leave_nothing_behind(bench: Bench) -> None:
    before = bench.cuda.memory()[0]
    bench.run(iterations=10_000)
    held = len(bench.cuda.held)
    bench.run(iterations=10)
    assert len(bench.cuda.held) == 2 * held  # a lane's own, however many runs it did
    bench.cuda.close()
    assert not bench.cuda.held
    if bench.runtime is not None:
        assert bench.runtime.live == {}
        assert bench.runtime.cudaMemGetInfo()[1] == before


def test_a_cancelled_run_stops(bench: Bench) -> None:
    report = QuietReport(bench.folder)
    report.is_cancelled = True
    with pytest.raises(JobCancelled):
        bench.run(report=report)


def test_an_engine_with_an_implicit_batch_runs_by_binding_numbers(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    cuda = Cuda(RuntimeBinding(runtime, 0))
    bench = Bench(cuda, HostMemory(runtime), tmp_path, runtime, "8.6.1")
    done = bench.run(Design(implicit=True), shapes={"x": (3, 4)})
    assert done.outputs["y"].shape == (3, 4)
    assert np.allclose(done.outputs["y"], expected(done.feeds["x"]))
    with pytest.raises(UsageError):
        bench.run(Design(implicit=True), shapes={"x": (9, 4)})


def test_a_result_survives_its_journey_as_json(bench: Bench) -> None:
    result = bench.run(Design(poisoned=True), layers=True).result
    again = result_from_json(result.to_json())
    assert isinstance(again, RunResult)
    assert replace(again, saved=None) == result


@pytest.mark.parametrize(
    "spec",
    [
        RunSpec(Path("x"), iterations=0),
        RunSpec(Path("x"), streams=0),
        RunSpec(Path("x"), warmup=-1),
        RunSpec(Path("x"), profile=-1),
    ],
)
def test_senseless_options_are_refused(spec: RunSpec) -> None:
    with pytest.raises(UsageError):
        check(spec)


def test_percentiles_are_those_of_the_times() -> None:
    times = latency_of([float(value) for value in range(1, 102)])
    assert (times.min, times.median, times.p95, times.p99, times.max) == (1, 51, 96, 100, 101)
    assert times.mean == 51
