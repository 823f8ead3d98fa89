"""What is different between two graphs, as it is painted: told apart with and without colours."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from surgeon_gui.compare.graphs import diff_graphs
from surgeon_gui.graph.text import parse_text
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.canvas.differences import marked_pen, split_edges
from surgeon_gui.ui.canvas.far import paint_far
from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.lights import Lights
from surgeon_gui.ui.canvas.near import paint_near
from surgeon_gui.ui.theme import DARK, LIGHT, Theme
from surgeon_gui.view.diff import Changes, merge
from surgeon_gui.view.overlay import DIFFERENCES

BEFORE = """
    x = Placeholder() {shape=[1, 12], dtype=f32}
    a/relu = Relu(x)
    a/neg = Neg(a/relu)
    a/tanh = Tanh(a/neg)
    b/abs = Abs(a/tanh)
    b/exp = Exp(b/abs)
    """
AFTER = """
    x = Placeholder() {shape=[1, 12], dtype=f32}
    a/relu = Relu(x)
    a/log = Log(a/relu)
    a/tanh = Tanh(a/log)
    b/abs = Abs(a/tanh)
    b/exp = Exp(b/abs)
    """


@pytest.fixture
def canvas(qtbot: QtBot) -> GraphCanvas:
    """Both graphs as one, everything open."""
    before, after = parse_text(BEFORE), parse_text(AFTER)
    found = diff_graphs(before, after)
    words = {change.node: "" for change in found.changed}
    merged = merge(before, after, Changes(found.added, found.removed, words, found.renamed))
    made = GraphCanvas(theme=LIGHT)
    qtbot.addWidget(made)
    made.set_graph(merged.graph, expanded=("a/", "b/"))
    made.set_overlay(merged.overlay)
    made.finish_layout()
    return made


def painted(canvas: GraphCanvas, theme: Theme, scale: float) -> set[str]:
    """Paint everything at a scale and return the colours that occur."""
    plan, marks = canvas.plan(), canvas.marks()
    assert plan is not None
    assert marks is not None
    area = plan.rect
    image = QImage(
        int(area.width() * scale) + 1, int(area.height() * scale) + 1, QImage.Format.Format_RGB32
    )
    image.fill(QColor(theme.canvas))
    painter = QPainter(image)
    painter.scale(scale, scale)
    if scale < 0.44:
        paint_far(painter, plan, marks, Ink(theme), area, scale)
    else:
        paint_near(painter, plan, marks, Ink(theme), area, Lights())
    painter.end()
    return {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }


def distance(one: QColor, other: QColor) -> int:
    """How far two colours are apart in the channel where they are most; smooth lines are paler."""
    apart = (
        one.red() - other.red(),
        one.green() - other.green(),
        one.blue() - other.blue(),
    )
    return max(map(abs, apart))


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_every_difference_is_seen_near_and_far(
    canvas: GraphCanvas, theme: Theme, scale: float
) -> None:
    colors = painted(canvas, theme, scale)
    for status in DIFFERENCES:
        wanted = theme.status(status)
        assert min(distance(wanted, QColor(name)) for name in colors) < 40, status


def test_edges_are_told_apart_without_their_colours(qtbot: QtBot) -> None:
    pens = {status: marked_pen(Ink(LIGHT), status, 1.0) for status in DIFFERENCES}
    looks = {(pen.style(), tuple(pen.dashPattern())) for pen in pens.values()}
    assert len(looks) == len(DIFFERENCES)
    assert all(pen.widthF() > 2.0 for pen in pens.values())


def test_plain_and_marked_edges_are_all_edges(canvas: GraphCanvas) -> None:
    plan, marks = canvas.plan(), canvas.marks()
    assert plan is not None
    assert marks is not None
    every = plan.edges_in(plan.rect)
    plain, marked = split_edges(plan, marks, every)
    assert sorted([*plain, *marked]) == sorted(every)
    ends = {
        (plan.tree.name(link.source), plan.tree.name(link.target)): marks.edge(plan.strand(int(at)))
        for at in marked
        for link in plan.strand(int(at)).links
    }
    assert ends == {
        ("a/relu", "a/neg"): "removed",
        ("a/neg", "a/tanh"): "removed",
        ("a/relu", "a/log"): "added",
        ("a/log", "a/tanh"): "added",
    }


def test_a_closed_group_counts_what_is_different_inside(canvas: GraphCanvas) -> None:
    canvas.set_expanded(())
    canvas.finish_layout()
    plan, marks = canvas.plan(), canvas.marks()
    assert plan is not None
    assert marks is not None
    one, other = (plan.tree.find_group(name) for name in ("a/", "b/"))
    assert one is not None
    assert other is not None
    assert marks.summary(one).differences == (("added", 1), ("removed", 1), ("changed", 1))
    assert marks.summary(other).differences == ()
