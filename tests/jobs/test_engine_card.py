"""The card beside an engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.errors import SaveError
from surgeon_gui.jobs.engine_card import (
    EngineCard,
    card_path,
    missing_card,
    nodes_of,
    read_card,
    sha256_of,
    write_card,
)
from surgeon_gui.jobs.message import TensorInfo
from surgeon_gui.jobs.spec import BuildSpec, Provenance

LAYERS = {"a/conv": ("a/Conv2D", "a/BiasAdd"), "a/relu": ("a/Relu",), "b": ("b/MatMul",)}


def engine(folder: Path) -> tuple[Path, EngineCard]:
    path = folder / "x.engine"
    path.write_bytes(b"a plan")
    card = EngineCard(
        sha256=sha256_of(path),
        bytes=6,
        flavour="rtx",
        tensorrt="1.7.1.116",
        gpus=("sm86",),
        inputs=(TensorInfo("x", "float32", (-1, 4)),),
        outputs=(TensorInfo("y", "float32", (-1, 4)),),
        settings=BuildSpec(Path("/x.network"), path, precision="fp16"),
        network_sha256="00",
        built_at="2026-01-01T00:00:00+00:00",
        layers=LAYERS,
        provenance=Provenance("m.pb", "11", "[[edit]]"),
    )
    return path, card


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, card = engine(tmp_path)
    assert read_card(path) is None
    assert missing_card(path) == "No card lies beside it"
    write_card(path, card)
    assert card_path(path).name == "x.engine.json"
    assert read_card(path) == card


def test_the_card_of_another_plan_does_not_count(tmp_path: Path) -> None:
    path, card = engine(tmp_path)
    write_card(path, card)
    path.write_bytes(b"b plan")
    assert read_card(path) is None
    assert missing_card(path) == "The card beside it is of another engine"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "engine"}'])
def test_a_damaged_card_does_not_count(tmp_path: Path, content: str) -> None:
    path, _ = engine(tmp_path)
    card_path(path).write_text(content)
    assert read_card(path) is None
    assert missing_card(path) == "The card beside it cannot be read"


def test_a_card_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    path, card = engine(tmp_path)
    card_path(path).mkdir()
    with pytest.raises(SaveError):
        write_card(path, card)


@pytest.mark.parametrize(
    ("name", "nodes"),
    [
        ("a/conv", ("a/Conv2D", "a/BiasAdd")),
        ("a/conv + a/relu", ("a/Conv2D", "a/BiasAdd", "a/Relu")),
        ("{ForeignNode[a/relu...b]}", ("a/Relu", "b/MatMul")),
        ("Reformatting CopyNode", ()),
    ],
)
def test_fused_layers_are_traced_to_their_nodes(name: str, nodes: tuple[str, ...]) -> None:
    assert nodes_of(name, LAYERS) == nodes
