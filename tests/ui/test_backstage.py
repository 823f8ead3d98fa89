"""Questions about a graph, answered by another process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from surgeon_gui.errors import JobCrashed, UsageError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.targets import SupportReport, inspect
from surgeon_gui.ui.backstage import Backstage
from tests.helpers.shared import data_path
from tests.ui.test_latency import layered_graph


@pytest.fixture
def backstage() -> Iterator[Backstage]:
    made = Backstage()
    yield made
    made.close()


def is_same(report: SupportReport, other: SupportReport) -> bool:
    """Whether two reports say the same; targets hold functions, which do not compare."""
    said, other_said = (
        (found.target.id, found.verdicts, found.problems, found.types) for found in (report, other)
    )
    return said == other_said


def process_of(_graph: Graph) -> int:
    return os.getpid()


def outputs_of(graph: Graph) -> tuple[TensorRef, ...] | None:
    return graph.outputs


def end_the_process(_graph: Graph) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def take_long(_graph: Graph) -> None:
    time.sleep(60)


def test_answers_are_those_of_this_process(backstage: Backstage) -> None:
    graph = open_graph(data_path("cifar_small.pb"))
    here, there = infer_types(graph), backstage.ask(infer_types, graph)
    assert there.graph is graph
    for node in graph:
        assert there.outputs(node.name) == here.outputs(node.name)
    assert is_same(backstage.ask(inspect, graph, "direct"), inspect(graph, "direct"))
    lowered = backstage.ask(network_from_graph, graph).network
    expected = network_from_graph(graph).network
    assert lowered is not None
    assert expected is not None
    assert [layer.name for layer in lowered.layers] == [layer.name for layer in expected.layers]


def test_a_large_answer_comes_whole(backstage: Backstage) -> None:
    graph = layered_graph(3_000)
    assert is_same(backstage.ask(inspect, graph, "uff-8"), inspect(graph, "uff-8"))


def test_the_chosen_outputs_go_along(backstage: Backstage) -> None:
    graph = layered_graph(20)
    chosen = graph.with_outputs([TensorRef(graph.nodes[3].name)])
    assert backstage.ask(outputs_of, graph) is None
    assert backstage.ask(outputs_of, chosen) == chosen.outputs


def test_one_process_answers_all_questions(backstage: Backstage) -> None:
    first, second = layered_graph(20), layered_graph(40)
    asked = {backstage.ask(process_of, graph) for graph in (first, second, first)}
    assert len(asked) == 1
    assert asked != {os.getpid()}


def test_errors_arrive_as_they_were_raised(backstage: Backstage) -> None:
    with pytest.raises(UsageError, match="nowhere") as told:
        backstage.ask(inspect, layered_graph(20), "nowhere")
    assert told.value.hint


def test_a_process_that_ends_is_told_and_replaced(backstage: Backstage) -> None:
    graph = layered_graph(20)
    before = backstage.ask(process_of, graph)
    with pytest.raises(JobCrashed, match="ended twice"):
        backstage.ask(end_the_process, graph)
    assert backstage.ask(process_of, graph) not in (before, os.getpid())


def test_interrupting_gives_up_a_long_question(backstage: Backstage) -> None:
    graph = layered_graph(20)
    backstage.ask(process_of, graph)
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            backstage.ask(take_long, graph)
        except JobCrashed as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not backstage.is_asking:
        time.sleep(0.01)
    backstage.interrupt()
    thread.join(10)
    assert raised
    assert backstage.ask(process_of, graph) != os.getpid()
