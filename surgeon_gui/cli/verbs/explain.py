"""`surgeon explain`: what an error message of TensorRT means, and which nodes it is about."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.options import json_option
from surgeon_gui.errors import OpenError
from surgeon_gui.opening import open_model
from surgeon_gui.targets.explain import Finding, explain, log_text

_SHOWN = 6


@VERBS.register("explain")
@click.command("explain")
@click.argument(
    "log", type=click.Path(path_type=Path, allow_dash=True, readable=False), metavar="LOG|-"
)
@click.option("--model", type=FILE, help="The model it is about, to name its nodes.")
@json_option
def explain_verb(log: Path, model: Path | None, as_json: bool) -> int:
    """Explain the errors of a log: TensorRT, UffParser, ONNX parser, TF-TRT, trtexec.

    Exit status 1: nothing in it is known.
    """
    graph = open_model(model) if model is not None else None
    found = explain(_read(log), graph)
    if as_json:
        print_json(
            {
                "model": None if model is None else str(model),
                "findings": [_facts(finding) for finding in found],
            }
        )
    elif not found:
        stdout.print("No message in it is known.")
    else:
        for finding in found:
            _print(finding)
    return 0 if any(finding.reason for finding in found) else 1


def _facts(finding: Finding) -> dict[str, object]:
    facts = dataclasses.asdict(finding)
    del facts["seeks_rule"]
    return facts


def _read(log: Path) -> str:
    if str(log) == "-":
        return sys.stdin.read()
    try:
        return log_text(log.read_bytes())
    except OSError as error:
        raise OpenError(f"The log cannot be read: {error.strerror}.", where=str(log)) from error


def _print(finding: Finding) -> None:
    many = f" (x {finding.count})" if finding.count > 1 else ""
    colour = "red" if finding.is_cause else "dim"
    stdout.print(f"{finding.message}{many}", style=colour, markup=False)
    for text in (finding.reason, finding.remedy):
        if text:
            stdout.print(f"  {text}", markup=False)
    if finding.rule:
        stdout.print(f"  Rule: {finding.rule}", markup=False)
    if finding.nodes:
        more = len(finding.nodes) - _SHOWN
        names = ", ".join(finding.nodes[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        stdout.print(f"  at {names}", style="dim", markup=False)
