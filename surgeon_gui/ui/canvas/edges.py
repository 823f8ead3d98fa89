"""The edge under the mouse, and the one that is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from surgeon_gui.ui.canvas.lights import Lights, shown_for
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.view.carried import Edge, edges_in
from surgeon_gui.view.labels import OPEN_HEAD

REACH = 5.0
"""How far from an edge the mouse may be, in pixels."""
_LEAST = 12.0
"""Edges shorter than this on the screen are too small to be meant, in pixels."""


def edge_at(plan: Plan, point: QPointF, zoom: float) -> int | None:
    """Return the edge nearest to a place of the scene that lies over no box, None for none."""
    box = plan.box_at(point)
    if box is not None and (
        not plan.is_open[box] or point.y() <= plan.box_rect(box).top() + OPEN_HEAD
    ):
        return None
    best, found = REACH / zoom, None
    area = QRectF(point, point).adjusted(-best, -best, best, best)
    for at in map(int, plan.edges_in(area, _LEAST / zoom)):
        away = _distance(plan, at, point)
        if away <= best and (found is None or away < best):
            best, found = away, at
    return found


def _distance(plan: Plan, at: int, point: QPointF) -> float:
    """How far a place is from an edge's line."""
    x, y = plan.picture.origins[at]
    line = np.array(plan.picture.routes[at], dtype=np.float64).reshape(-1, 2)
    line -= (point.x() - x, point.y() - y)
    start, along = line[:-1], np.diff(line, axis=0)
    lengths = np.maximum((along * along).sum(axis=1), 1e-12)
    share = np.clip(-(start * along).sum(axis=1) / lengths, 0.0, 1.0)
    nearest = start + share[:, None] * along
    return float(np.sqrt((nearest * nearest).sum(axis=1).min()))


def edges_on(plan: Plan, at: int) -> tuple[Edge, ...]:
    """Return the graph's edges that a drawn one stands for."""
    nodes, graph = plan.tree.nodes, plan.tree.graph
    return tuple(
        Edge(graph.nodes[nodes[source]].name, graph.nodes[nodes[target]].name)
        for source, target, _ in plan.strand(at).links
    )


def ways_of(plan: Plan, edges: Iterable[Edge]) -> list[int]:
    """Return every piece of the picture that one of these edges runs along."""
    find = plan.tree.find
    pairs = [(find(edge.producer), find(edge.consumer)) for edge in edges]
    return plan.edges_with(
        [(start, end) for start, end in pairs if start is not None and end is not None]
    )


class Board(Protocol):
    """What choosing edges needs of the canvas."""

    def plan(self) -> Plan | None: ...
    def zoom(self) -> float: ...


class EdgeChoice:
    """Which edge is lit because the mouse is on it, and which because it was chosen.

    Args:
        board: the canvas.
        lights: where that is shown.
    """

    def __init__(self, board: Board, lights: Lights) -> None:
        self._board, self._lights = board, lights
        self.chosen: tuple[Edge, ...] = ()
        self.is_allowed = False

    def at(self, point: QPointF) -> int | None:
        """The drawn edge at a place of the scene."""
        plan = self._board.plan()
        if plan is None or not self.is_allowed:
            return None
        return edge_at(plan, point, self._board.zoom())

    def hover(self, at: int | None) -> bool:
        """Light the edge the mouse is on; return whether that is another than before."""
        if at == self._lights.hover_edge:
            return False
        self._lights.hover_edge = at
        return True

    def choose(self, edges: Iterable[Edge]) -> bool:
        """Choose these edges of the graph, none for nothing; return whether that is new."""
        wanted = tuple(edges)
        is_new = wanted != self.chosen
        self.chosen = wanted
        self._light()
        return is_new

    def picture_moved(self) -> bool:
        """Follow another picture; return whether edges that were chosen are gone."""
        plan = self._board.plan()
        self._lights.hover_edge = None
        return self.choose(edges_in(plan.tree.graph, self.chosen) if plan is not None else ())

    def _light(self) -> None:
        plan = self._board.plan()
        self._lights.chosen_edges = (
            ways_of(plan, self.chosen) if plan is not None and self.chosen else []
        )

    def next(self, step: int) -> tuple[Edge, ...]:
        """The edge of the selection that follows the chosen one, round and round."""
        plan, lights = self._board.plan(), self._lights
        around = [*lights.in_edges, *lights.out_edges]
        if plan is None or not self.is_allowed or not around:
            return ()
        each: Sequence[tuple[Edge, ...]] = list(dict.fromkeys(edges_on(plan, at) for at in around))
        if self.chosen not in each:
            return each[0 if step > 0 else -1]
        return each[(each.index(self.chosen) + step) % len(each)]

    def end(self, *, upwards: bool) -> int | None:
        """The item in view at the upper or lower end of the chosen edge."""
        plan = self._board.plan()
        if plan is None or not self.chosen:
            return None
        edge = self.chosen[0]
        item = plan.tree.find(edge.producer if upwards else edge.consumer)
        return shown_for(plan.tree, plan, item) if item is not None else None

    def words(self) -> str:
        """What a screen reader says of the chosen edge."""
        if not self.chosen:
            return ""
        first, more = self.chosen[0], len(self.chosen) - 1
        words = f"Edge from {first.producer} to {first.consumer}"
        return f"{words} and {more} more" if more else words
