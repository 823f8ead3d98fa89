"""The window of the interface's tests, for whole stories."""

from __future__ import annotations

from tests.ui.conftest import driver, home, make_driver

__all__ = ["driver", "home", "make_driver"]
