"""`--preprocess`: scripts that misbehave."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import surgeon
from tests.helpers.shared import data_path

CIFAR = data_path("cifar_small.pb")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        ("raise ValueError('boom')", 2, "ScriptError", "boom"),
        ("import sys; sys.exit(4)", 2, "ScriptError", "SystemExit"),
        ("import os; os._exit(4)", 3, "JobCrashed", "exit status 4"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 3, "JobCrashed", "SIGKILL"),
        ("input('yes or no?')", 2, "ScriptError", "EOFError"),
        ("\n        while True: print('x' * 100000)", 2, "ScriptError", "prints without end"),
    ],
)
def test_a_script_that_misbehaves_is_a_message(
    body: str, status: int, code: str, words: str, tmp_path: Path
) -> None:
    script, target = tmp_path / "config.py", tmp_path / "out.pb"
    script.write_text(f"def preprocess(graph):\n    if True: {body}\n")
    ran = surgeon("edit", CIFAR, "--preprocess", script, "-o", target, "--json")
    assert ran.status == status
    assert ran.json["error"]["code"] == code
    assert words in ran.json["error"]["message"]
    assert not target.exists()


def test_what_a_script_prints_is_not_on_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, target = tmp_path / "config.py", tmp_path / "out.pb"
    script.write_text("def preprocess(graph):\n    print('hello')\n")
    ran = surgeon("edit", CIFAR, "--preprocess", script, "-o", target, "--json")
    assert ran.status == 0
    assert ran.json["nodes_after"] == 13
    assert target.exists()
    assert "hello" in capsys.readouterr().err


def test_what_a_script_printed_before_it_failed_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "config.py"
    script.write_text(
        "import logging, sys\n"
        "logging.getLogger().addHandler(logging.StreamHandler())\n"
        "def preprocess(graph):\n"
        "    print('[bold]one', len(graph))\n"
        "    print('two', file=sys.stderr)\n"
        "    print('no end', end='')\n"
        "    raise KeyError('gone')\n"
    )
    ran = surgeon("edit", CIFAR, "--preprocess", script, "-o", tmp_path / "out.pb")
    assert ran.status == 2
    shown = capsys.readouterr().err.splitlines()
    assert shown[:3] == ["[bold]one 13", "two", "no end"]
    assert "KeyError: 'gone'" in shown[3]


def test_of_endless_printing_the_first_lines_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, target = tmp_path / "config.py", tmp_path / "out.pb"
    script.write_text("def preprocess(graph):\n    for i in range(5000): print(i)\n")
    ran = surgeon("edit", CIFAR, "--preprocess", script, "-o", target)
    assert ran.status == 0
    shown = capsys.readouterr().err.splitlines()
    assert shown[999] == "999"
    assert "the rest is in stderr.log" in shown[1000]
    assert len(shown) == 1001


def test_a_circle_a_script_leaves_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, target = tmp_path / "config.py", tmp_path / "out.pb"
    script.write_text("def preprocess(g):\n    g['Conv2D'].input.append('Output')\n")
    ran = surgeon("edit", CIFAR, "--preprocess", script, "-o", target)
    assert ran.status == 0
    assert "depends on itself" in capsys.readouterr().err
