"""What every test runs under: Qt without a display or scaling, set before Qt is imported.

A test that opened a window leaves Python's garbage to the window's collector, which works between
events; between tests there are none, so it is asked here.

Property tests draw the same examples in every run, so that a change that passed once passes again;
`HYPOTHESIS_PROFILE=other ./test` draws others. No test fails because the machine is slow.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_SCALE_FACTOR", "1")

settings.register_profile("other", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("other"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """The application, in the program's style before there is any widget, as when it starts."""
    from surgeon_gui.ui.theme import LIGHT, apply_theme

    apply_theme(qapp, LIGHT)
    return qapp


def pytest_runtest_logfinish() -> None:
    """Collect what the test left, if a window has taken over collection in this process."""
    collector = sys.modules.get("surgeon_gui.ui.collector")
    if collector is not None:
        collector.collect_if_due()
