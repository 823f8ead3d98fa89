"""Every command of the window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDockWidget

from surgeon_gui.ui.actions import Command
from surgeon_gui.ui.bookmarks import bookmark_commands
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.comparing.commands import compare_commands
from surgeon_gui.ui.cures import cure_commands
from surgeon_gui.ui.engine_commands import engine_commands
from surgeon_gui.ui.explore import explore_commands
from surgeon_gui.ui.freezing import freezing_commands
from surgeon_gui.ui.help import help_commands
from surgeon_gui.ui.more_edits import other_edit_commands
from surgeon_gui.ui.overlays import overlay_commands
from surgeon_gui.ui.pictures import picture_commands
from surgeon_gui.ui.preferences import preference_commands
from surgeon_gui.ui.roaming import roaming_commands
from surgeon_gui.ui.selection import (
    copy_names,
    copy_text,
    is_input,
    is_one_node,
)

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

Keys = QKeySequence.StandardKey


def command_table(window: MainWindow) -> list[Command]:
    """Return the commands of a window."""
    return [
        *_file(window),
        *_edit(window),
        *freezing_commands(window),
        *other_edit_commands(window),
        *_view(window),
        *explore_commands(window),
        *overlay_commands(window),
        *compare_commands(window),
        *cure_commands(window),
        *_rules_and_build(window),
        *engine_commands(window),
        *preference_commands(window),
        *bookmark_commands(window),
        *roaming_commands(window),
        *picture_commands(window),
        *help_commands(window),
    ]


def _file(window: MainWindow) -> list[Command]:
    files, session = window.files, window.session

    def has_graph() -> bool:
        return session.document is not None

    def has_edits() -> bool:
        return session.document is not None and session.document.index > 0

    return [
        Command("file.open", "&Open…", files.choose, Keys.Open, "folder-open", tip="Open a graph"),
        Command("file.save", "&Save", files.save, Keys.Save, "floppy-disk", has_graph),
        Command("file.save-as", "Save &as…", files.save_as, "Ctrl+Shift+S", "", has_graph),
        Command("file.script", "Save edit s&cript…", files.save_script, None, "", has_edits),
        Command("file.close", "&Close graph", files.close_document, Keys.Close, "", has_graph),
        Command("file.quit", "&Quit", window.close, Keys.Quit),
        Command("export.uff", "&UFF…", partial(files.export, ".uff"), None, "", has_graph),
        Command("export.onnx", "O&NNX…", partial(files.export, ".onnx"), None, "", has_graph),
        Command(
            "export.network", "Net&work…", partial(files.export, ".network"), None, "", has_graph
        ),
    ]


def _edit(window: MainWindow) -> list[Command]:
    session, surgery = window.session, window.surgery

    def can_undo() -> bool:
        return bool(session.document and session.document.can_undo)

    def can_redo() -> bool:
        return bool(session.document and session.document.can_redo)

    def some() -> bool:
        return bool(session.selection)

    one = partial(is_one_node, session)
    return [
        Command("edit.undo", "&Undo", session.undo, Keys.Undo, "arrow-counter-clockwise", can_undo),
        Command("edit.redo", "&Redo", session.redo, Keys.Redo, "arrow-clockwise", can_redo),
        Command(
            "edit.remove",
            "Re&move",
            surgery.remove,
            Keys.Delete,
            "trash",
            some,
            tip="Remove the selection; who read it reads its first input",
        ),
        Command(
            "edit.rename",
            "Re&name…",
            surgery.rename,
            "F2",
            "pencil-simple",
            lambda: len(session.selection) == 1,
        ),
        Command(
            "edit.replace",
            "Re&place by plugin or op…",
            surgery.replace,
            None,
            "arrows-left-right",
            one,
        ),
        Command(
            "edit.collapse",
            "&Collapse into one node…",
            surgery.collapse,
            "Ctrl+G",
            "frame-corners",
            some,
        ),
        Command(
            "edit.attribute", "Set &attribute…", surgery.choose_attribute, None, "sliders", one
        ),
        Command(
            "edit.shape",
            "Set input &shape…",
            surgery.set_shape,
            None,
            "",
            partial(is_input, session),
        ),
        Command("edit.output", "Choose as &output", surgery.choose_outputs, None, "sign-out", some),
        Command(
            "edit.strip",
            "S&trip nodes no output needs",
            surgery.strip,
            None,
            "scissors",
            lambda: session.graph is not None,
        ),
        Command(
            "edit.extract",
            "E&xtract to a new document",
            surgery.extract,
            None,
            "export",
            some,
            tip="Make the selection a graph of its own, fed with what it reads",
        ),
        Command(
            "edit.make-rule",
            "Make a r&ule of this…",
            surgery.make_rule,
            None,
            "magic-wand",
            some,
            tip="Generalise the selected nodes to a rule that finds the same elsewhere",
        ),
        Command("edit.copy-name", "Copy na&me", partial(copy_names, session), None, "copy", some),
        Command(
            "edit.copy-text", "Copy as te&xt", partial(copy_text, session), Keys.Copy, "", some
        ),
    ]


def _view(window: MainWindow) -> list[Command]:
    def on(act: Callable[[GraphCanvas], object]) -> Callable[[], object]:
        return lambda: act(window.center.canvas_shown())

    def has_graph() -> bool:
        return window.session.graph is not None

    docks = {
        "view.outline": ("&Outline", window.outline_dock),
        "view.inspector": ("&Inspector", window.inspector_dock),
        "view.panels": ("&Panels", window.bottom_dock),
    }
    pages = [
        Command(f"view.{key}", title, partial(window.bottom_dock.open_page, key), f"Alt+{number}")
        for number, (key, title) in enumerate(
            (
                ("problems", "Pro&blems"),
                ("rules", "&Rules"),
                ("history", "&History"),
                ("verify", "&Verify"),
                ("build", "B&uild"),
                ("run", "R&un"),
                ("quantize", "&Quantize"),
                ("partition", "P&artition"),
                ("devices", "&Devices"),
                ("log", "&Log"),
            ),
            start=1,
        )
    ]
    return [
        *(
            Command(key, title, partial(_toggle, dock), checked=dock.isVisible)
            for key, (title, dock) in docks.items()
        ),
        *pages,
        Command("view.restore", "Restore the &layout", window.memory.restore_docks),
        Command(
            "view.find",
            "&Find…",
            lambda: window.search.begin(),
            Keys.Find,
            "magnifying-glass",
            has_graph,
        ),
        Command(
            "view.find-next",
            "Find ne&xt",
            lambda: window.search.step(1),
            Keys.FindNext,
            "",
            has_graph,
        ),
        Command(
            "view.find-previous",
            "Find pre&vious",
            lambda: window.search.step(-1),
            Keys.FindPrevious,
            "",
            has_graph,
        ),
        Command(
            "view.palette",
            "&Command palette…",
            lambda: window.palette_.begin(),
            "Ctrl+K",
            "command",
        ),
        Command(
            "view.fit", "&Fit the graph", on(GraphCanvas.fit), "Ctrl+0", "corners-out", has_graph
        ),
        Command("view.zoom-in", "Zoom &in", on(GraphCanvas.zoom_in), Keys.ZoomIn, "", has_graph),
        Command(
            "view.zoom-out", "Zoom o&ut", on(GraphCanvas.zoom_out), Keys.ZoomOut, "", has_graph
        ),
        Command(
            "view.zoom-selection",
            "Zoom to &selection",
            on(GraphCanvas.zoom_to_selection),
            "Ctrl+E",
            "",
            lambda: bool(window.session.selection),
        ),
        Command(
            "view.expand",
            "E&xpand or collapse",
            partial(_toggle_expanded, window),
            None,
            "",
            partial(_can_expand, window),
        ),
        Command(
            "view.expand-all",
            "Expand &all",
            on(GraphCanvas.expand_all),
            "Ctrl+Shift+E",
            "",
            has_graph,
        ),
        Command(
            "view.collapse-all",
            "Collapse a&ll",
            on(GraphCanvas.collapse_all),
            "Ctrl+Shift+W",
            "",
            has_graph,
        ),
    ]


def _rules_and_build(window: MainWindow) -> list[Command]:
    def has_graph() -> bool:
        return window.session.graph is not None

    rules, build, verify = window.rules, window.build, window.verify
    return [
        Command(
            "rules.apply",
            "&Apply enabled rules",
            rules.apply_enabled,
            "Ctrl+R",
            "wrench",
            has_graph,
        ),
        Command("rules.load", "&Load rule set…", rules.choose_file, None, "", None),
        Command("rules.save", "&Save rule set…", rules.save_as, None, "", None),
        Command(
            "rules.selection",
            "Apply rule in the se&lection",
            rules.apply_in_selection,
            None,
            "",
            lambda: bool(window.session.selection),
            tip="Apply the rule chosen in the rules panel to the selected nodes only",
        ),
        Command(
            "rules.why",
            "&Why not here?",
            rules.ask_why,
            None,
            "question",
            partial(is_one_node, window.session),
            tip="Say why the rule chosen in the rules panel does not apply to the selected node",
        ),
        Command(
            "rules.script",
            "Run s&cript…",
            window.surgery.scripts.choose,
            None,
            "",
            has_graph,
            tip="Run a graphsurgeon preprocess script (config.py) on this graph",
        ),
        Command(
            "rules.replay",
            "&Replay edit script…",
            window.surgery.scripts.choose_replay,
            None,
            "",
            has_graph,
        ),
        Command(
            "build.verify",
            "&Verify against TensorFlow",
            partial(_verify, window),
            "Ctrl+T",
            "check-circle",
            lambda: has_graph() and not verify.is_running(),
        ),
        Command(
            "build.build",
            "&Build engine",
            partial(_build, window),
            "Ctrl+B",
            "play",
            has_graph,
            tip="Build the TensorRT engine; while one is built, the next waits",
        ),
        Command("build.cancel", "&Cancel", build.cancel, None, "stop", build.is_running),
    ]


def _toggle(dock: QDockWidget) -> None:
    dock.setVisible(not dock.isVisible())


def _can_expand(window: MainWindow) -> bool:
    chosen = window.canvas.selection()
    return len(chosen) == 1 and chosen[0].endswith("/")


def _toggle_expanded(window: MainWindow) -> None:
    # The session knows no series, only the namespaces in it.
    window.canvas.toggle(window.canvas.selection()[0])


def _verify(window: MainWindow) -> None:
    window.bottom_dock.open_page("verify")
    window.verify.start()


def _build(window: MainWindow) -> None:
    window.bottom_dock.open_page("build")
    window.build.start()
