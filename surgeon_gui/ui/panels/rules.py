"""The rules panel: the library in order, how often each rule fits, apply one or all, load, save."""

from __future__ import annotations

import dataclasses
import itertools
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.rewrite.library import (
    DEFAULT_SET,
    bundled_sets,
    find_rule_set,
    load_set,
    user_sets,
    user_sets_dir,
)
from surgeon_gui.rewrite.ruleset import RuleSet, rule_set_of, save_rule_set
from surgeon_gui.rewrite.search import count_matches
from surgeon_gui.ui.backstage import backstage
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.dialogs.parameters import ParametersDialog
from surgeon_gui.ui.dialogs.rule_set import RuleSetDialog
from surgeon_gui.ui.panels.rules_model import RulesModel
from surgeon_gui.ui.panels.rules_table import RulesTable
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, ElidedLabel, button

logger = logging.getLogger(__name__)

SET_FILTERS = ("Rule set (*.toml)", "All files (*)")


class _Sets(ComboBox):
    """The list of rule sets, looked through anew whenever it opens.

    Signals:
        opening(): the list is about to be seen.
    """

    opening = Signal()

    def showPopup(self) -> None:
        self.opening.emit()
        super().showPopup()


class RulesPanel(QWidget):
    """A rule set to look at, change, apply and save.

    Signals:
        count_changed(str): how many rules fit somewhere, for the tab.
        previewed(str): the user wants to see where a rule fits.
        asked_why(object): the user asks why this `Rule` does not apply to the selected node.
    """

    count_changed = Signal(str)
    previewed = Signal(str)
    asked_why = Signal(object)

    def __init__(self, session: Session, theme: Theme, chooser: PathChooser) -> None:
        super().__init__()
        self.setAccessibleName("Rules")
        self._session = session
        self._chooser = chooser
        self._path: Path | None = None
        self._edited = False
        self.model = RulesModel(theme)
        self.choice = _Sets("Rule set")
        self.choice.opening.connect(self._list_sets)
        self.choice.setToolTip("The rule set shown first; the rest of the library follows")
        self.choice.setMaximumWidth(240)
        self.words = ElidedLabel(role="muted", cut=Qt.TextElideMode.ElideRight)
        self.table = RulesTable(self.model)
        self.preview_button = button(
            "Preview", self._preview, tip="Outline in the graph what the chosen rule would change"
        )
        self.apply_button = button(
            "Apply rule", self._apply_one, tip="Apply the chosen rule wherever it fits  (Enter)"
        )
        self.why_button = button(
            "Why not here?",
            self.ask_why,
            tip="Say why the chosen rule does not apply to the selected node",
        )
        self.up_button = button("Move up", lambda: self._move(-1), tip="Run this rule earlier")
        self.down_button = button("Move down", lambda: self._move(1), tip="Run this rule later")
        self.set_button = self._make_menu()
        self.parameters_button = button(
            "Parameters…", self.ask_parameters, tip="Choose the values this rule set asks for"
        )
        self.apply_all = button(
            "Apply enabled",
            self.apply_enabled,
            kind="small-primary",
            tip="Apply every rule that is switched on, as one undoable step  (Ctrl+R)",
        )
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 12, 8)
        bar.setSpacing(8)
        bar.addWidget(self.choice)
        bar.addWidget(self.set_button)
        bar.addWidget(self.parameters_button)
        bar.addWidget(self.words, 1)
        for each in (
            *(self.up_button, self.down_button, self.why_button),
            *(self.preview_button, self.apply_button),
        ):
            bar.addWidget(each)
        bar.addWidget(self.apply_all)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        inset = QVBoxLayout()
        inset.setContentsMargins(8, 0, 8, 0)
        inset.addWidget(self.table)
        layout.addLayout(inset, 1)
        self.choice.activated.connect(self._choose)
        self.model.edited.connect(self._note_edit)
        self.table.selectionModel().currentRowChanged.connect(lambda _a, _b: self._enable())
        self.table.entered_row.connect(lambda _row: self._apply_one())
        self.table.doubleClicked.connect(lambda _index: self._preview())
        session.opened.connect(self._count)
        session.edited.connect(self._count)
        session.selected.connect(lambda _items, _source: self._enable())
        self._list_sets()
        self.show_set(find_rule_set(DEFAULT_SET))

    def _make_menu(self) -> QPushButton:
        made = button(
            "Rule set ▾", name="Rule set", tip="Load, save, duplicate or describe the rule set"
        )
        menu = QMenu(made)
        self.set_actions = {
            words: menu.addAction(words, action)
            for words, action in (
                ("Duplicate…", self.duplicate),
                ("Title, note and parameters…", self.describe),
                ("Load…", self.choose_file),
                ("Save…", self.save_as),
            )
        }
        made.setMenu(menu)
        return made

    def set_theme(self, theme: Theme) -> None:
        self.model.theme = theme
        self.table.viewport().update()

    def show_set(self, rule_set: RuleSet, path: Path | None = None) -> None:
        """Show a rule set; `path` is the file it came from."""
        self.model.show_set(rule_set)
        self._path, self._edited = path, False
        self.words.set_full(rule_set.note or rule_set.title)
        at = self.choice.findData(rule_set.id)
        if at < 0:
            self.choice.addItem(rule_set.title or rule_set.id, rule_set.id)
            at = self.choice.count() - 1
        self.choice.setCurrentIndex(at)
        self.parameters_button.setVisible(bool(rule_set.parameters))
        self.table.selectRow(0)
        self._count()
        self._enable()
        if rule_set.ranges:
            self._session.note_rules(ApplyRules.of(rule_set))

    def ask_parameters(self) -> None:
        """Ask for the values of the set's parameters, with what the graph tells of them."""
        present, graph = self.model.rule_set(), self._session.graph

        def ask(found: dict[str, Any]) -> None:
            dialog = ParametersDialog(present, self.model.theme, self.window(), found)
            dialog.chosen.connect(self._use_parameters)
            dialog.open()

        work = partial(present.found_in, graph) if graph is not None else dict[str, Any]
        self._session.tasks.run("rule-set", work, ask, self._session.failed.emit)

    def _use_parameters(self, rule_set: RuleSet) -> None:
        self.show_set(rule_set, self._path)
        self._note_edit()

    def describe(self) -> None:
        """Ask for the set's title, routes, note and parameters."""
        dialog = RuleSetDialog(
            self.model.rule_set(), "Describe the rule set", self.model.theme, self.window()
        )
        dialog.chosen.connect(self._use_parameters)
        dialog.open()

    def duplicate(self) -> None:
        """Ask for a name and save the set under it, among the user's own."""
        present = self.model.rule_set()
        known = {**bundled_sets(), **user_sets()[0]}
        numbered = (f"{present.id}-{number}" for number in itertools.count(2))
        name = next(each for each in numbered if each not in known)
        title = f"{present.title} (copy)" if present.title else ""
        copy = dataclasses.replace(present, id=name, title=title, origin="")
        dialog = RuleSetDialog(
            copy, "Duplicate the rule set", self.model.theme, self.window(), frozenset(known)
        )
        dialog.chosen.connect(lambda made: self._write(made, user_sets_dir() / f"{made.id}.toml"))
        dialog.open()

    def choose_file(self) -> None:
        self._chooser.open_file(
            self.window(), "Load a rule set", str(user_sets_dir()), SET_FILTERS, self.load
        )

    def load(self, path: Path) -> None:
        """Read a rule set's file and show it."""
        self._session.tasks.run(
            "rule-set",
            lambda: load_set(path),
            lambda found: self.show_set(found, path),
            self._session.failed.emit,
        )

    def import_file(self, path: Path) -> None:
        """Read a rule set's file, show it and keep a copy among the user's own."""

        def work() -> tuple[RuleSet, Path, bool]:
            found = load_set(path)
            own = user_sets_dir() / f"{found.id}.toml"
            is_new = not own.exists() and found.id not in bundled_sets()
            if is_new:
                save_rule_set(found, own)
            return found, own if is_new else path, is_new

        def done(found: tuple[RuleSet, Path, bool]) -> None:
            rule_set, kept, is_new = found
            self.show_set(rule_set, kept)
            if is_new:
                self.words.set_full(f"Imported as {rule_set.id}; it stays among your rule sets.")
            elif kept != user_sets_dir() / kept.name:
                self.words.set_full(f"There is a {rule_set.id} already; duplicate this to keep it.")

        self._session.tasks.run("rule-set", work, done, self._session.failed.emit)

    def save_as(self) -> None:
        """Ask where and write the rule set as it is."""
        name = self._path.name if self._path else f"{self.model.rule_set().id}-own.toml"
        folder = self._path.parent if self._path else user_sets_dir()
        self._chooser.save_file(
            self.window(), "Save the rule set", folder / name, SET_FILTERS, self.save
        )

    def save(self, path: Path) -> None:
        self._write(self.model.rule_set(path.stem), path)

    def _write(self, rule_set: RuleSet, path: Path) -> None:
        def done(_: object) -> None:
            logger.info("Saved the rule set %s", path)
            self.show_set(rule_set, path)
            self.words.set_full(f"Saved {path}")

        self._session.tasks.run(
            "rule-set", lambda: save_rule_set(rule_set, path), done, self._session.failed.emit
        )

    def apply_enabled(self) -> None:
        """Apply the set as one undoable step."""
        self._session.apply(ApplyRules.of(self.model.rule_set()))

    def apply_in_selection(self) -> None:
        """Apply the chosen rule where its result is among the selected nodes."""
        if names := self._session.selected_nodes():
            self._apply_one(names)

    def _apply_one(self, only: tuple[str, ...] = ()) -> None:
        row = self.table.currentIndex().row()
        rule = self.model.rule(row) if row >= 0 else None
        if rule is None or self._session.graph is None:
            return
        own = self.model.rule_set()
        if rule.id in own.rules:
            single = rule_set_of(rule.id, (rule.id,), rule.summary)
            sources = tuple(s for s in own.sources if s.get("id") == rule.id)
            own_set = RuleSet(single.id, single.title, items=single.items, sources=sources)
            self._session.apply(ApplyRules.of(own_set, only))
        else:
            self._session.apply(ApplyRules((rule.id,), only))

    def ask_why(self) -> None:
        """Ask why the chosen rule does not apply to the selected node."""
        row = self.table.currentIndex().row()
        rule = self.model.rule(row) if row >= 0 else None
        if rule is not None:
            self.asked_why.emit(rule)

    def _preview(self) -> None:
        row = self.table.currentIndex().row()
        rule = self.model.rule(row) if row >= 0 else None
        if rule is not None:
            self.previewed.emit(rule.id)

    def _move(self, by: int) -> None:
        row = self.model.move(self.table.currentIndex().row(), by)
        self.table.selectRow(row)

    def _note_edit(self) -> None:
        if not self._edited:
            self._edited = True
            self.words.set_full("Changed; save it to use it again.")

    def _choose(self, at: int) -> None:
        name = self.choice.itemData(at)
        sets = {**bundled_sets(), **user_sets()[0]}
        if name in sets:
            self.show_set(sets[name])

    def _list_sets(self) -> None:
        """List the sets there are now, besides what is shown."""
        own, problems = user_sets()
        for problem in problems:
            logger.warning("%s", problem)
        for key, found in {**bundled_sets(), **own}.items():
            if self.choice.findData(key) < 0:
                self.choice.addItem(found.title or key, key)

    def _enable(self) -> None:
        index: QModelIndex = self.table.currentIndex()
        rule = self.model.rule(index.row()) if index.isValid() else None
        fits = rule is not None and self.model.count(index.row()) > 0
        graph, selection = self._session.graph, self._session.selection
        one = graph is not None and len(selection) == 1 and selection[0] in graph
        self.why_button.setEnabled(rule is not None and one)
        self.preview_button.setEnabled(fits)
        self.apply_button.setEnabled(fits)
        self.apply_all.setEnabled(self._session.graph is not None)

    def _count(self) -> None:
        """Count off the UI thread where each rule fits."""
        graph, rules = self._session.graph, self.model.rules()
        if graph is None:
            self._counted({})
            return
        present = graph
        self._session.tasks.run(
            "rule-counts",
            lambda: backstage().ask(count_matches, present, tuple(rules)),
            self._counted,
            self._session.failed.emit,
        )

    def _counted(self, counts: Mapping[str, int]) -> None:
        self.model.set_counts(counts)
        fitting = sum(1 for count in counts.values() if count)
        self.count_changed.emit(str(fitting) if fitting else "")
        self._enable()
