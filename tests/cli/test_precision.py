"""`surgeon build` in half precision and in eight bits, and `surgeon quantize`."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.network.quantize.ranges import Ranges, load_ranges
from surgeon_gui.range_files import load_any_ranges, save_any_ranges
from tests.cli.command import surgeon
from tests.helpers.shared import data_path

MODEL = str(data_path("cifar_small.pb"))


@pytest.mark.parametrize(
    "options",
    [
        ("--keep", "Output"),
        ("--half-io",),
        ("--precision", "int8", "--keep", "Output"),
        ("--precision", "int8", "--implicit"),
    ],
)
def test_options_of_another_precision_are_refused(
    tmp_path: Path, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    done = surgeon("build", MODEL, "-o", str(tmp_path / "x.engine"), *options)
    assert done.status == 2
    assert "only" in capsys.readouterr().err


def test_ranges_of_another_precision_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_any_ranges(Ranges({"x": 1.0}), tmp_path / "r.json")
    options = ("--ranges", tmp_path / "r.json", "--precision", "fp16")
    done = surgeon("build", MODEL, "-o", tmp_path / "x.engine", *options)
    assert done.status == 2
    assert "int8 only" in capsys.readouterr().err


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


SHAPE = ("--shape", "Input=1x32x32x3")


def test_a_calibration_cache_has_every_float_tensor(tmp_path: Path) -> None:
    options = (*SHAPE, "--random", "2", "--collector", "minmax")
    for name in ("few.json", "all.cache"):
        assert surgeon("quantize", MODEL, *options, "-o", tmp_path / name).status == 0
    few, every = (load_ranges(tmp_path / name).reach for name in ("few.json", "all.cache"))
    assert set(few) < set(every)
    assert {name: every[name] for name in few} == pytest.approx(few, rel=1e-6)


def test_ranges_go_into_a_rule_set_and_come_out_for_the_next_graph(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text('title = "Ours"\n[[item]]\nrule = "strip-identity"\n')
    options = (*SHAPE, "--random", "2", "--collector", "minmax")
    assert surgeon("quantize", MODEL, *options, "-o", path).status == 0
    made = load_any_ranges(path)
    assert made.collector == "minmax"
    again = surgeon(
        *("quantize", MODEL, *SHAPE, "--random", "1", "--seed", "7", "--rules", path),
        *("-o", tmp_path / "again.json"),
    )
    assert again.status == 0
    assert load_ranges(tmp_path / "again.json").reach == made.reach


def test_what_a_search_kept_in_float_is_in_the_ranges(tmp_path: Path) -> None:
    options = (*SHAPE, "--random", "2", "--collector", "minmax", "--json")
    first = surgeon("quantize", MODEL, *options, "-o", tmp_path / "r.json")
    layer = first.json["layers"][0]["layer"]
    kept = ("--keep", layer)
    assert surgeon("quantize", MODEL, *options, *kept, "-o", tmp_path / "r.json").status == 0
    assert load_ranges(tmp_path / "r.json").kept == (layer,)
    given = ("--ranges", tmp_path / "r.json")
    again = surgeon("quantize", MODEL, *options, *given, "-o", tmp_path / "again.json")
    assert [item["kept"] for item in again.json["layers"]].count(True) == 1


@pytest.mark.tensorrt
def test_a_tensorrt_without_dynamic_ranges_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_any_ranges(Ranges({"Input": 1.0}), tmp_path / "r.json")
    done = surgeon(
        *("build", MODEL, *SHAPE, "--precision", "int8", "--implicit"),
        *("--ranges", tmp_path / "r.json", "-o", tmp_path / "x.engine"),
    )
    assert done.status == 2
    assert "leave --implicit out" in capsys.readouterr().err
