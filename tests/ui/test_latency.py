"""The window stays alive: a clock in its thread goes on ticking while work is done elsewhere.

How long it stands still is measured by `benchmarks/latency.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer

from surgeon_gui.document import Document
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import DType, Shape
from tests.ui.conftest import Driver


def ticks_during(driver: Driver, action: Callable[[], object]) -> int:
    """Return how often a clock in the window's thread ticks until the action has settled."""
    ticks: list[None] = []
    timer = QTimer()
    timer.setInterval(1)
    timer.timeout.connect(lambda: ticks.append(None))
    timer.start()
    action()
    driver.settle()
    timer.stop()
    return len(ticks)


def test_the_window_goes_on_while_a_large_graph_is_judged(driver: Driver) -> None:
    session = driver.window.session
    graph = layered_graph(4_000)
    assert ticks_during(driver, lambda: session.set_document(Document(graph))) > 10
    assert session.support is not None
    assert ticks_during(driver, lambda: session.set_target("uff-8")) > 10


def test_everything_is_opened_in_many_steps(driver: Driver) -> None:
    driver.window.session.set_document(Document(layered_graph(4_000)))
    driver.settle()
    canvas = driver.window.canvas
    assert ticks_during(driver, canvas.expand_all) > 3
    assert len(canvas.visible_items()) > 4_000


def layered_graph(size: int) -> Graph:
    """A chain of blocks of four nodes, in nested namespaces."""
    nodes = [Node("in", "Placeholder", attrs={"dtype": DType.FLOAT32, "shape": Shape((1, 8))})]
    while len(nodes) < size:
        block = len(nodes) // 4
        space = f"stage_{block // 200}/part_{block // 20 % 10}/block_{block}"
        last = TensorRef(nodes[-1].name)
        kinds = {"T": DType.FLOAT32}
        nodes.append(Node(f"{space}/relu", "Relu", [last], kinds))
        nodes.append(Node(f"{space}/neg", "Neg", [TensorRef(f"{space}/relu")], kinds))
        pair = [TensorRef(f"{space}/relu"), TensorRef(f"{space}/neg")]
        nodes.append(Node(f"{space}/add", "Add", pair, kinds))
        nodes.append(Node(f"{space}/tanh", "Tanh", [TensorRef(f"{space}/add")], kinds))
    return Graph(tuple(nodes))
