"""`surgeon freeze`: SavedModel, checkpoint or Keras file to a frozen graph, in a worker."""

from __future__ import annotations

from pathlib import Path

import click

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.options import json_option, parse_shape
from surgeon_gui.cli.progress import job_progress
from surgeon_gui.cli.reports import pass_line
from surgeon_gui.edits.optimise import chosen_passes
from surgeon_gui.graph.graphdef import check_writable
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import FreezeResult, FreezeSpec
from surgeon_gui.jobs.store import job_directory

_PATH = FILE


@VERBS.register("freeze")
@click.command("freeze")
@click.argument("source", type=_PATH, metavar="SOURCE")
@click.option("-o", "target", required=True, type=_PATH, metavar="OUT.pb", help="Where it goes.")
@click.option("--optimize", is_flag=True, help="Run TensorFlow's graph optimiser as well.")
@click.option(
    "--passes",
    metavar="PASSES",
    help="Run our own passes: a comma-separated list, or one of the presets all and nvidia.",
)
@click.option("--signature", help="A SavedModel's entry point; default: serving_default.")
@click.option("--tag", "tags", multiple=True, help="Which graph of a SavedModel; repeat per tag.")
@click.option(
    "--graph", type=_PATH, metavar="GRAPH.pb", help="A checkpoint's graph, without a .meta file."
)
@click.option(
    "--output", "outputs", multiple=True, metavar="NAME", help="A tensor to keep; repeat for more."
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME",
    help="A tensor to feed instead of its inputs.",
)
@click.option(
    "--verify/--no-verify",
    default=True,
    show_default=True,
    help="Run the source too and compare the numbers.",
)
@click.option(
    "--inputs",
    "feeds",
    type=_PATH,
    metavar="X.npz",
    help="What to compare on, keyed by input name; default: random.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the random inputs.")
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="NAME=1x224x224x3",
    help="The size of an input to compare on, where it is open.",
)
@click.option(
    "--functional", is_flag=True, help="Keep conditionals and loops as functions (While, If)."
)
@json_option
def freeze_verb(
    source: Path,
    target: Path,
    optimize: bool,
    passes: str | None,
    signature: str | None,
    tags: tuple[str, ...],
    graph: Path | None,
    outputs: tuple[str, ...],
    inputs: tuple[str, ...],
    verify: bool,
    feeds: Path | None,
    seed: int,
    shapes: tuple[str, ...],
    functional: bool,
    as_json: bool,
) -> int:
    """Freeze a SavedModel folder, a checkpoint, or a Keras file (.keras, .h5) to a .pb.

    A graph that is frozen already is taken as it is, to be cut down or optimised.
    The result is held against the source, its variables loaded. Exit status 1: the numbers differ.
    """
    spec = FreezeSpec(
        source=source,
        result=target,
        tags=tags,
        signature=signature,
        graph=graph,
        outputs=outputs,
        inputs=inputs,
        lower_control_flow=not functional,
        optimize=optimize,
        passes=() if passes is None else chosen_passes(passes),
        verify=verify,
        feeds=None if feeds is None else feeds.absolute(),
        seed=seed,
        shapes=_sizes(shapes),
    )
    check_writable(target)
    with job_directory("freeze") as folder, job_progress() as on_event:
        result = run_job(spec, on_event, directory=folder)
    if as_json:
        facts = result.to_json()
        facts.pop("kind")
        facts["verified"] = [row.as_dict() for row in result.verified]
        print_json({"model": str(source), **facts})
    else:
        _print(result)
    return 0 if result.ok else 1


def _sizes(texts: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    return {name: shape.dims or () for name, shape in map(parse_shape, texts)}


def _print(result: FreezeResult) -> None:
    stdout.print(
        f"{result.path}: {result.nodes_after} nodes (of {result.nodes_before}), "
        f"{result.bytes / 1e6:.2f} MB, from a {result.source}, {result.seconds:.1f} s",
        markup=False,
    )
    for word, names in (("inputs", result.inputs), ("outputs", result.outputs)):
        stdout.print(f"  {word:9}{', '.join(names)}", markup=False)
    if len(result.signatures) > 1:
        others = ", ".join(name for name in result.signatures if name != result.signature)
        stdout.print(f"  signature {result.signature} (others: {others})", markup=False)
    for item in result.passes:
        stdout.print(pass_line(item), markup=False)
    memory = f"; {result.peak_rss_bytes / 2**30:.1f} GiB of memory" if result.peak_rss_bytes else ""
    stdout.print(f"  {_verdict(result)}{memory}", markup=False)


def _verdict(result: FreezeResult) -> str:
    if result.unverified:
        return f"Not compared with the source: {result.unverified.rstrip('.')}"
    if not result.verified:
        return "Not compared with the source"
    largest = result.largest_difference
    words = "" if largest is None else f"; the largest relative difference is {largest:.2g}"
    if result.ok:
        lost = ", ".join(result.uncompared)
        blind = f"; not compared: the source gives NaN at {lost}" if lost else ""
        return f"Computes what the source does{words}{blind}"
    first = next(row for row in result.verified if not row.ok and row.is_compared)
    return f"The numbers differ from the source's at {first.name}: {first.problem}"
