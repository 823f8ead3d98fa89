"""The real worker: clean protocol, answers for every ending, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from surgeon_gui.errors import OpenError, ProtocolError
from surgeon_gui.jobs.client import Job
from surgeon_gui.jobs.kinds import result_from_json
from surgeon_gui.jobs.outcome import Cancelled, Crashed, Failed, Succeeded
from surgeon_gui.jobs.protocol import Event, Failure, Hello, Log, Progress, decode_event
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import ReferenceResult, ReferenceSpec
from tests.helpers.shared import data_path

# Standing in for a task's module: what the worker finds instead of surgeon_gui.worker.tasks.
TASK = """
import ctypes, logging, os, sys, time
from surgeon_gui.jobs.spec import ReferenceResult, TensorInfo
from surgeon_gui.worker.registry import TASKS

def work(spec, report):
    {body}
    return ReferenceResult(spec.results, ())

TASKS._entries["reference"] = work
TASKS._loaded = True
import surgeon_gui.worker.__main__ as worker
sys.argv = ["worker", *sys.argv[3:]]
worker.main()
"""


def worker_doing(folder: Path, body: str) -> str:
    """Return a Python whose worker runs `body` as its task."""
    indented = body.strip().replace("\n", "\n    ")
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{TASK.format(body=indented)}")
    path.chmod(0o755)
    return str(path)


def job(folder: Path, body: str, **options: object) -> tuple[Job, list[Event]]:
    events: list[Event] = []
    spec = ReferenceSpec(folder / "x.pb", folder / "y.npz")
    made = Job(spec, folder / "job", python=worker_doing(folder, body), on_event=events.append)
    made.start()
    return made, events


def test_the_result_tells_time_and_memory(tmp_path: Path) -> None:
    made, _ = job(tmp_path, "x = bytearray(300 << 20)\ntime.sleep(0.05)")
    outcome = made.wait(60)
    assert isinstance(outcome, Succeeded)
    assert 0.05 <= outcome.result.seconds < 30
    assert 300 << 20 <= outcome.result.peak_rss_bytes < 1 << 30
    stored = json.loads((tmp_path / "job" / "result.json").read_text())
    assert result_from_json(stored) == outcome.result


def test_what_a_library_prints_goes_to_the_log(tmp_path: Path) -> None:
    body = """
print("from Python")
os.system("echo from a child")
ctypes.CDLL(None).puts(b"from C")
ctypes.CDLL(None).fflush(None)
"""
    made, events = job(tmp_path, body)
    assert isinstance(made.wait(60), Succeeded)
    assert [type(event).__name__ for event in events] == ["Hello", "Result"]
    log = (tmp_path / "job" / "stderr.log").read_text()
    assert all(f"from {who}" in log for who in ("Python", "a child", "C"))


def test_what_a_task_leaves_lying_lies_in_the_jobs_folder(tmp_path: Path) -> None:
    body = """
import tempfile
tempfile.NamedTemporaryFile(suffix=".left", delete=False).close()
os.system("mktemp --suffix=.left")
"""
    made, _ = job(tmp_path, body)
    assert isinstance(made.wait(60), Succeeded)
    assert len(list((tmp_path / "job").glob("*.left"))) == 2


def test_progress_and_log_arrive(tmp_path: Path) -> None:
    body = """
report.progress("Reading")
logging.getLogger("tensorrt").warning("slow %s", "layer")
logging.getLogger("tensorrt").debug("hidden")
for step in range(1000):
    report.progress("Working", step + 1, 1000)
"""
    made, events = job(tmp_path, body)
    made.wait(60)
    assert isinstance(events[0], Hello)
    assert events[1] == Progress("Reading")
    assert Log("WARNING", "tensorrt", "slow layer") in events
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[-1] == Progress("Working", 1000, 1000)
    assert len(progress) < 200


def test_a_bug_is_a_failure_with_its_traceback(tmp_path: Path) -> None:
    made, events = job(tmp_path, "raise KeyError('oops')")
    outcome = made.wait(60)
    assert outcome.message == "The worker failed: KeyError: 'oops'"
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert "KeyError: 'oops'" in failure.traceback
    assert failure.where == str(tmp_path / "job")


def test_a_package_that_is_missing_is_named_with_the_command(tmp_path: Path) -> None:
    made, _ = job(tmp_path, "import a_package_nobody_has")
    outcome = made.wait(60)
    assert isinstance(outcome, Failed)
    error = outcome.error()
    assert "a_package_nobody_has is not installed" in error.message
    assert error.hint == "Install it there with: pip install a_package_nobody_has"


def test_a_full_disk_is_no_bug(tmp_path: Path) -> None:
    made, events = job(tmp_path, "raise OSError(28, 'No space left on device', '/y.npz')")
    outcome = made.wait(60)
    assert outcome.message == "The worker cannot go on: No space left on device."
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert failure.where == "/y.npz"


def test_running_out_of_memory_is_said(tmp_path: Path) -> None:
    made, _ = job(tmp_path, "raise MemoryError")
    assert made.wait(60).message == "The worker ran out of memory."


def test_a_native_crash_leaves_pythons_stack_in_the_log(tmp_path: Path) -> None:
    made, _ = job(tmp_path, "ctypes.string_at(0)")
    outcome = made.wait(60)
    assert isinstance(outcome, Crashed)
    assert outcome.signal == "SIGSEGV"
    assert "Segmentation fault" in outcome.stderr_tail


@pytest.mark.parametrize(
    "body",
    [
        "while True: report.progress('Working')",
        "while True: pass",
        "time.sleep(60)",
        "try:\n    time.sleep(60)\nexcept BaseException:\n    raise ValueError('upset')",
    ],
    ids=["asks", "computes", "sleeps", "turns it into another error"],
)
def test_cancel_ends_whatever_the_task_does(tmp_path: Path, body: str) -> None:
    made, events = job(tmp_path, body)
    while not events:
        time.sleep(0.01)
    made.cancel()
    assert isinstance(made.wait(30), Cancelled)


def test_a_worker_whose_client_is_gone_ends(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(
        json.dumps(ReferenceSpec(tmp_path / "x.pb", tmp_path / "y.npz").to_json())
    )
    python = worker_doing(tmp_path, "time.sleep(60)")
    command = [python, "-m", "surgeon_gui.worker", "--attached", str(tmp_path)]
    worker = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert isinstance(decode_event(worker.stdout.readline()), Hello)
        worker.stdin.close()
        assert worker.wait(20) == 3


def run_worker(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "surgeon_gui.worker", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def test_a_job_can_be_run_again_by_hand(tmp_path: Path) -> None:
    missing = ReferenceSpec(tmp_path / "x.pb", tmp_path / "y.npz")
    (tmp_path / "spec.json").write_text(json.dumps(missing.to_json()))
    done = run_worker(str(tmp_path))
    assert done.returncode == 1
    failure = decode_event(done.stdout.splitlines()[-1])
    assert isinstance(failure, Failure)
    assert isinstance(failure.error(), OpenError)
    assert failure.where == str(tmp_path / "x.pb")


@pytest.mark.parametrize("content", [None, "[1]", "{", '{"kind": "dance"}'])
def test_a_spec_that_cannot_be_read_is_said(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "spec.json").write_text(content)
    failure = decode_event(run_worker(str(tmp_path)).stdout.splitlines()[-1])
    assert isinstance(failure, Failure)
    assert isinstance(failure.error(), ProtocolError)


def test_wrong_arguments_are_explained() -> None:
    done = run_worker()
    assert done.returncode == 2
    assert b"give a job's folder" in done.stderr


def test_a_warm_worker_without_a_job_ends_quietly() -> None:
    environment = {**os.environ, "PYTHONPATH": "/nowhere"}
    command = [sys.executable, "-c", "import sys; sys.modules['tensorflow'] = None\n"
               "sys.argv = ['worker', '--warm', 'tensorflow']\n"
               "import surgeon_gui.worker.__main__ as worker; worker.main()"]  # fmt: skip
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=environment
    )
    assert done.returncode == 0
    hello = decode_event(done.stdout)
    assert isinstance(hello, Hello)
    assert hello.ready == "tensorflow"


@pytest.mark.tensorflow
def test_a_reference_job_on_a_real_model(tmp_path: Path) -> None:
    spec = ReferenceSpec(data_path("cifar_small.pb"), tmp_path / "y.npz", all_tensors=True)
    result = run_job(spec, directory=tmp_path / "job", timeout=120)
    assert isinstance(result, ReferenceResult)
    shapes = {tensor.name: tensor.shape for tensor in result.tensors}
    assert shapes["Output"] == (1, 10)
    assert shapes["Conv2D"] == (1, 13, 13, 32)
