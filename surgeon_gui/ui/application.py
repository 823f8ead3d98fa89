"""Starting the window: arguments, settings, log, theme; and pictures of the window."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from surgeon_gui import __version__
from surgeon_gui.errors import SaveError, UsageError
from surgeon_gui.graph.graphdef import check_writable
from surgeon_gui.log import close_logging, setup_logging
from surgeon_gui.settings import cache_dir, load_settings
from surgeon_gui.targets import find_target
from surgeon_gui.ui.comparing.bar import MERGED, SIDES
from surgeon_gui.ui.crash import CrashGuard
from surgeon_gui.ui.interrupt import STATUS, Interrupt
from surgeon_gui.ui.main_window import MainWindow
from surgeon_gui.ui.palettes import THEMES, chosen_theme
from surgeon_gui.ui.photographer import Photographer
from surgeon_gui.ui.qt_log import restore_qt_messages, route_qt_messages
from surgeon_gui.ui.theme import apply_theme

_PICTURES = (".png", ".jpg", ".jpeg", ".bmp")
VIEWS = ("graph", SIDES, MERGED, "network")


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments of `app.py` and `surgeon gui`."""
    parser = argparse.ArgumentParser(prog="surgeon gui", description="Open the window.")
    parser.add_argument("model", nargs="?", type=Path, metavar="MODEL", help="the graph to open")
    parser.add_argument("--shot", type=Path, metavar="FILE.png", help="save a picture and quit")
    parser.add_argument(
        "--theme",
        choices=[*THEMES],
        metavar="THEME",
        help=f"one of {', '.join(THEMES)}, whatever the settings say",
    )
    parser.add_argument("--size", default="", metavar="WxH", help="size of the window")
    parser.add_argument(
        "--expand", action="append", default=[], metavar="PATH", help="open this namespace"
    )
    parser.add_argument("--select", default="", metavar="NODE", help="select and show this node")
    parser.add_argument("--target", default="", metavar="ID", help="judge the graph by this target")
    parser.add_argument(
        "--view", choices=VIEWS, default="graph", help="what of the graph to show in the middle"
    )
    parser.add_argument(
        "--compare", type=Path, metavar="OTHER", help="compare this file with MODEL"
    )
    parser.add_argument("--page", default="", metavar="PAGE", help="show this page at the bottom")
    arguments = parser.parse_args(list(argv))
    arguments.size = _size(parser, arguments.size)
    arguments.target = _target(parser, arguments.target)
    _check_shot(parser, arguments.shot)
    return arguments


def _size(parser: argparse.ArgumentParser, text: str) -> tuple[int, int] | None:
    if not text:
        return None
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        parser.error(f"{text} is no size; write 1600x1000")
    return int(width), int(height)


def _target(parser: argparse.ArgumentParser, text: str) -> str:
    if text:
        try:
            find_target(text)
        except UsageError as error:
            parser.error(str(error))
    return text


def _check_shot(parser: argparse.ArgumentParser, path: Path | None) -> None:
    """Refuse a picture that could not be saved before the window is shown for it."""
    if path is None:
        return
    if path.suffix.lower() not in _PICTURES:
        parser.error(f"{path} is no picture; name it .png")
    try:
        check_writable(path)
    except SaveError as error:
        parser.error(str(error))


def run(argv: Sequence[str], arrange: Callable[[MainWindow], object] | None = None) -> int:
    """Show the window until it is closed; return the exit status.

    Args:
        argv: as `parse_arguments` reads them.
        arrange: called once the graph is shown, before a picture is taken.
    """
    arguments = parse_arguments(argv)
    if (
        not os.environ.get("DISPLAY")
        and not os.environ.get("WAYLAND_DISPLAY")
        and (arguments.shot and sys.platform.startswith("linux"))
    ):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    loaded = load_settings()
    settings = loaded.settings
    _scale(settings.ui_scale)
    application = QApplication.instance() or QApplication([sys.argv[0]])
    if not isinstance(application, QApplication):
        raise TypeError("A Qt application without widgets is running.")
    application.setApplicationName("Graph Surgeon")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("graph-surgeon")
    # The command line has its own way of showing messages on stderr.
    console = not logging.getLogger().handlers
    file = cache_dir() / "graph-surgeon.log"
    buffer = setup_logging(settings.log_level, console=console, file=file)
    route_qt_messages()
    theme = THEMES.get(arguments.theme or "")
    apply_theme(application, theme or chosen_theme(settings))
    # A picture is the same on every machine: it takes nothing from how the window was left.
    window = MainWindow(settings, buffer, theme=theme, remembers=not arguments.shot)
    guard = CrashGuard(
        buffer, window.session, window, lambda: window.theme, autosave=window.keeper.save
    )
    guard.install()
    if arguments.target:
        window.session.set_target(arguments.target)
    if arguments.size:
        window.resize(*arguments.size)
    window.show()
    for problem in loaded.problems:
        window.message.show_note(problem)
    shooter = Photographer(window, arguments, arrange) if arguments.shot else None
    if shooter is None and arguments.model is None:
        window.keeper.offer()
    if arguments.model is not None:
        window.files.loaded.connect(
            partial(show_view, window, arguments), Qt.ConnectionType.SingleShotConnection
        )
        window.files.open(arguments.model)
    if shooter is not None:
        shooter.begin()
    interrupt = Interrupt(window, window.keeper.save)
    status = application.exec()
    interrupt.restore()
    sys.excepthook = sys.__excepthook__
    restore_qt_messages()
    close_logging()
    if interrupt.came:
        return STATUS
    return shooter.status if shooter is not None and status == 0 else status


def show_view(window: MainWindow, arguments: argparse.Namespace, _path: Path) -> None:
    """Show in the middle what the arguments ask for, once the graph is there."""
    view = arguments.view
    if view in (SIDES, MERGED) or arguments.compare is not None:
        window.compare.bar.set_mode(MERGED if view == MERGED else SIDES)
        window.center.pages.show_page("compare")
        if arguments.compare is not None:
            window.compare.compare_file(arguments.compare)
    else:
        window.center.pages.show_page(view)


def _scale(percent: int) -> None:
    """Let Qt draw everything larger or smaller, on top of what the environment asks for."""
    if percent != 100:
        given = float(os.environ.get("QT_SCALE_FACTOR") or 1.0)
        os.environ["QT_SCALE_FACTOR"] = f"{given * percent / 100:g}"
