"""`surgeon build --verify`: the card says that the numbers were compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.graph.open import open_graph
from surgeon_gui.jobs.engine_card import read_card
from tests.cli.command import surgeon
from tests.helpers.shared import data_path

CIFAR = data_path("cifar_small.pb")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))


@pytest.mark.tensorflow
@pytest.mark.tensorrt
def test_the_card_holds_the_comparison_and_the_sums_of_both_files(tmp_path: Path) -> None:
    engine = tmp_path / "x.engine"
    ran = surgeon("build", CIFAR, "-o", engine, "--gpu", "sm86", "--verify", "--json")
    assert ran.status == 0
    card = read_card(engine)
    assert card is not None
    assert card.provenance is not None
    (row,) = card.provenance.verified
    assert row.ok
    assert row.metrics["max_abs"] < 1e-3
    assert len(card.provenance.model_sha256) == len(card.network_sha256) == 64
    told = surgeon("inspect", engine).stdout
    assert f"made from {CIFAR}, equal to TensorFlow, largest difference" in told


@pytest.mark.tensorflow
def test_nothing_is_built_when_the_numbers_differ(tmp_path: Path) -> None:
    graph = open_graph(CIFAR)
    script = tmp_path / "config.py"
    relu = next(node.name for node in graph if node.op == "Relu")
    script.write_text(
        "def preprocess(dynamic_graph):\n"
        f"    dynamic_graph.find_nodes_by_name({relu!r})[0].op = 'Tanh'\n"
    )
    engine = tmp_path / "x.engine"
    ran = surgeon("build", CIFAR, "-o", engine, "--preprocess", script, "--verify", "--json")
    assert ran.status == 1
    assert "nothing was built" in ran.json["error"]["message"]
    assert ran.json["error"]["where"] == relu
    assert not engine.exists()


def test_a_network_cannot_be_verified_here(tmp_path: Path) -> None:
    network = tmp_path / "m.network"
    assert surgeon("export", CIFAR, "-o", network).status == 0
    ran = surgeon("build", network, "-o", tmp_path / "x.engine", "--verify", "--json")
    assert ran.status == 2
    assert ran.json["error"]["where"] == "--verify"


@pytest.mark.slow
@pytest.mark.tensorrt
def test_what_built_the_engine_is_called_by_its_name(tmp_path: Path) -> None:
    ran = surgeon("build", CIFAR, "--gpu", "sm86", "-o", tmp_path / "x.engine")
    assert ran.status == 0
    assert "TensorRT for RTX 1." in ran.stdout
