"""The quantize panel: calibrate, see what eight bits cost, keep what must stay, build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QSplitter,
    QVBoxLayout,
)

from surgeon_gui.compare.inputs import load_npz
from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.values import Array
from surgeon_gui.jobs.feeding import Feeding
from surgeon_gui.jobs.quantize_spec import DTYPES, HELD, QuantizeResult, QuantizeSpec
from surgeon_gui.jobs.spec import BuildResult, BuildSpec
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.network.quantize.histogram import COLLECTORS
from surgeon_gui.network.quantize.ranges import Ranges, load_ranges
from surgeon_gui.range_files import load_any_ranges, ranges_of_edits, save_any_ranges
from surgeon_gui.settings import Settings
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.panels.feeding import FeedingForm, align_labels
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.panels.quantize_held import ValidationField
from surgeon_gui.ui.panels.quantize_plots import CurvePlot, SpreadPlot
from surgeon_gui.ui.panels.quantize_tables import LayersTable, TensorsTable
from surgeon_gui.ui.panels.quantize_work import COLLECTED, INTRO, prepared, summary
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
    takes_what_is_left,
)
from surgeon_gui.view.coloring import MAX, Numbers

_ENGINES = ("Engines (*.engine)",)
_RANGES = (
    "Ranges (*.json)",
    "TensorRT calibration cache (*.cache)",
    "Rule set, for the next training run (*.toml)",
)


class QuantizePanel(JobPanel):
    """Runs calibrations in a worker, and shows what they found.

    Signals:
        shown(tuple): the user wants to see these nodes in the graph.
        colored(object): the `Numbers` that colour the canvas by quantization noise.
        built(object): path of an engine that was built.
    """

    shown = Signal(tuple)
    colored = Signal(object)
    built = Signal(object)

    def __init__(
        self, session: Session, settings: Settings, theme: Theme, chooser: PathChooser
    ) -> None:
        super().__init__("quantize", "calibration", session, settings)
        self.setAccessibleName("Quantize")
        self._chooser = chooser
        self._phase = ""
        self._network: Path | None = None
        self._ranges: Ranges | None = None
        self._spread: dict[str, Array] = {}
        self.result: QuantizeResult | None = None
        self.feeding = FeedingForm(chooser, settings.verify_seed, scripts=True)
        self.held = ValidationField(chooser)
        self.count = SpinBox()
        self.count.setRange(1, 100_000)
        self.count.setValue(32)
        self.count.setFixedWidth(96)
        self.count.setAccessibleName("Random samples")
        self.count.setToolTip("How many samples are drawn where the inputs are random")
        self.collector = ComboBox("Ranges by")
        self.collector.setToolTip("How much of a tensor's values is kept; the rest is clipped")
        for name in ("auto", *COLLECTORS):
            self.collector.addItem(COLLECTED[name], name)
        self.dtype = ComboBox("Eight bits as")
        self.dtype.setToolTip("fp8 needs a GPU of compute capability 8.9 or newer")
        for name in DTYPES:
            self.dtype.addItem(name, name)
        self.limit = QCheckBox("At most")
        self.limit.setToolTip("Keep as few layers in float as this much noise of an output needs")
        self.tolerance = SpinBox()
        self.tolerance.setRange(1, 99)
        self.tolerance.setValue(5)
        self.tolerance.setFixedWidth(96)
        self.tolerance.setSuffix(" % noise")
        self.tolerance.setAccessibleName("Largest noise")
        self.sensitivity = QCheckBox("Measure every layer alone")
        self.calibrate_button = button(
            "Calibrate", self.start, kind="primary", tip="Find the ranges and measure the error"
        )
        self.again_button = button(
            "Measure again", self.measure, tip="With the ranges and layers as they are set now"
        )
        self.cancel_button = button(
            "Cancel", self.cancel, kind="button", tip="Stop; ranges found so far are kept"
        )
        self.load_button = button(
            "Load ranges…", self._load, tip="Ours, TensorRT's cache, a rule set"
        )
        self.save_button = button(
            "Save ranges…", self._save, tip="Ours, TensorRT's cache, a rule set"
        )
        self.build_button = button("Build engine…", self._ask_build, tip="Of the rounded network")
        self.words = label(INTRO, "muted", wrap=True, copyable=True)
        self.hint = label("", "muted", wrap=True, copyable=True)
        self.layers = LayersTable(theme)
        self.tensors = TensorsTable(theme)
        self.plot = SpreadPlot(theme)
        self.curve = CurvePlot(theme)
        self._lay_out()
        self.layers.doubleClicked.connect(self._show)
        self.layers.activated.connect(self._show)
        self.layers.kept_changed.connect(self._unmeasured)
        self.tensors.edited.connect(self._unmeasured)
        self.tensors.edited.connect(self._draw_spread)
        self.tensors.selectionModel().selectionChanged.connect(lambda *_: self._draw_spread())
        session.opened.connect(self._reset)
        session.edited.connect(self._reset)
        session.rules_noted.connect(self._note_rules)
        self.set_theme(theme)
        self._reset()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(self.feeding)
        form.addRow("Samples", row(self.count, label("where they are random", "muted"), None))
        form.addRow("Measure on", self.held.widget)
        form.addRow("Ranges by", self.collector)
        form.addRow("Eight bits as", row(self.dtype, None))
        form.addRow("Allow", row(self.limit, self.tolerance, None))
        form.addRow("", self.sensitivity)
        align_labels(form, self.feeding.form)
        begin, files = (
            (self.calibrate_button, self.cancel_button),
            (self.load_button, self.save_button),
        )
        plots = QSplitter(Qt.Orientation.Vertical)
        plots.addWidget(self.plot.widget)
        plots.addWidget(self.curve.widget)
        plots.setSizes([1000, 1000])
        tables = QSplitter(Qt.Orientation.Horizontal)
        for widget in (self.layers, self.tensors, plots):
            tables.addWidget(widget)
        tables.setChildrenCollapsible(False)
        tables.setSizes([460, 420, 260])
        right = QVBoxLayout()
        right.setContentsMargins(12, 12, 12, 8)
        right.setSpacing(8)
        right.addWidget(self.words)
        right.addWidget(self.hint)
        right.addWidget(takes_what_is_left(tables), 1)
        right.addWidget(row(self.again_button, self.build_button, None))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(FormColumn(form, row(*begin, None, *files)))
        layout.addLayout(right, 1)

    def set_theme(self, theme: Theme) -> None:
        self.layers.set_theme(theme)
        self.tensors.set_theme(theme)
        self.feeding.set_theme(theme)
        self.held.set_theme(theme)
        self.plot.set_theme(theme)
        self.curve.set_theme(theme)

    # Jobs

    def start(self) -> None:
        """Calibrate anew."""
        self._run(None, ())

    def measure(self) -> None:
        """Measure with the ranges in the table and the layers ticked."""
        if self._ranges is not None:
            present = replace(self._ranges, reach=self.tensors.reach())
            self._run(present, self._kept())

    def _run(self, known: Ranges | None, kept: tuple[str, ...]) -> None:
        graph = self._session.graph
        if graph is None or self.is_running():
            return
        try:
            options = self._options(self.feeding.choice(), kept)
        except SurgeonError as error:
            self._say_error(error)
            return

        def work() -> tuple[QuantizeSpec, Path]:
            directory = new_job_directory("quantize")
            return prepared(graph, directory, options, known), directory

        self._begin("Preparing", work)

    def _options(self, feeding: Feeding, kept: tuple[str, ...]) -> QuantizeSpec:
        is_random = feeding.inputs is None and feeding.images is None
        validation = self.held.choice()
        return QuantizeSpec(
            Path(),
            Path(),
            data=() if feeding.inputs is None else (feeding.inputs,),
            images=feeding.images,
            random=self.count.value() if is_random else 0,
            seed=feeding.seed,
            collector=self.collector.currentData(),
            dtype=self.dtype.currentData(),
            kept=kept,
            tolerance=self.tolerance.value() / 100 if self.limit.isChecked() else None,
            sensitivity=self.sensitivity.isChecked(),
            validation=validation,
            held=0 if validation else HELD,
        )

    def build(self, engine: Path) -> None:
        """Build an engine of the rounded network."""
        if self._network is None or self.is_running():
            return
        settings = self._settings
        spec = BuildSpec(
            self._network,
            engine.absolute(),
            gpus=settings.gpus,
            precision="int8",
            plugins=tuple(map(Path, settings.plugins)),
        )
        self._begin("Building", lambda: (spec, new_job_directory("build")))

    def _ask_build(self) -> None:
        path = self._session.path
        name = (path or Path("graph")).with_suffix(".int8.engine")
        self._chooser.save_file(self.window(), "Build the engine", name, _ENGINES, self.build)

    def _show_result(self, result: QuantizeResult | BuildResult) -> None:
        if isinstance(result, BuildResult):
            self._say(
                f"{result.path.name} is built: {result.bytes / 1e6:.1f} MB, "
                f"{result.layers} layers, {result.seconds:.1f} s.",
                "strong",
            )
            self.built.emit(result.path)
            return
        self.result = result
        self._network = result.network
        self._ranges = load_ranges(result.ranges)
        spread = result.ranges.with_name("histograms.npz")
        if spread.is_file():
            self._spread = load_npz(spread)
        self.layers.show_layers(result.layers)
        self.tensors.show_ranges(self._ranges.reach, self._ranges.largest)
        self.tensors.selectRow(0)
        self.curve.show(self.result)
        self._say(*summary(result))
        values = {
            node: -item.sqnr_db
            for item in result.layers
            if item.sqnr_db is not None
            for node in item.nodes
        }
        note = "Noise of each layer's output below its signal; less negative is worse."
        self.colored.emit(Numbers("quantization", "Quantization noise", values, "dB", MAX, note))
        self._enable()

    # Ranges in files

    def _load(self) -> None:
        self._chooser.open_file(self.window(), "Load ranges", "", _RANGES, self.load)

    def load(self, path: Path) -> None:
        """Take ranges from a file; Measure again works with them."""
        try:
            found = load_any_ranges(path)
        except SurgeonError as error:
            self._say_error(error)
            return
        self._take(found, "are loaded")

    def _take(self, ranges: Ranges, source: str) -> None:
        """Show ranges that were found before."""
        self._ranges, self._network = ranges, None
        self.layers.show_layers(())
        self.tensors.show_ranges(ranges.reach, ranges.largest)
        self._say(f"{len(ranges.reach)} ranges {source}.", "strong", "Measure again.")
        self._enable()

    def _unmeasured(self) -> None:
        """Hold back the engine: what was rounded is not what the tables say now."""
        if self._network is not None:
            self._network = None
            self.hint.setText("Measure again to round the network so, and to build it.")
            self.hint.show()
        self._enable()

    def _kept(self) -> tuple[str, ...]:
        """Return the layers ticked; before any is shown, those the ranges come with."""
        if self._ranges is None or self.layers.model_.rows:
            return self.layers.kept()
        return self._ranges.kept

    def _take_applied(self) -> None:
        """Take the ranges of the rule sets in use, where they have some."""
        try:
            applied = ranges_of_edits(self._session.rules_in_use)
        except SurgeonError as error:
            self._say_error(error)
            return
        if applied is not None:
            self._take(applied, "are those of the rule set")

    def _note_rules(self) -> None:
        """Take what a rule set brings, but never in place of what was found here."""
        if self._session.graph is not None and self.result is None and not self.is_running():
            self._take_applied()

    def _save(self) -> None:
        ranges = self._ranges
        if ranges is None:
            return
        present = replace(ranges, reach=self.tensors.reach(), kept=self._kept())
        name = (self._session.path or Path("graph")).with_suffix(".ranges.json")
        self._chooser.save_file(
            self.window(),
            "Save ranges",
            name,
            _RANGES,
            lambda path: self._session.compute(
                "export", lambda: save_any_ranges(present, path), lambda _: None
            ),
        )

    # What the panel shows

    def _draw_spread(self) -> None:
        index = self.tensors.currentIndex()
        if not index.isValid() or index.row() >= len(self.tensors.model_.rows):
            self.plot.show(None)
            return
        tensor = self.tensors.row_at(index.row())
        counts = self._spread.get(tensor.name)
        edge = self._spread.get(f"{tensor.name}/reach")
        self.plot.show(counts, 0.0 if edge is None else float(edge), tensor.reach)

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self.words.setText(words)
        set_role(self.words, role)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))

    def _progress(self, phase: str, done: int, total: int) -> None:
        self._phase = phase + (f"  {done} of {total}" if total > 0 else "")
        self._tick()

    def _tick(self) -> None:
        set_role(self.words, "muted")
        self.words.setText(f"{self._phase}…  {self._seconds():.0f} s")

    def _reset(self) -> None:
        """Forget what was found: the graph is another."""
        if self.is_running():
            return
        self.result, self._network, self._ranges = None, None, None
        self._spread = {}
        self.layers.show_layers(())
        self.tensors.show_ranges({}, {})
        self._draw_spread()
        self.curve.show(self.result)
        self._say(INTRO, "muted")
        self._enable()
        self._take_applied()

    def _enable(self) -> None:
        running, has_graph = self.is_running(), self._session.graph is not None
        self.calibrate_button.setEnabled(has_graph and not running)
        self.cancel_button.setEnabled(running)
        self.load_button.setEnabled(has_graph and not running)
        for each in (self.again_button, self.save_button):
            each.setEnabled(self._ranges is not None and not running)
        self.build_button.setEnabled(self._network is not None and not running)
        super()._enable()

    def _show(self, index: QModelIndex) -> None:
        self.shown.emit(self.layers.nodes_at(index.row()))
