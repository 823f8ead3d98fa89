"""The generator of realistic graphs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.generate import generate_graph, main
from surgeon_gui.graph.graphdef import graphdef_from_graph
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import back_edges, deduce_inputs, deduce_outputs, namespaces
from surgeon_gui.graph.shapes import infer_types
from tests.helpers.tensorflow_process import run_tensorflow


@pytest.mark.parametrize("nodes", [2, 59, 60, 61, 229, 230, 231, 500, 2000, 2001])
def test_it_has_exactly_the_nodes_asked_for_and_they_fit(nodes: int) -> None:
    graph = generate_graph(nodes)
    assert len(graph) == nodes
    assert not graph.dangling()
    types = infer_types(graph)
    assert types.problems == {}
    (output,) = deduce_outputs(graph)
    assert types.shape(output).is_static
    assert [node.name for node in deduce_inputs(graph)] == ["input"]


def test_it_is_deterministic_and_the_seed_matters() -> None:
    first = graphdef_from_graph(generate_graph(800, seed=3))
    assert graphdef_from_graph(generate_graph(800, seed=3)) == first
    assert graphdef_from_graph(generate_graph(800, seed=4)) != first


def test_it_looks_like_a_real_graph() -> None:
    graph = generate_graph(5000)
    ops = {node.op for node in graph}
    assert {"Conv2D", "FusedBatchNormV3", "Rsqrt", "ConcatV2", "Pack", "Exit", "Switch"} <= ops
    assert max(node.name.count("/") for node in graph) >= 6
    assert len(namespaces(graph)) > 1000
    assert len(back_edges(graph)) == 2
    assert not back_edges(generate_graph(500, loop=False))


@pytest.mark.tensorflow
@pytest.mark.parametrize("loop", [True, False])
def test_tensorflow_runs_it(loop: bool, tmp_path: Path) -> None:
    graph = generate_graph(500, loop=loop)
    feeds = {"input": np.random.default_rng(0).normal(size=(1, 16, 16, 8)).astype(np.float32)}
    run = run_tensorflow(graph, tmp_path, ["Predictions:0"], feeds)
    assert run.errors == {}
    result = run.arrays["Predictions:0"]
    assert result.shape == infer_types(graph).shape(TensorRef("Predictions")).dims
    assert np.isclose(result.sum(), 1)
    assert np.isfinite(result).all()


def test_the_command_writes_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "g.pb"
    monkeypatch.setattr(sys, "argv", ["generate", "--nodes", "300", "--out", str(path)])
    main()
    assert "300 nodes" in capsys.readouterr().out
    assert open_graph(path) == generate_graph(300)
