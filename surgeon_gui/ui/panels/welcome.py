"""What the centre shows before there is a graph: how to begin, and a file being read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from surgeon_gui.ui.icons import icon
from surgeon_gui.ui.panels.facts_view import LinkButton
from surgeon_gui.ui.samples import summary
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ElidedLabel, button, label, row

WIDTH, LEAST_WIDTH = 440, 330
_NAME_WIDTH = 124


class WelcomePage(QWidget):
    """The first start: open, drop, or take a sample; files opened lately.

    Signals:
        open_requested(): the user wants the file dialog.
        path_requested(object): the user chose this `Path`.
        tour_requested(), formats_requested(): the user wants to be shown round, or told what opens.
    """

    open_requested = Signal()
    path_requested = Signal(object)
    tour_requested = Signal()
    formats_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Start")
        self._theme = theme
        self._mark = QLabel()
        self._mark.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        title = label("Open a TensorFlow graph", "strong")
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() + 4)
        title.setFont(font)
        words = label(
            "Drop a frozen .pb or a SavedModel folder here. You see what TensorRT will not take, "
            "cure it, and build the engine.",
            "muted",
            wrap=True,
        )
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.open_button = button("Open…", self.open_requested.emit, kind="primary")
        self._lists = QVBoxLayout()
        self._lists.setSpacing(4)
        box = QFrame()
        box.setMinimumWidth(LEAST_WIDTH)
        box.setMaximumWidth(WIDTH)
        inner = QVBoxLayout(box)
        inner.setSpacing(8)
        for widget in (self._mark, title, words):
            inner.addWidget(widget)
        inner.addSpacing(4)
        inner.addWidget(row(None, self.open_button, None))
        self.tour_button = button("Take the tour", self.tour_requested.emit, kind="link-accent")
        self.formats_button = button(
            "What can I open?", self.formats_requested.emit, kind="link-accent"
        )
        inner.addWidget(row(None, self.tour_button, self.formats_button, None))
        inner.addSpacing(16)
        inner.addLayout(self._lists)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(box, 100)
        across.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addLayout(across)
        layout.addStretch(3)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._mark.setPixmap(icon("tree-structure", theme, "accent").pixmap(40, 40))

    def show_files(self, samples: Sequence[Path], recent: Sequence[str]) -> None:
        """Offer samples and the files opened last."""
        while (item := self._lists.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        paths = [Path(name) for name in recent[:5]]
        self._offer("Recent files", paths, [str(path.parent) for path in paths])
        self._offer("Samples", list(samples), [summary(path) for path in samples])

    def _offer(self, title: str, paths: list[Path], notes: list[str]) -> None:
        if not paths:
            return
        self._lists.addWidget(label(title, "muted"))
        for path, note in zip(paths, notes, strict=True):
            link = LinkButton(path.name, "", self._theme.ui_font, what=title)
            link.setProperty("kind", "file-link")
            link.setToolTip(str(path))
            link.clicked.connect(lambda _checked=False, path=path: self.path_requested.emit(path))
            link.setFixedWidth(_NAME_WIDTH)
            beside = ElidedLabel(note, font=self._theme.ui_font, role="muted")
            self._lists.addWidget(row(link, beside, spacing=8))
        self._lists.addSpacing(8)


class LoadingPage(QWidget):
    """A file being read: phase, elapsed time, Cancel.

    Signals:
        cancelled(): the user does not want to wait.
    """

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Opening a file")
        self._started = 0.0
        self.words = label(role="strong")
        self.elapsed = label(role="muted")
        self.cancel = button("Cancel", self.cancelled.emit, kind="button")
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setFixedWidth(280)
        bar.setAccessibleName("Reading the file")
        for words in (self.words, self.elapsed):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addStretch(2)
        layout.addWidget(self.words)
        layout.addWidget(row(None, bar, None))
        layout.addWidget(self.elapsed)
        layout.addWidget(row(None, self.cancel, None))
        layout.addStretch(3)
        self._clock = QTimer(self)
        self._clock.setInterval(200)
        self._clock.timeout.connect(self._tick)

    def start(self, path: Path) -> None:
        self.words.setText(f"Reading {path.name}")
        self._started = time.monotonic()
        self._tick()
        self._clock.start()

    def stop(self) -> None:
        self._clock.stop()

    def _tick(self) -> None:
        self.elapsed.setText(f"{time.monotonic() - self._started:.1f} s")
