"""The run task: what an engine computed is held against any reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.compare.inputs import save_npz
from surgeon_gui.engine import run as run_module
from surgeon_gui.engine.cuda import Cuda
from surgeon_gui.engine.cuda_runtime import RuntimeBinding
from surgeon_gui.engine.devices import Device
from surgeon_gui.engine.load import load_engine
from surgeon_gui.engine.run import Executed, execute
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.jobs.report import QuietReport, Report
from surgeon_gui.jobs.spec import RunResult, RunSpec
from surgeon_gui.worker.sides import open_side
from surgeon_gui.worker.tasks.run import run_engine
from tests.engine.fake_cuda import FakeRuntime
from tests.engine.fake_engine import Design, HostMemory, fake_flavour

GPU = Device(0, "NVIDIA L4", "sm89", 24 << 30)

GRAPH = """
x = Placeholder() {dtype=f32, shape=[-1,4]}
two = Const() {value=f32[]{2}}
one = Const() {value=f32[]{1}}
scaled = Mul(x, two)
moved = AddV2(scaled, one)
y = Relu(moved)
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine that runs on a fake card: y = max(2x + 1, 0)."""
    path = tmp_path / "x.engine"
    path.write_bytes(b"plan")

    def on_the_fake_card(spec: RunSpec, report: Report) -> Executed:
        runtime = FakeRuntime()
        flavour = fake_flavour("10.16.1.11", HostMemory(runtime), Design())
        with Cuda(RuntimeBinding(runtime, 0)) as cuda:
            return execute(load_engine(path, flavour, GPU), cuda, spec, GPU, report)

    monkeypatch.setattr(run_module, "run", on_the_fake_card)
    return path


def ran(spec: RunSpec, folder: Path) -> RunResult:
    result = run_engine(spec, QuietReport(folder))
    assert isinstance(result, RunResult)
    return result


def test_stored_outputs_are_a_reference(engine: Path, tmp_path: Path) -> None:
    first = ran(RunSpec(engine, save_outputs=tmp_path / "y.npz"), tmp_path)
    assert first.comparison is None
    again = ran(RunSpec(engine, reference=tmp_path / "y.npz"), tmp_path)
    assert again.ok
    assert again.comparison is not None
    assert again.compared_with == "y.npz"
    other = ran(RunSpec(engine, seed=1, reference=tmp_path / "y.npz"), tmp_path)
    assert not other.ok


@pytest.mark.tensorflow
def test_tensorflow_is_a_reference(engine: Path, tmp_path: Path) -> None:
    save_graphdef(parse_text(GRAPH), tmp_path / "m.pb")
    result = ran(RunSpec(engine, shapes={"x": (3, 4)}, reference=tmp_path / "m.pb"), tmp_path)
    assert result.compared_with == "m.pb in TensorFlow"
    assert result.reference_ms is not None
    assert result.reference_ms > 0
    assert result.comparison is not None
    (row,) = result.comparison
    assert (row.name, row.ok, row.shape) == ("y", True, (3, 4))


def test_a_reference_that_lacks_an_output_is_no_agreement(engine: Path, tmp_path: Path) -> None:
    save_npz(tmp_path / "z.npz", {"z": np.zeros(3)})
    result = ran(RunSpec(engine, reference=tmp_path / "z.npz"), tmp_path)
    assert result.comparison is not None
    assert result.comparison[0].problem == "The reference has no such tensor."


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Nothing can be computed from \.txt"):
        open_side(tmp_path / "x.txt", QuietReport(tmp_path))
