"""The run panel: an engine, what to feed it, one button, what it showed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.compare.images import ImageFeed
from surgeon_gui.comparing import graph_side
from surgeon_gui.errors import SurgeonError, UsageError
from surgeon_gui.jobs.engine_card import EngineCard
from surgeon_gui.jobs.feeding import load_preset, save_preset
from surgeon_gui.jobs.runner_files import write_runner
from surgeon_gui.jobs.spec import RunResult, RunSpec
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.settings import Settings
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.machine import Machine
from surgeon_gui.ui.panels.engine_about import EngineAbout
from surgeon_gui.ui.panels.feeding import FeedingForm, align_labels
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.panels.output_view import OutputView
from surgeon_gui.ui.panels.precisions import Precisions, measured_in
from surgeon_gui.ui.panels.run_results import RunResults
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import (
    ComboBox,
    FormColumn,
    SpinBox,
    button,
    label,
    row,
    set_role,
)
from surgeon_gui.view.overlays import times_by_node

_ENGINES = ("TensorRT engine (*.engine *.plan *.trt)", "All files (*)")
_RUNNERS = ("Python (*.py)", "C++ with CMake (*.cpp)")
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
        self._looked: Path | None = None
        self._images: ImageFeed | None = None
        self.what = ComboBox("Run")
        self.what.setToolTip("An engine needs a GPU; the others run on the CPU")
        for words, key in (
            ("An engine on the GPU", "engine"),
            ("The graph as network on the CPU", "network"),
            ("The opened graph in TensorFlow", "original"),
        ):
            self.what.addItem(words, key)
        self.engine = _field("Engine file", "The engine to run; the last one built by default")
        self.feeding = FeedingForm(chooser, settings.verify_seed)
        self.batch = _number("Batch, where the input leaves it open", 0, 1 << 16, 0)
        self.batch.setSpecialValueText("as built")
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
            self._browser(self.reference_file, "Compare with", _REFERENCES),
        ]
        self.run_button = button("Run", self.start, kind="primary", tip="Run the engine on the GPU")
        self.cancel_button = button("Cancel", self.cancel, kind="button", tip="Stop the run")
        self.words = label("", wrap=True, copyable=True)
        self.hint = label("", "muted", wrap=True, copyable=True)
        self.values = OutputView(session, theme, chooser)
        self.about = EngineAbout(settings, theme)
        self.precisions = Precisions(theme)
        self.results = RunResults(
            theme, values=self.values, about=self.about, precisions=self.precisions
        )
        self.results.followed.connect(self.followed)
        self.about.followed.connect(self.followed)
        self.about.runner_wanted.connect(self._export_runner)
        self._lay_out()
        self.engine.textChanged.connect(lambda _text: self._enable())
        self.engine.editingFinished.connect(self._look)
        self.what.currentIndexChanged.connect(lambda _index: self._enable())
        self.reference.currentIndexChanged.connect(lambda _index: self._enable())
        session.opened.connect(self._recall)
        self.set_theme(theme)
        self.results.clear()
        self._say("Runs an engine on the GPU, or the network on the CPU, and times it.", "muted")
        self._enable()

    def _browser(self, field: QLineEdit, title: str, filters: tuple[str, ...]) -> QWidget:
        def choose() -> None:
            folder = str(Path(field.text()).parent) if field.text() else ""
            self._chooser.open_file(
                self.window(), title, folder, filters, lambda path: self._take(field, path)
            )

        return button("Choose…", choose, tip=title)

    def _lay_out(self) -> None:
        engine, reference = self._browsers
        self._form = form = QFormLayout()
        form.addRow("Run", self.what)
        self._engine_row = row(self.engine, engine, spacing=4)
        self._file_row = row(self.reference_file, reference, spacing=4)
        self._gpu_row = row(self.streams, self.graph, self.layers, None)
        form.addRow("Engine", self._engine_row)
        form.addRow(self.feeding)
        form.addRow("Batch", self.batch)
        warm = (label("after", "muted"), self.warmup, label("to warm up", "muted"))
        form.addRow("Runs", row(self.iterations, *warm, None))
        form.addRow("Streams", self._gpu_row)
        form.addRow("Compare with", self.reference)
        form.addRow("", self._file_row)
        align_labels(form, self.feeding.form)
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
        layout.addWidget(FormColumn(form, row(self.run_button, self.cancel_button, None)))
        layout.addLayout(right, 1)

    def set_theme(self, theme: Theme) -> None:
        for field in (self.engine, self.reference_file):
            field.setFont(theme.mono_font)
        for part in (self.feeding, self.values, self.about, self.precisions, self.results):
            part.set_theme(theme)

    def set_machine(self, machine: Machine) -> None:
        """Know what is here."""
        self._machine = machine
        if machine.gpus or self.is_running() or self.engine.text():
            return
        # Without a GPU the network is what can be run.
        self.what.setCurrentIndex(self.what.findData("network"))
        self._say(
            "No NVIDIA GPU is here, so the network runs on the CPU; it is timed too.", "muted"
        )

    def offer(self, engine: Path) -> None:
        """Take an engine that was just built, or opened."""
        self.engine.setText(str(engine))
        self.what.setCurrentIndex(self.what.findData("engine"))
        self._look()

    def use_settings(self, settings: Settings) -> None:
        super().use_settings(settings)
        self.about.use_settings(settings)

    def stop(self) -> None:
        self.about.stop()
        super().stop()

    def _take(self, field: QLineEdit, path: Path) -> None:
        field.setText(str(path))
        if field is self.engine:
            self._look()

    def _look(self) -> None:
        """Show what the engine file is, unless that is shown already."""
        text = self.engine.text().strip()
        path = Path(text).absolute()
        if not text or (path == self._looked and self.about.result is not None):
            return
        self._looked = path
        self._say("", "muted")
        self.results.clear()
        self.results.pages.show_page("about")
        self.about.look(path)

    def _export_runner(self, engine: Path, card: EngineCard) -> None:
        def write(path: Path) -> None:
            self._session.compute(
                "export",
                lambda: write_runner(engine, card, path),
                lambda _files: self._say(f"{path.name} runs {engine.name}.", "strong"),
            )

        self._chooser.save_file(
            self.window(), "Export runner", engine.with_name("run.py"), _RUNNERS, write
        )

    def _recall(self) -> None:
        """Forget the last graph's times, and feed this one as it was fed last."""
        self.precisions.clear()
        path = self._session.path
        preset = load_preset(path) if path is not None else None
        if preset is not None:
            self.feeding.show_choice(preset)
        self._enable()

    def start(self) -> None:
        """Write what is run and compared with, and start the worker."""
        if self.is_running() or not self._can_run():
            return
        try:
            spec = self._spec()
        except SurgeonError as error:
            self._say_error(error)
            return
        document, what = self._session.document, self.what.currentData()
        original = document.original if document is not None else None
        graph = document.graph if document is not None else None
        compares = self.reference.currentData() == "original" and what != "original"
        path, title = self._session.path, self._session.title
        feeding = self.feeding.choice()
        self._images = feeding.images
        self.results.clear()

        def work() -> tuple[RunSpec, Path]:
            directory, name = new_job_directory("run"), Path(title).stem
            if path is not None:
                save_preset(path, feeding)
            ready = replace(spec, save_outputs=directory / "outputs.npz")
            if what == "network" and graph is not None:
                side = graph_side(graph, "network", directory / name, title=title)
                ready = replace(ready, engine=side.path)
            if original is not None and (compares or what == "original"):
                side = graph_side(original, "tensorflow", directory / name, title=title)
                if compares:
                    ready = replace(ready, reference=side.path)
                else:
                    ready = replace(ready, engine=side.path)
            return ready, directory

        self._begin("Preparing", work)

    def _spec(self) -> RunSpec:
        feeding, other = self.feeding.choice(), self.reference_file.text().strip()
        on_gpu = self.what.currentData() == "engine"
        wants_file = self.reference.currentData() == "file"
        if wants_file and not other:
            raise UsageError("Choose the file to compare with.", where="Compare with")
        return RunSpec(
            engine=Path(self.engine.text().strip()).absolute(),
            inputs=feeding.inputs,
            images=feeding.images,
            seed=feeding.seed,
            distribution=feeding.distribution,
            batch=self.batch.value() or None,
            iterations=self.iterations.value(),
            warmup=self.warmup.value(),
            streams=self.streams.value() if on_gpu else 1,
            cuda_graph=on_gpu and self.graph.isChecked(),
            layers=on_gpu and self.layers.isChecked(),
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
        self.results.show_result(result)
        self.results.pages.show_page("times" if result.ok else "outputs")
        self.values.load(result.saved, self._images, result.inputs)
        self.precisions.add(measured_in(result))
        if result.layers:
            layers = ((layer.ms, layer.nodes) for layer in result.layers)
            self._session.note_measured(times=times_by_node(layers))

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self.words.setText(words)
        self.words.setVisible(bool(words))
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
        for part in (
            *(self.what, self.engine, self.feeding, self.batch, self.iterations, self.warmup),
            *(self.streams, self.graph, self.layers, self.reference, *self._browsers),
        ):
            part.setEnabled(not running)
        on_gpu = self.what.currentData() == "engine"
        for each in (self._engine_row, self._gpu_row):
            self._form.setRowVisible(each, on_gpu)
        self._form.setRowVisible(self._file_row, self.reference.currentData() == "file")
        self.run_button.setEnabled(self._can_run() and not running)
        self.cancel_button.setEnabled(running)
        super()._enable()

    def _can_run(self) -> bool:
        if self.what.currentData() == "engine":
            return bool(self.engine.text().strip())
        return self._session.graph is not None


def _field(name: str, tip: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setToolTip(tip)
    return made


def _number(name: str, low: int, high: int, value: int) -> SpinBox:
    made = SpinBox()
    made.setRange(low, high)
    made.setValue(value)
    made.setFixedWidth(72)
    made.setAccessibleName(name)
    made.setToolTip(name)
    return made
