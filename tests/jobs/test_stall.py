"""A worker that waits for itself is stopped; one that works, or is stopped by a person, is not."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from surgeon_gui.errors import JobTimedOut
from surgeon_gui.jobs import client
from surgeon_gui.jobs.client import Job
from surgeon_gui.jobs.outcome import Outcome, Stalled, Succeeded
from surgeon_gui.jobs.spec import ReferenceSpec
from tests.jobs.fakes import RESULT, fake_python

SPEC = ReferenceSpec(Path("/a.pb"), Path("/y.npz"))

BUSY = "end = time.monotonic() + 2.5\nwhile time.monotonic() < end: pass\n"


def job_of(tmp_path: Path, body: str, stall: float) -> Job:
    job = Job(SPEC, tmp_path / "job", python=fake_python(tmp_path, body), stall=stall)
    job.start()
    return job


def outcome_of(tmp_path: Path, body: str, stall: float) -> Outcome:
    return job_of(tmp_path, body, stall).wait(60)


def test_a_worker_that_does_nothing_is_stopped_with_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.2)
    outcome = outcome_of(tmp_path, "time.sleep(50)", stall=0.4)
    assert outcome == Stalled(0.4, tmp_path / "job")
    assert outcome.message == "The worker did nothing at all for 0.4 s and was stopped."
    error = outcome.error()
    assert isinstance(error, JobTimedOut)
    assert "memory" in (error.hint or "")


def test_a_worker_that_computes_is_left_alone(tmp_path: Path) -> None:
    assert isinstance(outcome_of(tmp_path, BUSY + RESULT, stall=1.5), Succeeded)


def test_a_worker_whose_child_computes_is_left_alone(tmp_path: Path) -> None:
    body = f"import subprocess\nsubprocess.run([sys.executable, '-c', {'import time;' + BUSY!r}])\n"
    assert isinstance(outcome_of(tmp_path, body + RESULT, stall=1.5), Succeeded)


def test_a_worker_that_a_person_stopped_is_left_alone(tmp_path: Path) -> None:
    job = job_of(tmp_path, "os.kill(os.getpid(), signal.SIGSTOP)\n" + RESULT, stall=1.0)
    go_on = threading.Timer(2.5, lambda: os.kill(job.pid or 0, signal.SIGCONT))
    while job.pid is None:
        time.sleep(0.01)
    go_on.start()
    assert isinstance(job.wait(60), Succeeded)
