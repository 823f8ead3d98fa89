"""`surgeon build` in half precision and in eight bits, and `surgeon quantize`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import surgeon
from tests.helpers.shared import data_path

MODEL = str(data_path("cifar_small.pb"))


@pytest.mark.parametrize(
    "options",
    [
        ("--keep", "Output"),
        ("--half-io",),
        ("--precision", "int8", "--keep", "Output"),
        ("--ranges", "r.json"),
    ],
)
def test_options_of_another_precision_are_refused(
    tmp_path: Path, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    done = surgeon("build", MODEL, "-o", str(tmp_path / "x.engine"), *options)
    assert done.status == 2
    assert "only" in capsys.readouterr().err


def test_int8_without_ranges_names_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = surgeon("build", MODEL, "-o", str(tmp_path / "x.engine"), "--precision", "int8")
    assert done.status != 0
    assert "surgeon quantize" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.tensorrt
def test_ranges_are_found_and_built_with(tmp_path: Path) -> None:
    shape = ("--shape", "Input=1x32x32x3")
    found = surgeon(
        "quantize", MODEL, *shape, "--random", "4", "-o", str(tmp_path / "r.cache"), "--json"
    )
    assert found.status == 0
    assert found.json["rounded"] >= 1
    built = surgeon(
        *("build", MODEL, *shape, "--precision", "int8", "--gpu", "sm86"),
        *("--ranges", str(tmp_path / "r.cache"), "-o", str(tmp_path / "x.engine")),
    )
    assert built.status == 0
    assert (tmp_path / "x.engine").stat().st_size > 0
