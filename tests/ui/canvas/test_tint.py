"""Overlay colours: an order that needs no hue, writing that can be read, a legend that tells."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.canvas import GraphCanvas, minimap, steps
from surgeon_gui.ui.canvas.legend import Legend
from surgeon_gui.ui.canvas.minimap import Minimap
from surgeon_gui.ui.canvas.tint import STEPS, Paint, TintInk, luminance
from surgeon_gui.ui.palettes import THEMES
from surgeon_gui.ui.theme import LIGHT
from surgeon_gui.view.coloring import Coloring, Kinds, Numbers, tints_for
from surgeon_gui.view.overlay import Mark, Overlay
from surgeon_gui.view.tree import tree_from_graph
from tests.view.graphs import network

Show = Callable[[Graph], GraphCanvas]
SIZES = Numbers("x", "Power", {"input": 1.0, "probabilities": 5e3}, "mW")
OWNERS = Kinds("x", "Owner", {"input": "ann", "net/block_1/Relu": "bob"})


def contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", sorted(THEMES))
def test_more_is_always_further_from_the_canvas_in_lightness(name: str) -> None:
    theme = THEMES[name]
    lights = [luminance(paint.fill) for paint in TintInk(theme).scale]
    assert len(lights) == STEPS
    assert all((b > a) if theme.is_dark else (b < a) for a, b in pairwise(lights))
    canvas = luminance(theme.color("canvas"))
    assert abs(lights[-1] - canvas) > abs(lights[0] - canvas)


@pytest.mark.parametrize("name", sorted(THEMES))
def test_writing_on_every_tint_can_be_read(name: str) -> None:
    inks = TintInk(THEMES[name])
    kinds = tints_for(
        tree_from_graph(network()),
        Kinds("x", "X", {node.name: str(at) for at, node in enumerate(network())}),
    )
    paints: list[Paint] = list(inks.scale)
    for at in range(len(kinds.tree.nodes)):
        paint = inks.of(kinds, at)
        assert paint is not None
        paints.append(paint)
    assert all(contrast(paint.fill, paint.writing) >= 4.5 for paint in paints)


@pytest.mark.parametrize("coloring", [SIZES, OWNERS])
def test_an_overlay_changes_the_picture_and_goes_without_a_trace(
    show: Show, coloring: Coloring
) -> None:
    canvas = show(network())
    before = canvas.grab().toImage()
    canvas.set_coloring(coloring)
    assert canvas.grab().toImage() != before
    canvas.set_coloring(None)
    assert canvas.grab().toImage() == before


def test_the_legend_names_scale_kinds_and_what_groups_show(show: Show) -> None:
    canvas = show(network())
    canvas.set_coloring(OWNERS)
    assert {"Owner", "ann", "bob", "A closed group shows what most nodes inside have."} <= texts(
        canvas
    )
    canvas.set_coloring(SIZES)
    assert "A closed group shows the sum (Σ) of what is inside." in texts(canvas)
    assert "ann" not in texts(canvas)


def test_the_legend_leaves_the_minimap_free(show: Show) -> None:
    canvas = show(network())
    canvas.set_coloring(OWNERS)
    canvas.set_zoom(3.0)
    legend, overview = canvas.findChild(Legend), canvas.findChild(Minimap)
    assert legend is not None
    assert overview is not None
    assert overview.isVisible()
    assert not legend.geometry().intersects(overview.geometry())


def test_the_minimap_is_drawn_with_the_picture(show: Show) -> None:
    canvas = show(network())
    canvas.set_zoom(3.0)
    canvas.set_graph(Graph(network().nodes[1:]))
    canvas.finish_layout()
    overview = canvas.findChild(Minimap)
    assert overview is not None
    assert overview.isVisible()
    image = overview.grab().toImage()
    pixels = {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}
    assert LIGHT.group_fill(1).rgb() in pixels


def test_the_minimap_is_of_one_picture_however_fast_they_follow(
    show: Show, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minimap, "_LATER_MS", 0)
    monkeypatch.setattr(minimap, "_FEW", 1)
    for seconds in ("_FIRST_S", "_SLICE_S"):
        monkeypatch.setattr(steps, seconds, 0.0)
    shown = []
    for nodes in (network().nodes, network().nodes[:2]):
        canvas = show(Graph(nodes))
        canvas.set_overlay(Overlay({node.name: Mark("refuses") for node in nodes}))
        canvas.finish_layout()
        shown.append((canvas.plan(), canvas.marks()))
    overview = canvas.findChild(Minimap)
    assert overview is not None
    for turns in range(20):
        for plan, marks in shown:
            overview.show_plan(plan, marks)
            for _ in range(turns):
                QApplication.processEvents()
    overview.finish()


def test_an_overlay_stays_when_the_graph_changes(show: Show) -> None:
    canvas = show(network())
    canvas.set_coloring(SIZES)
    canvas.set_graph(Graph(network().nodes[1:]))
    canvas.finish_layout()
    marks = canvas.marks()
    assert marks is not None
    assert marks.tints is not None
    assert marks.tints.value(marks.tints.tree.find("probabilities") or 0) == 5e3


def test_a_canvas_far_away_and_in_the_minimap_is_coloured_too(show: Show, qtbot: QtBot) -> None:
    canvas = show(network())
    canvas.set_coloring(SIZES)
    canvas.set_zoom(0.3)
    deepest = TintInk(LIGHT).scale[-1].fill.rgb()

    def is_painted() -> bool:
        image = canvas.grab().toImage()
        width, height = image.width(), image.height()
        return any(image.pixel(x, y) == deepest for x in range(width) for y in range(height))

    # Tiles come one after the other where the machine is busy.
    qtbot.waitUntil(is_painted, timeout=20_000)


def texts(canvas: GraphCanvas) -> set[str]:
    legend = canvas.findChild(Legend)
    assert legend is not None
    return {label.text() for label in legend.findChildren(QLabel) if not label.isHidden()}


def test_the_legend_of_kinds_has_room_beside_the_panels_of_a_usual_window(show: Show) -> None:
    canvas = show(network())
    canvas.resize(700, 459)
    canvas.set_coloring(OWNERS)
    assert canvas.findChildren(Legend)[0].isVisible()
