"""What TensorFlow says of an op: its summary, and on demand everything."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from surgeon_gui.jobs.op_docs import ArgumentDoc, OpDoc
from surgeon_gui.ui.op_docs import OpDocsReader, State
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, row


class OpDocView(QWidget):
    """A title that opens the text; where nothing is known yet, a way to ask for it."""

    def __init__(self, reader: OpDocsReader, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Documentation of the op")
        self._reader = reader
        self._theme = theme
        self._op = ""
        self._is_open = False
        self.title = label("Documentation", "strong")
        self.more = button("More", self._toggle, kind="link-accent")
        self.ask = button(
            "Show documentation",
            reader.ask,
            kind="link-accent",
            tip="Read once from the installed TensorFlow, in another process, and kept on disk",
        )
        head = row(self.title, None, self.more)
        head.setObjectName("panel-title")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        head.setFixedHeight(30)
        margins = head.layout()
        if margins is not None:
            margins.setContentsMargins(12, 0, 8, 0)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setWordWrap(True)
        self.words.setAccessibleName("What TensorFlow says")
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.words.setOpenExternalLinks(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setContentsMargins(12, 4, 12, 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(head)
        layout.addWidget(self.words)
        self._asking = row(self.ask, None)
        self._asking.setContentsMargins(6, 0, 0, 8)
        layout.addWidget(self._asking)
        reader.changed.connect(self.refresh)
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.refresh()

    def show_op(self, op: str) -> None:
        """Show what is said of an op; empty hides the view."""
        if op != self._op:
            self._op = op
            self.refresh()

    def refresh(self) -> None:
        """Say what is known now."""
        self.setVisible(bool(self._op))
        reader, doc = self._reader, self._reader.get(self._op)
        self.more.setVisible(doc is not None)
        self.more.setText("Less" if self._is_open else "More")
        self.more.setAccessibleName(f"{self.more.text()} of TensorFlow's documentation")
        self._asking.setVisible(reader.state is State.UNASKED)
        self.words.setVisible(reader.state is not State.UNASKED)
        if doc is not None:
            self.title.setText("Documentation")
            self.title.setToolTip(f"From TensorFlow {reader.version}")
            self.words.setText(self._written(doc))
        elif reader.state is State.KNOWN:
            self.words.setText(self._muted(f"TensorFlow {reader.version} has no op {self._op}."))
        elif reader.state is State.READING:
            self.words.setText(self._muted("Asking TensorFlow…"))
        elif reader.problem is not None:
            self.words.setText(self._muted(f"{reader.problem} {reader.problem.hint or ''}"))

    def _toggle(self) -> None:
        self._is_open = not self._is_open
        self.refresh()

    def _muted(self, text: str) -> str:
        return f"<span style='color:{self._theme.muted}'>{escape(text)}</span>"

    def _written(self, doc: OpDoc) -> str:
        told = [_markdown(doc.summary)]
        if doc.deprecated:
            color = self._theme.caveat
            told.append(f"<p style='color:{color}'>Deprecated: {escape(doc.deprecated)}</p>")
        if self._is_open:
            if doc.words:
                told.append(_markdown(doc.words))
            told += self._table("Inputs", doc.inputs)
            told += self._table("Outputs", doc.outputs)
            told += self._table("Attributes", doc.attributes)
        return "".join(told)

    def _table(self, title: str, arguments: Sequence[ArgumentDoc]) -> list[str]:
        if not arguments:
            return []
        rows = [f"<p><b>{title}</b></p>"]
        mono = self._theme.mono_font.family()
        for each in arguments:
            default = f" = {escape(each.default)}" if each.default is not None else ""
            rows.append(
                f"<p style='margin:4px 0 4px 8px'>"
                f"<span style='font-family:\"{mono}\"'>{escape(each.name)}</span>"
                f"<span style='color:{self._theme.muted}'> · {escape(each.type)}{default}</span>"
                f"<br>{_inline(each.words)}</p>"
            )
        return rows


def _markdown(text: str) -> str:
    """Return Markdown as the HTML a label shows, without the page around it."""
    document = QTextDocument()
    document.setMarkdown(text)
    html = document.toHtml()
    begin = html.find("<body")
    return html[html.find(">", begin) + 1 : html.rfind("</body>")]


def _inline(text: str) -> str:
    """Return a line of text with its `code` spans set."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(
        f"<code>{escape(part)}</code>" if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )
