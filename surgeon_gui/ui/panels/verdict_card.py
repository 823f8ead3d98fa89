"""What the target says of the selected node, and the cure."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from surgeon_gui.targets.base import Status, Verdict
from surgeon_gui.ui.icons import status_pixmap
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, row

_TITLES = {
    Status.CAVEAT: "{target} takes it with a caveat",
    Status.CURED: "A rule cures it for {target}",
    Status.REFUSES: "{target} refuses it",
    Status.UNKNOWN: "Not known for {target}",
}


class VerdictCard(QFrame):
    """Shown for what the target does not simply take.

    Signals:
        previewed(str), applied(str), applied_to_all(str): a button for the rule of that id.
        ignored(object): the user wants this `Verdict` ignored at the node.
    """

    previewed = Signal(str)
    applied = Signal(str)
    applied_to_all = Signal(str)
    ignored = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setAccessibleName("Verdict of the target")
        self._theme = theme
        self._rule = ""
        self._verdict: Verdict | None = None
        self._target = ""
        self._mark = label()
        self._title = label(role="strong", wrap=True)
        self._reason = label(wrap=True, copyable=True)
        self._remedy = label(role="muted", wrap=True, copyable=True)
        self._source = label(role="muted", wrap=True, copyable=True)
        self.preview = button("Preview", lambda: self.previewed.emit(self._rule))
        self.apply = button("Apply", lambda: self.applied.emit(self._rule), kind="small-primary")
        self.apply_all = button("All alike", lambda: self.applied_to_all.emit(self._rule))
        self.ignore = button(
            "Ignore here",
            lambda: self.ignored.emit(self._verdict),
            tip="Stop counting it at this node; the problems list keeps it",
        )
        self._buttons = row(self.preview, self.apply, None)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        self._mark.setFixedSize(16, 16)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._title, 1)
        layout.addLayout(head)
        layout.addWidget(self._reason)
        layout.addWidget(self._remedy)
        layout.addWidget(self._source)
        layout.addSpacing(4)
        layout.addWidget(self._buttons)
        layout.addWidget(row(self.apply_all, self.ignore, None))
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        if self._verdict is not None:
            self.show_verdict(self._verdict, self._target)

    def show_verdict(self, verdict: Verdict | None, target: str, alike: int = 0) -> None:
        """Show a verdict, or hide where nothing needs saying.

        Args:
            verdict: what the target says, None when it is not known yet.
            target: the target's title.
            alike: how many places the verdict's rule would cure, 0 when not known.
        """
        self._verdict, self._target = verdict, target
        title = _TITLES.get(verdict.status) if verdict is not None else None
        self.setVisible(title is not None)
        if verdict is None or title is None:
            return
        status = verdict.status.value
        self.setProperty("status", status)
        self.style().unpolish(self)
        self.style().polish(self)
        self._mark.setPixmap(status_pixmap(status, self._theme, 16, self.devicePixelRatioF()))
        self._title.setText(title.format(target=target))
        self._title.setStyleSheet(f"color: {self._theme.status(status).name()};")
        self._reason.setText(verdict.reason)
        self._reason.setVisible(bool(verdict.reason))
        remedy = verdict.remedy or ""
        self._remedy.setText(remedy)
        self._remedy.setVisible(bool(remedy) and remedy != verdict.reason)
        told = f"Source: {verdict.source} ({verdict.confidence} confidence)"
        self._source.setText(told if verdict.source else "")
        self._source.setVisible(bool(verdict.source))
        self._rule = verdict.rule or ""
        self._buttons.setVisible(bool(verdict.rule))
        self.apply_all.setVisible(bool(verdict.rule))
        self.apply_all.setText(f"All {alike} alike" if alike > 1 else "All alike")
        tip = f"Rule {self._rule}"
        for each in (self.preview, self.apply, self.apply_all):
            each.setToolTip(tip)
