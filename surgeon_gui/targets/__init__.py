"""Targets: what each engine route accepts, and why not."""

from __future__ import annotations

from surgeon_gui.targets.base import (
    Problem,
    Status,
    SupportReport,
    Target,
    Verdict,
    as_json,
    catalogue,
    find_target,
)
from surgeon_gui.targets.inspect import inspect

__all__ = [
    "Problem",
    "Status",
    "SupportReport",
    "Target",
    "Verdict",
    "as_json",
    "catalogue",
    "find_target",
    "inspect",
]
