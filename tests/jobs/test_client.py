"""However a worker ends, the job has an outcome in words, and nothing is left behind."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from surgeon_gui.errors import (
    BuildFailed,
    JobCancelled,
    JobCrashed,
    JobFailed,
    JobNotStarted,
    JobTimedOut,
    ProtocolError,
    Unsupported,
)
from surgeon_gui.jobs import client
from surgeon_gui.jobs.client import Job
from surgeon_gui.jobs.outcome import (
    Cancelled,
    Crashed,
    Failed,
    NotStarted,
    Outcome,
    Succeeded,
    TimedOut,
    signal_name,
    tail,
)
from surgeon_gui.jobs.protocol import Event, Hello, Log, Progress
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import ReferenceResult, ReferenceSpec
from tests.jobs.fakes import HELLO, RESULT, fake_python

SPEC = ReferenceSpec(Path("/a.pb"), Path("/y.npz"))


def outcome_of(tmp_path: Path, body: str, *, hello: bool = True, **options: Any) -> Outcome:
    python = fake_python(tmp_path, body, hello=hello)
    job = Job(SPEC, tmp_path / "job", python=python, **options)
    job.start()
    return job.wait(30)


def test_a_result_is_a_success(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, RESULT)
    assert outcome == Succeeded(ReferenceResult(Path("/y.npz"), (), seconds=1.0, peak_rss_bytes=2))
    assert outcome.message == "Done."


def test_events_arrive_in_order_and_the_end_comes_last(tmp_path: Path) -> None:
    seen: list[Event | Outcome] = []
    body = f"""
        say(type="progress", phase="Reading", done=1, total=2)
        say(type="log", level="INFO", logger="x", text="hello")
        {RESULT}
    """
    outcome = outcome_of(tmp_path, body, on_event=seen.append, on_done=seen.append)
    assert isinstance(seen[0], Hello)
    assert seen[1:3] == [Progress("Reading", 1, 2), Log("INFO", "x", "hello")]
    assert seen[-1] is outcome


def test_the_folder_holds_the_spec_and_the_log(tmp_path: Path) -> None:
    outcome_of(tmp_path, f'print("noise", file=sys.stderr)\n{RESULT}')
    assert '"kind": "reference"' in (tmp_path / "job" / "spec.json").read_text()
    assert (tmp_path / "job" / "stderr.log").read_text() == "noise\n"


def test_garbage_between_messages_is_logged_and_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = f"""
        print("TensorRT says hi", flush=True)
        os.write(1, bytes([255, 254, 10]))
        print("[1, 2]", flush=True)
        say(type="dance", steps=3)
        say(type="progress", phase=7)
        {RESULT}
    """
    with caplog.at_level(logging.WARNING, logger=client.__name__):
        outcome = outcome_of(tmp_path, body)
    assert isinstance(outcome, Succeeded)
    assert len(caplog.records) == 5
    assert "TensorRT says hi" in caplog.text
    assert "'dance'" in caplog.text


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        ("SIGSEGV", "segmentation fault"),
        ("SIGKILL", "was killed (SIGKILL), probably out of memory."),
        ("SIGABRT", "gave up"),
        ("SIGUSR1", "ended by SIGUSR1"),
    ],
)
def test_a_signal_is_a_crash_in_words(tmp_path: Path, signal: str, words: str) -> None:
    body = f"""
        print("last words", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.{signal})
        time.sleep(60)
    """
    outcome = outcome_of(tmp_path, body)
    assert isinstance(outcome, Crashed)
    assert outcome.signal == signal
    assert outcome.stderr_tail == "last words"
    assert words in outcome.message
    error = outcome.error()
    assert isinstance(error, JobCrashed)
    assert error.where == str(tmp_path / "job")


def test_an_exit_without_an_answer_is_a_crash(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, "sys.exit(7)")
    assert isinstance(outcome, Crashed)
    assert outcome.message == "The worker ended without an answer (exit status 7)."


def test_a_worker_that_only_closes_its_output_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.2)
    outcome = outcome_of(tmp_path, "os.close(1)\ntime.sleep(60)")
    assert isinstance(outcome, Crashed)
    assert outcome.message == "The worker stopped answering and was ended."


def test_a_worker_that_hangs_after_its_answer_still_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.2)
    assert isinstance(outcome_of(tmp_path, f"{RESULT}\ntime.sleep(60)"), Succeeded)


def test_a_crash_after_the_answer_does_not_matter(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, f"{RESULT}\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert isinstance(outcome, Succeeded)


def test_a_job_that_takes_too_long_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.2)
    outcome = outcome_of(tmp_path, "time.sleep(60)", timeout=0.3)
    assert outcome == TimedOut(0.3, tmp_path / "job")
    assert outcome.message == "The job did not end within 0.3 s and was stopped."
    assert isinstance(outcome.error(), JobTimedOut)


def test_waiting_with_a_limit_stops_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.2)
    job = Job(SPEC, tmp_path / "job", python=fake_python(tmp_path, "time.sleep(60)"))
    job.start()
    assert isinstance(job.wait(0.3), TimedOut)
    assert not job.is_running


def test_cancel_asks_first(tmp_path: Path) -> None:
    body = """
        request = json.loads(sys.stdin.readline())
        open(folder + "/asked", "w").write(request["type"])
        say(type="failed", code="JobCancelled", message="stopped")
    """
    job = Job(SPEC, tmp_path / "job", python=fake_python(tmp_path, body))
    job.start()
    job.cancel()
    outcome = job.wait(30)
    assert isinstance(outcome, Cancelled)
    assert isinstance(outcome.error(), JobCancelled)


def test_cancel_kills_a_deaf_worker_and_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.2)
    body = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=2)
        open(folder + "/child.part", "w").write(str(child.pid))
        os.rename(folder + "/child.part", folder + "/child")
        time.sleep(60)
    """
    job = Job(SPEC, tmp_path / "job", python=fake_python(tmp_path, body))
    job.start()
    note = tmp_path / "job" / "child"
    deadline = time.monotonic() + 20
    while not note.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert job.is_running
    job.cancel()
    job.cancel()
    assert isinstance(job.wait(30), Cancelled)
    assert_gone(int(note.read_text()))
    assert job.pid is not None
    assert_gone(job.pid)


def assert_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    pytest.fail(f"process {pid} is still there")


def test_a_job_cancelled_before_its_start_never_starts(tmp_path: Path) -> None:
    job = Job(SPEC, tmp_path / "job", python=fake_python(tmp_path, RESULT))
    job.cancel()
    job.start()
    assert isinstance(job.wait(30), Cancelled)
    assert job.pid is None


def test_cancel_after_the_end_changes_nothing(tmp_path: Path) -> None:
    job = Job(SPEC, tmp_path / "job", python=fake_python(tmp_path, RESULT))
    job.start()
    outcome = job.wait(30)
    job.cancel()
    assert job.outcome is outcome


def test_a_missing_python_is_said(tmp_path: Path) -> None:
    job = Job(SPEC, tmp_path / "job", python=str(tmp_path / "no-such-python"))
    job.start()
    outcome = job.wait(30)
    assert isinstance(outcome, NotStarted)
    assert outcome.message == "The worker did not start: No such file or directory."
    assert isinstance(outcome.error(), JobNotStarted)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    job = Job(SPEC, tmp_path / "file" / "job")
    job.start()
    outcome = job.wait(30)
    assert isinstance(outcome, NotStarted)
    assert "Not a directory" in outcome.message
    assert outcome.error().hint == "Free some space or use another folder."


def test_a_python_without_the_package_is_said(tmp_path: Path) -> None:
    body = 'sys.exit("No module named surgeon_gui")'
    outcome = outcome_of(tmp_path, body, hello=False)
    assert outcome == NotStarted("No module named surgeon_gui", tmp_path / "job")


def test_another_protocol_is_refused(tmp_path: Path) -> None:
    body = HELLO.replace("protocol=1", "protocol=99") + "\ntime.sleep(60)"
    outcome = outcome_of(tmp_path, body, hello=False)
    assert isinstance(outcome, Failed)
    assert "protocol 99" in outcome.message
    assert isinstance(outcome.error(), ProtocolError)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("BuildFailed", BuildFailed),
        ("Unsupported", Unsupported),
        ("JobFailed", JobFailed),
        ("os", JobFailed),
        ("Nonsense", JobFailed),
    ],
)
def test_a_failure_is_raised_as_what_it_was(tmp_path: Path, code: str, kind: type) -> None:
    body = f'say(type="failed", code="{code}", message="No.", where="conv", hint="Do.")'
    outcome = outcome_of(tmp_path, body)
    assert isinstance(outcome, Failed)
    error = outcome.error()
    assert type(error) is kind
    assert (error.message, error.where, error.hint) == ("No.", "conv", "Do.")


def test_a_callback_that_fails_does_not_stop_the_job(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise ValueError("mine")

    assert isinstance(outcome_of(tmp_path, RESULT, on_event=fail, on_done=fail), Succeeded)
    assert caplog.text.count("ValueError: mine") == 3


def test_a_job_starts_once_and_before_it_is_waited_for(tmp_path: Path) -> None:
    job = Job(SPEC, tmp_path / "job", python=fake_python(tmp_path, RESULT))
    with pytest.raises(RuntimeError, match="before it is waited for"):
        job.wait()
    job.start()
    with pytest.raises(RuntimeError, match="once"):
        job.start()
    job.wait(30)


def test_run_job_returns_the_result_or_raises(tmp_path: Path) -> None:
    python = fake_python(tmp_path, RESULT)
    result = run_job(SPEC, directory=tmp_path / "job", python=python, timeout=30)
    assert result.path == Path("/y.npz")
    python = fake_python(tmp_path, 'say(type="failed", code="BuildFailed", message="No.")')
    with pytest.raises(BuildFailed, match="No"):
        run_job(SPEC, directory=tmp_path / "job", python=python, timeout=30)


def test_an_interrupted_run_job_ends_its_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.2)
    wait = Job.wait
    started: list[Job] = []

    def interrupted(job: Job, timeout: float | None = None) -> Outcome:
        if not started:
            started.append(job)
            raise KeyboardInterrupt
        return wait(job, timeout)

    monkeypatch.setattr(Job, "wait", interrupted)
    python = fake_python(tmp_path, "time.sleep(60)")
    with pytest.raises(KeyboardInterrupt):
        run_job(SPEC, directory=tmp_path / "job", python=python)
    assert isinstance(started[0].outcome, Cancelled)


def test_an_answer_to_another_question_is_refused(tmp_path: Path) -> None:
    body = """
        say(type="result", result={"kind": "verify", "ok": True, "outputs": [],
            "first_divergence": None})
    """
    with pytest.raises(ProtocolError, match="'verify' to 'reference'"):
        run_job(SPEC, directory=tmp_path / "job", python=fake_python(tmp_path, body), timeout=30)


def test_no_worker_outlives_its_client(tmp_path: Path) -> None:
    """The real worker, stuck in a task, ends when the process that started it is killed."""
    os.mkfifo(tmp_path / "stuck.pb")
    script = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from surgeon_gui.jobs.client import Job
        from surgeon_gui.jobs.spec import ReferenceSpec
        folder = Path({str(tmp_path)!r})
        spec = ReferenceSpec(folder / "stuck.pb", folder / "y.npz")
        job = Job(spec, folder / "job", on_event=lambda event: print(event.pid, flush=True))
        job.start()
        time.sleep(60)
    """)
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert psutil.pid_exists(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert_gone(pid)


def test_files_in_the_current_folder_do_not_shadow_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    worker = client.spawn(sys.executable, ["--help"], tmp_path / "log")
    with worker:
        worker.communicate(timeout=30)
    assert worker.returncode == 0


def test_signal_names() -> None:
    assert signal_name(0) is None
    assert signal_name(-11) == "SIGSEGV"
    assert signal_name(-4000) == "signal 4000"


def test_the_tail_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert tail(path) == ""
    path.write_text("".join(f"line {number}\n" for number in range(10000)))
    assert tail(path, 2) == "line 9998\nline 9999"


def test_the_worker_finds_the_package_from_a_source_tree(tmp_path: Path) -> None:
    worker = client.spawn(sys.executable, ["--help"], tmp_path / "log")
    with worker:
        worker.communicate(timeout=30)
    assert worker.returncode == 0
    client.kill_group(worker)
    assert os.path.exists(tmp_path / "log")
