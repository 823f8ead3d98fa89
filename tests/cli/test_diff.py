"""`surgeon diff`: status, facts and picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from tests.cli.command import surgeon

TEXT = """
    x = Placeholder() {shape=[1, 12], dtype=f32}
    a/w = Const() {value=f32[12]{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
    a/add = Add(x, a/w)
    b/relu = Relu(a/add)
    b/neg = Neg(b/relu)
    """


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    paths = (tmp_path / "one.pb", tmp_path / "other.pb")
    other = TEXT.replace("b/neg = Neg(b/relu)", "b/tanh = Tanh(b/relu)").replace("10, 11", "10, 12")
    for path, text in zip(paths, (TEXT, other), strict=True):
        save_graph(parse_text(text), path)
    return paths


def test_the_facts_name_every_change(models: tuple[Path, Path]) -> None:
    ran = surgeon("diff", *models, "--json")
    assert ran.status == 1
    assert ran.json["added"] == ["b/tanh"]
    assert ran.json["removed"] == ["b/neg"]
    assert ran.json["changed"] == [
        {"node": "a/w", "changes": ["value: float32 [12], 1 of 12 numbers differs, by 1 at most"]}
    ]
    assert ran.json["renamed"] == {}


def test_the_picture_shows_both_graphs(models: tuple[Path, Path], tmp_path: Path) -> None:
    for name in ("diff.svg", "diff.png", "diff.pdf"):
        assert surgeon("diff", *models, "--picture", tmp_path / name).status == 1
        assert (tmp_path / name).stat().st_size > 1000
    words = (tmp_path / "diff.svg").read_text()
    assert ">Neg<" in words
    assert ">Tanh<" in words
    assert ">Placeholder<" in words


def test_the_picture_can_leave_out_what_is_alike(models: tuple[Path, Path], tmp_path: Path) -> None:
    target = tmp_path / "diff.svg"
    ran = surgeon("diff", *models, "--picture", target, "--neighbours", "0", "--json")
    assert ran.status == 1
    words = target.read_text()
    assert ">Tanh<" in words
    assert ">Placeholder<" not in words


def test_neighbours_without_a_picture_are_refused(models: tuple[Path, Path]) -> None:
    ran = surgeon("diff", *models, "--neighbours", "1", "--json")
    assert ran.status == 2
    assert "--picture" in ran.json["error"]["hint"]


def test_nothing_different_is_no_part_of_a_picture(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    one, _ = models
    assert surgeon("diff", one, one, "--picture", tmp_path / "all.svg").status == 0
    ran = surgeon(
        "diff", one, one, "--picture", tmp_path / "none.svg", "--neighbours", "0", "--json"
    )
    assert ran.status == 2
    assert "nothing to draw" in ran.json["error"]["message"]
