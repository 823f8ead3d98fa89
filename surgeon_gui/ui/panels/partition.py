"""The partition panel: which parts of the graph become engines, with TensorFlow around them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
)

from surgeon_gui.edits.patch import Patch, patch_between
from surgeon_gui.errors import SurgeonError
from surgeon_gui.hybrid.bundle import make_bundle, takes_bundle
from surgeon_gui.hybrid.plan import Division, divide_graph
from surgeon_gui.jobs.hybrid_spec import (
    BundleBuildResult,
    BundleBuildSpec,
    BundleVerifyResult,
    BundleVerifySpec,
    TfTrtResult,
    TfTrtSpec,
)
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.settings import Settings
from surgeon_gui.targets.partition import PartitionOptions
from surgeon_gui.targets.segments import hybrid_graph
from surgeon_gui.ui.backstage import backstage
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.panels.feeding import align_labels
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.panels.partition_engines import EngineOptions
from surgeon_gui.ui.panels.partition_tables import SegmentsTable, StayingTable
from surgeon_gui.ui.panels.partition_work import (
    division_words,
    result_words,
    tftrt_spec,
    verify_spec,
)
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.tabs import TabPages
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import (
    FormColumn,
    SpinBox,
    button,
    label,
    row,
    set_role,
    takes_what_is_left,
)
from surgeon_gui.view.coloring import Kinds

_FORM_WIDTH = 400
_MOST_BATCH = 4096
_PB = ("Frozen graph (*.pb)",)
_INTRO = (
    "Divides the graph into parts the target takes, each of which becomes an engine, and a rest "
    "that TensorFlow runs around them."
)


class PartitionPanel(JobPanel):
    """Divides the graph, and makes, builds and verifies the bundle.

    Signals:
        shown(tuple): the user wants to see these nodes in the graph.
        colored(object): the `Kinds` that colour the canvas by segment.
        cured(str): the user wants this rule applied.
        converted(object): path of a graph TF-TRT made.
    """

    shown = Signal(tuple)
    colored = Signal(object)
    cured = Signal(str)
    converted = Signal(object)

    def __init__(
        self, session: Session, settings: Settings, theme: Theme, chooser: PathChooser
    ) -> None:
        super().__init__("partition", "partition", session, settings)
        self.setAccessibleName("Partition")
        self._chooser = chooser
        self._phase = ""
        self._folder: Path | None = None
        self.division: Division | None = None
        self.target = label("", "strong", wrap=True)
        self.smallest = _spin("Smallest segment", 1, 999, 3)
        self.smallest.setToolTip("Smaller parts stay in TensorFlow; constants do not count")
        self.batch = _spin("Largest batch", 1, _MOST_BATCH, 1)
        self.batch.setToolTip(
            "Engines take any batch up to this one where the graph leaves it open"
        )
        self.dynamic = QCheckBox("Engines for run-time shapes")
        self.dynamic.setToolTip("Parts with inputs of unknown size are built when they are fed")
        self.engines = EngineOptions(chooser)
        self.denied = QLineEdit()
        self.denied.setAccessibleName("Stay in TensorFlow")
        self.denied.setPlaceholderText("Names or patterns, separated by commas")
        self.keep_button = button(
            "Add selection", self._keep_selection, tip="Let the selected nodes stay in TensorFlow"
        )
        self.divide_button = button(
            "Divide", self.divide, kind="primary", tip="Find the segments for the chosen target"
        )
        self.cancel_button = button("Cancel", self.cancel, kind="button", tip="Stop")
        self.collapse_button = button(
            "Collapse", self.collapse, tip="Put one TRTEngineOp node in place of each segment"
        )
        self.save_button = button(
            "Make bundle…", self.save, tip="Write graph, segments and networks into a folder"
        )
        self.build_button = button("Build engines", self.build, tip="Build every segment's engine")
        self.verify_button = button(
            "Verify", self.verify, tip="Run the bundle on the CPU against TensorFlow"
        )
        self.tftrt_button = button(
            "TF-TRT…", self.tftrt, tip="Let TensorFlow convert it, where TensorFlow has TF-TRT"
        )
        self.words = label(_INTRO, "muted", wrap=True, copyable=True)
        self.hint = label("", "muted", wrap=True, copyable=True)
        self.segments = SegmentsTable(theme)
        self.staying = StayingTable(theme)
        self.cure_button = button("Apply the rule", self._cure, tip="Cure the selected nodes")
        self._lay_out()
        self.segments.doubleClicked.connect(self._show_segment)
        self.segments.activated.connect(self._show_segment)
        self.staying.doubleClicked.connect(self._show_staying)
        self.staying.activated.connect(self._show_staying)
        self.staying.selectionModel().selectionChanged.connect(lambda *_: self._enable())
        session.opened.connect(self._reset)
        session.edited.connect(self._reset)
        session.target_changed.connect(self._reset)
        self.set_theme(theme)
        self._reset()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("For", self.target)
        form.addRow("Smallest segment", row(self.smallest, None))
        form.addRow("Largest batch", row(self.batch, None))
        form.addRow("", self.dynamic)
        form.addRow("Stay in TensorFlow", self.denied)
        form.addRow("", row(self.keep_button, None))
        form.addRow(self.engines)
        align_labels(form, self.engines.form)
        # Side by side both would be too narrow for a reason or a tensor's name.
        self.tables = TabPages("Division")
        self.tables.add("segments", "Segments", self.segments, "What becomes engines")
        self.tables.add("staying", "In TensorFlow", self.staying, "What stays there, and why")
        right = QVBoxLayout()
        right.setContentsMargins(12, 12, 12, 8)
        right.setSpacing(8)
        right.addWidget(self.words)
        right.addWidget(self.hint)
        right.addWidget(takes_what_is_left(self.tables, 88), 1)
        bundle = (self.save_button, self.build_button, self.verify_button)
        steps = (self.collapse_button, *bundle, self.tftrt_button)
        right.addWidget(row(*steps, None, self.cure_button, spacing=4))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        foot = row(self.divide_button, self.cancel_button, None)
        layout.addWidget(FormColumn(form, foot, _FORM_WIDTH))
        layout.addLayout(right, 1)

    def set_theme(self, theme: Theme) -> None:
        self.segments.set_theme(theme)
        self.staying.set_theme(theme)
        self.denied.setFont(theme.mono_font)

    # Dividing

    def options(self) -> PartitionOptions:
        """Return how the form wants the graph divided."""
        denied = tuple(part.strip() for part in self.denied.text().split(",") if part.strip())
        return PartitionOptions(
            self.smallest.value(), deny=denied, dynamic=self.dynamic.isChecked()
        )

    def divide(self) -> None:
        """Find the segments, off the UI thread."""
        graph = self._session.graph
        if graph is None or self.is_running():
            return
        target, options, batch = self._session.target.id, self.options(), self.batch.value()
        self._say("Dividing the graph…", "muted")

        def work() -> Division:
            return backstage().ask(divide_graph, graph, target, options, batch)

        def done(division: Division) -> None:
            if self._session.graph is graph:
                self._show_division(division)
                if idle := options.idle_patterns(node.name for node in graph):
                    self.hint.setText(f"No node is called {', '.join(idle)}.")
                    self.hint.show()

        self._session.tasks.run("partition", work, done, self._say_error)

    def _show_division(self, division: Division) -> None:
        self.division = division
        partition = division.partition
        self.segments.show_division(division)
        self.staying.show_division(division)
        count = len(partition.segments)
        self.tables.set_badge("segments", f"{count:,}" if count else "")
        self.tables.set_badge("staying", f"{len(partition.remaining):,}")
        self.tables.show_page("segments" if count else "staying")
        self._say(*division_words(partition, dynamic=self.dynamic.isChecked()))
        if count:
            values = {name: item.name for item in partition.segments for name in item.nodes}
            order = tuple(item.name for item in partition.segments)
            note = "What has no colour stays in TensorFlow."
            self.colored.emit(Kinds("segments", "TensorRT segments", values, order, note=note))
        self._enable()

    def collapse(self) -> None:
        """Put an engine node in the place of each segment, as one edit."""
        division, graph = self.division, self._session.graph
        if division is None or graph is None:
            return

        def work() -> Patch:
            made = hybrid_graph(division.partition, division.kinds, division.outputs, {})
            return patch_between(graph, made, "partition")

        self._session.tasks.run("partition", work, self._session.apply, self._say_error)

    # The bundle

    def save(self) -> None:
        """Ask for a folder and write the bundle into it."""
        path = self._session.path
        folder = str(path.parent) if path is not None else ""
        self._chooser.open_folder(self.window(), "Make a hybrid bundle in", folder, self._make_in)

    def _make_in(self, folder: Path) -> None:
        """Write the bundle into a folder; beside other files it gets one of its own."""
        name = self._session.path.stem if self._session.path is not None else "graph"
        self.make(folder if takes_bundle(folder) else folder / f"{name}.hybrid")

    def make(self, folder: Path) -> None:
        """Write the bundle."""
        graph = self._session.graph
        if graph is None:
            return
        target, options, batch = self._session.target.id, self.options(), self.batch.value()
        model, cached = str(self._session.path or ""), self.engines.cached.value()

        def work() -> Path:
            backstage().ask(make_bundle, graph, target, options, folder, model, batch, cached)
            return folder

        def done(made: Path) -> None:
            self._folder = made
            self._say(f"The bundle is in {made}.", "strong", "Build its engines, or verify it.")
            self._enable()

        self._say("Writing the bundle…", "muted")
        self._session.tasks.run("partition", work, done, self._say_error)

    def build(self) -> None:
        """Build the engines of the bundle in a worker."""
        folder = self._folder
        if folder is None or self.is_running():
            return
        gpus = self._settings.gpus
        plugins = tuple(map(Path, self._settings.plugins))
        try:
            spec = self.engines.put_into(BundleBuildSpec(folder, gpus, plugins=plugins))
        except SurgeonError as error:
            self._say_error(error)
            return
        self._begin("Building", lambda: (spec, new_job_directory("bundle-build")))

    def verify(self) -> None:
        """Hold the bundle against the graph in TensorFlow, in a worker."""
        folder, graph = self._folder, self._session.graph
        if folder is None or graph is None or self.is_running():
            return
        settings = self._settings

        def work() -> tuple[BundleVerifySpec, Path]:
            directory = new_job_directory("bundle-verify")
            return verify_spec(graph, folder, directory, settings), directory

        self._begin("Preparing", work, warm=settings.warm_reference)

    def tftrt(self) -> None:
        """Ask for a file and let TensorFlow's own TF-TRT convert the graph into it."""
        name = (self._session.path or Path("graph")).with_suffix(".tftrt.pb")
        self._chooser.save_file(self.window(), "Convert with TF-TRT", name, _PB, self.convert)

    def convert(self, result: Path) -> None:
        """Run TF-TRT in a worker, whose TensorFlow has to have it."""
        graph = self._session.graph
        if graph is None or self.is_running():
            return
        options, batch = self.options(), self.batch.value()

        def work() -> tuple[TfTrtSpec, Path]:
            directory = new_job_directory("tf-trt")
            return tftrt_spec(graph, result, directory, options, batch), directory

        self._begin("Preparing", work)

    def _show_result(self, result: BundleBuildResult | BundleVerifyResult | TfTrtResult) -> None:
        self._say(*result_words(result))
        if isinstance(result, TfTrtResult):
            self.converted.emit(result.path)

    # What the panel shows

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
        """Forget the division: the graph or the target is another."""
        self.target.setText(self._session.target.title)
        if self.is_running():
            return
        self.division, self._folder = None, None
        self.segments.show_division(None)
        self.staying.show_division(None)
        for key in ("segments", "staying"):
            self.tables.set_badge(key, "")
        self._say(_INTRO, "muted")
        self._enable()

    def _enable(self) -> None:
        running, graph = self.is_running(), self._session.graph
        divided = self.division is not None and bool(self.division.partition.segments)
        for each in (self.divide_button, self.tftrt_button):
            each.setEnabled(graph is not None and not running)
        self.cancel_button.setEnabled(running)
        self.keep_button.setEnabled(bool(self._session.selection) and not running)
        for each in (self.collapse_button, self.save_button):
            each.setEnabled(divided and not running)
        for each in (self.build_button, self.verify_button):
            each.setEnabled(self._folder is not None and not running)
        self.cure_button.setVisible(bool(self.division and self.division.suggestions))
        self.cure_button.setEnabled(self._rule() is not None and not running)
        super()._enable()

    def refresh_selection(self) -> None:
        """The selection in the graph is another."""
        self._enable()

    def _keep_selection(self) -> None:
        chosen = [f"{item}*" if item.endswith("/") else item for item in self._session.selection]
        present = [part.strip() for part in self.denied.text().split(",") if part.strip()]
        self.denied.setText(", ".join(dict.fromkeys([*present, *chosen])))

    def _rule(self) -> str | None:
        index = self.staying.currentIndex()
        if not index.isValid() or index.row() >= len(self.staying.model_.rows):
            return None
        suggestion = self.staying.row_at(index.row()).suggestion
        return suggestion.rule if suggestion is not None else None

    def _cure(self) -> None:
        rule = self._rule()
        if rule is not None:
            self.cured.emit(rule)

    def _show_segment(self, index: QModelIndex) -> None:
        self.shown.emit(self.segments.nodes_at(index.row()))

    def _show_staying(self, index: QModelIndex) -> None:
        self.shown.emit(self.staying.row_at(index.row()).nodes)


def _spin(name: str, low: int, high: int, value: int) -> SpinBox:
    box = SpinBox()
    box.setAccessibleName(name)
    box.setRange(low, high)
    box.setValue(value)
    box.setFixedWidth(96)
    return box
