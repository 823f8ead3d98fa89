"""TensorRT's messages: passed on, collected, without the noise."""

from __future__ import annotations

import logging
import threading

import pytest

from surgeon_gui.engine.log import collected, logger_for, receive
from surgeon_gui.engine.progress import Phases
from surgeon_gui.jobs.report import QuietReport
from tests.engine.rtx import rtx


def test_errors_and_warnings_are_collected_once() -> None:
    with collected() as said:
        receive("ERROR", "first")
        receive("ERROR", "first")
        receive("INTERNAL_ERROR", "second")
        receive("WARNING", "careful")
        receive("INFO", "by the way")
    receive("ERROR", "too late")
    assert said.errors == ["first", "second"]
    assert said.warnings == ["careful"]


def test_the_noise_of_machines_without_a_gpu_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="surgeon_gui"), collected() as said:
        receive("ERROR", "IRuntime: catchCudaError in foo: cudaError 35")
    assert said.errors == []
    assert caplog.text == ""


def test_severities_become_levels(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="surgeon_gui"):
        for severity in ("ERROR", "WARNING", "INFO", "VERBOSE"):
            receive(severity, severity)
    assert [record.levelno for record in caplog.records] == [
        logging.ERROR,
        logging.WARNING,
        logging.INFO,
        logging.DEBUG,
    ]


def test_a_message_that_looks_like_a_format_is_taken_as_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, logger="surgeon_gui"):
        receive("INFO", "100% done, %s left")
    assert caplog.messages == ["100% done, %s left"]


def test_collections_nest_and_see_other_threads() -> None:
    with collected() as outer:
        with collected() as inner:
            thread = threading.Thread(target=receive, args=("ERROR", "from a thread"))
            thread.start()
            thread.join()
        receive("ERROR", "after")
    assert inner.errors == ["from a thread"]
    assert outer.errors == ["from a thread", "after"]


@pytest.mark.tensorrt
def test_tensorrts_own_errors_arrive() -> None:
    flavour = rtx()
    trt = flavour.module
    with collected() as said:
        builder = trt.Builder(logger_for(trt))
        network = builder.create_network(0)
        assert network.add_input("x", trt.float32, (1,) * 4) is not None
        assert network.add_input("x", trt.float32, (1,) * 4) is None
    assert len(said.errors) == 1


class Steps(QuietReport):
    def __init__(self) -> None:
        self.is_cancelled = False
        self.seen: list[tuple[str, int, int | None]] = []

    def progress(self, phase: str, done: int = 0, total: int | None = None) -> None:
        self.seen.append((phase, done, total))
        super().progress(phase, done, total)


def test_the_innermost_phase_is_reported_with_its_steps() -> None:
    report = Steps()
    phases = Phases(report)
    phases.phase_start("Building engine", None, 2)
    phases.phase_start("Timing tactics", "Building engine", 3)
    assert phases.step_complete("Timing tactics", 0)
    assert phases.step_complete("Building engine", 0)
    phases.phase_finish("Timing tactics")
    assert phases.step_complete("Building engine", 1)
    phases.phase_finish("Building engine")
    assert report.seen == [
        ("Building engine", 0, 2),
        ("Timing tactics", 0, 3),
        ("Timing tactics", 1, 3),
        ("Building engine", 2, 2),
    ]


def test_cancel_is_answered_at_the_next_step() -> None:
    report = Steps()
    phases = Phases(report)
    phases.phase_start("Building engine", None, 4)
    assert phases.step_complete("Building engine", 0) is True
    report.is_cancelled = True
    assert phases.step_complete("Building engine", 1) is False
    assert phases.cancelled


def test_a_finish_without_a_start_does_no_harm() -> None:
    phases = Phases(Steps())
    phases.phase_finish("never started")
    assert phases.step_complete("never started", 0)
