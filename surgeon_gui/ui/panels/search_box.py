"""The search field of the toolbar, with its list of hits."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.errors import SurgeonError
from surgeon_gui.ui.icons import icon
from surgeon_gui.ui.search import Known, advice, search
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import label

PLACEHOLDERS = (
    "name, op, shape, status:refused …   Ctrl+F",
    "name, op, shape …   Ctrl+F",
    "name, op …",
)
"""What may be typed, the fullest that has room."""
# The lens before the words, and the frame.
_BESIDE_WORDS = 56
MOST_LISTED = 2000
ROW_HEIGHT = 26


class SearchBox(QLineEdit):
    """Finds while typing; Enter and Shift+Enter walk the hits, Escape ends the search.

    Signals:
        hits_changed(tuple): the names found.
        chosen(str): the hit to go to.
    """

    hits_changed = Signal(tuple)
    chosen = Signal(str)

    def __init__(self, session: Session, theme: Theme, window: QWidget) -> None:
        super().__init__()
        self._session = session
        self._hits: tuple[str, ...] = ()
        self._at = -1
        self.setPlaceholderText(PLACEHOLDERS[-1])
        self.setAccessibleName("Search the graph")
        self.setToolTip(
            "Find nodes by name or op  (Ctrl+F)\n"
            "op:Conv2D   attr:padding=SAME   dtype:int32   shape:1,7   status:refused   /regex/\n"
            "Enter goes to the next hit, Shift+Enter to the one before, Escape ends the search"
        )
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(200)
        self.setMaximumWidth(420)
        self._lens = self.addAction(
            icon("magnifying-glass", theme, "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._model = QStringListModel(self)
        self.list = QListView()
        self.list.setAccessibleName("Nodes found")
        self.list.setModel(self._model)
        self.list.setUniformItemSizes(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFont(theme.mono_font)
        self.list.setObjectName("hits")
        self.count = label(role="muted", wrap=True)
        self._window = window
        self.popup = QFrame(window)
        self.popup.setObjectName("search-popup")
        inner = QVBoxLayout(self.popup)
        inner.setContentsMargins(8, 8, 8, 8)
        inner.setSpacing(4)
        inner.addWidget(self.count)
        inner.addWidget(self.list)
        self.popup.hide()
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(60)
        self._delay.timeout.connect(self._search)
        self.textChanged.connect(lambda: self._delay.start())
        self.list.clicked.connect(lambda index: self._go(index.row()))
        session.opened.connect(self.clear)
        session.changed.connect(lambda _change: self._again())
        window.installEventFilter(self)

    def set_theme(self, theme: Theme) -> None:
        self._lens.setIcon(icon("magnifying-glass", theme, "muted"))
        self.list.setFont(theme.mono_font)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room, wide = self.width() - _BESIDE_WORDS, self.fontMetrics().horizontalAdvance
        fitting = (words for words in PLACEHOLDERS if wide(words) <= room)
        self.setPlaceholderText(next(fitting, PLACEHOLDERS[-1]))

    def begin(self) -> None:
        """Take the keyboard."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()
        if self._hits:
            self._show_popup()

    def step(self, by: int) -> None:
        """Go to the next hit (1) or the one before (-1), round the ends."""
        if self._hits:
            start = self._at if self._at >= 0 else (-1 if by > 0 else 0)
            self._go((start + by) % len(self._hits))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._delay.isActive():
                self._delay.stop()
                self._search()
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.step(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Down:
            self.step(1)
        elif event.key() == Qt.Key.Key_Up:
            self.step(-1)
        elif event.key() == Qt.Key.Key_Escape:
            self.popup.hide()
            self.clear()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.popup.isVisible():
            self._show_popup()
        elif event.type() == QEvent.Type.MouseButtonPress:
            self.popup.hide()
        return super().eventFilter(watched, event)

    def hits(self) -> tuple[str, ...]:
        return self._hits

    def _again(self) -> None:
        if self.text().strip():
            self._delay.start()

    def _search(self) -> None:
        graph, query = self._session.graph, self.text()
        if graph is None or not query.strip():
            self._session.tasks.drop("search")
            self._found(())
            self.popup.hide()
            return
        report = self._session.support
        types = self._session.types

        def work() -> tuple[tuple[str, ...], str]:
            statuses = (
                {name: verdict.status.value for name, verdict in report.verdicts.items()}
                if report and "status:" in query
                else None
            )
            hits = search(graph, query, Known(types, statuses))
            return hits, "" if hits else advice(graph, query)

        self._session.tasks.run("search", work, self._listed, self._wrong)

    def _wrong(self, error: SurgeonError) -> None:
        self._found(())
        self.count.setText(f"{error.message} {error.hint or ''}".strip())
        self._show_popup()

    def _listed(self, found: tuple[tuple[str, ...], str]) -> None:
        hits, hint = found
        self._found(hits)
        words = f"{len(hits)} nodes" if len(hits) != 1 else "1 node"
        if len(hits) > MOST_LISTED:
            words += f", the first {MOST_LISTED} listed"
        self.count.setText(words if hits else f"Nothing found. {hint}".strip())
        if self.hasFocus():
            self._show_popup()

    def _found(self, hits: tuple[str, ...]) -> None:
        self._hits, self._at = hits, -1
        self._model.setStringList([name.replace("\n", "↵") for name in hits[:MOST_LISTED]])
        self.hits_changed.emit(hits)

    def _go(self, row: int) -> None:
        self._at = row
        index = self._model.index(row)
        if index.isValid():
            self.list.setCurrentIndex(index)
        self.count.setText(f"{row + 1} of {len(self._hits)}")
        self.chosen.emit(self._hits[row])

    def _show_popup(self) -> None:
        width = max(self.width(), 420)
        rows = min(len(self._hits), 12)
        height = self.count.heightForWidth(width - 16) + 28 + rows * ROW_HEIGHT
        self.list.setVisible(bool(rows))
        corner = self.mapTo(self._window, QPoint(self.width() - width, self.height() + 4))
        self.popup.setGeometry(max(corner.x(), 8), corner.y(), width, height)
        self.popup.show()
        self.popup.raise_()
