"""`surgeon targets`, `rules`, `plugins`: what is known."""

from __future__ import annotations

import click
from rich.table import Table

from surgeon_gui.cli.app import VERBS, print_json, stdout
from surgeon_gui.cli.options import json_option
from surgeon_gui.rewrite.library import bundled_rules
from surgeon_gui.rewrite.plugins import plugins
from surgeon_gui.targets import Target, catalogue, find_target


def _table(rows: list[dict[str, object]], columns: tuple[str, ...]) -> None:
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(row[column]) for column in columns))
    stdout.print(table)


@VERBS.register("targets")
@click.command("targets")
@click.argument("target", required=False, metavar="[ID]")
@json_option
def targets_verb(target: str | None, as_json: bool) -> int:
    """List the targets a graph can be judged for, or tell all there is to know of one."""
    listed = catalogue() if target is None else (find_target(target),)
    rows: list[dict[str, object]] = [
        {
            "id": each.id,
            "title": each.title,
            "route": each.route,
            "summary": each.summary,
            "page": dict(each.page.lines),
        }
        for each in listed
    ]
    if as_json:
        print_json({"targets": rows})
    elif target is None:
        _table(rows, ("id", "title", "summary"))
    else:
        _page(listed[0])
    return 0


def _page(target: Target) -> None:
    stdout.print(target.title, style="bold", markup=False)
    stdout.print(target.summary, markup=False)
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, text in target.page.lines:
        table.add_row(name, text)
    stdout.print(table)


@VERBS.register("rules")
@click.command("rules")
@json_option
def rules_verb(as_json: bool) -> int:
    """List the bundled rules."""
    rows: list[dict[str, object]] = [
        {"id": rule.id, "group": rule.group, "summary": rule.summary, "source": rule.source}
        for rule in bundled_rules().values()
    ]
    if as_json:
        print_json({"rules": rows})
    else:
        _table(rows, ("id", "group", "summary"))
    return 0


@VERBS.register("plugins")
@click.command("plugins")
@json_option
def plugins_verb(as_json: bool) -> int:
    """List the TensorRT plugins and which TensorRT has them."""
    rows: list[dict[str, object]] = [
        {
            "name": plugin.name,
            "tensorrt": plugin.span,
            "replaces": plugin.replaces,
            "fields": [field.name for field in plugin.fields],
        }
        for plugin in plugins().values()
    ]
    if as_json:
        print_json({"plugins": rows})
    else:
        _table(rows, ("name", "tensorrt", "replaces"))
    return 0
