"""`python -m benchmarks.convert`: open sizes are given, what does not convert is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import benchmarks.convert as benchmark
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import AttrValue, DType, Shape


def open_relu(path: Path, name: str = "x") -> Path:
    """Write a graph whose input `name` has two unknown dimensions."""
    kind: dict[str, AttrValue] = {"dtype": DType.FLOAT32, "shape": Shape((-1, -1))}
    relu = Node("y", "Relu", inputs=(TensorRef(name),), attrs={"T": DType.FLOAT32})
    save_graphdef(Graph((Node(name, "Placeholder", attrs=kind), relu)), path)
    return path


def test_an_open_size_is_given(tmp_path: Path) -> None:
    path = open_relu(tmp_path / "open.pb")
    facts = benchmark.convert(path, ["x=2x3", "no_such_node=1x2"])
    assert (facts["nodes"], facts["transposes"]) == (2, 0)


@pytest.mark.slow
def test_a_file_that_does_not_convert_is_told_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fixed, unknown = open_relu(tmp_path / "fixed.pb"), open_relu(tmp_path / "unknown.pb", "z")
    monkeypatch.setattr(benchmark, "frozen", lambda name: fixed)
    arguments = ["convert", "--shape", "x=2x3", "--model", "MobileNetV2", str(unknown), str(fixed)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert benchmark.main() == 0
    *_, refused, last = capsys.readouterr().out.splitlines()
    assert "Dimension 1 of this input" in refused
    assert last.startswith("fixed")
