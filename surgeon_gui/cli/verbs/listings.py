"""`surgeon targets`, `rules`, `plugins`: what is known."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Column, Table

from surgeon_gui.cli.app import FILE, VERBS, print_json, stderr, stdout
from surgeon_gui.cli.options import json_option
from surgeon_gui.rewrite.examples import failed_examples
from surgeon_gui.rewrite.library import bundled_rules, bundled_sets, load_set, user_sets
from surgeon_gui.rewrite.plugins import plugins
from surgeon_gui.rewrite.rule import Rule
from surgeon_gui.targets import Target, catalogue, find_target


def _table(rows: list[dict[str, object]], columns: tuple[str, ...]) -> None:
    # A name that is cut short could not be given back.
    longest = max((len(str(row[columns[0]])) for row in rows), default=0)
    first = Column(columns[0], min_width=longest, no_wrap=True)
    table = Table(first, *columns[1:], box=None, pad_edge=False)
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
@click.argument("files", nargs=-1, type=FILE, metavar="[FILE.toml…]")
@json_option
def rules_verb(files: tuple[Path, ...], as_json: bool) -> int:
    """List the rules and rule sets, or check rule files: their examples are their tests.

    Exit status 1: an example does not become what the file says. 2: a file is wrong.
    """
    if files:
        return _check(files, as_json)
    rows: list[dict[str, object]] = [
        {
            "id": rule.id,
            "group": rule.group,
            "targets": list(rule.targets),
            "exact": rule.exact,
            "summary": rule.summary,
            "source": rule.source,
        }
        for rule in bundled_rules().values()
    ]
    own, problems = user_sets()
    sets: list[dict[str, object]] = [
        {
            "id": each.id,
            "title": each.title,
            "own": each.id in own,
            "targets": list(each.targets),
            "parameters": {parameter.name: parameter.value for parameter in each.parameters},
            "note": each.note,
        }
        for each in {**bundled_sets(), **own}.values()
    ]
    if as_json:
        print_json({"rules": rows, "sets": sets})
        return 0
    _table(rows, ("id", "group", "summary"))
    stdout.print("\nRule sets (--rules NAME, or 'NAME(parameter = value)')", markup=False)
    table = Table("id", "title", "parameters", box=None, pad_edge=False)
    for each in {**bundled_sets(), **own}.values():
        table.add_row(each.id, each.title, ", ".join(made.name for made in each.parameters))
    stdout.print(table)
    for problem in problems:
        stderr.print(f"A rule set of yours cannot be read: {problem}", markup=False)
    return 0


def _check(files: tuple[Path, ...], as_json: bool) -> int:
    rows: list[dict[str, object]] = []
    for path in files:
        for rule in load_set(path).rules.values():
            failed = [asdict(example) for example in failed_examples(rule)]
            rows.append(
                {
                    "path": str(path),
                    "id": rule.id,
                    "group": rule.group,
                    "summary": rule.summary,
                    "source": rule.source,
                    "examples": len(rule.examples),
                    "failed": failed,
                }
            )
            if not as_json:
                _tell_check(path, rule, failed)
    if as_json:
        print_json({"rules": rows})
    elif not rows:
        stdout.print("No rule is stated in it.", markup=False)
    return 1 if any(row["failed"] for row in rows) else 0


def _tell_check(path: Path, rule: Rule, failed: list[dict[str, Any]]) -> None:
    count = len(rule.examples)
    if not count:
        words = "it has no examples to check"
    elif failed:
        words = f"{len(failed)} of {count} examples fail"
    else:
        words = "its example comes true" if count == 1 else f"its {count} examples come true"
    lines = [f"{path}: {rule.id}: {words}."]
    for example in failed:
        note = f" ({example['note']})" if example["note"] else ""
        lines.append(f"  Example {example['number']}{note}: {example['reason']}")
        lines += [f"    {line}" for line in example["difference"]]
    for line in lines:
        stdout.print(line, markup=False, highlight=False, soft_wrap=True)


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
