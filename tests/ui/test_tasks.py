"""Work off the UI thread: results come back, the newest wins, errors find their way."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from surgeon_gui.errors import SurgeonError, UsageError
from surgeon_gui.ui.tasks import Tasks


@pytest.fixture
def tasks(qtbot: QtBot) -> Iterator[Tasks]:
    made = Tasks()
    yield made
    made.close()


def unexpected(error: SurgeonError) -> None:
    raise AssertionError(error)


class _Turn(QObject):
    """Asks for a turn of the event loop."""

    asked = Signal()


def test_a_result_comes_back_in_the_ui_thread(tasks: Tasks, qtbot: QtBot) -> None:
    threads: list[int] = []
    results: list[int] = []

    def work() -> int:
        threads.append(threading.get_ident())
        return 42

    tasks.run("any", work, results.append, unexpected)
    assert tasks.is_busy("any")
    qtbot.waitUntil(lambda: results == [42])
    assert threads[0] != threading.get_ident()
    assert not tasks.is_busy()


def test_the_newest_of_a_channel_wins(tasks: Tasks, qtbot: QtBot) -> None:
    gate = threading.Event()
    results: list[str] = []

    def slow() -> str:
        gate.wait(5)
        return "old"

    tasks.run("support", slow, results.append, unexpected)
    tasks.run("support", lambda: "new", results.append, unexpected)
    gate.set()
    qtbot.waitUntil(lambda: not tasks.is_busy())
    assert results == ["new"]


def test_what_is_dropped_is_answered_to_nobody(tasks: Tasks, qtbot: QtBot) -> None:
    gate = threading.Event()
    results: list[object] = []
    tasks.run("open", lambda: gate.wait(5), results.append, unexpected)
    tasks.drop("open")
    assert not tasks.is_busy()
    gate.set()
    tasks.run("open", lambda: "later", results.append, unexpected)
    qtbot.waitUntil(lambda: results == ["later"])


def test_an_error_for_the_user_goes_to_failed(tasks: Tasks, qtbot: QtBot) -> None:
    errors: list[SurgeonError] = []

    def work() -> None:
        raise UsageError("No.")

    tasks.run("any", work, unexpected_result, errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert errors[0].message == "No."


def unexpected_result(result: object) -> None:
    raise AssertionError(result)


def test_a_bug_is_not_swallowed(tasks: Tasks, qtbot: QtBot) -> None:
    def work() -> None:
        raise ZeroDivisionError

    with capture_exceptions() as caught:
        tasks.run("any", work, unexpected_result, unexpected)
        qtbot.waitUntil(lambda: not tasks.is_busy())
        qtbot.wait(20)
    assert [kind for kind, _, _ in caught] == [ZeroDivisionError]


def test_what_numpy_would_import_in_the_middle_of_a_picture_is_there(qtbot: QtBot) -> None:
    """In a process of its own, where nothing else has asked for it."""
    script = (
        "import sys, threading\n"
        "from PySide6.QtCore import QCoreApplication\n"
        "from surgeon_gui.ui.tasks import Tasks\n"
        "application = QCoreApplication([])\n"
        "assert 'numpy.ma' not in sys.modules\n"
        "tasks = Tasks()\n"
        "[t.join() for t in threading.enumerate() if t.name == 'load early']\n"
        "assert 'numpy.ma' in sys.modules\n"
        "tasks.close()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_the_window_has_its_turn_between_two_results(tasks: Tasks, qtbot: QtBot) -> None:
    order: list[str] = []
    turn, both_ended = _Turn(), threading.Event()
    turn.asked.connect(lambda: order.append("turn"), Qt.ConnectionType.QueuedConnection)

    def took(result: str) -> None:
        order.append(result)
        turn.asked.emit()

    for name in ("first", "second"):
        tasks.run(name, partial(str, name), took, unexpected)
    # One thread does them in turn, so both have ended when the third begins.
    tasks.run("third", both_ended.set, lambda _: None, unexpected)
    assert both_ended.wait(60)
    qtbot.waitUntil(lambda: order.count("turn") == 2)
    assert order == ["first", "turn", "second", "turn"]
