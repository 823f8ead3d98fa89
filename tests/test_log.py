from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from surgeon_gui.log import LogBuffer, LogLine, close_logging, setup_logging

logger = logging.getLogger("surgeon_gui.test")


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    before = logging.getLogger("surgeon_gui").level
    yield
    close_logging()
    logging.getLogger("surgeon_gui").setLevel(before)


def test_messages_reach_console_file_and_buffer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "logs" / "surgeon.log"
    buffer = setup_logging("info", file=file)
    logger.debug("hidden")
    logger.info("opened %s", "x.pb")
    logger.warning("odd")
    captured = capsys.readouterr()
    assert captured.err == "opened x.pb\nwarning: odd\n"
    assert captured.out == ""
    assert [line.text for line in buffer.lines] == ["opened x.pb", "odd"]
    assert "INFO surgeon_gui.test: opened x.pb" in file.read_text()
    assert buffer.tail(1) == "odd"


def test_setting_up_again_replaces_and_does_not_double(
    capsys: pytest.CaptureFixture[str],
) -> None:
    setup_logging("info")
    setup_logging("debug")
    logger.debug("once")
    assert capsys.readouterr().err == "debug: once\n"


def test_the_buffer_keeps_the_last_lines_and_tells_subscribers() -> None:
    buffer = LogBuffer(capacity=2)
    told: list[LogLine] = []
    leave = buffer.subscribe(told.append)
    for text in ("a", "b", "c"):
        buffer.handle(logging.LogRecord("x", logging.ERROR, "f", 1, text, None, None))
    leave()
    buffer.handle(logging.LogRecord("x", logging.ERROR, "f", 1, "d", None, None))
    assert [line.text for line in buffer.lines] == ["c", "d"]
    assert [line.text for line in told] == ["a", "b", "c"]


def test_a_log_file_that_cannot_be_written_is_told_and_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    buffer = setup_logging(console=False, file=tmp_path / "file" / "x.log")
    logger.info("still here")
    assert len(buffer.lines) == 2
    assert "cannot be written" in buffer.lines[0].text
