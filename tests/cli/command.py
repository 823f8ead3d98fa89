"""Run the command line in this process and catch what it prints."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from typing import Any

from surgeon_gui.cli.app import main


@dataclass(frozen=True)
class Ran:
    """Exit status and what went to stdout."""

    status: int
    stdout: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON objects on stdout; fails if anything else is there."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def json(self) -> dict[str, Any]:
        (line,) = self.lines
        return line


def surgeon(*arguments: object) -> Ran:
    """Run `surgeon arguments`."""
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
        status = main([str(argument) for argument in arguments])
    return Ran(status, stdout.getvalue())
