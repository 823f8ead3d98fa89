"""Pulling at the arrow head of an edge to let that input read another tensor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QToolTip, QWidget

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.values import DType
from surgeon_gui.ui.canvas.far import FAR_BELOW
from surgeon_gui.ui.canvas.ink import RADIUS, Ink
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.view.labels import TensorTypes

_REACH = 9.0
"""How far from an arrow head the mouse may take it, in pixels."""
_MERGES = frozenset({"Merge", "RefMerge"})


class End(NamedTuple):
    """The end of an edge at one input, or at several that read the same node.

    Attributes:
        consumer: the reading node, by place in `Tree.nodes`.
        inputs: which of its inputs.
        tip: where the arrow head is, in the scene.
    """

    consumer: int
    inputs: tuple[int, ...]
    tip: QPointF


class Wish(NamedTuple):
    """What the user drew: these inputs of a node shall read that node."""

    consumer: str
    inputs: tuple[int, ...]
    producer: str


def end_at(plan: Plan, point: QPointF, reach: float) -> End | None:
    """Return the input whose arrow head is nearest to a place, None where none is in reach."""
    best, found = reach, None
    area = QRectF(point, point).adjusted(-reach, -reach, reach, reach)
    for at in map(int, plan.edges_in(area)):
        strand = plan.strand(at)
        if strand.is_control or not strand.has_arrow:
            continue
        points, (x, y) = plan.picture.routes[at], plan.picture.origins[at]
        tip = QPointF(points[-2] + x, points[-1] + y)
        away = (point - tip).manhattanLength()
        if away <= best and (end := _end_of(plan, at, tip)) is not None:
            best, found = away, end
    return found


def _end_of(plan: Plan, at: int, tip: QPointF) -> End | None:
    """The inputs an edge ends at; None if they are of several nodes, or of one out of sight."""
    links = plan.strand(at).links
    consumers = {target for _, target, _ in links}
    consumer = consumers.pop() if len(consumers) == 1 else -1
    if consumer not in plan.index:
        return None
    sources = {source for source, _, is_control in links if not is_control}
    nodes, graph = plan.tree.nodes, plan.tree.graph
    names = {graph.nodes[nodes[source]].name for source in sources}
    read = graph.nodes[nodes[consumer]].inputs
    return End(consumer, tuple(i for i, ref in enumerate(read) if ref.node in names), tip)


@dataclass
class Pull:
    """An arrow head in the hand: what it may be dropped on, and why not elsewhere."""

    plan: Plan
    end: End
    types: TensorTypes | None
    _after: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Find what is computed from the reading node, which it must not read."""
        if self.reader.op in _MERGES:
            return
        lift, pending = self.plan.scene.lift, [self.end.consumer]
        self._after = {self.end.consumer}
        while pending:
            for link in lift.outputs(pending.pop()):
                if link.target not in self._after:
                    self._after.add(link.target)
                    pending.append(link.target)

    @property
    def reader(self) -> Node:
        tree = self.plan.tree
        return tree.graph.nodes[tree.nodes[self.end.consumer]]

    def refusal(self, item: int) -> str:
        """Why the input cannot read what is drawn as `item`; empty where it can."""
        tree = self.plan.tree
        if item < 0:
            return "Open this namespace to choose a node in it."
        if item == self.end.consumer:
            return f"Drop on the node that {short(self.reader.name)} shall read."
        name = tree.name(item)
        if item in self._after:
            return f"{short(name)} is computed from {short(self.reader.name)}."
        return self.mismatch(name)

    def mismatch(self, name: str) -> str:
        """Why a node's tensor does not fit the input by its dtype; empty where it fits."""
        if self.types is None:
            return ""
        wanted = self.types.type(self.reader.inputs[self.end.inputs[0]]).dtype
        made = self.types.type(TensorRef(name)).dtype
        if DType.INVALID in (wanted, made) or wanted is made:
            return ""
        return f"{short(name)} makes {made.text}, but {wanted.text} is read here."


def short(name: str) -> str:
    """The last part of a node's name."""
    return name.rpartition("/")[2] or name


class RewireItem(QGraphicsItem):
    """Paints the edge that is pulled, and rings what it may be dropped on."""

    def __init__(self, ink: Ink) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._ink = ink
        self._pull: Pull | None = None
        self._hot: QPointF | None = None
        self._mouse = QPointF()
        self._over: int | None = None
        self._is_refused = False

    def boundingRect(self) -> QRectF:
        rect = QRectF()
        if self._hot is not None:
            rect = QRectF(self._hot, self._hot).adjusted(-20, -20, 20, 20)
        if self._pull is not None:
            rect = rect.united(self._pull.plan.rect)
            rect = rect.united(QRectF(self._mouse, self._mouse).adjusted(-1, -1, 1, 1))
        return rect.adjusted(-20, -20, 20, 20) if not rect.isNull() else rect

    def show_hot(self, tip: QPointF | None) -> None:
        """Ring an arrow head the mouse could take."""
        if tip != self._hot:
            self.prepareGeometryChange()
            self._hot = tip
            self.update()

    def show_pull(
        self, pull: Pull | None, mouse: QPointF, over: int | None = None, *, refused: bool = False
    ) -> None:
        """Show an edge pulled to `mouse`, which is over an item that takes or refuses it."""
        self.prepareGeometryChange()
        self._pull, self._mouse, self._over, self._is_refused = pull, mouse, over, refused
        self._hot = None
        self.update()

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._ink.theme
        if self._hot is not None:
            painter.setPen(self._pen("accent", 2.0))
            painter.setBrush(theme.color("accent", 0.25))
            painter.drawEllipse(self._hot, 7.0, 7.0)
        pull = self._pull
        if pull is None:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for at in map(int, pull.plan.closed_in(option.exposedRect)):
            item = pull.plan.picture.items[at]
            if item != self._over and not pull.refusal(item):
                self._ring(painter, pull.plan.box_rect(at), "accent", 1.5, 0.5)
        if self._over is not None:
            rect = pull.plan.item_rect(self._over)
            self._ring(painter, rect, "refuses" if self._is_refused else "accent", 3.0)
        self._line(painter, pull)

    def _pen(self, name: str, width: float, alpha: float = 1.0) -> QPen:
        theme = self._ink.theme
        color = theme.status(name) if name == "refuses" else theme.color(name, alpha)
        pen = QPen(QBrush(color), width)
        pen.setCosmetic(True)
        return pen

    def _ring(
        self, painter: QPainter, rect: QRectF, name: str, width: float, alpha: float = 1.0
    ) -> None:
        painter.setPen(self._pen(name, width, alpha))
        painter.drawRoundedRect(rect.adjusted(-3, -3, 3, 3), RADIUS + 3, RADIUS + 3)

    def _line(self, painter: QPainter, pull: Pull) -> None:
        tip = pull.end.tip
        lean = min(max(abs(tip.y() - self._mouse.y()) / 2, 20.0), 120.0)
        path = QPainterPath(self._mouse)
        path.cubicTo(self._mouse + QPointF(0, lean), tip - QPointF(0, lean), tip)
        pen = self._pen("refuses" if self._is_refused else "accent", 2.0)
        pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawPath(path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(pen.color())
        painter.drawEllipse(self._mouse, 4.0, 4.0)
        painter.drawEllipse(tip, 4.0, 4.0)


class Board(Protocol):
    """What rewiring needs of the canvas."""

    def plan(self) -> Plan | None: ...
    def types(self) -> TensorTypes | None: ...
    def zoom(self) -> float: ...
    def mapToScene(self, point: QPoint, /) -> QPointF: ...
    def viewport(self) -> QWidget: ...


class Rewiring:
    """The gesture, from taking an arrow head to dropping it.

    Args:
        board: the canvas.
        item: what shows it.
    """

    def __init__(self, board: Board, item: RewireItem) -> None:
        self._board, self._item = board, item
        self._taken: End | None = None
        self._pull: Pull | None = None
        self.is_allowed = False

    @property
    def is_pulling(self) -> bool:
        return self._pull is not None

    def _end_at(self, position: QPoint) -> End | None:
        plan, zoom = self._board.plan(), self._board.zoom()
        if plan is None or not self.is_allowed or zoom < FAR_BELOW:
            return None
        return end_at(plan, self._board.mapToScene(position), _REACH / zoom)

    def hover(self, position: QPoint) -> None:
        """Show whether the mouse could take an arrow head here."""
        end = self._end_at(position)
        self._item.show_hot(end.tip if end is not None else None)
        if end is not None:
            self._board.viewport().setCursor(Qt.CursorShape.CrossCursor)
        elif self._board.viewport().cursor().shape() is Qt.CursorShape.CrossCursor:
            self._board.viewport().unsetCursor()

    def press(self, position: QPoint) -> None:
        """Take the arrow head under the mouse, if there is one."""
        self._taken = self._end_at(position)

    def drag(self, position: QPoint) -> bool:
        """Pull what was taken; return whether anything was."""
        plan = self._board.plan()
        if self._taken is None or plan is None:
            return False
        if self._pull is None:
            self._pull = Pull(plan, self._taken, self._board.types())
        elif self._pull.plan is not plan:
            self.cancel()
            return False
        point = self._board.mapToScene(position)
        over, _, refusal = self._target(self._pull, point)
        self._item.show_pull(self._pull, point, over, refused=bool(refusal))
        QToolTip.showText(
            self._board.viewport().mapToGlobal(position + QPoint(12, 12)),
            refusal or self._words(self._pull, point),
            self._board.viewport(),
        )
        return True

    def _target(self, pull: Pull, point: QPointF) -> tuple[int | None, str, str]:
        """The item under the mouse, the node it stands for, and why that cannot be read."""
        at = pull.plan.box_at(point)
        if at is None or pull.plan.is_open[at]:
            return None, "", ""
        item = pull.plan.picture.items[at]
        if constant := pull.plan.row_at(at, point):
            return item, constant, pull.mismatch(constant)
        refusal = pull.refusal(item)
        return item, "" if refusal else pull.plan.tree.name(item), refusal

    def _words(self, pull: Pull, point: QPointF) -> str:
        reader, producer = short(pull.reader.name), self._target(pull, point)[1]
        if producer:
            return f"{reader} reads {short(producer)}"
        return f"Drop on the node that {reader} shall read. Esc leaves it as it is."

    def drop(self, position: QPoint) -> Wish | None:
        """Let go; return what the user wants, None where it was dropped on nothing that fits."""
        pull = self._pull
        wish = None
        if pull is not None and pull.plan is self._board.plan():
            _, producer, refusal = self._target(pull, self._board.mapToScene(position))
            if producer and not refusal:
                wish = Wish(pull.reader.name, pull.end.inputs, producer)
        self.cancel()
        return wish

    def cancel(self) -> bool:
        """Leave the edge as it is; return whether one was pulled."""
        was = self._pull is not None
        self._taken = self._pull = None
        if was:
            self._item.show_pull(None, QPointF())
            QToolTip.hideText()
            self._board.viewport().unsetCursor()
        return was
