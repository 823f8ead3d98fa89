"""Questions about a graph, answered by a process of their own.

Python runs one thread at a time: whatever computes in a thread of the window takes turns with its
painting, and each call into Qt can wait for a turn. Measured with 2 000 nodes that made the window
stand still for a fifth of a second. So what takes long is worked out by another process, which gets
the graph as the bytes it was read from.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import pickle
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import IO, Any, TypeVar

from surgeon_gui.errors import JobCrashed, SurgeonError
from surgeon_gui.graph.graphdef import graphdef_chunks
from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.backstage_work import KEPT
from surgeon_gui.ui.parcels import ParcelError, read_bytes, read_result, write_bytes

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Nodes handled between two pauses, and how long a pause is: the window's thread gets its turn.
_BATCH = 200
_PAUSE_S = 0.0005
# A new process takes a second to be ready: an answer that is nearly there is worth waiting for.
_PATIENCE_S = 0.5


class Backstage:
    """A process that answers questions about graphs, one at a time; started when first asked.

    Threads may ask it; whoever comes second waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._sent: list[tuple[int, weakref.ref[Graph]]] = []
        self._number = 0
        self._asking = False
        self._closing = False

    def start(self) -> None:
        """Start the process now, so that it is warm when the first graph comes."""
        with self._lock:
            self._running()

    def ask(
        self,
        function: Callable[..., T],
        graph: Graph,
        *arguments: object,
    ) -> T:
        """Return `function(graph, *arguments)`, computed in the other process.

        Args:
            function: a function of a module without Qt.
            graph: what it is about.
            arguments: anything that pickles.

        Raises:
            SurgeonError: whatever the function raises.
            JobCrashed: the process ended twice in a row.
        """
        if not graph.nodes:
            return function(graph, *arguments)
        with self._lock:
            for _ in range(2):
                if self._closing:
                    break
                try:
                    answer: T = self._ask(function, graph, arguments)
                except (ParcelError, OSError):
                    logger.warning("The process that judges graphs ended; starting another.")
                    self._end()
                else:
                    return answer
        raise JobCrashed(
            "The process that judges graphs ended twice.",
            hint="There may be too little memory. Close other programs and try again.",
        )

    @property
    def is_asking(self) -> bool:
        """Whether a question is being answered."""
        return self._asking

    def interrupt(self) -> None:
        """Give up what is being asked: a process that does not answer soon ends."""
        self._closing = True
        if not self._lock.acquire(timeout=_PATIENCE_S):
            process = self._process
            if process is not None:
                process.kill()
            self._lock.acquire()
        self._closing = False
        self._lock.release()

    def close(self) -> None:
        """End the process, even in the middle of an answer."""
        self.interrupt()
        with self._lock:
            self._end()

    def _ask(
        self, function: Callable[..., Any], graph: Graph, arguments: tuple[object, ...]
    ) -> Any:
        requests, answers = self._running()
        self._asking = True
        try:
            number = self._number_of(graph, requests)
            write_bytes(requests, pickle.dumps(("ask", number, function, arguments)))
            requests.flush()
            kind = read_bytes(answers)
            result = read_result(answers, graph, lambda: time.sleep(_PAUSE_S))
        finally:
            self._asking = False
        if kind == b"error":
            raise _told(result)
        return function(graph, *arguments) if kind == b"unfit" else result

    def _number_of(self, graph: Graph, requests: IO[bytes]) -> int:
        """Send a graph unless the process has it; return the number it knows it by."""
        for place, (number, known) in enumerate(self._sent):
            if known() is graph:
                self._sent.append(self._sent.pop(place))
                return number
        chunks = []
        for count, chunk in enumerate(graphdef_chunks(graph)):
            chunks.append(chunk)
            if count % _BATCH == 0:
                time.sleep(_PAUSE_S)
        self._number += 1
        head = ("graph", self._number, graph.outputs, sum(map(len, chunks)))
        write_bytes(requests, pickle.dumps(head))
        for count, chunk in enumerate(chunks):
            requests.write(chunk)
            if count % _BATCH == 0:
                time.sleep(_PAUSE_S)
        self._sent = [*self._sent, (self._number, weakref.ref(graph))][-KEPT:]
        return self._number

    def _running(self) -> tuple[IO[bytes], IO[bytes]]:
        process = self._process
        if process is None or process.poll() is not None:
            self._end()
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "surgeon_gui.ui.backstage_work"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=1 << 20,
                # Ctrl+C in the window's terminal is the window's to answer.
                start_new_session=True,
            )
        if process.stdin is None or process.stdout is None:
            raise ParcelError
        return process.stdin, process.stdout

    def _end(self) -> None:
        process, self._process, self._sent = self._process, None, []
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _told(error: object) -> SurgeonError:
    if not isinstance(error, SurgeonError):
        raise TypeError(f"An error was expected, not {error!r}.")
    return error


_SHARED = Backstage()
atexit.register(_SHARED.close)


def backstage() -> Backstage:
    """The one process all windows of this program share."""
    return _SHARED
