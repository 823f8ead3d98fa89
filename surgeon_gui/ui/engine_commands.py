"""Commands about engines: run one, and see the pages beside the build's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from surgeon_gui.ui.actions import Command

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

ENGINE_MENU = ("-", "engine.run", "engine.stop", "engine.recent", "-", "engine.devices")
"""Their place at the end of the menu Build."""


def engine_commands(window: MainWindow) -> list[Command]:
    """Return the commands of a window."""
    panel = window.run_
    return [
        Command(
            "engine.run",
            "&Run",
            partial(_run, window),
            "Ctrl+Shift+B",
            "",
            panel.run_button.isEnabled,
            tip="Run the engine, or what is chosen in the run panel",
        ),
        Command("engine.stop", "&Stop the run", panel.cancel, None, "", panel.is_running),
        Command(
            "engine.recent",
            "Recent &builds",
            partial(_show_builds, window),
            tip="The builds made before, and those that wait",
        ),
        Command(
            "engine.devices",
            "Look at this &machine",
            partial(_look_round, window),
            tip="GPUs, TensorRTs and plugin libraries",
        ),
    ]


def _run(window: MainWindow) -> None:
    window.bottom_dock.open_page("run")
    window.run_.start()


def _show_builds(window: MainWindow) -> None:
    window.bottom_dock.open_page("build")
    window.build.pages.show_page("recent")


def _look_round(window: MainWindow) -> None:
    window.bottom_dock.open_page("devices")
    window.devices.refresh()
