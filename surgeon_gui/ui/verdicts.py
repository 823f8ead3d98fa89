"""What a target says of a graph, with what the window shows of it, worked out off the UI thread."""

from __future__ import annotations

from dataclasses import dataclass

from surgeon_gui.graph.model import Graph
from surgeon_gui.targets import SupportReport
from surgeon_gui.targets.again import inspect_again
from surgeon_gui.targets.base import Status
from surgeon_gui.targets.groups import Group, group_ignored, group_problems
from surgeon_gui.ui.backstage import backstage
from surgeon_gui.view.overlay import Mark, Overlay


@dataclass(frozen=True)
class Verdicts:
    """A target's report.

    Attributes:
        report: as `inspect_again` returns it.
        overlay: its marks.
        problems, ignored: its problems by cause.
        is_curable: whether a rule cures something the target refuses.
    """

    report: SupportReport
    overlay: Overlay
    problems: tuple[Group, ...]
    ignored: tuple[Group, ...]
    is_curable: bool


def judge(graph: Graph, target_id: str) -> Verdicts:
    """Return what the target says of the graph; the process behind the window works it out.

    Raises:
        SurgeonError: whatever keeps the graph from being judged.
    """
    report = backstage().ask(inspect_again, graph, target_id)
    overlay = overlay_from_support(report)
    _ = overlay.statuses, overlay.drawn  # counted here, not when first shown
    return Verdicts(
        report,
        overlay,
        group_problems(report),
        group_ignored(report),
        is_curable=report.counts[Status.CURED] > 0,
    )


def overlay_from_support(report: SupportReport | None) -> Overlay:
    """Return the marks the canvas and the outline wear for a report; none without one."""
    if report is None:
        return Overlay()
    marks = {
        name: Mark(verdict.status.value, verdict.reason)
        for name, verdict in report.verdicts.items()
    }
    return Overlay(marks, report.target.title)
