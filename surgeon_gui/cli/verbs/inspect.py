"""`surgeon inspect`: what is in a model, and what a target takes of it."""

from __future__ import annotations

import logging
import shlex
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from surgeon_gui.cli.app import (
    FILE,
    VERBS,
    exit_code,
    internal_error,
    print_error,
    print_json,
    stdout,
)
from surgeon_gui.cli.engines import inspect_engine, is_engine
from surgeon_gui.cli.networks import inspect_made, is_made, open_made
from surgeon_gui.cli.options import Prepared, Surgery, json_option, prepare, surgery_options
from surgeon_gui.cli.reports import check_report_path, save_report
from surgeon_gui.errors import SurgeonError, UsageError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.query import deduce_inputs
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.targets import Status, SupportReport, as_json, catalogue, inspect
from surgeon_gui.targets.groups import Group, group_ignored, group_problems

ALL = "all"
_SHOWN = 6
_COLUMNS = (
    Status.TAKES,
    Status.CAVEAT,
    Status.CURED,
    Status.UNKNOWN,
    Status.REFUSES,
    Status.VANISHES,
)

logger = logging.getLogger(__name__)


@VERBS.register("inspect")
@click.command("inspect")
@click.argument("models", nargs=-1, required=True, type=FILE, metavar="MODEL…")
@click.option(
    "--target",
    default="direct",
    show_default=True,
    help="The target asked; all: a table of every target.",
)
@click.option(
    "--report",
    "report_path",
    type=FILE,
    metavar="OUT.{html,json}",
    help="Write a report to attach to a ticket.",
)
@click.option(
    "--attach",
    "attached",
    multiple=True,
    type=FILE,
    metavar="FILE.json",
    help="Reports: what verify, build, run or edit printed with --json; repeat for more.",
)
@json_option
@surgery_options
def inspect_verb(
    models: tuple[Path, ...],
    target: str,
    report_path: Path | None,
    attached: tuple[Path, ...],
    as_json: bool,
    surgery: Surgery,
) -> int:
    """Say what is in a model and what a target takes of it.

    Of an engine, say what it is and whether it runs on this machine.

    Exit status 1: some node is not taken (with --target all: no target takes every node), or the
    engine does not run here.
    2: some MODEL could not be read.
    """
    if report_path is not None:
        check_report_path(report_path)
        if len(models) > 1 or target == ALL:
            raise UsageError("A report is on one MODEL and one target.", where="--report")
    elif attached:
        raise UsageError("There is no report to attach it to.", where="--attach")
    status = 0
    for model in models:
        try:
            if is_engine(model):
                supported = inspect_engine(model, as_json=as_json)
            elif target == ALL:
                supported = _matrix(model, surgery, as_json)
            else:
                supported = _inspect(model, target, surgery, as_json, report_path, attached)
        except SurgeonError as error:
            print_error(error, as_json=as_json, model=str(model))
            status = max(status, exit_code(error))
            continue
        except OSError:
            raise
        except Exception as bug:
            logger.exception("The program failed on %s", model)
            # The models after this one still get their line.
            print_error(internal_error(bug), as_json=as_json, model=str(model))
            status = 3
            continue
        status = max(status, 0 if supported else 1)
    return status


def _inspect(
    model: Path,
    target: str,
    surgery: Surgery,
    as_json_: bool,
    report_path: Path | None,
    attached: tuple[Path, ...],
) -> bool:
    started = time.perf_counter()
    if is_made(model):
        if report_path is not None:
            raise UsageError(
                "A report is on a graph; this is a network already.", where=str(report_path)
            )
        facts = inspect_made(open_made(model, surgery), target)
        facts["seconds"] = round(time.perf_counter() - started, 3)
        if as_json_:
            print_json(facts)
        else:
            _print_head(facts)
            stdout.print(f"  {facts['summary']}", markup=False)
        return True
    prepared = prepare(model, surgery)
    report = inspect(prepared.graph, target, outputs=prepared.outputs, shapes=prepared.shapes)
    facts = {**_facts(prepared), "summary": report.summary, **as_json(report)}
    if report_path is not None:
        save_report(report_path, prepared, report, attached)
        facts["report"] = str(report_path)
    facts["seconds"] = round(time.perf_counter() - started, 3)
    if as_json_:
        print_json(facts)
    else:
        _print(facts, report)
    return report.supported


def _tensor(name: str, tensor: TensorType) -> dict[str, Any]:
    dims = tensor.shape.dims
    return {
        "name": name,
        "dtype": "unknown" if tensor.dtype is DType.INVALID else tensor.dtype.text,
        "shape": None if dims is None else list(dims),
    }


def _facts(prepared: Prepared) -> dict[str, Any]:
    graph = prepared.graph
    types = infer_types(graph, prepared.shapes)
    return {
        "model": str(prepared.path),
        "nodes": len(graph),
        "inputs": [
            _tensor(node.name, types.type(TensorRef(node.name))) for node in deduce_inputs(graph)
        ],
        "outputs": [_tensor(str(ref), types.type(ref)) for ref in prepared.outputs],
        "ops": dict(Counter(node.op for node in graph).most_common()),
    }


def _print_head(facts: dict[str, Any]) -> None:
    count = "1 node" if facts["nodes"] == 1 else f"{facts['nodes']} nodes"
    stdout.print(f"{facts['model']}: {count}", style="bold", markup=False)
    for kind in ("inputs", "outputs"):
        for tensor in facts[kind]:
            shape = Shape(None if tensor["shape"] is None else tuple(tensor["shape"]))
            text = f"  {kind[:-1]:7}{tensor['name']}  {tensor['dtype']} {shape}"
            stdout.print(text, markup=False)
    ops = list(facts["ops"].items())
    listed = ", ".join(f"{op} {count}" for op, count in ops[:12])
    more = f" and {len(ops) - 12} more" if len(ops) > 12 else ""
    stdout.print(f"  ops    {listed}{more}", markup=False)


def _print(facts: dict[str, Any], report: SupportReport) -> None:
    _print_head(facts)
    stdout.print(f"  {report.target.title}: {report.summary}", markup=False)
    groups = group_problems(report)
    for group in groups:
        _print_group(group)
    if any(group.rule for group in groups):
        model, target = shlex.quote(facts["model"]), report.target.id
        stdout.print(
            f"  Apply such rules: surgeon edit {model} --auto-fix {target} -o fixed.pb",
            markup=False,
        )
    for group in group_ignored(report):
        stdout.print(f"  ignored: {group.reason}", style="dim", markup=False)
        stdout.print(f"    at {_names(group)}", style="dim", markup=False)
    if "report" in facts:
        stdout.print(f"  The report is {facts['report']}", markup=False)
    stdout.print(f"  {facts['seconds']} s", markup=False)


def _print_group(group: Group) -> None:
    ops = ", ".join(f"{op} x {count}" if count > 1 else op for op, count in group.ops.items())
    colour = "red" if group.severity == "error" else "yellow"
    stdout.print(f"  {group.severity}: {ops or 'graph'}", style=colour, markup=False)
    stdout.print(f"    {group.reason}", markup=False)
    if group.rule:
        stdout.print(f"    Rule: {group.rule}", markup=False)
    elif group.remedy:
        stdout.print(f"    {group.remedy}", markup=False)
    if group.nodes:
        stdout.print(f"    at {_names(group)}", style="dim", markup=False)


def _names(group: Group) -> str:
    more = len(group.nodes) - _SHOWN
    return ", ".join(group.nodes[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _matrix(model: Path, surgery: Surgery, as_json_: bool) -> bool:
    """Ask every target, and print counts instead of problems."""
    started = time.perf_counter()
    if is_made(model):
        raise UsageError("The model is a network already: it has one target, direct.", where=ALL)
    prepared = prepare(model, surgery)
    reports = [
        inspect(prepared.graph, target.id, outputs=prepared.outputs, shapes=prepared.shapes)
        for target in catalogue()
    ]
    supported = any(report.supported for report in reports)
    facts = _facts(prepared)
    facts |= {
        "target": ALL,
        "supported": supported,
        "problems": [],
        "targets": [
            {
                "id": report.target.id,
                "title": report.target.title,
                "route": report.target.route,
                "supported": report.supported,
                "summary": report.summary,
                "counts": as_json(report)["counts"],
            }
            for report in reports
        ],
        "seconds": round(time.perf_counter() - started, 3),
    }
    if as_json_:
        print_json(facts)
        return supported
    _print_head(facts)
    columns = ("taken", "caveat", "after rules", "unknown", "refused", "vanish")
    table = Table("target", "converts", *columns, box=None, pad_edge=False)
    for report in reports:
        counts = report.counts
        shown = [counts[status] for status in _COLUMNS]
        table.add_row(
            report.target.id,
            "yes" if report.supported else "no",
            *(str(count) if count else "" for count in shown),
            style="green" if report.supported else None,
        )
    stdout.print(table)
    stdout.print("  TF-TRT converts what it takes; what it refuses runs in TensorFlow.")
    stdout.print(f"  {facts['seconds']} s", markup=False)
    return supported
