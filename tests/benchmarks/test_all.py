"""`python -m benchmarks`: every one is run, what fails is told, and the table says what it held."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import benchmarks.__main__ as every
from benchmarks.__main__ import BENCHMARKS, Benchmark, Outcome, main, page, run
from benchmarks.figures import FIGURES, Figure, record, recorded

QUICK = Benchmark("partition", "Division", ("--nodes", "300", "--target", "direct"))
BROKEN = Benchmark("generate", "It is told nothing it needs")


def test_what_is_recorded_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "figures"
    monkeypatch.setenv(FIGURES, str(path))
    record("open", 12.5, "ms", budget=50)
    record("seconds", 2, "s", other=5.0, whose="tf2onnx")
    assert recorded(path.read_text("utf-8").splitlines()) == [
        Figure("open", 12.5, "ms", 50),
        Figure("seconds", 2.0, "s", None, 5.0, "tf2onnx"),
    ]


def test_every_benchmark_is_there_once() -> None:
    names = [benchmark.name for benchmark in BENCHMARKS]
    assert len(set(names)) == len(names)
    assert all(importlib.util.find_spec(f"benchmarks.{name}") for name in names)


def test_the_page_tells_budgets_ratios_and_what_was_over() -> None:
    figures = (Figure("slow", 60, "ms", 50), Figure("small", 2, "s", None, 5, "tf2onnx"))
    outcome = Outcome(QUICK, ("1",), figures, 3.0)
    text = page([outcome], [("memory", "23 GB")])
    assert "| memory | 23 GB |" in text
    assert "| partition | Division | 3 s | 1 over budget |" in text
    assert "| slow | 60 ms | 50 ms | **120%** |  |  |" in text
    assert "| small | 2 s |  |  | tf2onnx: 5 s | 2.5 |" in text


def test_one_that_takes_too_long_is_told() -> None:
    assert run(QUICK, QUICK.short, timeout=0.01).verdict == "failed: not done after 0 s"


@pytest.mark.slow
def test_one_that_fails_is_told_and_the_rest_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(every, "BENCHMARKS", (BROKEN, QUICK))
    out = tmp_path / "results.md"
    assert main(["--out", str(out)]) == 1
    text = out.read_text("utf-8")
    assert "| generate | It is told nothing it needs |" in text
    assert "the following arguments are required: --nodes, --out |" in text
    assert "`python -m benchmarks.partition --nodes 300 --target direct`" in text
    assert "| direct, generated, 300 nodes |" in text
    assert "| Python | 3." in text
    assert "== failed" in capsys.readouterr().out


def test_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["nothing"])
    assert caught.value.code == 2
    assert "no such benchmark: nothing" in capsys.readouterr().err
