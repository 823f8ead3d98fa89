"""`surgeon inspect`: what is in a model, and what a target takes of it."""

from __future__ import annotations

import logging
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from surgeon_gui.cli.app import VERBS, exit_code, internal_error, print_error, print_json, stdout
from surgeon_gui.cli.networks import inspect_made, is_made, open_made
from surgeon_gui.cli.options import Prepared, Surgery, json_option, prepare, surgery_options
from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.query import deduce_inputs
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.values import Shape, TensorType
from surgeon_gui.targets import Problem, SupportReport, as_json, inspect

_SHOWN = 6

logger = logging.getLogger(__name__)


@VERBS.register("inspect")
@click.command("inspect")
@click.argument(
    "models", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="MODEL…"
)
@click.option("--target", default="direct", show_default=True, help="The target asked.")
@json_option
@surgery_options
def inspect_verb(models: tuple[Path, ...], target: str, as_json: bool, surgery: Surgery) -> int:
    """Say what is in a model and what a target takes of it.

    Exit status 1: some node is not taken. 2: some MODEL could not be read.
    """
    status = 0
    for model in models:
        try:
            supported = _inspect(model, target, surgery, as_json)
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


def _inspect(model: Path, target: str, surgery: Surgery, as_json_: bool) -> bool:
    started = time.perf_counter()
    if is_made(model):
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
    facts = _facts(prepared, report)
    facts["seconds"] = round(time.perf_counter() - started, 3)
    if as_json_:
        print_json(facts)
    else:
        _print(facts, report)
    return report.supported


def _tensor(name: str, tensor: TensorType) -> dict[str, Any]:
    dims = tensor.shape.dims
    return {"name": name, "dtype": tensor.dtype.text, "shape": None if dims is None else list(dims)}


def _facts(prepared: Prepared, report: SupportReport) -> dict[str, Any]:
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
        "summary": report.summary,
        **as_json(report),
    }


def _print_head(facts: dict[str, Any]) -> None:
    stdout.print(f"{facts['model']}: {facts['nodes']} nodes", style="bold", markup=False)
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
    groups: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in report.problems:
        reason = problem.reason.replace(problem.node, "it") if problem.node else problem.reason
        groups.setdefault((problem.severity, problem.op, reason), []).append(problem)
    for (severity, op, reason), alike in groups.items():
        colour = "red" if severity == "error" else "yellow"
        many = f" x {len(alike)}" if len(alike) > 1 else ""
        stdout.print(f"  {severity}: {op or 'graph'}{many}", style=colour, markup=False)
        stdout.print(f"    {reason}", markup=False)
        rules = sorted({problem.rule for problem in alike if problem.rule})
        if rules:
            stdout.print(f"    Rule: {', '.join(rules)}", markup=False)
        elif alike[0].remedy:
            stdout.print(f"    {alike[0].remedy}", markup=False)
        names = [problem.node for problem in alike if problem.node]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        stdout.print(f"    at {', '.join(names[:_SHOWN])}{more}", style="dim", markup=False)
    stdout.print(f"  {facts['seconds']} s", markup=False)
