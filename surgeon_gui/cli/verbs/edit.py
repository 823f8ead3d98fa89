"""`surgeon edit`: apply rules, a script or a preprocess file and save the graph."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from surgeon_gui.cli.app import VERBS, print_json, stdout
from surgeon_gui.cli.networks import is_made
from surgeon_gui.cli.options import Surgery, json_option, prepare, surgery_options
from surgeon_gui.cli.reports import pass_line
from surgeon_gui.edits.optimise import chosen_passes, optimise, optimised
from surgeon_gui.errors import UsageError
from surgeon_gui.jobs.spec import PassInfo
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
@click.option(
    "--optimize",
    metavar="PASSES",
    is_flag=False,
    flag_value="all",
    help="Make the graph small: passes as a comma-separated list, or the preset all or nvidia.",
)
@json_option
@surgery_options
def edit_verb(
    model: Path, target: Path, optimize: str | None, as_json: bool, surgery: Surgery
) -> int:
    """Apply rules and scripts to a model, optimise it if asked, and save the result."""
    if is_made(model):
        raise UsageError(
            f"A {model.suffix} file holds a network, which has no nodes to edit.",
            where=str(model),
            hint="Edit the graph it was made from.",
        )
    prepared = prepare(model, surgery)
    passes = () if optimize is None else optimise(prepared.graph, chosen_passes(optimize))
    graph = optimised(prepared.graph, passes)
    exported = export(graph, target)
    infos = [PassInfo(it.title, it.nodes_before, it.nodes_after, it.did) for it in passes]
    facts = {
        "model": str(model),
        "path": str(exported.path),
        "nodes_before": len(prepared.original),
        "nodes_after": len(graph),
        "changes": list(prepared.changes),
        "stopped": prepared.stopped,
        "passes": [asdict(info) for info in infos],
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
    for info in infos:
        stdout.print(pass_line(info), markup=False)
    stdout.print(
        f"{target}: {len(prepared.original)} nodes before, {len(graph)} after, "
        f"{len(prepared.changes)} changes. {prepared.stopped}",
        markup=False,
    )
    return 0
