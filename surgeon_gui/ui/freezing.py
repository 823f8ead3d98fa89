"""Commands that lead to a clean frozen graph: freezing a source, and optimising what is on show."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from surgeon_gui.edits.optimise import PassDone, optimised
from surgeon_gui.freeze.source import SAVED_MODEL_FILES, is_source
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.ops import is_variable
from surgeon_gui.jobs.spec import FreezeResult
from surgeon_gui.ui.actions import Command
from surgeon_gui.ui.comparing.commands import preview_graph
from surgeon_gui.ui.dialogs.freeze import FreezeDialog
from surgeon_gui.ui.dialogs.freeze_work import result_words
from surgeon_gui.ui.dialogs.optimise import OptimiseDialog

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

logger = logging.getLogger(__name__)


class Freezing(QObject):
    """Opens the two dialogs and does what they ask."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        window.files.source_chosen.connect(self.freeze)
        window.files.loaded.connect(self._look_for_variables)

    def choose_folder(self) -> None:
        """Ask for a SavedModel's or checkpoint's folder and freeze it."""
        window = self._window
        window.chooser.open_folder(
            window, "Open a SavedModel or checkpoint", window.state.folder, window.files.open
        )

    def freeze(self, source: Path, graph: Path | None = None) -> FreezeDialog:
        """Lead from a source to its frozen graph.

        Args:
            source: what the values are in.
            graph: the GraphDef of a checkpoint, where it is known.
        """
        window = self._window
        dialog = FreezeDialog(
            source, window.session, window.settings, window.chooser, window.theme, window
        )
        if graph is not None:
            dialog.graph_file.setText(str(graph))
        dialog.frozen.connect(partial(self._show, dialog.source))
        dialog.unfrozen.connect(window.files.read)
        dialog.open()
        return dialog

    def stop(self) -> None:
        """End the workers of dialogs, before the window goes."""
        for dialog in self._window.findChildren(FreezeDialog):
            dialog.work.stop()
        for optimiser in self._window.findChildren(OptimiseDialog):
            optimiser.work.stop()

    def _show(self, source: Path, graph: Graph, result: FreezeResult) -> None:
        window = self._window
        logger.info("%s: %s", source, result_words(result))
        window.memory.add_recent(source)
        window.files.show_new(graph, f"{source.stem}_frozen")
        window.message.show_note(result_words(result), choices=[("Save…", window.files.save_as)])

    def _look_for_variables(self, path: Path) -> None:
        """Offer to freeze a graph whose values lie elsewhere."""
        window, graph = self._window, self._window.session.graph

        def look() -> str | None:
            return next((node.name for node in graph or () if is_variable(node.op)), None)

        def tell(first: str | None) -> None:
            if first is None or window.session.path != path:
                return
            window.message.show_note(
                f"This graph has variables, {first} the first: their values lie in a checkpoint.",
                choices=[("Freeze…", partial(self._freeze_with, path))],
            )

        window.session.tasks.run("variables", look, tell, window.session.failed.emit)

    def _freeze_with(self, graph: Path) -> None:
        """Freeze the checkpoint of a graph: the one beside it, or the one chosen."""
        window, beside = self._window, sorted(graph.parent.glob("*.index"))
        if beside:
            at = graph.parent if (graph.parent / "checkpoint").is_file() else beside[-1]
            self.freeze(at, graph)
            return
        if any((graph.parent / name).is_file() for name in SAVED_MODEL_FILES):
            self.freeze(graph.parent)
            return

        def chosen(path: Path) -> None:
            self.freeze(path, None if path.suffix == ".meta" or not is_source(path) else graph)

        window.chooser.open_file(
            window,
            "The checkpoint of this graph",
            str(graph.parent),
            ("Checkpoints (*.index *.meta)", "All files (*)"),
            chosen,
        )

    def optimise(self) -> OptimiseDialog | None:
        """Show what the passes would do to the graph on show; the window stays usable beside."""
        window = self._window
        graph = window.session.graph
        if graph is None:
            return None
        dialog = OptimiseDialog(window.session, window.settings, graph, window.theme, window)
        dialog.accepted_passes.connect(self._apply)
        dialog.difference_wanted.connect(self._preview)
        dialog.show()
        return dialog

    def _preview(self, done: tuple[PassDone, ...]) -> None:
        graph = self._window.session.graph
        steps = [step for item in done for step in item.steps]
        if graph is not None and steps:
            preview_graph(self._window, "Optimise", steps[-1][0], optimised(graph, done))

    def _apply(self, tried: Graph, done: tuple[PassDone, ...]) -> None:
        document = self._window.session.document
        if document is None or document.graph is not tried:
            return
        steps = [step for item in done for step in item.steps]
        for edit, after in steps:
            document.commit(edit, after)
        self._window.center.pages.show_page("graph")
        self._window.message.show_note(
            f"{len(tried)} nodes became {len(document.graph)} in {len(steps)} steps.",
            "Verify compares the numbers with the opened graph; F8 shows what changed.",
        )


def freezing_commands(window: MainWindow) -> list[Command]:
    """Return the commands for sources and passes."""
    freezing, session = window.freezing, window.session
    return [
        Command(
            "file.open-folder",
            "Open SavedModel or chec&kpoint…",
            freezing.choose_folder,
            "Ctrl+Shift+O",
            "",
            tip="Freeze a SavedModel or a checkpoint and open the result",
        ),
        Command(
            "edit.optimise",
            "Opt&imise…",
            freezing.optimise,
            "Ctrl+Shift+M",
            "",
            lambda: session.graph is not None,
            tip="Fold, merge and strip, pass by pass",
        ),
    ]
