"""Paste an error: a log of TensorRT or its parsers, explained, with the nodes it means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.errors import OpenError
from surgeon_gui.targets.explain import Finding, explain, explain_in, log_text
from surgeon_gui.ui.backstage import backstage
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.icons import status_pixmap
from surgeon_gui.ui.scrolling import ScrollArea
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ElidedLabel, button, label, row

LOG_ENDINGS = (".log", ".txt", ".out", ".err")
"""Files that are logs when they are dropped on the window."""

LOG_FILTERS = ("Logs (*.log *.txt *.out *.err)", "All files (*)")
WAIT_MS = 250
MOST_BYTES = 4 << 20
"""Of a log that are read: its first error is what matters."""
MOST_SHOWN = 300_000
"""Characters shown of a log; all that was read is explained."""
MOST_FINDINGS = 40


def read_log(path: Path) -> str:
    """Return a log's text.

    Raises:
        OpenError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return log_text(file.read(MOST_BYTES))
    except OSError as error:
        raise OpenError(f"The log cannot be read: {error.strerror}.", where=str(path)) from error


class _LogEdit(QPlainTextEdit):
    """Takes a dropped file as its text."""

    dropped = Signal(object)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasUrls() or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        files = [Path(url.toLocalFile()) for url in source.urls() if url.isLocalFile()]
        if files:
            self.dropped.emit(files[0])
        else:
            super().insertFromMimeData(source)


class FindingCard(QFrame):
    """What one message means, where, and the way out.

    Signals:
        shown(tuple): the user wants to see these nodes.
        previewed(str), fixed(str): a button for the rule of that id.
    """

    shown = Signal(tuple)
    previewed = Signal(str)
    fixed = Signal(str)

    def __init__(self, finding: Finding, theme: Theme, ratio: float) -> None:
        super().__init__()
        self.setObjectName("row")
        self.finding = finding
        self.setAccessibleName(finding.reason or finding.message)
        status = "unknown" if not finding.reason else "refuses" if finding.is_cause else "caveat"
        mark = QLabel()
        mark.setPixmap(status_pixmap(status, theme, 16, ratio))
        mark.setFixedWidth(28)
        words = QVBoxLayout()
        words.setSpacing(4)
        times = f"   (× {finding.count})" if finding.count > 1 else ""
        said = label(finding.message[:600] + times, "muted", wrap=True, copyable=True)
        said.setFont(theme.mono_font)
        reason = finding.reason or "Not a message that is known; these nodes are named in it."
        words.addWidget(label(reason, "strong", wrap=True, copyable=True))
        if not finding.is_cause:
            words.addWidget(label("It only follows from an earlier error.", "muted", wrap=True))
        if finding.remedy:
            words.addWidget(label(finding.remedy, wrap=True, copyable=True))
        words.addWidget(said)
        if finding.source:
            words.addWidget(label(f"Source: {finding.source}", "muted", wrap=True))
        if finding.nodes:
            words.addWidget(self._ways(finding, theme))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(4)
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)

    def _ways(self, finding: Finding, theme: Theme) -> QWidget:
        nodes = finding.nodes
        count = "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"
        names = ElidedLabel(", ".join(nodes[:12]), font=theme.mono_font)
        names.setToolTip("\n".join(nodes[:30]))
        buttons = [
            button(
                "Show" if len(nodes) == 1 else f"Show {count}",
                lambda: self.shown.emit(nodes),
                tip="Show these nodes in the graph",
                name=f"Show {count}",
            )
        ]
        if rule := finding.rule:
            buttons += [
                button(
                    "Fix…",
                    lambda: self.previewed.emit(rule),
                    tip=f"Show on the graph what rule {rule} would change, then apply it",
                    name=f"Preview {rule}",
                ),
                button(
                    "Fix all alike",
                    lambda: self.fixed.emit(rule),
                    kind="small-primary",
                    tip=f"Apply rule {rule}; undo takes it back",
                    name=f"Fix with {rule}",
                ),
            ]
        holder = row(*buttons, spacing=8)
        line = holder.layout()
        if isinstance(line, QHBoxLayout):
            line.addWidget(names, 1)
        return holder


class ExplainDialog(QDialog):
    """Stays open beside the graph: the text above, what it means below.

    Signals:
        shown(tuple), previewed(str), fixed(str): as a card's.
    """

    shown = Signal(tuple)
    previewed = Signal(str)
    fixed = Signal(str)

    def __init__(
        self, session: Session, theme: Theme, chooser: PathChooser, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("explain")
        self.setWindowTitle("Explain an error")
        self.setAccessibleName("Explain an error")
        self.resize(760, 620)
        self._session = session
        self._theme = theme
        self._chooser = chooser
        self._whole = ""
        self.cards: list[FindingCard] = []
        self.text = _LogEdit()
        self.text.setAccessibleName("The log")
        self.text.setFont(theme.mono_font)
        self.text.setTabChangesFocus(True)
        self.text.setPlaceholderText(
            "Paste a message or a whole log of TensorRT, UffParser, TF-TRT or trtexec, "
            "or drop a file here."
        )
        self.words = label("", "muted", wrap=True)
        self.words.setAccessibleName("What was found")
        self._results = ScrollArea(title="What it means")
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.text)
        splitter.addWidget(self._results)
        splitter.setSizes([200, 360])
        splitter.setChildrenCollapsible(False)
        close = button("Close", self.close, kind="button")
        open_log = button("Open log…", self._choose, kind="button", tip="Read a log from a file")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.words)
        layout.addWidget(row(open_log, None, close))
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self._explain)
        self.text.textChanged.connect(self._edited)
        self.text.dropped.connect(self.read)
        session.opened.connect(self._wait.start)
        session.edited.connect(self._wait.start)
        self._show(())

    def set_theme(self, theme: Theme) -> None:
        """Take other colours and fonts."""
        if theme != self._theme:
            self._theme = theme
            self.text.setFont(theme.mono_font)
            self._explain()

    def read(self, path: Path) -> None:
        """Explain a log's file."""
        self._run(lambda: read_log(path), self.take)

    def take(self, text: str) -> None:
        """Explain a log's text."""
        self._whole = ""
        self.text.setPlainText(text[:MOST_SHOWN])
        self._whole = text if len(text) > MOST_SHOWN else ""

    def _choose(self) -> None:
        self._chooser.open_file(self, "Open a log", "", LOG_FILTERS, self.read)

    def _edited(self) -> None:
        self._whole = ""
        self._wait.start()

    def _explain(self) -> None:
        text = self._whole or self.text.toPlainText()
        graph = self._session.graph
        if not text.strip():
            self._show(())
        elif graph is None:
            self._run(lambda: explain(text), self._show)
        else:
            present = graph
            self._run(lambda: backstage().ask(explain_in, present, text), self._show)

    def _run(self, work: Callable[[], object], done: Callable[..., None]) -> None:
        self._session.tasks.run("explain", work, done, lambda error: self.words.setText(str(error)))

    def _show(self, findings: tuple[Finding, ...]) -> None:
        content = QWidget()
        listed = QVBoxLayout(content)
        listed.setContentsMargins(0, 0, 0, 0)
        listed.setSpacing(0)
        self.cards = []
        for finding in findings[:MOST_FINDINGS]:
            card = FindingCard(finding, self._theme, self.devicePixelRatioF())
            card.shown.connect(self.shown)
            card.previewed.connect(self.previewed)
            card.fixed.connect(self.fixed)
            self.cards.append(card)
            listed.addWidget(card)
        listed.addStretch(1)
        self._results.setWidget(content)
        self.words.setText(self._found_words(findings))

    def _found_words(self, findings: tuple[Finding, ...]) -> str:
        if not self.text.toPlainText().strip():
            return "The nodes it means are looked for in the open graph."
        if not findings:
            return "Nothing in it is known, and it names no node of this graph."
        causes = sum(finding.is_cause and bool(finding.reason) for finding in findings)
        known = "1 cause" if causes == 1 else f"{causes} causes"
        more = len(findings) - MOST_FINDINGS
        return f"{known} found.{f' {more} more messages are not shown.' if more > 0 else ''}" + (
            "" if self._session.graph else " Open the graph to have its nodes named."
        )
