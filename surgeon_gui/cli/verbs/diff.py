"""`surgeon diff`: what is different between two models."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.options import json_option
from surgeon_gui.compare.graphs import diff_graphs
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.model import Graph
from surgeon_gui.opening import open_pair


@VERBS.register("diff")
@click.command("diff")
@click.argument("one", type=FILE, metavar="MODEL")
@click.argument("other", type=FILE, metavar="OTHER")
@click.option(
    "--picture",
    type=FILE,
    metavar="OUT.{svg,png,pdf}",
    help="Draw both as one graph, with what is different marked.",
)
@click.option(
    "--neighbours",
    type=click.IntRange(min=0),
    metavar="N",
    help="Draw only what is different and what is at most N edges away.",
)
@json_option
def diff_verb(
    one: Path, other: Path, picture: Path | None, neighbours: int | None, as_json: bool
) -> int:
    """Tell the nodes that came, went and changed from one model to another.

    Two .uff files are compared by their own operations and orders; a .uff and a graph by the
    TensorFlow graph the .uff stands for. Exit status 1: they differ.
    """
    if neighbours is not None and picture is None:
        raise UsageError("--neighbours is for pictures.", hint="Add --picture OUT.svg.")
    before, after = open_pair(one, other)
    found = diff_graphs(before, after)
    if picture is not None:
        _draw(before, after, picture, neighbours)
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


def _draw(before: Graph, after: Graph, path: Path, neighbours: int | None) -> None:
    # Qt is loaded for pictures only.
    from surgeon_gui.ui.comparing.picture import save_diff_picture
    from surgeon_gui.ui.comparing.work import compare

    save_diff_picture(compare(before, after), path, neighbours=neighbours)
