"""A job's events and its end come as signals, and a warm worker is kept where asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from surgeon_gui.jobs.outcome import Cancelled, Succeeded
from surgeon_gui.jobs.spec import ReferenceSpec
from surgeon_gui.ui.jobs import JobRunner
from tests.jobs.fakes import RESULT, fake_python

SPEC = ReferenceSpec(Path("/a.pb"), Path("/y.npz"))
WAITS = f"""
if "--warm" in sys.argv:
    request = json.loads(sys.stdin.readline() or "null")
    if request is None:
        sys.exit()
    folder = request["directory"]
open(folder + "/ran-by", "w").write(sys.argv[3])
say(type="progress", phase="Reading", done=1)
say(type="log", level="WARNING", logger="x", text="careful")
{RESULT}
"""


def test_events_and_the_end_come_as_signals(qtbot: QtBot, tmp_path: Path) -> None:
    runner = JobRunner()
    seen: list[tuple[object, ...]] = []
    runner.progressed.connect(lambda *args: seen.append(args))
    runner.logged.connect(lambda *args: seen.append(args))
    with qtbot.waitSignal(runner.ended, timeout=30_000) as ended:
        runner.start(SPEC, tmp_path / "job", python=fake_python(tmp_path, WAITS), timeout=30)
        assert runner.is_running
        assert runner.directory == tmp_path / "job"
        with pytest.raises(RuntimeError):
            runner.start(SPEC, tmp_path / "job", python="python", timeout=None)
    assert isinstance(ended.args[0], Succeeded)
    assert seen == [("Reading", 1, -1), (30, "careful")]
    assert not runner.is_running


def test_a_warm_runner_leaves_a_spare_for_the_next_job(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path))
    runner = JobRunner()
    python = fake_python(tmp_path, WAITS)

    def ran_by(name: str, *, warm: bool) -> str:
        with qtbot.waitSignal(runner.ended, timeout=30_000):
            runner.start(SPEC, tmp_path / name, python=python, timeout=30, warm=warm)
        return (tmp_path / name / "ran-by").read_text()

    assert ran_by("first", warm=True) == "--attached"
    assert ran_by("second", warm=True) == "--warm"
    assert ran_by("third", warm=False) == "--attached"
    runner.close()


def test_cancel_and_close_end_the_worker(qtbot: QtBot, tmp_path: Path) -> None:
    runner = JobRunner()
    python = fake_python(
        tmp_path, 'sys.stdin.readline()\nsay(type="failed", code="JobCancelled", message="x")'
    )
    with qtbot.waitSignal(runner.ended, timeout=30_000) as ended:
        runner.start(SPEC, tmp_path / "job", python=python, timeout=None)
        runner.cancel()
    assert isinstance(ended.args[0], Cancelled)
    runner.start(SPEC, tmp_path / "job", python=python, timeout=None)
    runner.close()
    assert not runner.is_running
