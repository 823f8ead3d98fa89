"""Starting the program, pictures of the window, and what happens when it is at fault."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.hybrid.bundle import write_bundle
from surgeon_gui.hybrid.plan import plan_hybrid
from surgeon_gui.log import setup_logging
from surgeon_gui.ui.application import parse_arguments
from surgeon_gui.ui.crash import CrashDialog, CrashGuard
from surgeon_gui.ui.samples import samples_dir
from tests.helpers.shared import ROOT
from tests.ui.conftest import Driver

BOXES = samples_dir() / "boxes3d.pb"


def run_app(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "QT_QPA_PLATFORM": "offscreen",
            "SURGEON_HOME": str(home),
            "HOME": str(home),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_picture_of_the_window_is_saved(tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    done = run_app(
        str(BOXES), "--shot", str(shot), "--theme", "dark", "--size", "1200x800", home=tmp_path
    )
    assert done.returncode == 0, done.stderr
    picture = QImage(str(shot))
    assert (picture.width(), picture.height()) == (1200, 800)
    assert picture.pixelColor(20, 500).lightness() < 80


def test_a_file_that_does_not_open_fails_the_picture(tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    done = run_app(str(tmp_path / "absent.pb"), "--shot", str(shot), home=tmp_path)
    assert done.returncode == 2
    assert shot.exists()


@pytest.mark.parametrize(
    ("name", "reason"), [("nofolder/x.png", "Make the folder"), ("x.txt", "no picture")]
)
def test_a_picture_that_could_not_be_saved_is_refused_at_once(
    name: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(["--shot", str(tmp_path / name)])
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="terminals there send no such signal")
def test_ctrl_c_in_the_terminal_closes_the_window(tmp_path: Path) -> None:
    home = {"SURGEON_HOME": str(tmp_path), "HOME": str(tmp_path)}
    command = [sys.executable, "-u", "-m", "surgeon_gui", "gui", str(BOXES)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "QT_QPA_PLATFORM": "offscreen", **home},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as window:
        assert window.stderr is not None
        limit = threading.Timer(180, window.kill)
        limit.start()
        try:
            opened = next((line for line in window.stderr if "Opened" in line), "")
            assert opened, "The window ended before it had opened the graph."
            os.killpg(window.pid, signal.SIGINT)
            assert window.wait() == 3
            assert "Traceback" not in window.stderr.read()
        finally:
            limit.cancel()
            window.kill()


def test_a_wrong_size_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(["--size", "large"])
    assert ended.value.code == 2
    assert "1600x1000" in capsys.readouterr().err


def test_an_unexpected_error_keeps_the_edits_and_the_window(driver: Driver, home: Path) -> None:
    window = driver.window
    driver.open(BOXES)
    window.surgery.apply_rule("remove-dropout")
    driver.settle()
    guard = CrashGuard(setup_logging(console=False), window.session, window, lambda: window.theme)
    guard.handle(ZeroDivisionError, ZeroDivisionError("a bug"), None)
    dialog = window.findChild(CrashDialog)
    assert dialog is not None
    assert "a bug" in dialog.text.toPlainText()
    assert "remove-dropout" in (home / "cache" / "recovered.toml").read_text()
    dialog.accept()
    driver.run("edit.undo")


def test_a_picture_of_an_engine_shows_what_it_is(tmp_path: Path) -> None:
    engine = tmp_path / "x.engine"
    engine.write_bytes(b"vtrt" + bytes(20) + b"\x01\x07\x01\x74" + bytes(100))
    done = run_app(str(engine), "--shot", str(tmp_path / "shot.png"), home=tmp_path)
    assert done.returncode == 0, done.stderr
    engine.write_bytes(b"no engine")
    done = run_app(str(engine), "--shot", str(tmp_path / "shot.png"), home=tmp_path)
    assert done.returncode == 2


def test_a_bundles_graph_is_opened(driver: Driver, tmp_path: Path) -> None:
    write_bundle(plan_hybrid(parse_text("x = Placeholder() {dtype=f32, shape=[2]}")), tmp_path)
    driver.window.files.open(tmp_path)
    driver.bot.waitUntil(lambda: driver.window.session.graph is not None, timeout=20_000)
    assert driver.window.session.path == tmp_path / "graph.pb"
    with pytest.raises(OpenError, match="hybrid bundle"):
        open_graph(tmp_path)
