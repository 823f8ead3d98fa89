"""Run a graphsurgeon preprocess script: it is code, so it never runs in the window's process."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import TextIO

from surgeon_gui.compat.preprocess import run_script
from surgeon_gui.errors import ScriptError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import PreprocessResult, PreprocessSpec
from surgeon_gui.worker.registry import task

MOST_PRINTED = 16 << 20
"""Most characters a script may print: they all go to the job's log, on disk."""


class LimitedOutput(io.TextIOBase):
    """Hands text on to another stream until it is too much.

    Args:
        stream: where the text goes.
        script: the file blamed.
        limit: most characters taken.
    """

    def __init__(self, stream: TextIO, script: Path, limit: int = MOST_PRINTED) -> None:
        self._stream = stream
        self._script = script
        self._room = limit

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """Write the text.

        Raises:
            ScriptError: the limit is passed.
        """
        self._room -= len(text)
        if self._room < 0:
            raise ScriptError(
                "The script prints without end.",
                where=str(self._script),
                hint="Look for a loop that never ends, or print less.",
            )
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


@task("preprocess")
def preprocess(spec: PreprocessSpec, report: Report) -> PreprocessResult:
    """Return where the changed graph is, and what is odd about it."""
    report.progress("Opening the graph")
    graph = open_graph(spec.graph)
    report.progress(f"Running {spec.script.name}")
    output = LimitedOutput(sys.stderr, spec.script)
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        done = run_script(graph, spec.script)
    report.progress("Writing the result")
    save_graphdef(done.graph, spec.result)
    dangling = tuple(f"{node}: {text}" for text, node in done.dangling)
    return PreprocessResult(spec.result, dangling, done.duplicates)
