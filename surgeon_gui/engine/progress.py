"""TensorRT's progress monitor: phases to the report, cancel back to the builder."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.errors import JobCancelled
from surgeon_gui.jobs.report import Report


class Phases:
    """What a progress monitor does; TensorRT calls it on its own threads.

    A phase can hold others; the innermost one is reported, with its steps.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._open: list[tuple[str, int]] = []
        self.cancelled = False

    def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
        """A phase of `steps` steps begins."""
        self._open.append((phase, steps))
        self._tell(0)

    def step_complete(self, phase: str, step: int) -> bool:
        """Step `step` of a phase is done; the answer says whether to go on."""
        if self._open and self._open[-1][0] == phase:
            self._tell(step + 1)
        self.cancelled = self.cancelled or self._report.is_cancelled
        return not self.cancelled

    def phase_finish(self, phase: str) -> None:
        """A phase ends, and with it those inside it."""
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == phase:
                del self._open[index:]
                return

    def _tell(self, done: int) -> None:
        phase, steps = self._open[-1]
        try:
            self._report.progress(phase, done, steps or None)
        except JobCancelled:
            # An exception would only be printed here; the next step's answer ends the build.
            self.cancelled = True


def progress_monitor(flavour: Flavour, phases: Phases) -> Any:
    """Return an IProgressMonitor that tells `phases`, or None where TensorRT has none."""
    if not flavour.has("IProgressMonitor"):
        return None
    # Made without a class statement: what it derives from is only known here.
    made = type(
        "Monitor",
        (flavour.module.IProgressMonitor,),
        {
            "phase_start": lambda _, *arguments: phases.phase_start(*arguments),
            "step_complete": lambda _, *arguments: phases.step_complete(*arguments),
            "phase_finish": lambda _, *arguments: phases.phase_finish(*arguments),
        },
    )
    return made()
