"""Opening, saving and exporting, off the UI thread; and the question about unsaved changes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from surgeon_gui.document import Document
from surgeon_gui.edits.script import script_to_toml
from surgeon_gui.errors import SurgeonError
from surgeon_gui.freeze.source import is_source
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.graph.model import Graph
from surgeon_gui.hybrid.bundle import GRAPH, is_bundle
from surgeon_gui.opening import open_view
from surgeon_gui.pipeline import export, parser_limits, save_view
from surgeon_gui.uff.graph import is_uff_graph
from surgeon_gui.ui.chooser import OPEN_FILTERS, PathChooser
from surgeon_gui.ui.session import Session

logger = logging.getLogger(__name__)

EXPORT_FORMS = {".uff": "UFF", ".onnx": "ONNX", ".network": "Network"}
GRAPH_FILTERS = ("Frozen graph (*.pb)", "GraphDef text (*.pbtxt)")
UFF_FILTERS = ("UFF (*.uff)", *GRAPH_FILTERS)
BOTH_FILTER = (
    "Graphs, sources and engines "
    "(*.pb *.pbtxt *.uff *.keras *.h5 *.meta *.index *.engine *.plan *.trt)"
)
ENGINE_ENDINGS = (".engine", ".plan", ".trt")
MOST_REFUSED = 12
"""How many nodes a question lists."""


class Files(QObject):
    """What the File menu does.

    Signals:
        loading(object): this `Path` is being read.
        loaded(object): the `Path` is on show.
        load_failed(object): a SurgeonError; what was open stays open.
        load_cancelled(): the user did not want to wait.
        engine_chosen(object): the `Path` is an engine, which is looked at beside the graph.
        source_chosen(object): the `Path` is a SavedModel or the like, which is frozen first.
        saved(object): a `Path` was written.
    """

    loading = Signal(object)
    loaded = Signal(object)
    load_failed = Signal(object)
    load_cancelled = Signal()
    engine_chosen = Signal(object)
    source_chosen = Signal(object)
    saved = Signal(object)

    def __init__(
        self,
        session: Session,
        window: QWidget,
        chooser: PathChooser,
        folder: Callable[[], str],
    ) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._chooser = chooser
        self._folder = folder

    def choose(self) -> None:
        """Ask for a file and open it."""
        self._chooser.open_file(
            self._window, "Open", self._folder(), (BOTH_FILTER, *OPEN_FILTERS), self.open
        )

    def open(self, path: Path) -> None:
        """Open a graph, after asking about unsaved changes; an engine stands beside the graph."""
        if Path(path).suffix.lower() in ENGINE_ENDINGS:
            self.engine_chosen.emit(Path(path).absolute())
        elif is_bundle(Path(path)):
            self.read(Path(path) / GRAPH)
        elif is_source(Path(path)):
            self.source_chosen.emit(Path(path).absolute())
        else:
            self.read(Path(path))

    def read(self, path: Path) -> None:
        """Open the graph that a file holds as it is, after asking about unsaved changes."""
        self.ask_unsaved(lambda: self._read(path))

    def cancel(self) -> None:
        """Stop waiting for the file being read; its bytes are dropped when they arrive."""
        if self._session.tasks.is_busy("open"):
            self._session.tasks.drop("open")
            self.load_cancelled.emit()

    def close_document(self) -> None:
        self.ask_unsaved(lambda: self._session.set_document(None))

    def show_new(self, graph: Graph, name: str = "") -> None:
        """Show a graph that is in no file yet, after asking about unsaved changes."""
        self.ask_unsaved(lambda: self._session.set_document(Document(graph, name=name)))

    def save(self) -> None:
        """Write the graph where it was opened from, or ask where."""
        document = self._session.document
        if document is None:
            return
        forms = (".uff",) if is_uff_graph(document.graph) else (".pb", ".pbtxt")
        if document.path is None or document.path.suffix not in forms:
            self.save_as()
        else:
            self._write(document, document.path)

    def save_as(self, then: Callable[[], object] | None = None) -> None:
        document = self._session.document
        if document is None:
            return
        shown_uff = is_uff_graph(document.graph)
        self._chooser.save_file(
            self._window,
            "Save the graph",
            self.suggest(".uff" if shown_uff else ".pb"),
            UFF_FILTERS if shown_uff else GRAPH_FILTERS,
            lambda path: self._write(document, path, then),
        )

    def export(self, suffix: str) -> None:
        """Ask where and write another form: `.uff`, `.onnx` or `.network`.

        Where a TensorRT with a UFF parser is the target, a `.uff` is held against it first.
        """
        graph, target = self._session.graph, self._session.target
        if graph is None:
            return
        if suffix != ".uff" or target.route != "uff":
            self._export(graph, suffix)
            return

        def checked(refused: tuple[str, ...]) -> None:
            if refused:
                self._ask_refused(refused, lambda: self._export(graph, suffix))
            else:
                self._export(graph, suffix)

        self._session.tasks.run(
            "export-check",
            lambda: parser_limits(graph, self.suggest(suffix), target.id),
            checked,
            self._session.failed.emit,
        )

    def _ask_refused(self, refused: tuple[str, ...], go_on: Callable[[], object]) -> None:
        """Say what NVIDIA's parser will refuse; go on if the file is wanted all the same."""
        first, *nodes = refused
        more = len(nodes) - MOST_REFUSED
        box = QMessageBox(self._window)
        box.setObjectName("refused")
        box.setWindowTitle("Export UFF")
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText(first)
        listed = [*nodes[:MOST_REFUSED], *([f"… and {more} more."] if more > 0 else [])]
        box.setInformativeText("\n\n".join(listed))
        export_it = box.addButton("Export…", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(export_it)

        def answered() -> None:
            if box.clickedButton() is export_it:
                go_on()
            box.deleteLater()

        box.finished.connect(answered)
        box.open()

    def _export(self, graph: Graph, suffix: str) -> None:
        form = EXPORT_FORMS[suffix]
        self._chooser.save_file(
            self._window,
            f"Export {form}",
            self.suggest(suffix),
            (f"{form} (*{suffix})",),
            lambda path: self._work(lambda: export(graph, path), path),
        )

    def save_script(self) -> None:
        """Ask where and write the edits made so far, to be replayed on another graph."""
        document = self._session.document
        if document is None:
            return
        edits = list(document.edits)
        self._chooser.save_file(
            self._window,
            "Save the surgery script",
            self.suggest(".toml"),
            ("Surgery script (*.toml)",),
            lambda path: self._work(
                lambda: write_atomically(path, [script_to_toml(edits).encode()]), path
            ),
        )

    def suggest(self, suffix: str) -> Path:
        """Return a name beside the open file, never the file itself."""
        present = self._session.path
        folder = Path(self._folder() or ".")
        if present is None:
            document = self._session.document
            return folder / f"{(document.name if document else '') or 'graph'}{suffix}"
        name = (
            f"{present.stem}_edited{suffix}" if suffix == present.suffix else present.stem + suffix
        )
        return (folder if folder.is_dir() else present.parent) / name

    def ask_unsaved(self, go_on: Callable[[], object]) -> None:
        """Call `go_on` at once, or after asking what to do with unsaved changes."""
        document = self._session.document
        if document is None or document.is_clean:
            go_on()
            return
        box = QMessageBox(self._window)
        box.setObjectName("unsaved")
        box.setWindowTitle("Unsaved changes")
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText(f"Save the changes to {self._session.title}?")
        box.setInformativeText("Without saving, the edits made since the last save are lost.")
        save = box.addButton("Save…", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("Discard", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(save)

        def answered() -> None:
            if box.clickedButton() is save:
                self.save_as(go_on)
            elif box.clickedButton() is discard:
                go_on()
            box.deleteLater()

        box.finished.connect(answered)
        box.open()

    def _read(self, path: Path) -> None:
        self.loading.emit(path)

        def work() -> Graph:
            graph = open_view(path)
            for node in graph.nodes[:1]:
                graph.consumers(node.name)  # builds the index here, not on the UI thread
            return graph

        def done(graph: Graph) -> None:
            logger.info("Opened %s: %d nodes", path, len(graph))
            self._session.set_document(Document(graph, path))
            self.loaded.emit(path)

        def failed(error: SurgeonError) -> None:
            logger.warning("%s", error)
            self.load_failed.emit(error)

        self._session.tasks.run("open", work, done, failed)

    def _write(
        self, document: Document, path: Path, then: Callable[[], object] | None = None
    ) -> None:
        graph = document.graph

        def done(_: object) -> None:
            if document.graph is graph:
                document.mark_saved(path)
            logger.info("Saved %s", path)
            self.saved.emit(path)
            if then is not None:
                then()

        self._session.tasks.run(
            "save", lambda: save_view(graph, path), done, self._session.failed.emit
        )

    def _work(self, work: Callable[[], object], path: Path) -> None:
        def done(_: object) -> None:
            logger.info("Wrote %s", path)
            self.saved.emit(path)

        self._session.tasks.run("export", work, done, self._session.failed.emit)
