"""The routes to TensorRT, and which of them a rule or a rule set says it is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from surgeon_gui.rewrite.tomlfile import Key, TomlFile

ROUTES = ("direct", "uff", "onnx", "hybrid")
"""The routes, in the order people choose among them."""

_TARGET = re.compile(r"(trt|rtx|uff|onnx-trt|tftrt)-\d[\w.]*")


def read_targets(file: TomlFile, table: Mapping[str, Any], *path: Key) -> tuple[str, ...]:
    """Return the routes and targets a rule or a set is for.

    Raises:
        RuleError: one is neither.
    """
    found = file.texts(table, "targets", *path)
    for name in found:
        if name not in ROUTES and not _TARGET.fullmatch(name):
            raise file.error(
                f"{name} is no route and no target.",
                *path,
                "targets",
                hint=f"Use {', '.join(ROUTES)}, or a target such as uff-8.",
            )
    return found
