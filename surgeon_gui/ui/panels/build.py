"""The build panel: a form, one button, progress with Cancel, the result, the worker's log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.edits.script import script_to_toml
from surgeon_gui.errors import SurgeonError, UsageError
from surgeon_gui.jobs.engine_card import provenance_of
from surgeon_gui.jobs.spec import PRECISIONS, BuildResult, BuildSpec, TensorInfo
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.pipeline import prepare_build
from surgeon_gui.settings import Settings
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.machine import Machine
from surgeon_gui.ui.panels.build_options import BuildOptions
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, ElidedLabel, button, label, row, set_role

logger = logging.getLogger(__name__)

ENGINE_FILTERS = ("TensorRT engine (*.engine)", "All files (*)")


class BuildPanel(JobPanel):
    """Builds the engine of the graph on show in a worker process.

    Signals:
        built(object): the path of an engine that was built.
    """

    built = Signal(object)

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
        self.route.addItem("Direct, layer by layer", "direct")
        self.route.addItem("UFF, by NVIDIA's parser", "uff")
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
        self.facts = QGridLayout()
        self.text = QPlainTextEdit()
        self.text.setObjectName("log")
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Log of the build")
        self.text.setMaximumBlockCount(5000)
        self._lay_out()
        session.opened.connect(self._reset)
        session.changed.connect(lambda _change: self._enable())
        session.network_changed.connect(self._know_network)
        self.flavour.currentIndexChanged.connect(lambda _index: self._know_flavour())
        self.set_theme(theme)
        self._fill_flavours()
        self._reset()

    def _lay_out(self) -> None:
        self._form = form = QFormLayout()
        form.setContentsMargins(12, 12, 12, 12)
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.addRow("TensorRT", self.flavour)
        form.addRow("Route", self.route)
        form.addRow("GPU targets", self.gpus)
        form.addRow("Precision", self.precision)
        form.addRow(self.options)
        form.addRow("Engine file", row(self.output, self.browse, spacing=4))
        form.addRow("", row(self.build_button, self.cancel_button, None))
        left = QWidget()
        left.setLayout(form)
        left.setFixedWidth(430)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.phase)
        head.addWidget(self.elapsed)
        head.addStretch(1)
        self.facts.setHorizontalSpacing(12)
        self.facts.setVerticalSpacing(4)
        self.facts.setColumnStretch(1, 1)
        right = QVBoxLayout()
        right.setContentsMargins(12, 12, 12, 8)
        right.setSpacing(8)
        right.addLayout(head)
        right.addWidget(self.bar)
        right.addWidget(self.message)
        right.addWidget(self.hint)
        right.addLayout(self.facts)
        right.addWidget(self.text, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        scrolled = QScrollArea()
        scrolled.setWidget(left)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolled.setFixedWidth(446)
        layout.addWidget(scrolled)
        layout.addLayout(right, 1)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.text.setFont(theme.mono_font)
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
        """Lower the graph, write the network and start the worker."""
        graph = self._session.graph
        if graph is None or self.is_running():
            return
        try:
            wanted = self._spec()
        except SurgeonError as error:
            self._say_error(error)
            return
        self._clear()
        present, path = graph, self._session.path
        document = self._session.document
        edits = list(document.edits) if document is not None else []

        def work() -> tuple[BuildSpec, Path]:
            directory = new_job_directory("build")
            source = provenance_of(path, script_to_toml(edits)) if path is not None else None
            spec = replace(wanted, provenance=source)
            return prepare_build(present, directory, spec), directory

        self._begin("Lowering the graph", work)

    def cancel(self) -> None:
        """Stop the build; the old engine file stays as it was."""
        super().cancel()
        if self.job.is_running:
            self.phase.setText("Cancelling")

    def _spec(self) -> BuildSpec:
        gpus = tuple(part for part in self.gpus.text().replace(",", " ").split() if part)
        for name in gpus:
            if name != "current" and not (name.startswith("sm") and name[2:].isdigit()):
                raise UsageError(
                    f"{name} is no GPU target.", where="GPU targets", hint="Such as sm86, sm89."
                )
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
        return self.options.apply(spec)

    def _know_flavour(self) -> None:
        installed = [flavour.id for flavour in self._machine.flavours]
        self.options.set_flavour(self.flavour.currentData() or next(iter(installed), None))

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
        rows = [
            ("Engine", f"{result.path}"),
            ("Size", f"{result.bytes / 2**20:.2f} MiB, {result.layers} layers"),
            ("TensorRT", f"{result.tensorrt} ({result.flavour}), for {', '.join(result.gpu)}"),
            ("Inputs", ", ".join(map(_tensor, result.inputs))),
            ("Outputs", ", ".join(map(_tensor, result.outputs))),
        ]
        if not self._machine.gpus:
            rows.append(("Test-run", "needs a GPU; this machine has none"))
        rows.extend(("Warning", words) for words in result.warnings)
        for at, (name, words) in enumerate(rows):
            self.facts.addWidget(label(name, "muted"), at, 0)
            self.facts.addWidget(ElidedLabel(words, font=self._theme.mono_font), at, 1)

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self.message.setText(words)
        set_role(self.message, role)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))

    def _clear(self) -> None:
        self._say("", "")
        self.text.clear()
        while (item := self.facts.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()

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

    def _log(self, _level: int, text: str) -> None:
        self.text.appendPlainText(text)

    def _tick(self) -> None:
        self.elapsed.setText(f"{self._seconds():.0f} s")

    def _enable(self) -> None:
        running = self.is_running()
        self.build_button.setEnabled(self._session.graph is not None and not running)
        self.cancel_button.setEnabled(running)
        for field in (
            self.flavour,
            self.route,
            self.gpus,
            self.precision,
            self.options,
            self.output,
            self.browse,
        ):
            field.setEnabled(not running)
        super()._enable()

    def _fill_flavours(self) -> None:
        present = self.flavour.currentData()
        self.flavour.clear()
        self.flavour.addItem("As installed", None)
        for flavour in self._machine.flavours:
            self.flavour.addItem(str(flavour), flavour.id)
        self.flavour.setCurrentIndex(max(self.flavour.findData(present), 0))
        parses_uff = any(flavour.parses_uff for flavour in self._machine.flavours)
        self._form.setRowVisible(self.route, parses_uff)
        if not parses_uff:
            self.route.setCurrentIndex(0)
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


def _tensor(info: TensorInfo) -> str:
    if info.shape is None:
        return f"{info.name} {info.dtype}"
    dims = ",".join("?" if dim < 0 else str(dim) for dim in info.shape)
    return f"{info.name} {info.dtype} [{dims}]"
