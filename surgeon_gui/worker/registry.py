"""The kinds of jobs: one function each, in a module of `worker/tasks`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from surgeon_gui.errors import ProtocolError
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import JobResult
from surgeon_gui.registry import Registry

Task = Callable[[Any, Report], JobResult]
"""Does the work of a spec of its kind; raises SurgeonError. Heavy imports belong inside it."""

TASKS: Registry[Task] = Registry("surgeon_gui.worker.tasks")

task = TASKS.register


def task_of(kind: str) -> Task:
    """Return the task for specs of this kind.

    Raises:
        ProtocolError: there is none.
    """
    found = TASKS.get(kind)
    if found is None:
        raise ProtocolError(f"This worker has no task of kind {kind!r}.")
    return found
