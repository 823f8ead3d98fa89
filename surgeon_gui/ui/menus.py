"""The menus: which commands stand where."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from surgeon_gui.ui.actions import MenuSpec
from surgeon_gui.ui.bookmarks import BOOKMARK_MENU
from surgeon_gui.ui.comparing.commands import COMPARE_MENU
from surgeon_gui.ui.engine_commands import ENGINE_MENU
from surgeon_gui.ui.more_edits import other_edits
from surgeon_gui.ui.palettes import PLAIN_THEMES
from surgeon_gui.ui.samples import samples

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow


def menus(window: MainWindow) -> tuple[MenuSpec, ...]:
    """Return the menu bar of a window."""
    return (
        MenuSpec(
            "&File",
            (
                "file.new-window",
                "file.open",
                "file.open-folder",
                MenuSpec("Open &recent", (), partial(_fill_recent, window)),
                MenuSpec("Open sa&mple", (), partial(_fill_samples, window)),
                "-",
                "file.save",
                "file.save-as",
                MenuSpec(
                    "&Export",
                    (
                        *("export.uff", "export.onnx", "export.network", "-"),
                        *("export.picture", "export.report"),
                    ),
                ),
                "file.script",
                "-",
                *("file.print", "file.print-preview", "-"),
                "file.settings",
                "-",
                "file.close",
                "file.quit",
            ),
        ),
        MenuSpec(
            "&Edit",
            (
                *("edit.undo", "edit.redo", "-", "edit.remove", "edit.rename", "edit.replace"),
                *("edit.collapse", "edit.attribute", "edit.extract", "edit.make-rule", "-"),
                MenuSpec("M&ore edits", tuple(f"edit.any.{word}" for word, _ in other_edits())),
                *("-", "edit.copy-name", "edit.copy-text", "edit.copy-picture"),
            ),
        ),
        MenuSpec(
            "&View",
            (
                *("view.find", "view.find-next", "view.find-previous", "view.palette", "-"),
                *("view.fit", "view.zoom-in", "view.zoom-out", "view.zoom-selection", "-"),
                *("view.expand", "view.expand-all", "view.collapse-all", "view.fold-series", "-"),
                MenuSpec("Colour &by", (), window.overlays.fill),
                COMPARE_MENU,
                "-",
                *("view.outline", "view.bookmarks", "view.inspector", "view.panels"),
                MenuSpec("Pa&ges", tuple(f"view.{key}" for key in window.bottom_dock.pages.keys)),
                *("view.next-panel", "view.previous-panel", "view.restore"),
                MenuSpec(
                    "&Theme", ("theme.system", "-", *(f"theme.{name}" for name in PLAIN_THEMES))
                ),
            ),
        ),
        MenuSpec(
            "&Graph",
            (
                *("go.back", "go.forward", "-"),
                *("graph.reveal", "graph.producers", "graph.consumers"),
                BOOKMARK_MENU,
                MenuSpec(
                    "&Trace",
                    (
                        *("trace.up", "trace.down", "trace.inputs", "trace.outputs"),
                        *("trace.between", "trace.shortest", "-", "trace.clear"),
                    ),
                ),
                "-",
                *("edit.shape", "edit.output", "edit.strip", "edit.optimise"),
            ),
        ),
        MenuSpec(
            "&Rules",
            (
                *(
                    "rules.apply",
                    "rules.selection",
                    "rules.autofix",
                    "rules.why",
                    "help.explain",
                    "edit.make-rule",
                    "-",
                ),
                *("rules.load", "rules.save", "-", "rules.replay", "rules.script"),
            ),
        ),
        MenuSpec("&Build", ("build.verify", "-", "build.build", "build.cancel", *ENGINE_MENU)),
        MenuSpec(
            "&Help",
            (
                *("help.tour", "help.docs", "help.keys", "help.formats", "-"),
                *("help.explain", "target.page", "help.log", "-"),
                *("help.diagnostics", "help.about"),
            ),
        ),
    )


EMPTY_MENU = MenuSpec(
    "",
    (
        *("view.fit", "view.expand-all", "view.collapse-all", "-"),
        *("view.find", "-", "rules.apply", "rules.autofix", "edit.strip"),
    ),
)

CONTEXT_MENU = MenuSpec(
    "",
    (
        *("view.expand", "view.zoom-selection", "graph.producers", "graph.consumers"),
        *("bookmark.toggle", "-"),
        *("edit.rename", "edit.replace", "edit.collapse", "edit.attribute", "edit.shape"),
        *("edit.output", "edit.any.bypass", "edit.any.rewire", "edit.remove", "-"),
        *("edit.extract", "edit.make-rule", "rules.why", "-", "edit.copy-name", "edit.copy-text"),
    ),
)


def _fill_recent(window: MainWindow, menu: QMenu) -> None:
    menu.clear()
    for name in window.state.recent:
        menu.addAction(name.replace("&", "&&"), partial(window.files.open, Path(name)))
    if menu.isEmpty():
        menu.addAction("No files yet").setEnabled(False)


def _fill_samples(window: MainWindow, menu: QMenu) -> None:
    menu.clear()
    for path in samples():
        menu.addAction(path.name, partial(window.files.open, path))
