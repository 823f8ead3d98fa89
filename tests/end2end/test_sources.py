"""From everything people have to a TensorRT engine: each kind of source frozen, compared, built."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.engine.plan import read_plan_header
from tests.helpers.frozen_builds_process import SOURCES, Built, build_sources

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow, pytest.mark.tensorrt]

KINDS = {
    "both": ("SavedModel", ["image"], ["hidden", "dense/probabilities"]),
    "exported": ("SavedModel", ["image"], ["output_0"]),
    "checkpoint": ("checkpoint", ["image"], ["dense/probabilities"]),
    "checkpoint/model.ckpt.index": ("checkpoint", ["image"], ["dense/probabilities"]),
    "small.keras": ("Keras model", ["input_layer"], ["out"]),
    "small.h5": ("Keras model", ["image"], ["dense"]),
    "frozen.pb": ("frozen graph", ["x"], ["y"]),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """All of them, from one process: importing TensorFlow takes longer than the rest."""
    pytest.importorskip("tensorflow")
    pytest.importorskip("tensorrt_rtx")
    return build_sources(tmp_path_factory.mktemp("sources"))


def test_every_kind_of_source_is_here() -> None:
    assert set(KINDS) == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_becomes_an_engine_that_computes_what_it_did(
    built: dict[str, Built], name: str
) -> None:
    found = built[name]
    assert (found.source, found.inputs, found.outputs) == KINDS[name]
    assert found.difference is not None
    assert found.difference < 1e-5
    engine = Path(found.engine)
    assert engine.stat().st_size == found.bytes
    assert read_plan_header(engine).flavour == "rtx"
    assert found.layers > 0
