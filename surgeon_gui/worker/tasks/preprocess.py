"""Run a graphsurgeon preprocess script: it is code, so it never runs in the window's process."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from pathlib import Path
from typing import TextIO

from surgeon_gui.compat.preprocess import run_script
from surgeon_gui.errors import ScriptError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import PRINTED, PreprocessResult, PreprocessSpec
from surgeon_gui.worker.registry import task

printed = logging.getLogger(PRINTED)

MOST_LINES = 1000
"""Most lines that are logged, and so told to who asked for the job."""

LONGEST_LINE = 4000
"""Characters after which a line is logged though it has not ended."""

MOST_PRINTED = 16 << 20
"""Most characters a script may print: they all go to the job's log, on disk."""


class LimitedOutput(io.TextIOBase):
    """Logs the first lines of a text, and hands the rest to a stream until it is too much.

    Args:
        stream: where text goes once `MOST_LINES` are logged.
        script: the file blamed.
        limit: most characters taken.
    """

    def __init__(self, stream: TextIO, script: Path, limit: int = MOST_PRINTED) -> None:
        super().__init__()
        self._stream = stream
        self._script = script
        self._room = limit
        self._line = ""
        self._lines = MOST_LINES
        self._logging = False

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
        # A handler the script added to the log writes here: that text is in the log already.
        if self._logging or not self._lines:
            self._stream.write(text)
            return len(text)
        *lines, self._line = (self._line + text).split("\n")
        if len(self._line) > LONGEST_LINE:
            lines.append(self._line)
            self._line = ""
        for line in lines:
            self._log(line)
        return len(text)

    def _log(self, line: str) -> None:
        if not self._lines:
            self._stream.write(f"{line}\n")
            return
        self._lines -= 1
        self._logging = True
        try:
            printed.info("%s", line)
            if not self._lines:
                printed.info("… the rest is in stderr.log of the job's folder")
        finally:
            self._logging = False

    def close(self) -> None:
        """Log a last line that did not end; the stream stays open."""
        if self._line:
            self._log(self._line)
            self._line = ""
        super().close()

    def flush(self) -> None:
        self._stream.flush()


@task("preprocess")
def preprocess(spec: PreprocessSpec, report: Report) -> PreprocessResult:
    """Return where the changed graph is, and what is odd about it."""
    report.progress("Opening the graph")
    graph = open_graph(spec.graph)
    report.progress(f"Running {spec.script.name}")
    with (
        contextlib.closing(LimitedOutput(sys.stderr, spec.script)) as output,
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        done = run_script(graph, spec.script)
    report.progress("Writing the result")
    save_graphdef(done.graph, spec.result)
    dangling = tuple(f"{node}: {text}" for text, node in done.dangling)
    return PreprocessResult(spec.result, dangling, done.duplicates)
