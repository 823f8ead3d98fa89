"""`surgeon freeze`: the file, the answer and the exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.open import open_graph
from tests.cli.command import surgeon
from tests.freeze.conftest import Model, assert_computes

pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))


def test_freeze_writes_a_graph_that_computes_the_same(exported: Model, tmp_path: Path) -> None:
    target = tmp_path / "frozen.pb"
    ran = surgeon("freeze", exported.path, "-o", target, "--optimize", "--json")
    assert ran.status == 0
    assert ran.json["path"] == str(target)
    assert ran.json["nodes_before"] > ran.json["nodes_after"]
    assert ran.json["passes"][0]["name"] == "function"
    assert_computes(open_graph(target).with_outputs([TensorRef("output_0")]), exported)


def test_freeze_asks_for_what_is_not_clear(exported: Model, tmp_path: Path) -> None:
    target = tmp_path / "frozen.pb"
    ran = surgeon("freeze", exported.path, "-o", target, "--signature", "third", "--json")
    assert ran.status == 2
    assert "serving_default" in ran.json["error"]["hint"]
    assert not target.exists()
