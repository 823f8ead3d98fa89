"""`surgeon export --overlay`: pictures coloured by an overlay or a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import surgeon
from tests.helpers.shared import data_path

CIFAR = data_path("cifar_small.pb")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("weights", ("Weight size", "KiB")),
        ("verdict", ("taken", "worst inside")),
        ("dtype", ("float32",)),
    ],
)
def test_a_picture_has_the_legend_of_its_overlay(
    tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    target = tmp_path / "out.svg"
    assert surgeon("export", CIFAR, "-o", target, "--overlay", name).status == 0
    drawn = target.read_text()
    assert all(word in drawn for word in words)


def test_a_file_colours_and_names_it_does_not_know_are_told(tmp_path: Path) -> None:
    values, target = tmp_path / "power.json", tmp_path / "out.svg"
    values.write_text(json.dumps({"title": "Power", "unit": "mW", "values": {"Input": 5, "x": 1}}))
    ran = surgeon("export", CIFAR, "-o", target, "--overlay", values, "--json")
    assert ran.json["notes"] == ["Power: 1 node coloured. 1 name not in this graph: x"]
    assert "5 mW" in target.read_text()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("speed", "There is no overlay speed."),
        ("error", "Verify with “Every layer” first."),
        ("none.json", "cannot be read"),
    ],
)
def test_an_overlay_that_cannot_be_made_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    assert surgeon("export", CIFAR, "-o", tmp_path / "out.svg", "--overlay", name).status != 0
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out.svg").exists()


def test_an_overlay_is_for_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.onnx"
    assert surgeon("export", CIFAR, "-o", target, "--overlay", "dtype").status != 0
    assert "--overlay are for pictures" in capsys.readouterr().err
