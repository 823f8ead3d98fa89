"""The canvas, used by mouse and keyboard as a person would."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.collector import collect_if_due
from surgeon_gui.ui.theme import DARK, LIGHT
from surgeon_gui.view.overlay import Mark, Overlay
from surgeon_gui.view.tree import ROOT
from tests.ui.canvas.conftest import head_of, on_screen
from tests.view.graphs import crowd, loop, network, node, odd_names, placeholder

Show = Callable[[Graph], GraphCanvas]
_LEFT = Qt.MouseButton.LeftButton
_NONE = Qt.KeyboardModifier.NoModifier
_CTRL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier


def picture(canvas: GraphCanvas) -> QImage:
    QApplication.processEvents()
    return canvas.grab().toImage()


def colours(image: QImage) -> int:
    return len(
        {image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}
    )


def wheel(canvas: GraphCanvas, at: QPoint, turns: int) -> None:
    viewport = canvas.viewport()
    event = QWheelEvent(
        QPointF(at),
        QPointF(viewport.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * turns),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)


def test_a_click_selects_the_node_under_the_mouse(show: Show, qtbot: QtBot) -> None:
    canvas = show(network())
    with qtbot.waitSignal(canvas.selection_changed) as changed:
        QTest.mouseClick(
            canvas.viewport(), _LEFT, _NONE, on_screen(canvas, canvas.node_rect("input"))
        )
    assert changed.args == [("input",)]
    assert canvas.selection() == ("input",)


def test_a_click_beside_everything_selects_nothing(show: Show) -> None:
    canvas = show(network())
    canvas.select(["input"])
    QTest.mouseClick(canvas.viewport(), _LEFT, _NONE, QPoint(5, 300))
    assert canvas.selection() == ()


def test_control_click_adds_and_takes_away(show: Show) -> None:
    canvas = show(network())
    first = on_screen(canvas, canvas.node_rect("input"))
    second = on_screen(canvas, canvas.node_rect("probabilities"))
    QTest.mouseClick(canvas.viewport(), _LEFT, _NONE, first)
    QTest.mouseClick(canvas.viewport(), _LEFT, _CTRL, second)
    assert canvas.selection() == ("input", "probabilities")
    QTest.mouseClick(canvas.viewport(), _LEFT, _CTRL, first)
    assert canvas.selection() == ("probabilities",)


def test_a_double_click_opens_a_namespace_and_closes_it(show: Show) -> None:
    canvas = show(network())
    rect = canvas.group_rect("net/block_1")
    QTest.mouseDClick(canvas.viewport(), _LEFT, _NONE, on_screen(canvas, rect))
    assert "net/block_1/Conv2D" in canvas.visible_items()
    rect = canvas.group_rect("net/block_1")
    QTest.mouseDClick(canvas.viewport(), _LEFT, _NONE, head_of(canvas, rect))
    assert "net/block_1/Conv2D" not in canvas.visible_items()


def test_the_triangle_opens_and_the_same_place_closes_again(show: Show) -> None:
    canvas = show(network())
    place = canvas.mapFromScene(canvas.group_rect("net/block_2").topLeft() + QPointF(16, 16))
    QTest.mouseMove(canvas.viewport(), place)
    QTest.mouseClick(canvas.viewport(), _LEFT, _NONE, place)
    assert "net/block_2/" in canvas.expanded()
    QTest.mouseClick(canvas.viewport(), _LEFT, _NONE, place)
    assert "net/block_2/" not in canvas.expanded()


def test_what_is_opened_keeps_its_place_on_the_screen(show: Show) -> None:
    canvas = show(network())
    before = canvas.mapFromScene(canvas.group_rect("net/block_2").topLeft())
    canvas.expand("net/block_2")
    after = canvas.mapFromScene(canvas.group_rect("net/block_2").topLeft())
    assert abs(before.y() - after.y()) <= 1


def test_a_double_click_on_a_node_activates_it(show: Show, qtbot: QtBot) -> None:
    canvas = show(network())
    with qtbot.waitSignal(canvas.activated) as activated:
        QTest.mouseDClick(
            canvas.viewport(), _LEFT, _NONE, on_screen(canvas, canvas.node_rect("input"))
        )
    assert activated.args == ["input"]


def test_a_click_on_a_weight_selects_the_constant(show: Show) -> None:
    canvas = show(network())
    canvas.expand("net/block_1")
    canvas.set_zoom(1.0)
    rect = canvas.node_rect("net/block_1/Conv2D")
    canvas.centerOn(rect.center())
    QTest.mouseClick(canvas.viewport(), _LEFT, _NONE, on_screen(canvas, rect, 0.5, 0.85))
    assert canvas.selection() == ("net/block_1/kernel",)


def test_the_wheel_zooms_at_the_mouse(show: Show, qtbot: QtBot) -> None:
    canvas = show(network())
    at = on_screen(canvas, canvas.node_rect("input"))
    with qtbot.waitSignal(canvas.zoom_changed):
        wheel(canvas, at, 2)
    assert canvas.zoom() > 1.3
    assert (on_screen(canvas, canvas.node_rect("input")) - at).manhattanLength() <= 2
    wheel(canvas, at, -2)
    assert canvas.zoom() == pytest.approx(1.0)


def test_dragging_pans_and_selects_nothing(show: Show) -> None:
    canvas = show(network())
    before = canvas.seen().center()
    viewport, start = canvas.viewport(), QPoint(40, 300)
    QTest.mousePress(viewport, _LEFT, _NONE, start)
    for step in (10, 40, 60):
        QTest.mouseMove(viewport, start + QPoint(0, step))
    QTest.mouseRelease(viewport, _LEFT, _NONE, start + QPoint(0, 60))
    assert canvas.seen().center().y() == pytest.approx(before.y() - 60, abs=2)
    assert canvas.selection() == ()


def test_a_shift_drag_selects_what_it_surrounds(show: Show) -> None:
    canvas = show(network())
    rect = canvas.group_rect("net/block_1").united(canvas.group_rect("net/block_2"))
    area = canvas.mapFromScene(rect.adjusted(-6, -6, 6, 6)).boundingRect()
    viewport = canvas.viewport()
    QTest.mousePress(viewport, _LEFT, _SHIFT, area.topLeft())
    QTest.mouseMove(viewport, area.center())
    QTest.mouseMove(viewport, area.bottomRight())
    QTest.mouseRelease(viewport, _LEFT, _SHIFT, area.bottomRight())
    assert set(canvas.selection()) == {"net/block_1/", "net/block_2/"}


def test_arrow_keys_walk_along_the_edges(show: Show) -> None:
    canvas = show(network())
    walked = []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        QTest.keyClick(canvas, key)
        walked.append(canvas.selection()[0])
    assert walked == ["input", "net/block_1/", "net/block_2/", "net/block_1/"]


def test_left_and_right_walk_between_neighbours(show: Show) -> None:
    graph = Graph(
        (
            placeholder("x", 1),
            node("left", "Relu", "x"),
            node("right", "Relu", "x"),
            node("sum", "Add", "left", "right"),
        )
    )
    canvas = show(graph)
    first, second = sorted(("left", "right"), key=lambda name: canvas.node_rect(name).left())
    canvas.select([first])
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas.selection() == (second,)
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    assert canvas.selection() == (first,)


def test_enter_opens_and_closes_the_selected_namespace(show: Show) -> None:
    canvas = show(network())
    canvas.select(["net/block_1/"])
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert "net/block_1/" in canvas.expanded()
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert "net/block_1/" not in canvas.expanded()


def test_keys_zoom_and_fit(show: Show) -> None:
    canvas = show(network())
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.zoom() == pytest.approx(1.2)
    QTest.keyClick(canvas, Qt.Key.Key_0)
    assert canvas.zoom() == pytest.approx(1.0)
    canvas.expand_all()
    QTest.keyClick(canvas, Qt.Key.Key_F)
    assert canvas.seen().contains(canvas.content())


def test_escape_selects_nothing(show: Show) -> None:
    canvas = show(network())
    canvas.select(["input"])
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.selection() == ()


def test_reveal_opens_what_hides_a_node_and_centres_it(show: Show) -> None:
    canvas = show(network())
    canvas.reveal("net/block_2/Relu")
    rect = canvas.node_rect("net/block_2/Relu")
    assert canvas.selection() == ("net/block_2/Relu",)
    assert canvas.viewport().rect().contains(on_screen(canvas, rect))


def test_reveal_of_a_folded_constant_shows_its_reader(show: Show) -> None:
    canvas = show(network())
    canvas.reveal("net/block_2/bias")
    assert canvas.selection() == ("net/block_2/bias",)
    assert "net/block_2/BiasAdd" in canvas.visible_items()


def test_names_the_graph_does_not_have_are_not_selected(show: Show) -> None:
    canvas = show(network())
    canvas.select(["nowhere", "input", "nowhere/"])
    assert canvas.selection() == ("input",)


def test_a_right_click_selects_and_asks_for_a_menu(show: Show, qtbot: QtBot) -> None:
    canvas = show(network())
    place = on_screen(canvas, canvas.group_rect("net/block_1"))
    with qtbot.waitSignal(canvas.context_menu_requested) as asked:
        event = QContextMenuEvent(
            QContextMenuEvent.Reason.Mouse, place, canvas.viewport().mapToGlobal(place)
        )
        QApplication.sendEvent(canvas.viewport(), event)
    assert asked.args is not None
    assert asked.args[0] == "net/block_1/"
    assert canvas.selection() == ("net/block_1/",)


def test_an_edit_keeps_what_is_open_selected_and_in_view(show: Show) -> None:
    graph = network()
    canvas = show(graph)
    canvas.expand("net/block_1")
    canvas.select(["net/block_1/Relu"])
    zoom, place = canvas.zoom(), canvas.seen()
    canvas.set_graph(Graph(graph.nodes[:-1]), title="graph.pb")
    canvas.finish_layout()
    assert "net/block_1/" in canvas.expanded()
    assert canvas.selection() == ("net/block_1/Relu",)
    assert canvas.zoom() == zoom
    assert (canvas.seen().center() - place.center()).manhattanLength() < 60


def test_a_removed_node_leaves_the_selection(show: Show, qtbot: QtBot) -> None:
    graph = network()
    canvas = show(graph)
    canvas.select(["probabilities"])
    with qtbot.waitSignal(canvas.selection_changed):
        canvas.set_graph(Graph(graph.nodes[:-1]), title="graph.pb")
        canvas.finish_layout()
    assert canvas.selection() == ()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every layout take several slices, however fast the machine is."""
    monkeypatch.setattr("surgeon_gui.ui.canvas.steps._FIRST_S", 0.0)
    monkeypatch.setattr("surgeon_gui.ui.canvas.steps._SLICE_S", 0.001)


@pytest.mark.usefixtures("unhurried")
def test_what_is_asked_during_a_layout_is_done_after_it(qtbot: QtBot) -> None:
    canvas = GraphCanvas(theme=LIGHT)
    qtbot.addWidget(canvas)
    canvas.set_graph(many_blocks(1500))
    assert canvas.is_laying_out()
    canvas.reveal("block_700/relu_2")
    with qtbot.waitSignal(canvas.layout_finished, timeout=20_000):
        pass
    canvas.finish_layout()
    assert canvas.selection() == ("block_700/relu_2",)
    assert "block_700/relu_2" in canvas.visible_items()


@pytest.mark.usefixtures("unhurried")
def test_a_newer_graph_supersedes_one_being_laid_out(qtbot: QtBot) -> None:
    canvas = GraphCanvas(theme=LIGHT)
    qtbot.addWidget(canvas)
    canvas.set_graph(many_blocks(1500))
    assert canvas.is_laying_out()
    small = network()
    canvas.set_graph(small)
    canvas.finish_layout()
    assert canvas.graph() is small
    assert "input" in canvas.visible_items()


@pytest.mark.usefixtures("unhurried")
def test_marks_of_a_large_graph_are_made_in_steps_and_the_newest_count(qtbot: QtBot) -> None:
    canvas = GraphCanvas(theme=LIGHT)
    qtbot.addWidget(canvas)
    graph = many_blocks(1500)
    first, second, third = (
        Overlay({node.name: Mark(status) for node in graph})
        for status in ("refuses", "caveat", "cured")
    )
    canvas.set_graph(graph, overlay=first)
    canvas.finish_layout()
    marks = canvas.marks()
    assert marks is not None
    assert marks.overlay is first
    assert marks.summary(ROOT).worst == "refuses"
    canvas.set_overlay(second)
    assert canvas.is_laying_out()
    canvas.set_overlay(third)
    qtbot.waitUntil(lambda: not canvas.is_laying_out(), timeout=20_000)
    marks = canvas.marks()
    assert marks is not None
    assert marks.overlay is third
    assert marks.summary(ROOT).worst == "cured"


@pytest.mark.usefixtures("unhurried")
def test_a_cancelled_layout_leaves_the_picture_as_it_was(qtbot: QtBot) -> None:
    canvas = GraphCanvas(theme=LIGHT)
    qtbot.addWidget(canvas)
    canvas.set_graph(many_blocks(1500))
    canvas.finish_layout()
    before, opened = canvas.visible_items(), canvas.expanded()
    canvas.expand_all()
    assert canvas.is_laying_out()
    canvas.cancel_layout()
    assert not canvas.is_laying_out()
    assert canvas.visible_items() == before
    assert canvas.expanded() == opened


class Knot:
    """Holds itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.usefixtures("unhurried")
def test_the_garbage_collector_works_again_after_a_layout(qtbot: QtBot) -> None:
    canvas = GraphCanvas(theme=LIGHT)
    qtbot.addWidget(canvas)
    canvas.set_graph(many_blocks(1500))
    canvas.finish_layout()
    knot = weakref.ref(Knot())
    kept: list[list[int]] = [[] for _ in range(60_000)]
    collect_if_due()
    assert knot() is None
    assert kept


def many_blocks(count: int) -> Graph:
    """Blocks of four in a row, too many to be laid out within a frame."""
    nodes = [placeholder("x", 1)]
    for block in range(count):
        for at in range(4):
            nodes.append(node(f"block_{block}/relu_{at}", "Relu", nodes[-1].name))
    return Graph(tuple(nodes))


def test_marks_change_the_picture_in_grey_too(show: Show) -> None:
    canvas = show(network())
    plain = picture(canvas).convertToFormat(QImage.Format.Format_Grayscale8)
    canvas.set_overlay(Overlay({"input": Mark("refuses", "There is no such layer.")}))
    marked = picture(canvas).convertToFormat(QImage.Format.Format_Grayscale8)
    assert plain != marked


def test_types_write_shapes_and_keep_the_view(show: Show) -> None:
    class Known:
        def type(self, ref: TensorRef) -> TensorType:
            return TensorType(DType.FLOAT32, Shape.of(1, 7, 7, 512))

    canvas = show(network())
    canvas.set_types(Known())
    canvas.finish_layout()
    plan = canvas.plan()
    assert plan is not None
    item = plan.tree.find("probabilities")
    assert item is not None
    assert plan.scene.labels.get(item).rows[0].right == "[1,7,7,512]"


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_both_themes_paint_the_graph(show: Show, theme: object) -> None:
    canvas = show(network())
    canvas.set_theme(DARK if theme is DARK else LIGHT)
    image = picture(canvas)
    assert image.pixelColor(3, 400) == canvas.theme().color("canvas")
    assert colours(image) > 20


@pytest.mark.parametrize("zoom", [0.05, 0.2, 0.45, 1.0, 3.0])
def test_every_zoom_paints_something(show: Show, zoom: float) -> None:
    canvas = show(network())
    canvas.expand_all()
    canvas.set_zoom(zoom)
    canvas.centerOn(canvas.content().center())
    assert colours(picture(canvas)) > 5


@pytest.mark.parametrize(
    "graph", [loop(), crowd(), odd_names(), Graph((placeholder("x", 1),)), Graph()]
)
def test_graphs_out_of_the_ordinary_are_shown(show: Show, graph: Graph) -> None:
    canvas = show(graph)
    canvas.expand_all()
    canvas.finish_layout()
    canvas.fit()
    picture(canvas)
    drawn = [item for item in canvas.visible_items() if not item.endswith("/")]
    assert set(drawn) <= {node.name for node in graph}
    assert bool(drawn) == bool(len(graph))


def test_hits_and_previews_light_what_hides_them(show: Show) -> None:
    canvas = show(network())
    plain = picture(canvas)
    canvas.set_hits(["net/block_1/Conv2D", "net/block_1/Relu"])
    ringed = picture(canvas)
    assert ringed != plain
    canvas.set_hits([])
    canvas.set_preview(["net/block_2/Relu"])
    assert picture(canvas) not in (plain, ringed)
    canvas.set_preview([])
    assert picture(canvas) == plain


def test_without_a_graph_the_canvas_says_so(show: Show) -> None:
    canvas = show(network())
    canvas.set_graph(None)
    assert canvas.graph() is None
    assert canvas.visible_items() == ()
    assert colours(picture(canvas)) > 3


def test_the_canvas_has_a_name_for_screen_readers(show: Show) -> None:
    assert show(network()).accessibleName() == "Graph"


def test_screen_readers_are_told_what_is_selected(show: Show) -> None:
    canvas = show(network())
    canvas.select(["input"])
    assert canvas.accessibleDescription() == "Placeholder input"
    canvas.select(["net/", "probabilities"])
    assert canvas.accessibleDescription() == "Softmax probabilities, 2 selected"


def test_clicking_the_stub_of_a_far_edge_goes_to_its_source(show: Show) -> None:
    nodes = [placeholder("x", 1)]
    for at in range(14):
        nodes.append(node(f"step_{at}", "AddN", nodes[-1].name, "x"))
    canvas = show(Graph(tuple(nodes)))
    canvas.set_zoom(1.0)
    rect = canvas.node_rect("step_12")
    canvas.centerOn(rect.center())
    plan = canvas.plan()
    assert plan is not None
    stub = next(
        at
        for at, strand in enumerate(plan.picture.strands)
        if strand.is_portal
        and strand.has_arrow
        and strand.links[0].target == plan.tree.find("step_12")
    )
    left, top, _, _ = plan.edge_bounds[stub]
    QTest.mouseClick(canvas.viewport(), _LEFT, _NONE, canvas.mapFromScene(QPointF(left, top + 4)))
    assert canvas.selection() == ("x",)
