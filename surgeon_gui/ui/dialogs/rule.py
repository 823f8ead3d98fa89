"""The dialog that makes a rule of the selection: its text to edit, and where it fits, live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.errors import SaveError, SurgeonError
from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.graph.model import Graph
from surgeon_gui.rewrite.generalise import with_renewed_example
from surgeon_gui.rewrite.library import rules_of, set_of_rule_text, user_sets_dir
from surgeon_gui.rewrite.search import find_rule_matches
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.dialogs.base import EditDialog, delta_words
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, row, set_role

RULE_FILTERS = ("Rule (*.toml)",)


class RuleDialog(EditDialog):
    """A rule as TOML text; it is tried on the graph while it is typed.

    Args:
        text: the rule to begin with.
        session: runs the trial.
        graph: the graph to try it on.
        theme: the colours and fonts.
        parent: the window.
        chooser: asks where to save.
        outline: shows the nodes that match in the graph.
    """

    def __init__(
        self,
        text: str,
        session: Session,
        graph: Graph,
        theme: Theme,
        parent: QWidget,
        chooser: PathChooser,
        outline: Callable[[tuple[str, ...]], object],
    ) -> None:
        super().__init__(session, graph, "Make a rule", parent)
        self.setObjectName("make-rule")
        self.resize(760, 620)
        self._chooser = chooser
        self._outline = outline
        self._made = text
        self.text = QPlainTextEdit(text)
        self.text.setAccessibleName("The rule")
        self.text.setFont(theme.mono_font)
        self.text.setTabChangesFocus(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.body.addWidget(
            label(
                "Change the pattern (match), the conditions (where) and what takes its place "
                "(replace). The selection is its example.",
                "muted",
                wrap=True,
            )
        )
        self.body.addWidget(self.text, 1)
        self.save_button = button("Save rule…", self._save, tip="Save it as a rule set of its own")
        self.body.addWidget(row(self.save_button, None))
        self.text.textChanged.connect(self.changed)
        self.changed()

    def edit(self) -> Edit:
        return ApplyRules.of(set_of_rule_text(self.text.toPlainText()))

    def _try(self) -> None:
        graph, text = self._graph, self.text.toPlainText()

        def work() -> tuple[Edit, Delta, int, tuple[str, ...]]:
            rule_set = set_of_rule_text(text)
            (rule,) = rules_of(rule_set)
            found = find_rule_matches(graph, rule)
            names = tuple(dict.fromkeys(name for match in found for name in match.names))
            wanted = ApplyRules.of(rule_set)
            return wanted, Delta.between(graph, wanted.apply(graph)), len(found), names

        def tried(outcome: tuple[Edit, Delta, int, tuple[str, ...]]) -> None:
            wanted, delta, count, names = outcome
            self._edit = wanted
            set_role(self.words, "muted")
            times = "once" if count == 1 else f"{count} times"
            fits = f"Fits {times}. {delta_words(delta)}" if count else "Fits nowhere here."
            self.words.setText(fits)
            self.apply_button.setEnabled(bool(delta))
            self.save_button.setEnabled(True)
            self._outline(names)

        self._session.tasks.run("preview", work, tried, self._refuse)

    def _refuse(self, error: SurgeonError) -> None:
        super()._refuse(error)
        self.save_button.setEnabled(False)

    def _save(self) -> None:
        try:
            text = with_renewed_example(self.text.toPlainText(), self._made)
            rule_set = set_of_rule_text(text)
        except SurgeonError as error:
            self._refuse(error)
            return
        self._chooser.save_file(
            self,
            "Save the rule",
            user_sets_dir() / f"{rule_set.id}.toml",
            RULE_FILTERS,
            lambda path: self._write(path, text),
        )

    def _write(self, path: Path, text: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, [text.encode()])
        except (OSError, SaveError) as error:
            set_role(self.words, "refuses")
            self.words.setText(f"The rule cannot be saved: {error}")
            return
        self.words.setText(f"Saved {path}")
