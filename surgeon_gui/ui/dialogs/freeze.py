"""The freeze dialog: what to take from a SavedModel, a checkpoint or a Keras file, and the job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from surgeon_gui.edits.optimise import PRESETS
from surgeon_gui.errors import SurgeonError
from surgeon_gui.freeze.saved_model import (
    DEFAULT_SIGNATURE,
    SERVE,
    MetaGraph,
    Port,
    Signature,
    read_saved_model,
)
from surgeon_gui.freeze.source import SAVED_MODEL_FILES, source_kind
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import resolve_output
from surgeon_gui.jobs.spec import FreezeResult, FreezeSpec
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.settings import Settings
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.dialogs.freeze_work import FreezeWork
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, ElidedLabel, button, column, label, row

_KINDS = {
    "saved_model": "SavedModel",
    "checkpoint": "Checkpoint",
    "keras": "Keras model",
    "graph": "Frozen graph",
}
_PASSES = (
    ("Leave the graph as it is", None),
    ("All of our passes", "all"),
    ("As NVIDIA's recipes did", "nvidia"),
    ("TensorFlow's optimiser (Grappler)", "grappler"),
)
_OWN = "the model's own"
_MOST_PORTS = 4


class FreezeDialog(QDialog):
    """Leads from a source to its frozen graph.

    Signals:
        frozen(object, object): the frozen `Graph` is wanted on show, and its `FreezeResult`.
        unfrozen(object): the `Path` of a `.meta` file whose graph is wanted without its values.
    """

    frozen = Signal(object, object)
    unfrozen = Signal(object)

    def __init__(
        self,
        source: Path,
        session: Session,
        settings: Settings,
        chooser: PathChooser,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("freeze")
        self.setWindowTitle("Freeze a model")
        self.setAccessibleName("Freeze a model")
        self.setMinimumWidth(600)
        self.source = source.parent if source.name in SAVED_MODEL_FILES else source
        self._session = session
        self._chooser = chooser
        self._result: FreezeResult | None = None
        self._leaving = False
        self.title = label(f"Reading {self.source.name}…", "strong", wrap=True)
        self.place = ElidedLabel(role="muted")
        self.place.set_full(str(self.source))
        self.tags = ComboBox("Tags")
        self.signatures = ComboBox("Signature")
        self.graph_file = QLineEdit()
        self.graph_file.setAccessibleName("The checkpoint's graph")
        self.graph_file.setPlaceholderText("the .meta file beside the checkpoint")
        self.inputs, self.outputs = QLineEdit(), QLineEdit()
        self.takes, self.gives = (
            label("", "muted", copyable=True),
            label("", "muted", copyable=True),
        )
        for field, name, ports in (
            (self.inputs, "Inputs", self.takes),
            (self.outputs, "Outputs", self.gives),
        ):
            field.setAccessibleName(name)
            ports.setFont(theme.mono_font)
        self.inputs.setToolTip("Tensors to feed, separated by commas")
        self.outputs.setToolTip("Tensors to keep, separated by commas")
        self.passes = ComboBox("Optimise")
        for words, wanted in _PASSES:
            self.passes.addItem(words, wanted)
        self.functional = QCheckBox("Keep conditionals and loops as functions")
        self.verify = QCheckBox("Compare the numbers with the source")
        self.verify.setChecked(True)
        self.work = FreezeWork(session, settings)
        self.freeze_button = button("Freeze", self._start, kind="primary")
        self.freeze_button.setDefault(True)
        self.cancel_button = button("Cancel", self._cancel, kind="button")
        self.look_button = button("Open without values", self._open_unfrozen, kind="button")
        self.look_button.setToolTip("Open the graph of the .meta file with its variables")
        self.look_button.setVisible(self.source.suffix == ".meta")
        self._lay_out()
        self._connect()
        self._look()

    def _lay_out(self) -> None:
        browse = button("Choose…", self._choose_graph, name="Choose the checkpoint's graph")
        self._graph_row = row(self.graph_file, browse)
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(12)
        self.form.setVerticalSpacing(8)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._fields = (self.tags, self.signatures, self._graph_row, self.inputs, self.outputs)
        for words, field in (
            ("Tags", self.tags),
            ("Signature", self.signatures),
            ("Graph", self._graph_row),
            ("Inputs", column(self.inputs, self.takes)),
            ("Outputs", column(self.outputs, self.gives)),
            ("Optimise", self.passes),
            ("", column(self.functional, self.verify)),
        ):
            self.form.addRow(words, field)
        for field in (self.tags, self.signatures, self._graph_row):
            self.form.setRowVisible(field, False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(column(self.title, self.place))
        layout.addLayout(self.form)
        layout.addWidget(self.work)
        layout.addStretch(1)
        layout.addWidget(row(self.look_button, None, self.cancel_button, self.freeze_button))

    def _connect(self) -> None:
        self.tags.currentIndexChanged.connect(lambda _index: self._fill_signatures())
        self.signatures.currentIndexChanged.connect(lambda _index: self._propose())
        for edit in (self.graph_file, self.inputs, self.outputs):
            edit.textChanged.connect(lambda _text: self._forget())
        for switch in (self.functional, self.verify):
            switch.toggled.connect(lambda _on: self._forget())
        self.passes.currentIndexChanged.connect(lambda _index: self._forget())
        self.work.running_changed.connect(self._enable)
        self.work.frozen.connect(self._done)
        self.finished.connect(lambda _result: self._end())

    # What the source has

    def _look(self) -> None:
        source = self.source
        self.freeze_button.setEnabled(False)

        def work() -> tuple[str, tuple[MetaGraph, ...]]:
            kind = source_kind(source)
            return kind, read_saved_model(source) if kind == "saved_model" else ()

        def refused(error: SurgeonError) -> None:
            self.title.setText("There is nothing to freeze here")
            self.work.say(f"{error.message}\n{error.hint or ''}".strip(), "refuses")
            for at in range(self.form.rowCount()):
                self.form.setRowVisible(at, False)
            self.freeze_button.hide()
            self.cancel_button.setText("Close")
            self._shrink()

        self._session.tasks.run("freeze-look", work, lambda found: self._show(*found), refused)

    def _show(self, kind: str, graphs: tuple[MetaGraph, ...]) -> None:
        self.title.setText(f"{_KINDS[kind]} {self.source.name}")
        self.form.setRowVisible(self._graph_row, kind == "checkpoint")
        self.functional.setVisible(kind in ("saved_model", "keras"))
        for graph in graphs:
            self.tags.addItem(", ".join(graph.tags) or "(none)", graph)
        serving = next((at for at, graph in enumerate(graphs) if SERVE in graph.tags), 0)
        self.tags.setCurrentIndex(serving if graphs else -1)
        self.form.setRowVisible(self.tags, len(graphs) > 1)
        self._fill_signatures()
        self._enable()
        self.freeze_button.setFocus()
        self._shrink()

    def _shrink(self) -> None:
        """Take the height that is needed, once hidden rows have gone from the layout."""
        QTimer.singleShot(0, self, self.adjustSize)

    def _fill_signatures(self) -> None:
        graph = self.tags.currentData()
        signatures = graph.signatures if isinstance(graph, MetaGraph) else ()
        self.signatures.clear()
        for signature in signatures:
            self.signatures.addItem(signature.name, signature)
        names = [signature.name for signature in signatures]
        if DEFAULT_SIGNATURE in names:
            self.signatures.setCurrentIndex(names.index(DEFAULT_SIGNATURE))
        self.form.setRowVisible(self.signatures, bool(signatures))
        self._propose()

    def _propose(self) -> None:
        """Fill in what the signature takes and gives; the user may choose other tensors."""
        for field, ports, known in (
            (self.inputs, self._ports("inputs"), self.takes),
            (self.outputs, self._ports("outputs"), self.gives),
        ):
            field.setPlaceholderText(_OWN)
            field.setText(", ".join(port.name for port in ports))
            known.setText(_port_words(ports))
            known.setVisible(bool(ports))
        self._forget()

    def _ports(self, side: str) -> tuple[Port, ...]:
        signature = self.signatures.currentData()
        if not isinstance(signature, Signature):
            return ()
        return signature.inputs if side == "inputs" else signature.outputs

    def _choose_graph(self) -> None:
        self._chooser.open_file(
            self,
            "The checkpoint's graph",
            str(self.source.parent),
            ("Graphs (*.pb *.pbtxt *.meta)", "All files (*)"),
            lambda path: self.graph_file.setText(str(path)),
        )

    # The job

    def spec(self, directory: Path) -> FreezeSpec:
        """Return the job that the fields state."""
        graph, signature = self.tags.currentData(), self.signatures.currentData()
        file = self.graph_file.text().strip()
        wanted = self.passes.currentData()
        return FreezeSpec(
            source=self.source.absolute(),
            result=directory / "frozen.pb",
            tags=graph.tags if isinstance(graph, MetaGraph) else (),
            signature=signature.name if isinstance(signature, Signature) else None,
            graph=Path(file).absolute() if file else None,
            outputs=_chosen(self.outputs.text(), self._ports("outputs")),
            inputs=_chosen(self.inputs.text(), self._ports("inputs")),
            lower_control_flow=not self.functional.isChecked(),
            optimize=wanted == "grappler",
            passes=PRESETS.get(str(wanted), ()),
            verify=self.verify.isChecked(),
        )

    def _start(self) -> None:
        if self._result is not None:
            self._open(self._result)
            return
        directory = new_job_directory("freeze")
        self.work.start(self.spec(directory), directory)

    def _done(self, result: FreezeResult) -> None:
        if result.ok:
            self._open(result)
            return
        # Whoever wants a graph that computes something else has to say so.
        self._result = result
        self._name_button("Open all the same")

    def _forget(self) -> None:
        """Another choice: what was frozen is not what is asked for now."""
        self._result = None
        self._name_button("Freeze")

    def _name_button(self, words: str) -> None:
        self.freeze_button.setText(words)
        self.freeze_button.setAccessibleName(words)

    def _open(self, result: FreezeResult) -> None:
        def work() -> Graph:
            graph = open_graph(result.path)
            return graph.with_outputs(resolve_output(graph, name) for name in result.outputs)

        def opened(graph: Graph) -> None:
            self.frozen.emit(graph, result)
            self.accept()

        def refused(error: SurgeonError) -> None:
            self.work.say(str(error), "refuses")

        self._session.tasks.run("freeze-open", work, opened, refused)

    def _open_unfrozen(self) -> None:
        self.reject()
        self.unfrozen.emit(self.source)

    def _cancel(self) -> None:
        if self.work.is_running():
            self.work.cancel()
        else:
            self.reject()

    def reject(self) -> None:
        """Close; a job that runs is stopped first."""
        if self.work.is_running():
            self._leaving = True
            self.work.cancel()
        else:
            super().reject()

    def _enable(self) -> None:
        running = self.work.is_running()
        for field in (*self._fields, self.passes, self.functional, self.verify):
            field.setEnabled(not running)
        self.freeze_button.setEnabled(not running)
        self.look_button.setEnabled(not running)
        self.cancel_button.setText("Stop" if running else "Cancel")
        if self._leaving and not running:
            super().reject()

    def _end(self) -> None:
        for task in ("freeze-look", "freeze-open", "freeze-prepare"):
            self._session.tasks.drop(task)
        self.deleteLater()


def _chosen(text: str, proposed: Sequence[Port]) -> tuple[str, ...]:
    """Return the names in a field; none where they are those proposed."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return () if names == tuple(port.name for port in proposed) else names


def _port_words(ports: Sequence[Port]) -> str:
    lines = [str(port) for port in ports[:_MOST_PORTS]]
    more = len(ports) - _MOST_PORTS
    return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)
