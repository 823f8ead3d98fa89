"""Whatever a graph says, the command line answers: yes, no or a message; never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.graph.evaluate import LARGEST_RESULT, room_for
from surgeon_gui.graph.open import open_graph
from tests.cli.command import surgeon
from tests.fuzz.graphs import CASES, FLOAT, Maker, graphdef


def answers(model: Path, folder: Path) -> None:
    """Run every verb that works in this process; each prints one object and a status of §7."""
    verbs: list[tuple[object, ...]] = [
        ("inspect", model),
        ("inspect", model, "--target", "uff-8"),
        ("edit", model, "--rules", "clean", "--rules", "uff", "-o", folder / "edited.pb"),
    ]
    verbs += [
        ("export", model, "-o", folder / f"out.{ending}")
        for ending in ("pb", "pbtxt", "uff", "onnx", "network")
    ]
    for verb in verbs:
        ran = surgeon(*verb, "--json")
        facts = ran.json
        assert ran.status in (0, 1, 2), (verb, facts)
        if "error" in facts:
            assert ran.status in (1, 2)
            assert facts["error"]["code"] != "InternalError", (verb, facts)
            assert facts["error"]["message"]


@pytest.mark.parametrize("name", CASES)
def test_a_malformed_graph_is_answered_by_every_verb(name: str, tmp_path: Path) -> None:
    model = tmp_path / f"{name}.pb"
    model.write_bytes(graphdef(name))
    answers(model, tmp_path)


@pytest.mark.parametrize("name", ["fill_of_a_tera_element", "constant_of_a_tera_element"])
def test_a_graph_that_asks_for_terabytes_is_refused_by_name(name: str, tmp_path: Path) -> None:
    model = tmp_path / "huge.pb"
    model.write_bytes(graphdef(name))
    ran = surgeon("inspect", model, "--json")
    assert ran.status == 1
    assert "1000000000000" in ran.json["problems"][0]["reason"]


def test_results_up_to_the_limit_are_computed() -> None:
    room_for([LARGEST_RESULT])
    with pytest.raises(ValueError, match=str(LARGEST_RESULT + 1)):
        room_for([LARGEST_RESULT + 1])


@pytest.mark.slow
def test_a_chain_of_5000_nodes_needs_no_recursion(tmp_path: Path) -> None:
    maker = Maker()
    maker.placeholder()
    last = "x"
    for index in range(5_000):
        name = f"n{index}"
        maker.node(name, "Relu" if index % 2 else "Identity", [last], T=FLOAT)
        last = name
    model = tmp_path / "chain.pb"
    model.write_bytes(maker.graph.SerializeToString())
    answers(model, tmp_path)
    assert len(open_graph(tmp_path / "edited.pb")) == 2_501
