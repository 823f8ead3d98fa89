"""The run panel: an engine, what to feed it, one button, what it showed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.jobs.spec import RunResult, RunSpec
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.settings import Settings
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.machine import Machine
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.panels.run_results import RunResults
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, button, label, row, set_role

_ENGINES = ("TensorRT engine (*.engine *.plan *.trt)", "All files (*)")
_ARRAYS = ("Arrays (*.npz)", "All files (*)")
_REFERENCES = ("Graphs and results (*.pb *.pbtxt *.network *.onnx *.npz)", "All files (*)")


class RunPanel(JobPanel):
    """Runs an engine on this machine's GPU in a worker process.

    Signals:
        followed(str): the user wants to see a node in the graph.
    """

    followed = Signal(str)

    def __init__(
        self, session: Session, settings: Settings, theme: Theme, chooser: PathChooser
    ) -> None:
        super().__init__("run", "run", session, settings)
        self.setAccessibleName("Run")
        self._chooser = chooser
        self._machine = Machine()
        self._phase = ""
        self.engine = _field("Engine file", "The engine to run; the last one built by default")
        self.inputs = _field("Inputs", "An .npz file keyed by node name; empty draws random ones")
        self.inputs.setPlaceholderText("random")
        self.seed = _number("Seed of the random inputs", 0, 2**31 - 1, settings.verify_seed)
        self.iterations = _number("Timed runs", 1, 1_000_000, 100)
        self.warmup = _number("Runs before the timed ones", 0, 100_000, 10)
        self.streams = _number("Runs under way at once", 1, 64, 1)
        self.graph = QCheckBox("CUDA graph")
        self.graph.setToolTip("Launch each run as one CUDA graph, where the engine can be captured")
        self.layers = QCheckBox("Time each layer")
        self.layers.setToolTip("In runs of their own, which are slower")
        self.layers.setChecked(True)
        self.reference = ComboBox("Compare with")
        self.reference.setToolTip("What the engine's outputs are held against")
        for words, key in (
            ("the opened graph in TensorFlow", "original"),
            ("nothing", ""),
            ("a file…", "file"),
        ):
            self.reference.addItem(words, key)
        self.reference_file = _field("Reference file", "A graph, a network or stored outputs")
        self._browsers = [
            self._browser(self.engine, "Run this engine", _ENGINES),
            self._browser(self.inputs, "Inputs", _ARRAYS),
            self._browser(self.reference_file, "Compare with", _REFERENCES),
        ]
        self.run_button = button("Run", self.start, kind="primary", tip="Run the engine on the GPU")
        self.cancel_button = button("Cancel", self.cancel, kind="button", tip="Stop the run")
        self.words = label("", wrap=True, copyable=True)
        self.hint = label("", "muted", wrap=True, copyable=True)
        self.results = RunResults(theme)
        self.results.followed.connect(self.followed)
        self._lay_out()
        self.engine.textChanged.connect(lambda _text: self._enable())
        self.reference.currentIndexChanged.connect(lambda _index: self._enable())
        session.opened.connect(self._enable)
        self.set_theme(theme)
        self.results.hide()
        self._say("Runs an engine on this machine's GPU in a process of its own.", "muted")
        self._enable()

    def _browser(self, field: QLineEdit, title: str, filters: tuple[str, ...]) -> QWidget:
        def choose() -> None:
            folder = str(Path(field.text()).parent) if field.text() else ""
            self._chooser.open_file(
                self.window(), title, folder, filters, lambda path: field.setText(str(path))
            )

        return button("Choose…", choose, tip=title)

    def _lay_out(self) -> None:
        engine, inputs, reference = self._browsers
        form = QFormLayout()
        form.setContentsMargins(12, 12, 12, 12)
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(6)
        form.addRow("Engine", row(self.engine, engine, spacing=4))
        form.addRow("Inputs", row(self.inputs, inputs, spacing=4))
        form.addRow("Seed", self.seed)
        warm = (label("after", "muted"), self.warmup, label("to warm up", "muted"))
        form.addRow("Runs", row(self.iterations, *warm, None))
        form.addRow("Streams", self.streams)
        form.addRow("", row(self.graph, self.layers, None))
        form.addRow("Compare with", self.reference)
        form.addRow("", row(self.reference_file, reference, spacing=4))
        form.addRow("", row(self.run_button, self.cancel_button, None))
        left = QWidget()
        left.setLayout(form)
        left.setFixedWidth(420)
        right = QVBoxLayout()
        right.setContentsMargins(12, 12, 12, 8)
        right.setSpacing(8)
        right.addWidget(self.words)
        right.addWidget(self.hint)
        right.addWidget(self.results, 1)
        right.addStretch(0)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        scrolled = QScrollArea()
        scrolled.setWidget(left)
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolled.setFixedWidth(436)
        layout.addWidget(scrolled)
        layout.addLayout(right, 1)

    def set_theme(self, theme: Theme) -> None:
        for field in (self.engine, self.inputs, self.reference_file):
            field.setFont(theme.mono_font)
        self.results.set_theme(theme)

    def set_machine(self, machine: Machine) -> None:
        """Know what is here."""
        self._machine = machine
        if not machine.gpus and not self.is_running():
            self._say("This machine has no NVIDIA GPU to run an engine on.", "muted")
            self._hint("Building and verifying work without one; a run says what is missing.")

    def offer(self, engine: Path) -> None:
        """Take an engine that was just built."""
        self.engine.setText(str(engine))

    def start(self) -> None:
        """Write the reference, if one is on show, and start the worker."""
        if self.is_running() or not self.engine.text().strip():
            return
        try:
            spec = self._spec()
        except UsageError as error:
            self._say_error(error)
            return
        document = self._session.document
        original = None
        if document is not None and self.reference.currentData() == "original":
            original = document.original
        self.results.hide()

        def work() -> tuple[RunSpec, Path]:
            directory = new_job_directory("run")
            if original is None:
                return spec, directory
            path = directory / "original.pb"
            save_graphdef(original, path)
            return replace(spec, reference=path), directory

        self._begin("Preparing", work)

    def _spec(self) -> RunSpec:
        inputs, other = self.inputs.text().strip(), self.reference_file.text().strip()
        wants_file = self.reference.currentData() == "file"
        if wants_file and not other:
            raise UsageError("Choose the file to compare with.", where="Compare with")
        return RunSpec(
            engine=Path(self.engine.text().strip()).absolute(),
            inputs=Path(inputs).absolute() if inputs else None,
            seed=self.seed.value(),
            iterations=self.iterations.value(),
            warmup=self.warmup.value(),
            streams=self.streams.value(),
            cuda_graph=self.graph.isChecked(),
            layers=self.layers.isChecked(),
            reference=Path(other).absolute() if wants_file else None,
            max_rel=self._settings.verify_max_rel,
            min_cosine=self._settings.verify_cosine,
            plugins=tuple(map(Path, self._settings.plugins)),
        )

    def _show_result(self, result: RunResult) -> None:
        if result.comparison is None:
            self._say("It runs.", "strong")
        elif result.ok:
            self._say(f"It runs and equals {result.compared_with}.", "strong")
        else:
            self._say(f"It runs, but differs from {result.compared_with}.", "refuses")
        self._hint(" ".join(result.warnings))
        self.results.show()
        self.results.show_result(result)
        self.results.pages.show_page("times" if result.ok else "outputs")

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self.words.setText(words)
        set_role(self.words, role)
        self._hint(hint)

    def _hint(self, words: str) -> None:
        self.hint.setText(words)
        self.hint.setVisible(bool(words))

    def _progress(self, phase: str, done: int, total: int) -> None:
        self._phase = phase + (f"  {done} of {total}" if total > 0 else "")
        self._tick()

    def _tick(self) -> None:
        self._say(f"{self._phase}…  {self._seconds():.0f} s", "muted")

    def _enable(self) -> None:
        running = self.is_running()
        for field in (self.engine, self.inputs, self.seed, self.iterations, self.warmup):
            field.setEnabled(not running)
        for choice in (self.streams, self.graph, self.layers, self.reference, *self._browsers):
            choice.setEnabled(not running)
        wants_file = self.reference.currentData() == "file"
        self.reference_file.setVisible(wants_file)
        self._browsers[2].setVisible(wants_file)
        self.run_button.setEnabled(bool(self.engine.text().strip()) and not running)
        self.cancel_button.setEnabled(running)
        super()._enable()


def _field(name: str, tip: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setToolTip(tip)
    return made


def _number(name: str, low: int, high: int, value: int) -> QSpinBox:
    made = QSpinBox()
    made.setRange(low, high)
    made.setValue(value)
    made.setFixedWidth(80)
    made.setAccessibleName(name)
    made.setToolTip(name)
    return made
