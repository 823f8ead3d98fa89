"""`surgeon diff`: what is different between two models."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from surgeon_gui.cli.app import VERBS, print_json, stdout
from surgeon_gui.cli.options import json_option
from surgeon_gui.compare.graphs import diff_graphs
from surgeon_gui.pipeline import open_pair


@VERBS.register("diff")
@click.command("diff")
@click.argument("one", type=click.Path(path_type=Path), metavar="MODEL")
@click.argument("other", type=click.Path(path_type=Path), metavar="OTHER")
@json_option
def diff_verb(one: Path, other: Path, as_json: bool) -> int:
    """Tell the nodes that came, went and changed from one model to another.

    Two .uff files are compared by their own operations and orders; a .uff and a graph by the
    TensorFlow graph the .uff stands for. Exit status 1: they differ.
    """
    found = diff_graphs(*open_pair(one, other))
    if as_json:
        facts = dataclasses.asdict(found)
        print_json({"model": str(one), "other": str(other), "equal": found.is_empty, **facts})
        return 0 if found.is_empty else 1
    for sign, names in (("-", found.removed), ("+", found.added)):
        for name in names:
            stdout.print(f"{sign} {name}", markup=False)
    for item in found.changed:
        stdout.print(f"~ {item.node}", markup=False)
        for change in item.changes:
            stdout.print(f"    {change}", markup=False)
    if found.outputs:
        stdout.print(found.outputs, markup=False)
    counts = f"{len(found.added)} added, {len(found.removed)} removed, {len(found.changed)} changed"
    stdout.print("The models are equal." if found.is_empty else f"{counts}.", markup=False)
    return 0 if found.is_empty else 1
