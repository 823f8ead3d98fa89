"""`surgeon edit`: apply rules, a script or a preprocess file and save the graph."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.networks import is_made
from surgeon_gui.cli.options import Surgery, json_option, prepare, surgery_options
from surgeon_gui.cli.reports import pass_line
from surgeon_gui.edits.optimise import chosen_passes, optimise, optimised
from surgeon_gui.errors import UsageError
from surgeon_gui.jobs.spec import PassInfo
from surgeon_gui.pipeline import export
from surgeon_gui.targets import find_target
from surgeon_gui.targets.autofix import Fix, find_fix
from surgeon_gui.targets.groups import group_remaining
from surgeon_gui.targets.report import fix_facts

_SHOWN = 3


@VERBS.register("edit")
@click.command("edit")
@click.argument("model", type=FILE, metavar="MODEL")
@click.option(
    "-o",
    "target",
    required=True,
    type=FILE,
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
@click.option(
    "--auto-fix",
    "fixed_for",
    metavar="TARGET",
    help="Apply the fewest bundled rules that clear what this target refuses.",
)
@json_option
@surgery_options
def edit_verb(
    model: Path,
    target: Path,
    optimize: str | None,
    fixed_for: str | None,
    as_json: bool,
    surgery: Surgery,
) -> int:
    """Apply rules and scripts to a model, optimise it if asked, and save the result.

    The order is: shapes, preprocess script, rules, surgery script, auto-fix, optimisation. Exit
    status 1: after --auto-fix the target still refuses nodes; the result is saved all the same.
    """
    hybrid = fixed_for is not None and find_target(fixed_for).route == "hybrid"
    if is_made(model):
        raise UsageError(
            f"A {model.suffix} file holds a network, which has no nodes to edit.",
            where=str(model),
            hint="Edit the graph it was made from.",
        )
    prepared = prepare(model, surgery)
    fix = None if fixed_for is None else find_fix(prepared.graph, fixed_for)
    graph, changes = prepared.graph, list(prepared.changes)
    if fix is not None and fix.rules:
        for applied in fix.edit.run(graph):
            graph = applied.graph
            changes.extend(applied.changes())
    passes = () if optimize is None else optimise(graph, chosen_passes(optimize))
    graph = optimised(graph, passes)
    exported = export(graph, target)
    stopped = prepared.stopped if fix is None or prepared.changes else fix.words
    infos = [PassInfo(it.title, it.nodes_before, it.nodes_after, it.did) for it in passes]
    facts = {
        "model": str(model),
        "path": str(exported.path),
        "nodes_before": len(prepared.original),
        "nodes_after": len(graph),
        "changes": changes,
        "stopped": stopped,
        "passes": [asdict(info) for info in infos],
    }
    if fix is not None:
        facts["auto_fix"] = {"target": fixed_for, **fix_facts(fix)}
    # What a hybrid does not take runs in TensorFlow.
    status = 1 if fix is not None and fix.after and not hybrid else 0
    if as_json:
        print_json(facts)
        return status
    done: dict[str, list[str]] = {}
    for change in changes:
        done.setdefault(change.get("rule") or change["edit"], []).extend(change["nodes"][:1])
    for name, nodes in done.items():
        more = f" and {len(nodes) - _SHOWN} more" if len(nodes) > _SHOWN else ""
        stdout.print(f"  {name}: {', '.join(nodes[:_SHOWN])}{more}", markup=False)
    for info in infos:
        stdout.print(pass_line(info), markup=False)
    stdout.print(
        f"{target}: {len(prepared.original)} nodes before, {len(graph)} after, "
        f"{len(changes)} change{'' if len(changes) == 1 else 's'}. {stopped}",
        markup=False,
    )
    if fix is not None:
        _tell_fix(fix, fixed_for or "")
    return status


def _tell_fix(fix: Fix, target: str) -> None:
    stdout.print(f"Auto-fix for {target}: {', '.join(fix.rules) or 'nothing'}", markup=False)
    for group in group_remaining(fix):
        stdout.print(f"  {group.words}: {group.reason}", markup=False)
        if group.remedy:
            stdout.print(f"    {group.remedy}", markup=False)
