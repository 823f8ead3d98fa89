"""Every command line, rule, script and piece of text in README and docs does what it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from docs.make_reference import PAGES, write
from surgeon_gui.cli.app import VERBS
from surgeon_gui.edits.base import EDITS
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.edits.script import script_from_toml
from surgeon_gui.graph.text import parse_text, print_text
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.library import bundled_rules, load_rule_file
from surgeon_gui.rewrite.plugins import described_plugins, load_plugin
from surgeon_gui.rewrite.ruleset import rule_set_from_toml
from surgeon_gui.targets import catalogue
from tests.cli.command import surgeon
from tests.helpers.shared import ROOT

DOCS = ROOT / "docs"
FENCE = re.compile(r"^( *)```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"#.*exit status (\d)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file it is shown as, its text."""

    language: str
    title: str
    text: str


def blocks(page: Path) -> list[Block]:
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [
        Block(language, title, "".join(line[len(indent) :] for line in text.splitlines(True)))
        for indent, language, title, text in found
    ]


HAND_WRITTEN = [
    ROOT / "README.md",
    *sorted(
        path
        for path in DOCS.rglob("*.md")
        if (path.parent.name, path.stem) not in {("reference", name) for name in PAGES}
    ),
]


def command_lines(block: Block) -> list[str]:
    """Return the commands of a bash block, those over several lines as one."""
    if block.language != "bash":
        return []
    lines = block.text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def pages_with(language: str) -> list[object]:
    return [
        pytest.param(page, id=page.relative_to(ROOT).as_posix())
        for page in HAND_WRITTEN
        if any(block.language == language for block in blocks(page))
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the samples in it, to be in."""
    shutil.copytree(
        ROOT / "samples", tmp_path / "samples", ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.tensorrt
@pytest.mark.parametrize("page", pages_with("bash"))
def test_every_command_line_does_what_the_page_says(page: Path, folder: Path) -> None:
    for block in blocks(page):
        if block.title:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        for line in command_lines(block):
            said = STATUS.search(line)
            wanted = int(said[1] if said else 0)
            words, _, target = line.partition(" > ")
            arguments = shlex.split(words, comments=True)
            if arguments[0] == "surgeon":
                ran = surgeon(*arguments[1:])
                assert ran.status == wanted, line
                if target:
                    Path(target).write_text(ran.stdout, encoding="utf-8")
            else:
                environment = {**os.environ, "PYTHONPATH": str(ROOT)}
                done = subprocess.run(
                    [sys.executable, *arguments[1:]],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == wanted, f"{line}\n{done.stderr[-3000:]}"


def test_no_command_stands_where_it_is_not_run() -> None:
    for page in HAND_WRITTEN:
        for block in blocks(page):
            if block.language == "bash":
                programs = {line.split()[0] for line in command_lines(block)}
                assert programs <= {"surgeon", "python"}, page.name
            else:
                assert not re.search(r"^(\$ )?(surgeon|python) ", block.text, re.MULTILINE), (
                    page.name
                )
    bare = re.compile(r"^ *```\n(?=surgeon |python )", re.MULTILINE)
    pages = [page for page in HAND_WRITTEN if page.parent != ROOT]
    assert [page.name for page in pages if bare.search(page.read_text(encoding="utf-8"))] == []


def _rule(text: str, folder: Path) -> None:
    name = re.search(r'^id = "(.+)"', text, re.MULTILINE)
    assert name
    path = folder / f"{name[1]}.toml"
    path.write_text(text, encoding="utf-8")
    rule = load_rule_file(path)
    for example in rule.examples:
        result = apply_rules(parse_text(example.before), [rule]).graph
        assert result == parse_text(example.after), print_text(result)


def _set(text: str, folder: Path) -> None:
    ApplyRules.of(rule_set_from_toml(text)).apply(parse_text("x = Placeholder() {shape=[1]}"))


def _plugin(text: str, folder: Path) -> None:
    name = re.search(r'^name = "(.+)"', text, re.MULTILINE)
    assert name
    path = folder / f"{name[1]}.toml"
    path.write_text(text, encoding="utf-8")
    assert load_plugin(path).name == name[1]


def _script(text: str, folder: Path) -> None:
    assert script_from_toml(text).edits


READERS: dict[str, Callable[[str, Path], None]] = {
    "[[item]]": _set,
    "[[edit]]": _script,
    "match = ": _rule,
    "tensorrt = ": _plugin,
}


@pytest.mark.parametrize("page", pages_with("toml"))
def test_every_rule_set_script_and_plugin_is_one(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.language == "toml":
            kinds = [read for mark, read in READERS.items() if f"\n{mark}" in f"\n{block.text}"]
            assert len(kinds) == 1, block.text
            kinds[0](block.text, tmp_path)


@pytest.mark.parametrize("page", pages_with("graph"))
def test_every_graph_reads_and_prints_itself(page: Path) -> None:
    for block in blocks(page):
        if block.language == "graph":
            graph = parse_text(block.text)
            assert graph.dangling() == []
            assert parse_text(print_text(graph)) == graph


def test_the_target_of_the_page_judges() -> None:
    (block,) = [b for b in blocks(DOCS / "howto" / "target.md") if b.language == "python"]
    check = (
        "from surgeon_gui.graph.text import parse_text\n"
        "from surgeon_gui.targets import inspect\n"
        "graph = parse_text('s = Placeholder() {shape=[2], dtype=i32}\\n"
        "y = RandomUniform(s) {dtype=f32}\\nz = Relu(y)')\n"
        "report = inspect(graph, 'ours')\n"
        "assert [p.node for p in report.problems] == ['y'], report.problems\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", block.text + check], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_made_pages_are_current() -> None:
    for name, page in PAGES.items():
        text = (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")
        assert text == page(), f"{name}: run `python -m docs.make_reference`."


def test_the_made_pages_tell_all_there_is(tmp_path: Path) -> None:
    write(tmp_path)
    wanted: dict[str, list[str]] = {
        "cli": [f"## {name}" for name in VERBS],
        "targets": [f"## {target.id}" for target in catalogue()],
        "plugins": [f"## {name}" for name in described_plugins()],
        "rules": [f"`{name}`" for name in bundled_rules()],
        "edits": [f"## {name}" for name in EDITS],
    }
    assert set(wanted) == set(PAGES)
    for name, words in wanted.items():
        text = (tmp_path / f"{name}.md").read_text(encoding="utf-8")
        assert [word for word in words if word not in text] == []
    text = (tmp_path / "cli.md").read_text(encoding="utf-8")
    for verb in VERBS:
        command = VERBS[verb]
        for param in command.params:
            if isinstance(param, click.Option):
                assert param.opts[0] in text


def test_every_file_of_docs_a_page_names_exists() -> None:
    for page in HAND_WRITTEN:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text("utf-8")):
            path = (page.parent / target).resolve()
            assert path.exists(), f"{page.name}: {target}"


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    pytest.importorskip("material")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "site" / "tutorials" / "boxes3d.html").is_file()
