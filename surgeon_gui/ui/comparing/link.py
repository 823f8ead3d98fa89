"""Two canvases in step: what one shows, opens and selects, the other does too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPointF, QTimer
from PySide6.QtWidgets import QWidget

from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.view.diff import renamed_namespaces
from surgeon_gui.view.pairing import Pairing

# Boxes looked for in the other picture; more would only cost time.
_MOST_PAIRED = 3000
_TOUCHES = frozenset({QEvent.Type.MouseButtonPress, QEvent.Type.Wheel, QEvent.Type.KeyPress})


class CanvasLink(QObject):
    """Links two canvases by the names of what they show.

    The one the user touched last leads; the other is put beside it after each move and layout.

    Args:
        one, other: the canvases.
    """

    def __init__(self, one: GraphCanvas, other: GraphCanvas) -> None:
        super().__init__(one)
        there, back = _Way(one, other), _Way(other, one)
        there.back, back.back = back, there
        self._ways = {one: there, other: back}
        self._leader = other
        self._scrolls = True
        self._is_following = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._scroll)
        for canvas, way in self._ways.items():
            canvas.view_changed.connect(self._scroll)
            canvas.picture_changed.connect(self._redrawn)
            canvas.selection_changed.connect(partial(self._do, way.select))
            canvas.expansion_changed.connect(partial(self._do, way.expand))
            for widget in (canvas, *canvas.findChildren(QWidget)):
                widget.installEventFilter(self)

    @property
    def is_following(self) -> bool:
        """Whether a canvas does at this moment what the other did."""
        return self._is_following

    def set_names(self, renamed: Mapping[str, str]) -> None:
        """Follow nodes that are called otherwise in the second graph."""
        there, back = self._ways.values()
        there.set_names(renamed)
        back.set_names({new: old for old, new in renamed.items()})

    def set_scrolls(self, scrolls: bool) -> None:
        """Move both canvases together, or each by itself."""
        self._scrolls = scrolls
        self._scroll()

    def lead(self, canvas: GraphCanvas) -> None:
        """Let this canvas lead until the user touches one."""
        self._leader = canvas

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _TOUCHES:
            found: QObject | None = watched
            while found is not None and found not in self._ways:
                found = found.parent()
            if isinstance(found, GraphCanvas):
                self._leader = found
        return False

    def _redrawn(self) -> None:
        for way in self._ways.values():
            way.pairing = None
        # The canvas first puts its view where it belongs.
        self._later.start()

    def _scroll(self) -> None:
        leader = self._leader
        if self._scrolls and leader.isVisible() and leader.plan() is not None:
            self._do(self._ways[leader].scroll)

    def _do(self, follow: Callable[..., object], *what: object) -> None:
        """Let one canvas follow the other, which must not follow it back."""
        if self._is_following:
            return
        self._is_following = True
        try:
            follow(*what)
        finally:
            self._is_following = False


class _Way:
    """From one canvas to the other; `back` leads the other way."""

    back: _Way

    def __init__(self, here: GraphCanvas, there: GraphCanvas) -> None:
        self.here, self.there = here, there
        self.pairing: Pairing | None = None
        self._names: Mapping[str, str] = {}
        self._spaces: Mapping[str, str] = {}

    def set_names(self, names: Mapping[str, str]) -> None:
        self._names, self._spaces = names, renamed_namespaces(names)
        self.pairing = None

    def named(self, name: str) -> str:
        """What the other canvas calls an item."""
        return (self._spaces if name.endswith("/") else self._names).get(name, name)

    def select(self, names: Iterable[str]) -> None:
        self.there.select(map(self.named, names))

    def scroll(self) -> None:
        if self.pairing is None:
            self.pairing = self._paired()
        middle = self.here.seen().center()
        x, y = self.pairing.counterpart(middle.x(), middle.y())
        there = self.there
        if abs(there.zoom() - self.here.zoom()) > 1e-9:
            there.set_zoom(self.here.zoom())
        there.leave_start()
        there.hold(QPointF(x, y), QPointF(there.viewport().rect().center()))

    def _paired(self) -> Pairing:
        here, there = self.here.plan(), self.there.plan()
        if here is None or there is None:
            return Pairing((), ())
        items = here.picture.items
        found = [
            (here.item_rect(item), there.item_rect(other))
            for item in items[:: len(items) // _MOST_PAIRED + 1]
            if (other := self._other_item(there, here.tree.name(item))) is not None
            and other in there.index
        ]
        return Pairing(
            [(one.center().x(), one.top()) for one, _ in found],
            [(other.center().x(), other.top()) for _, other in found],
        )

    def _other_item(self, there: Plan, name: str) -> int | None:
        name = self.named(name)
        tree = there.tree
        if name.endswith("/"):
            return tree.find_group(name)
        return tree.find(name) if name in tree.graph else None

    def expand(self, names: Iterable[str]) -> None:
        """Open there what is open here; what only is there stays as it is."""
        plan, opened = self.here.plan(), self.there.expanded()
        wanted = {self.named(name) for name in names}
        for name in opened - wanted:
            if plan is None or plan.tree.find_group(self.back.named(name)) is None:
                wanted.add(name)
        if wanted != opened:
            self.there.set_expanded(wanted)
