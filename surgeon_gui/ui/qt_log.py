"""Qt's own messages go to the program's log instead of straight to stderr."""

from __future__ import annotations

import logging

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

logger = logging.getLogger(__name__)

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
# Said by platform plugins without a window manager (offscreen, minimal) about what they leave out.
_LIMITS = "This plugin does not support "


def route_qt_messages() -> None:
    """Let Qt's messages go to the log; what a platform cannot do is only of use to debug."""
    qInstallMessageHandler(_log)


def restore_qt_messages() -> None:
    """Let Qt write to stderr again."""
    qInstallMessageHandler(None)


def _log(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    level = logging.DEBUG if text.startswith(_LIMITS) else _LEVELS.get(kind, logging.WARNING)
    logger.log(level, "%s", text)
