"""`surgeon run`: refusals in words without a GPU, and the contract of its JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from surgeon_gui.cli.app import main
from surgeon_gui.cli.verbs.run import facts_of
from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.engine.devices import find_devices
from surgeon_gui.jobs.run_spec import Latency, LayerTime
from surgeon_gui.jobs.spec import RunResult, TensorInfo
from tests.helpers.shared import data_path

PLAN = b"vtrt" + bytes(20) + b"\x01\x07\x01\x74" + bytes(100)


RESULT = RunResult(
    device="NVIDIA L4",
    capability="sm89",
    flavour="rtx",
    tensorrt="1.7.1.116",
    inputs=(TensorInfo("x", "float32", (1, 4)),),
    outputs=(TensorInfo("y", "float32", (1, 4)),),
    latency_ms=Latency(1.0, 2.0, 2.0, 3.0, 3.5, 4.0),
    latencies_ms=(1.0, 2.0, 4.0),
    to_device_ms=0.1,
    to_host_ms=0.1,
    throughput=500.0,
    layers=(LayerTime("conv", 1.0, 1.0, ("net/Conv2D",)),),
    gpu_memory_bytes=1 << 20,
)


def test_the_json_has_what_the_contract_names() -> None:
    rows = (TensorComparison("y", (1, 4), False, {"max_abs": 1.0}, "It differs."),)
    facts = facts_of(
        Path("x.engine"), replace(RESULT, comparison=rows, compared_with="m.pb in TensorFlow")
    )
    text = json.loads(json.dumps(facts))
    assert {"device", "outputs", "latency_ms", "throughput", "layers", "comparison"} <= set(text)
    assert {"min", "median", "p95", "p99", "max"} <= set(text["latency_ms"])
    assert text["comparison"]["ok"] is False
    assert text["comparison"]["with"] == "m.pb in TensorFlow"
    assert facts_of(Path("x.engine"), RESULT)["comparison"] is None


def test_a_run_agrees_when_every_row_does() -> None:
    good, bad = TensorComparison("y", (), True), TensorComparison("z", (), False)
    assert RESULT.ok
    assert replace(RESULT, comparison=(good,)).ok
    assert not replace(RESULT, comparison=(good, bad)).ok


def test_without_a_gpu_the_error_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if find_devices().devices:
        pytest.skip("There is a GPU here.")
    engine = tmp_path / "x.engine"
    engine.write_bytes(PLAN)
    assert main(["run", str(engine), "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert answer["error"]["code"] == "RunFailed"
    assert "No NVIDIA GPU can be used here" in answer["error"]["message"]
    assert "building and verifying work without one" in answer["error"]["hint"]


def test_a_file_that_is_no_engine_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.engine").write_bytes(b"PK\x03\x04" + bytes(50))
    assert main(["run", str(tmp_path / "x.engine"), "--json"]) == 2
    assert "no TensorRT engine" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_senseless_options_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.engine").write_bytes(PLAN)
    assert main(["run", str(tmp_path / "x.engine"), "--iterations", "0", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["where"] == "iterations"


@pytest.mark.parametrize(
    ("option", "where"), [(("--layers",), "layers"), (("--profile", "1"), "profile")]
)
def test_what_only_engines_have_is_refused_on_the_cpu(
    option: tuple[str, ...], where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(data_path("cifar_small.pb")), *option, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["where"] == where
