"""The options every verb that takes a MODEL shares, and what they do to it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from surgeon_gui.cli.app import FILE, stderr
from surgeon_gui.compare.report import HALF_TOLERANCE
from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.boundary import SetInput
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.edits.script import load_script, replay
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import deduce_outputs, resolve_output
from surgeon_gui.graph.values import Shape
from surgeon_gui.opening import open_model, preprocess

_LARGEST_DIMENSION = 2**31 - 1
_SHAPE = re.compile(r"(?P<name>.+)=(?P<dims>scalar|(\?|-1|\d+)(x(\?|-1|\d+))*)", re.IGNORECASE)

F = TypeVar("F", bound=Callable[..., Any])


class NpzPath(click.Path):
    """A file arrays are written to: an `.npz`, so that no slip overwrites a model."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = super().convert(value, param, ctx)
        if not str(path).lower().endswith(".npz"):
            self.fail(f"{value} is no .npz file, which is how arrays are kept.", param, ctx)
        return path


@dataclass(frozen=True)
class Surgery:
    """What the common options ask to be done to a model before the verb's own work."""

    outputs: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    script: Path | None = None
    preprocess: Path | None = None


@dataclass(frozen=True)
class Prepared:
    """A model, opened and operated on.

    Attributes:
        path: the file.
        original: the graph as opened, with the given shapes.
        graph: after preprocess, rules and script.
        outputs: the outputs asked for, or deduced.
        shapes: as given by `--shape`.
        changes: what each rule or edit did: its name and the nodes it touched.
        stopped: why the rules stopped.
    """

    path: Path
    original: Graph
    graph: Graph
    outputs: tuple[TensorRef, ...]
    shapes: Mapping[str, Shape]
    changes: tuple[Mapping[str, Any], ...]
    stopped: str


def json_option(function: F) -> F:
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object on stdout, nothing else."
    )(function)


class _Bound(click.FloatRange):
    """A number that something can be over or under: NaN is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail("NaN bounds nothing.", param, ctx)
        return number


def tolerance_options(function: F) -> F:
    """Add --max-rel and --min-cosine; None where nothing is said."""
    halves = HALF_TOLERANCE.items()
    most = ", ".join(f"{limits.max_rel:g} in {name}" for name, limits in halves)
    least = ", ".join(f"{limits.min_cosine:g} in {name}" for name, limits in halves)
    options = (
        click.option(
            "--max-rel",
            type=_Bound(min=0),
            metavar="X",
            help=f"Largest relative difference that counts as equal [as the settings; {most}].",
        ),
        click.option(
            "--min-cosine",
            type=_Bound(-1, 1),
            metavar="X",
            help=f"Smallest cosine that counts as equal [as the settings; {least}].",
        ),
    )
    for decorate in reversed(options):
        function = decorate(function)
    return function


def surgery_options(function: F) -> F:
    """Add --output, --shape, --rules, --script, --preprocess; the verb gets them as `surgery`."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        surgery = Surgery(
            kwargs.pop("outputs"),
            kwargs.pop("shapes"),
            kwargs.pop("rules"),
            kwargs.pop("script"),
            kwargs.pop("preprocess"),
        )
        return function(*args, surgery=surgery, **kwargs)

    wrapped.__name__, wrapped.__doc__ = function.__name__, function.__doc__
    wrapped.__dict__.update(function.__dict__)
    decorators = [
        click.option(
            "--output",
            "outputs",
            multiple=True,
            metavar="NAME",
            help="An output to keep; repeat for more. Default: deduced.",
        ),
        click.option(
            "--shape",
            "shapes",
            multiple=True,
            metavar="NAME=1x224x224x3",
            help="Fix an input's shape; NAME=scalar for rank 0; ? keeps a dimension open.",
        ),
        click.option(
            "--rules",
            "rules",
            multiple=True,
            metavar="NAME|FILE",
            help="A rule, a rule set or a rule file to apply.",
        ),
        click.option(
            "--script",
            type=FILE,
            metavar="FILE.toml",
            help="A surgery script to replay.",
        ),
        click.option(
            "--preprocess",
            type=FILE,
            metavar="config.py",
            help="A graphsurgeon script to run (it is code: run only what you trust).",
        ),
    ]
    result: Any = wrapped
    for decorate in reversed(decorators):
        result = decorate(result)
    decorated: F = result
    return decorated


def parse_shape(text: str) -> tuple[str, Shape]:
    """Read `NAME=1x224x224x3`, `NAME=?x?x?x3` (or -1) for open dimensions, `NAME=scalar` for none.

    Raises:
        UsageError: it is none of these.
    """
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} is no shape.",
            where="--shape",
            hint="Write --shape input=1x224x224x3; a ? for a dimension that stays open.",
        )
    name, dims = found["name"], found["dims"].lower().replace("?", "-1")
    shape = () if dims == "scalar" else tuple(int(dim) for dim in dims.split("x"))
    if max(shape, default=0) > _LARGEST_DIMENSION:
        raise UsageError(
            f"No dimension can be {max(shape)}.",
            where="--shape",
            hint="TensorRT's are 32 bits wide.",
        )
    return name.removesuffix(":0"), Shape(shape)


def prepare(path: Path, surgery: Surgery) -> Prepared:
    """Open a model and do to it what the common options ask.

    The order is: shapes, preprocess script, rules, surgery script.

    Raises:
        SurgeonError: the file, a name or a rule is wrong.
    """
    original = open_model(path)
    shapes = dict(map(parse_shape, surgery.shapes))
    for name, shape in shapes.items():
        original = SetInput(name, shape).apply(original)
    if surgery.outputs:
        wanted = (resolve_output(original, name) for name in surgery.outputs)
        original = original.with_outputs(dict.fromkeys(wanted))
    graph = original
    changes: list[Mapping[str, Any]] = []
    stopped = "Nothing was asked for."
    if surgery.preprocess is not None:
        before = graph
        graph, notes = preprocess(graph, surgery.preprocess, _print_plainly)
        for note in notes:
            stderr.print(f"{surgery.preprocess.name}: {note}", markup=False)
        stopped = "The script ran to its end."
        changes.append(_change(f"Run {surgery.preprocess.name}", before, graph))
    if surgery.rules:
        for applied in ApplyRules(surgery.rules).run(graph):
            graph = applied.graph
            changes.extend(applied.changes())
            if applied.report is not None:
                stopped = applied.report.reason
    if surgery.script is not None:
        graph = replay(graph, load_script(surgery.script), _record(changes, graph))
        stopped = "The script ran to its end."
    return Prepared(
        Path(path), original, graph, tuple(deduce_outputs(graph)), shapes, tuple(changes), stopped
    )


def _print_plainly(line: str) -> None:
    stderr.print(line, markup=False, highlight=False, soft_wrap=True)


def _change(title: str, before: Graph, after: Graph) -> Mapping[str, Any]:
    delta = Delta.between(before, after)
    return {"edit": title, "nodes": [*delta.added, *delta.changed, *delta.removed]}


def _record(changes: list[Mapping[str, Any]], before: Graph) -> Callable[[Edit, Graph], None]:
    """Return the callback that notes what each edit of a script changed."""
    last = before

    def done(edit: Edit, after: Graph) -> None:
        nonlocal last
        changes.append(_change(edit.title, last, after))
        last = after

    return done
