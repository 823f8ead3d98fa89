"""Real graphs, damaged a little, through every verb that works in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.errors import SaveError, TruncatedFile
from surgeon_gui.graph.model import Graph, Node
from surgeon_gui.graph.open import open_graph, pbtxt_from_graph
from tests.fuzz.graphs import graphdef
from tests.fuzz.mutate import mutated
from tests.fuzz.test_malformed import answers
from tests.helpers.shared import ROOT, data_path

SEEDS_A_MODEL = 6
FOUND = (149, 313, 489, 713, 1425)
"""Seeds that once crashed something."""

MODELS = [ROOT / "samples" / "boxes3d.pb", data_path("cifar_small.pb")]
MODELS += sorted(data_path("golden-uff").glob("*/*.pb"))


@pytest.mark.parametrize("model", MODELS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_mutated_graph_is_answered_by_every_verb(model: Path, tmp_path: Path) -> None:
    data = model.read_bytes()
    seeds = [*range(SEEDS_A_MODEL), *FOUND]
    for seed in seeds:
        path = tmp_path / f"seed{seed}.pb"
        path.write_bytes(mutated(data, seed))
        answers(path, tmp_path)


def test_a_damaged_function_library_is_told_at_opening(tmp_path: Path) -> None:
    path = tmp_path / "odd.pb"
    path.write_bytes(graphdef("cycle") + b"\x12\x02\x0a\x09")
    with pytest.raises(TruncatedFile):
        open_graph(path)


def test_a_graph_of_damaged_bytes_is_not_written_as_text() -> None:
    graph = Graph((Node("a", "NoOp"),), library=b"\x0a\x09")
    with pytest.raises(SaveError, match="damaged"):
        pbtxt_from_graph(graph)
