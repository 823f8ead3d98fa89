"""Writing the report of `surgeon inspect --report`: HTML with the picture inside, or JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from surgeon_gui.cli.options import Prepared
from surgeon_gui.errors import OpenError, UsageError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.jobs.spec import PassInfo
from surgeon_gui.targets import SupportReport
from surgeon_gui.targets.autofix import find_fix
from surgeon_gui.targets.report import report_facts
from surgeon_gui.targets.report_page import report_html

ENDINGS = (".html", ".htm", ".json")


def check_report_path(path: Path) -> None:
    """Raise UsageError where the ending names no form of report."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            "A report is written as .html or .json.", where=str(path), hint="Name it X.html."
        )


def save_report(
    path: Path, prepared: Prepared, report: SupportReport, attached: Sequence[Path]
) -> None:
    """Write the report on a model for a target.

    Args:
        path: ends in .html or .json.
        prepared: the model and what was done to it.
        report: the target's verdicts.
        attached: files that other verbs printed with `--json`.

    Raises:
        UsageError: the ending is no report's.
        OpenError: an attached file cannot be read.
        SaveError: the report cannot be written.
    """
    check_report_path(path)
    graph = prepared.graph
    facts = report_facts(
        str(prepared.path),
        graph,
        report,
        infer_types(graph, prepared.shapes),
        outputs=prepared.outputs,
        fix=find_fix(graph, report.target.id, outputs=prepared.outputs, shapes=prepared.shapes),
        changes=prepared.changes,
        attached=[_read(each) for each in attached],
    )
    if path.suffix.lower() == ".json":
        text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    else:
        text = report_html(facts, _picture(prepared, report))
    write_atomically(path, [text.encode()])


def pass_line(done: PassInfo) -> str:
    """Return a line on what an optimisation pass did."""
    did = f"  {done.did}" if done.did else ""
    return f"  {done.name:28}{done.nodes_before:6} -> {done.nodes_after} nodes{did}"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise OpenError(f"It cannot be read: {error.strerror}.", where=str(path)) from error
    except ValueError as error:
        raise OpenError(
            "It is no JSON.", where=str(path), hint="Attach what a verb printed with --json."
        ) from error
    if not isinstance(found, dict):
        raise OpenError("It holds no JSON object.", where=str(path))
    return found


def _picture(prepared: Prepared, report: SupportReport) -> str:
    from surgeon_gui.ui.picture import save_graph_picture

    with tempfile.TemporaryDirectory() as folder:
        made = save_graph_picture(prepared.graph, Path(folder) / "graph.svg", report=report)
        return made.path.read_text("utf-8")
