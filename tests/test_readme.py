"""The README says what is: its commands run, its files exist, its numbers are counted."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks.__main__ as every
from benchmarks.__main__ import Benchmark
from docs.make_ops_table import page as ops_page
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.rewrite.library import bundled_rules, load_rule_file, rules_dir
from surgeon_gui.targets import catalogue
from tests.cli.command import surgeon

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")

ANSWERED_NO = ("inspect samples/boxes3d.pb --target uff-5.1", "diff samples/boxes3d.pb")
"""The sample is refused by that target, and differs from what the rules make of it."""

POSE = """
    image = Placeholder() {shape=[?, ?, ?, 3], dtype=f32}
    kernel = Const() {value=f32[3, 3, 3, 4]{0.1}}
    features = Conv2D(image, kernel) {strides=[1, 2, 2, 1], padding="SAME"}
    heat = Relu(features)
    outputs(heat)
"""


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language; those of none hold commands."""
    parts = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    return [body for named, body in parts if named == language]


def commands(program: str) -> list[list[str]]:
    """Return the arguments of every command line that starts with a program's words."""
    lines = [line for block in blocks("") for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    start = program.split()
    return [line[len(start) :] for line in words if line[: len(start)] == start]


def test_every_command_is_one_of_those_tested_here() -> None:
    lines = [line for block in blocks("") for line in block.splitlines() if line.strip()]
    known = ("surgeon", "python -m benchmarks", "./run", "./test")
    assert len(lines) == sum(len(commands(program)) for program in known)


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.tensorrt
def test_the_commands_of_the_program_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "samples", "samples")
    save_graphdef(parse_text(POSE), Path("pose.pb"))
    ran = [(line, surgeon(*line)) for line in commands("surgeon")]
    wrong = {
        " ".join(line): done.stdout
        for line, done in ran
        if done.status != (1 if " ".join(line).startswith(ANSWERED_NO) else 0)
    }
    assert not wrong
    written = [line[line.index(key) + 1] for line, _ in ran for key in ("-o",) if key in line]
    assert len(written) >= 8
    assert all(Path(name).exists() for name in (*written, "diff.svg", "comparison.html"))


def test_the_benchmarks_named_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ran(benchmark: Benchmark, arguments: tuple[str, ...], timeout: float) -> every.Outcome:
        asked.append(benchmark.name)
        return every.Outcome(benchmark, arguments, (), timeout)

    monkeypatch.setattr(every, "run", ran)
    monkeypatch.chdir(tmp_path)
    lines = commands("python -m benchmarks")
    assert [every.main(line) for line in lines] == [0] * len(lines)
    assert set(asked) == {benchmark.name for benchmark in every.BENCHMARKS}
    assert Path("results.md").exists()


@pytest.mark.parametrize("script", ["run", "test"])
def test_the_first_two_commands_are_scripts(script: str) -> None:
    assert commands(f"./{script}")
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)
    assert (ROOT / script).stat().st_mode & 0o111


def test_the_rule_is_the_bundled_one_without_its_examples(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    name = re.findall(r'^id = "(.*)"$', text, re.MULTILINE)[0]
    assert (rules_dir() / f"{name}.toml").read_text("utf-8").startswith(text)
    (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    assert load_rule_file(tmp_path / f"{name}.toml").id == name


def test_links_lead_to_files() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_numbers_are_counted() -> None:
    assert f"{len(catalogue())} targets" in TEXT
    assert f"{len(bundled_rules())} rules" in TEXT
    (ops,) = re.findall(r"lowers \*\*(\d+)\*\* ops", ops_page())
    assert f"[{ops} ops](docs/ops.md)" in TEXT
    assert f"({ops} here, " in TEXT


def test_it_names_the_python_that_runs_it() -> None:
    assert sys.version_info >= (3, 11)
    assert "Python 3.11 or newer" in TEXT
