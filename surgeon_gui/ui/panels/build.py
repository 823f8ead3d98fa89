"""The build panel: a form, one button, progress with Cancel, the result, the worker's log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.edits.script import script_to_toml
from surgeon_gui.errors import SurgeonError, UsageError
from surgeon_gui.jobs.build_history import CANCELLED, FAILED, BuildRecord, again
from surgeon_gui.jobs.engine_card import provenance_of
from surgeon_gui.jobs.outcome import Outcome
from surgeon_gui.jobs.spec import PRECISIONS, BuildResult, BuildSpec, JobSpec
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.pipeline import prepare_build
from surgeon_gui.settings import Settings
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.machine import Machine
from surgeon_gui.ui.panels.build_book import BuildBook, BuildTask, outcome_facts
from surgeon_gui.ui.panels.build_log import BuildLog
from surgeon_gui.ui.panels.build_options import BuildOptions, parse_gpus, routes
from surgeon_gui.ui.panels.build_precision import PrecisionOptions
from surgeon_gui.ui.panels.build_recent import RecentBuilds, ResultFacts
from surgeon_gui.ui.panels.feeding import align_labels
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.scrolling import ScrollArea
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.tabs import TabPages
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import (
    BesideOrBelow,
    ComboBox,
    FormColumn,
    button,
    label,
    row,
    set_role,
    takes_what_is_left,
)

logger = logging.getLogger(__name__)

ENGINE_FILTERS = ("TensorRT engine (*.engine)", "All files (*)")


class BuildPanel(JobPanel):
    """Builds the engine of the graph on show in a worker process.

    Signals:
        built(object): the path of an engine that was built.
        looked_at(object): the path of an engine the user wants to look at.
    """

    built = Signal(object)
    looked_at = Signal(object)

    def __init__(
        self,
        session: Session,
        settings: Settings,
        theme: Theme,
        chooser: PathChooser,
        suggest: Callable[[str], Path],
    ) -> None:
        super().__init__("build", "build", session, settings)
        self.setAccessibleName("Build")
        self._chooser = chooser
        self._suggest = suggest
        self._machine = Machine()
        self.flavour = ComboBox("TensorRT")
        self.flavour.setToolTip("Which TensorRT builds; the first that is installed by default")
        self.route = ComboBox("Route")
        self.route.setToolTip("Who turns the graph into layers: this program, or NVIDIA's parser")
        self.gpus = QLineEdit()
        self.gpus.setAccessibleName("GPU targets")
        self.gpus.setToolTip(
            "Compute capabilities to build for, such as sm86, sm89; "
            "empty takes the GPU of this machine or the default list"
        )
        self.precision = ComboBox("Precision")
        self.precision.setToolTip("The number format TensorRT may compute in")
        self.precision.addItems(list(PRECISIONS))
        self.precision.setCurrentText(settings.precision)
        self.rounding = PrecisionOptions(chooser, session.selected_nodes)
        self.precision.currentTextChanged.connect(self.rounding.set_precision)
        self.rounding.set_precision(settings.precision)
        self.options = BuildOptions(settings.workspace_mib)
        self.output = QLineEdit()
        self.output.setAccessibleName("Engine file")
        self.output.setToolTip("Where the engine is written; empty means beside the graph")
        self.browse = button("Choose…", self._choose_output, tip="Choose where to write")
        self.build_button = button(
            "Build engine", self.start, kind="primary", tip="Build the engine  (Ctrl+B)"
        )
        self.cancel_button = button("Cancel", self.cancel, kind="button", tip="Stop the build")
        self.phase = label("", "strong")
        self.elapsed = label("", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the phase")
        self.message = label("", wrap=True, copyable=True)
        self.hint = label("", "muted", wrap=True, copyable=True)
        self.facts = ResultFacts()
        self.log = BuildLog(theme)
        self.recent = RecentBuilds(theme)
        self._present: BuildTask | None = None
        self._launched: tuple[BuildSpec, Path] | None = None
        self._expected: float | None = None
        self._lay_out()
        session.opened.connect(self._reset)
        session.changed.connect(lambda _change: self._enable())
        session.network_changed.connect(self._know_network)
        self.flavour.currentIndexChanged.connect(lambda _index: self._know_flavour())
        self.recent.wanted.connect(lambda found: self._use(found.spec))
        self.recent.repeated.connect(self._build_again)
        self.recent.opened.connect(self.looked_at)
        self.book = BuildBook(session, self.recent)
        self.book.waiting_changed.connect(
            lambda count: self.pages.set_badge("recent", f"{count} waiting" if count else "")
        )
        self.set_theme(theme)
        self._fill_flavours()
        self._reset()

    def _lay_out(self) -> None:
        self._form = form = QFormLayout()
        form.addRow("TensorRT", self.flavour)
        form.addRow("Route", self.route)
        form.addRow("GPU targets", self.gpus)
        form.addRow("Precision", self.precision)
        form.addRow(self.rounding)
        form.addRow(self.options)
        form.addRow("Engine file", row(self.output, self.browse, spacing=4))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.phase)
        head.addWidget(self.elapsed)
        head.addStretch(1)
        state = QWidget()
        right = QVBoxLayout(state)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(8)
        right.addLayout(head)
        right.addWidget(self.bar)
        right.addWidget(self.message)
        right.addWidget(self.hint)
        right.addWidget(self.facts)
        right.addStretch(1)
        present = BesideOrBelow(state, takes_what_is_left(self.log))
        present.setContentsMargins(12, 8, 12, 8)
        # In a low window the facts scroll instead of being pressed together.
        scrolled = ScrollArea(present)
        scrolled.setFrameShape(ScrollArea.Shape.NoFrame)
        self.pages = TabPages("Builds")
        self.pages.add("present", "This build", scrolled, "What is being built, and how it went")
        self.pages.add("recent", "Builds", self.recent, "Those that wait, and those made before")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        align_labels(form, self.rounding.form, self.options.form)
        layout.addWidget(FormColumn(form, row(self.build_button, self.cancel_button, None)))
        layout.addWidget(takes_what_is_left(self.pages, 160), 1)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.log.set_theme(theme)
        self.recent.set_theme(theme)
        self.gpus.setFont(theme.mono_font)
        self.output.setFont(theme.mono_font)

    def set_machine(self, machine: Machine) -> None:
        """Offer what is installed here."""
        self._machine = machine
        self._fill_flavours()
        self._enable()

    def use_settings(self, settings: Settings) -> None:
        super().use_settings(settings)
        self._fill_flavours()

    def start(self) -> None:
        """Build the graph on show; while another build runs, put it in the queue."""
        document = self._session.document
        if document is None:
            return
        try:
            wanted, rounding = self._spec(), self.rounding.choice()
        except SurgeonError as error:
            self._say_error(error)
            return
        path = self._session.path
        graph, edits, verified = document.graph, list(document.edits), self._session.verified
        rules = self._session.rules_in_use

        def prepare(directory: Path) -> BuildSpec:
            source = None
            if path is not None:
                source = replace(provenance_of(path, script_to_toml(edits)), verified=verified)
            spec = prepare_build(graph, directory, replace(wanted, provenance=source))
            return rounding.put_into(spec, directory, rules)

        self._put(self.book.task(str(path or ""), wanted, prepare, (graph, rounding)))

    def _put(self, task: BuildTask) -> None:
        if not self.is_running():
            self.pages.show_page("present")
            self._make(task)
        elif (self._present and task.asks_for_the_same(self._present)) or self.book.waits(task):
            # Mostly a double click.
            self._say("This engine is being built already.", "muted")
        else:
            self.book.wait(task)

    def _make(self, task: BuildTask) -> None:
        self._present, self._launched = task, None
        self._expected = self.book.estimate(task)
        self._clear()

        def work() -> tuple[BuildSpec, Path]:
            directory = new_job_directory("build")
            return task.prepare(directory), directory

        self._begin("Lowering the graph", work)

    def cancel(self) -> None:
        """Stop the build; the old engine file stays as it was, and the next one begins."""
        was_preparing = self._preparing
        super().cancel()
        if was_preparing:
            self._keep(CANCELLED)
        elif self.job.is_running:
            self.phase.setText("Cancelling")

    def stop(self) -> None:
        self.book.clear()
        super().stop()

    def _launch(self, prepared: tuple[JobSpec[Any], Path]) -> None:
        spec, directory = prepared
        if isinstance(spec, BuildSpec):
            self._launched = spec, directory
        super()._launch(prepared)

    def _refused(self, error: SurgeonError) -> None:
        super()._refused(error)
        self._keep(FAILED, message=error.message)

    def _ended(self, outcome: Outcome) -> None:
        super()._ended(outcome)
        word, facts = outcome_facts(outcome)
        self._keep(word, **facts)

    def _keep(self, outcome: str, **facts: Any) -> None:
        """Put the build that ended on the list, and begin the next."""
        task, launched = self._present, self._launched
        if task is None:
            return
        self._present = None
        self.book.keep(task, launched, outcome, self._seconds(), **facts)
        following = self.book.next()
        if following is not None:
            self._make(following)

    def _use(self, spec: BuildSpec) -> None:
        """Fill the form with the settings of a build."""
        for box, value in ((self.flavour, spec.flavour), (self.route, spec.route)):
            box.setCurrentIndex(max(box.findData(value), 0))
        self.gpus.setText(", ".join(spec.gpus))
        self.precision.setCurrentText(spec.precision)
        self.rounding.show_spec(spec)
        self.options.show_spec(spec)

    def _build_again(self, record: BuildRecord) -> None:
        spec = again(record)
        if spec is not None:
            ready: BuildSpec = spec
            self._put(self.book.task(record.model, ready, lambda _folder: ready))
        elif self._session.path is not None and str(self._session.path) == record.model:
            self._use(record.spec)
            self.start()
        else:
            hint = f"Open {record.model or 'its graph'} and build it with these settings."
            self._say_error(UsageError("That build's network is not kept any more.", hint=hint))
            self.pages.show_page("present")

    def _spec(self) -> BuildSpec:
        gpus = parse_gpus(self.gpus.text())
        if not gpus and not self._machine.gpus:
            gpus = self._settings.gpus
        output = self.output.text().strip()
        spec = BuildSpec(
            network=Path(),
            engine=(Path(output) if output else self._suggest(".engine")).absolute(),
            gpus=gpus,
            precision=self.precision.currentText(),
            route=self.route.currentData(),
            flavour=self.flavour.currentData(),
            plugins=tuple(map(Path, self._settings.plugins)),
        )
        return self.rounding.apply(self.options.apply(spec))

    def _know_flavour(self) -> None:
        installed = self._machine.flavours
        chosen = self.flavour.currentData()
        present = next((item for item in installed if chosen in (None, item.id)), None)
        self.rounding.set_flavour(present)
        self.options.set_flavour(present, has_gpu=bool(self._machine.gpus))

    def _know_network(self) -> None:
        lowering = self._session.lowering
        self.options.set_network(lowering.network if lowering is not None else None)

    def _finish(self) -> None:
        for each in (self.phase, self.elapsed, self.bar):
            each.hide()
        super()._finish()

    def _show_result(self, result: BuildResult) -> None:
        self.message.setText(f"Built in {result.seconds:.1f} s.")
        set_role(self.message, "strong")
        logger.info("Built %s", result.path)
        self.built.emit(result.path)
        self.facts.show_result(result, self._theme, has_gpu=bool(self._machine.gpus))

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self.message.setText(words)
        set_role(self.message, role)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))

    def _clear(self) -> None:
        self._say("", "")
        self.log.clear()
        self.facts.clear()

    def _reset(self) -> None:
        if self.is_running():
            return
        self._clear()
        self._finish()
        self.output.setPlaceholderText(self._suggest(".engine").name)
        words = "Builds the graph on show in a process of its own; the window stays usable."
        self.message.setText(words if self._session.graph else "Open a graph to build its engine.")

    def _progress(self, phase: str, done: int, total: int) -> None:
        share = f"  {done} of {total}" if total > 0 else ""
        self.phase.setText(phase + share)
        self.bar.setRange(0, max(total, 0))
        self.bar.setValue(done)
        for each in (self.phase, self.elapsed, self.bar):
            each.show()
        self._tick()

    def _log(self, level: int, text: str) -> None:
        self.log.add(level, text)

    def _tick(self) -> None:
        seconds, expected = self._seconds(), self._expected
        known = expected is not None and expected >= 1 and seconds < expected
        self.elapsed.setText(f"{seconds:.0f} s" + (f" of about {expected:.0f} s" if known else ""))

    def _enable(self) -> None:
        running = self.is_running()
        self.build_button.setEnabled(self._session.graph is not None)
        # The form stays open: the next build is set up while this one runs.
        self.build_button.setText("Build next" if running else "Build engine")
        self.cancel_button.setEnabled(running)
        super()._enable()

    def _fill_flavours(self) -> None:
        flavours = self._machine.flavours
        self.flavour.offer([("As installed", None), *((str(item), item.id) for item in flavours)])
        self.route.offer(routes(flavours))
        found = [gpu.capability for gpu in self._machine.gpus] or list(self._settings.gpus)
        self.gpus.setPlaceholderText(", ".join(found))

    def _choose_output(self) -> None:
        self._chooser.save_file(
            self.window(),
            "Write the engine to",
            self._suggest(".engine"),
            ENGINE_FILTERS,
            lambda path: self.output.setText(str(path)),
        )
