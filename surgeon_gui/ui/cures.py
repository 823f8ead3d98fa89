"""Commands around what the target refuses: auto-fix, ignoring, errors explained, pages, reports."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from surgeon_gui.edits.ignore import Ignore, StopIgnoring
from surgeon_gui.targets.autofix import Fix
from surgeon_gui.targets.base import Problem, Verdict
from surgeon_gui.targets.groups import Group
from surgeon_gui.ui.actions import Command
from surgeon_gui.ui.dialogs.autofix import AutofixDialog
from surgeon_gui.ui.dialogs.explain import ExplainDialog
from surgeon_gui.ui.dialogs.target_page import TargetDialog
from surgeon_gui.ui.reporting import Reporting
from surgeon_gui.ui.rule_preview import preview_rule

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow


class Cures(QObject):
    """Opens the dialogs and does what they ask."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._explain: ExplainDialog | None = None
        self.reporting = Reporting(window)
        window.problems.ignored.connect(self.ignore)
        window.problems.heeded.connect(self.heed)
        window.inspector.card.ignored.connect(self._ignore_selected)

    def ignore(self, group: Group) -> None:
        """Stop counting a problem at its nodes, as an edit."""
        if group.nodes:
            self._window.surgery.do(Ignore(group.nodes, group.cause))

    def _ignore_selected(self, verdict: Verdict) -> None:
        nodes = self._window.session.selection[:1]
        graph = self._window.session.graph
        if nodes and graph is not None and nodes[0] in graph:
            told = Problem(nodes[0], graph[nodes[0]].op, "", verdict.reason)
            self._window.surgery.do(Ignore(nodes, told.cause))

    def heed(self, group: Group) -> None:
        """Count again what was ignored."""
        self._window.surgery.do(StopIgnoring(group.nodes, group.cause))

    def autofix(self) -> None:
        """Show the plan that cures what the target refuses."""
        window = self._window
        if window.session.graph is None:
            return
        dialog = AutofixDialog(window.session, window.settings, window.theme, window)
        dialog.accepted_fix.connect(self._apply)
        dialog.open()

    def _apply(self, fix: Fix) -> None:
        window = self._window
        left = f"{fix.after} are left." if fix.after else "it refuses nothing now."

        def told(_delta: object) -> None:
            window.message.show_note(
                f"Auto-fix cured {fix.before - fix.after} of {fix.before} nodes; {left}",
                f"Applied {', '.join(fix.rules)}. Undo takes it back.",
            )

        window.session.apply(fix.edit, told)

    def explain(self, log: Path | str | None = None) -> None:
        """Open the dialog that explains errors, with a log's file or text where one is given."""
        window = self._window
        if self._explain is None:
            made = ExplainDialog(window.session, window.theme, window.chooser, window)
            made.shown.connect(window.go_to_all)
            made.previewed.connect(partial(preview_rule, window))
            made.fixed.connect(window.surgery.apply_rule)
            self._explain = made
        dialog = self._explain
        dialog.set_theme(window.theme)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        if isinstance(log, Path):
            dialog.read(log)
        elif log:
            dialog.take(log)

    def show_target(self) -> None:
        """Show the page of the chosen target, and those of the others."""
        window = self._window
        dialog = TargetDialog(window.session.target.id, window.theme, window)
        dialog.chosen.connect(window.session.set_target)
        dialog.open()


def cure_commands(window: MainWindow) -> list[Command]:
    """Return the commands around what the target refuses."""
    session, cures = window.session, window.cures

    def has_graph() -> bool:
        return session.graph is not None

    def can_fix() -> bool:
        report = session.support
        if report is None or session.tasks.is_busy("edit"):
            return False
        return session.is_curable or not report.supported

    return [
        Command(
            "rules.autofix",
            "Auto-&fix…",
            cures.autofix,
            "Ctrl+Shift+R",
            "magic-wand",
            can_fix,
            tip="Find the rules that cure what the target refuses, and show the plan",
        ),
        Command(
            "target.page",
            "About the &target…",
            cures.show_target,
            None,
            "info",
            tip="What the target is, since when, on which JetPack, and what it needs",
        ),
        Command(
            "help.explain",
            "&Explain an error…",
            partial(cures.explain),
            "Ctrl+Shift+X",
            "chat-text",
            tip="Paste a log of TensorRT, UffParser, TF-TRT or trtexec and see what it means here",
        ),
        Command(
            "export.report",
            "&Report…",
            cures.reporting.export,
            None,
            "",
            has_graph,
            tip="Write one page to attach to a ticket: problems, plan, edits, verification, build",
        ),
    ]
