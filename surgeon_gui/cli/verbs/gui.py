"""`surgeon gui`: open the window."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import click

from surgeon_gui.cli.app import VERBS


@VERBS.register("gui")
@click.command("gui", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[MODEL] [--shot FILE.png]")
def gui_verb(arguments: tuple[str, ...]) -> int:
    """Open the window, on MODEL if one is named.

    --shot saves a picture once the graph is shown, and quits. surgeon gui --help lists what may be
    shown: target, theme, size, namespaces to open, a node, a page, a file to compare with.

    Exit status 2: MODEL could not be opened, or the picture not saved. 3: closed by Ctrl+C.
    """
    with _interrupts_wait():
        from surgeon_gui.ui.application import run

    return run(list(arguments))


@contextlib.contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Let a Ctrl+C come afterwards: Qt's bindings abort the program amid their import."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
