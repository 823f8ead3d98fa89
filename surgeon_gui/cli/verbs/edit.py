"""`surgeon edit`: apply rules, a script or a preprocess file and save the graph."""

from __future__ import annotations

from pathlib import Path

import click

from surgeon_gui.cli.app import VERBS, print_json, stdout
from surgeon_gui.cli.networks import is_made
from surgeon_gui.cli.options import Surgery, json_option, prepare, surgery_options
from surgeon_gui.errors import UsageError
from surgeon_gui.pipeline import export

_SHOWN = 3


@VERBS.register("edit")
@click.command("edit")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.option(
    "-o",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    metavar="OUT.pb",
    help="Where the edited graph goes (.pb or .pbtxt).",
)
@json_option
@surgery_options
def edit_verb(model: Path, target: Path, as_json: bool, surgery: Surgery) -> int:
    """Apply rules and scripts to a model and save the result."""
    if is_made(model):
        raise UsageError(
            f"A {model.suffix} file holds a network, which has no nodes to edit.",
            where=str(model),
            hint="Edit the graph it was made from.",
        )
    prepared = prepare(model, surgery)
    exported = export(prepared.graph, target)
    facts = {
        "model": str(model),
        "path": str(exported.path),
        "nodes_before": len(prepared.original),
        "nodes_after": len(prepared.graph),
        "changes": list(prepared.changes),
        "stopped": prepared.stopped,
    }
    if as_json:
        print_json(facts)
        return 0
    done: dict[str, list[str]] = {}
    for change in prepared.changes:
        done.setdefault(change.get("rule") or change["edit"], []).extend(change["nodes"][:1])
    for name, nodes in done.items():
        more = f" and {len(nodes) - _SHOWN} more" if len(nodes) > _SHOWN else ""
        stdout.print(f"  {name}: {', '.join(nodes[:_SHOWN])}{more}", markup=False)
    stdout.print(
        f"{target}: {len(prepared.original)} nodes before, {len(prepared.graph)} after, "
        f"{len(prepared.changes)} changes. {prepared.stopped}",
        markup=False,
    )
    return 0
