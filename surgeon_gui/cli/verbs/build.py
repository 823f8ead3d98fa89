"""`surgeon build`: build the TensorRT engine in a worker process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.networks import build_made, is_made, open_made
from surgeon_gui.cli.options import Prepared, Surgery, json_option, prepare, surgery_options
from surgeon_gui.cli.progress import job_progress
from surgeon_gui.errors import ConvertError, UsageError
from surgeon_gui.jobs.engine_card import provenance_of
from surgeon_gui.jobs.message import flavour_title
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import PRECISIONS, ROUTES, BuildResult, BuildSpec, ShapeRange, gpu_names
from surgeon_gui.jobs.store import job_directory
from surgeon_gui.network.quantize import Ranges
from surgeon_gui.pipeline import prepare_build, prepare_verify
from surgeon_gui.range_files import eight_bit_build, load_any_ranges, ranges_of_sets
from surgeon_gui.settings import load_settings


@VERBS.register("build")
@click.command("build")
@click.argument("model", type=FILE, metavar="MODEL")
@click.option(
    "-o",
    "target",
    required=True,
    type=FILE,
    metavar="X.engine",
    help="Where the plan goes.",
)
@click.option(
    "--gpu",
    default="",
    metavar="sm86,sm89|current",
    help="Compute capabilities to build for; default: the GPU that is there, else a list.",
)
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="fp32",
    show_default=True,
    help="Precision of the layers.",
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME=MIN:OPT:MAX",
    help="The shapes an input with unknown dimensions may have; repeat per input. An input's "
    "second range belongs to a second optimization profile.",
)
@click.option(
    "--route",
    type=click.Choice(ROUTES),
    default="direct",
    show_default=True,
    help="direct: our own layers; onnx: our ONNX file through TensorRT's parser; uff: NVIDIA's UFF "
    "parser, which TensorRT up to 8.6 has.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="NODE",
    help="A node whose layers keep float32, in every precision below; repeat for more.",
)
@click.option(
    "--half-io", is_flag=True, help="With fp16 and bf16: inputs and outputs take that dtype too."
)
@click.option(
    "--ranges",
    type=FILE,
    metavar="R.json|R.cache|SET.toml",
    help="With int8: ranges from surgeon quantize, a calibration cache of TensorRT, or a rule set "
    "that holds some. Default: those of the sets given by --rules.",
)
@click.option(
    "--implicit",
    is_flag=True,
    help="With int8: tell TensorRT 8.6 or 10 the ranges and let it choose what to round, instead "
    "of rounding in the network.",
)
@click.option(
    "--verify",
    "verifies",
    is_flag=True,
    help="Compare with TensorFlow first; the engine's card says how it came out.",
)
@json_option
@surgery_options
def build_verb(
    model: Path,
    target: Path,
    gpu: str,
    precision: str,
    profiles: tuple[str, ...],
    route: str,
    keep: tuple[str, ...],
    half_io: bool,
    ranges: Path | None,
    implicit: bool,
    verifies: bool,
    as_json: bool,
    surgery: Surgery,
) -> int:
    """Build the TensorRT engine; without a GPU, for named compute capabilities.

    Exit status 1: with --verify, the numbers differ from TensorFlow's; nothing is built then.
    """
    made = open_made(model, surgery) if is_made(model) else None
    if made is not None and verifies:
        raise UsageError(
            f"A {model.suffix} file has no graph for TensorFlow to run.",
            where="--verify",
            hint="Build from the graph, or verify with --original.",
        )
    known = None
    if ranges is not None:
        known = load_any_ranges(ranges)
    elif precision == "int8":
        known = ranges_of_sets(surgery.rules)
    _check_precision(precision, keep, half_io, known, implicit)
    wanted = BuildSpec(
        network=Path(),
        engine=target.absolute(),
        gpus=gpu_names(gpu),
        precision=precision,
        route=route,
        profiles=gathered_profiles([parse_profile(text) for text in profiles]),
        kept=keep,
        half_ends=half_io,
        plugins=tuple(map(Path, load_settings().settings.plugins)),
        provenance=provenance_of(model, _script(surgery)),
    )
    with job_directory("build") as folder:
        if made is not None:
            spec = build_made(made, wanted)
        else:
            prepared = prepare(model, surgery)
            if verifies:
                wanted = _verified(prepared, wanted)
            spec = prepare_build(
                prepared.graph, folder, wanted, outputs=prepared.outputs, shapes=prepared.shapes
            )
        if known is not None:
            spec = eight_bit_build(spec, known, folder, implicit=implicit)
        with job_progress() as on_event:
            result = run_job(spec, on_event, directory=folder)
    if as_json:
        print_json({"model": str(model), **_facts(result)})
    else:
        _print(result)
        if verifies and spec.provenance is not None:
            stdout.print(f"  {spec.provenance.verdict}", markup=False)
    return 0


def _check_precision(
    precision: str, keep: tuple[str, ...], half_io: bool, known: Ranges | None, implicit: bool
) -> None:
    is_half, is_int8 = precision in ("fp16", "bf16"), precision == "int8"
    if half_io and not is_half:
        raise UsageError("It goes with fp16 and bf16 only.", where="--half-io")
    if known is not None and not is_int8:
        raise UsageError("It goes with --precision int8 only.", where="--ranges")
    if implicit and known is None:
        raise UsageError("It goes with --precision int8 and ranges only.", where="--implicit")
    if keep and not (is_half or known is not None):
        hint = "surgeon quantize has --keep too." if is_int8 else None
        raise UsageError(
            "It goes with fp16 and bf16, and with int8 by ranges, only.", where="--keep", hint=hint
        )


def _verified(prepared: Prepared, wanted: BuildSpec) -> BuildSpec:
    """Return `wanted` with how its graph compares with TensorFlow on the original.

    Raises:
        ConvertError: they differ.
    """
    with job_directory("verify") as folder, job_progress() as on_event:
        spec = prepare_verify(
            prepared.original,
            prepared.graph,
            folder,
            outputs=prepared.outputs,
            shapes=prepared.shapes,
        )
        found = run_job(spec, on_event, directory=folder)
    first = found.first_divergence
    if not found.ok:
        raise ConvertError(
            "The network's numbers differ from TensorFlow's, so nothing was built.",
            where=first.node if first is not None else None,
            hint="See `surgeon verify`, or build without --verify.",
        )
    source = wanted.provenance
    return replace(
        wanted, provenance=None if source is None else replace(source, verified=found.outputs)
    )


def _script(surgery: Surgery) -> str:
    """Return the surgery asked for as a script, its rules and preprocessing as comments."""
    lines = [f"# rules: {name}\n" for name in surgery.rules]
    if surgery.preprocess is not None:
        lines.append(f"# preprocess: {surgery.preprocess}\n")
    if surgery.script is not None:
        lines.append(surgery.script.read_text(encoding="utf-8"))
    return "".join(lines)


def parse_profile(text: str) -> ShapeRange:
    """Read `NAME=MIN:OPT:MAX`, each of them as 1x224x224x3.

    Raises:
        UsageError: it is not that.
    """
    name, _, corners = text.rpartition("=")
    try:
        shapes = [tuple(int(dim) for dim in corner.split("x")) for corner in corners.split(":")]
        minimum, optimum, maximum = shapes
    except ValueError as error:
        hint = "Write --profile input=1x224x224x3:4x224x224x3:8x224x224x3."
        raise UsageError(f"{text!r} is no profile.", where="--profile", hint=hint) from error
    return ShapeRange(name, minimum, optimum, maximum)


def gathered_profiles(ranges: Sequence[ShapeRange]) -> tuple[tuple[ShapeRange, ...], ...]:
    """Return the optimization profiles: the first has each input's first range, and so on.

    Raises:
        UsageError: an input has fewer ranges than another.
    """
    by_input: dict[str, list[ShapeRange]] = {}
    for item in ranges:
        by_input.setdefault(item.input, []).append(item)
    most = max(map(len, by_input.values()), default=0)
    for name, found in by_input.items():
        if len(found) < most:
            raise UsageError(
                f"It has {len(found)} of {most} ranges.",
                where=name,
                hint="Give every input a range for each profile.",
            )
    return tuple(tuple(found[place] for found in by_input.values()) for place in range(most))


def _facts(result: BuildResult) -> dict[str, object]:
    facts = result.to_json()
    facts.pop("kind")
    return facts


def _print(result: BuildResult) -> None:
    gpus = ", ".join(result.gpu)
    stdout.print(
        f"{result.path}: {result.bytes / 1e6:.2f} MB, {result.layers} "
        f"layer{'' if result.layers == 1 else 's'}, "
        f"{flavour_title(result.flavour)} {result.tensorrt}, for {gpus}, {result.seconds:.1f} s",
        markup=False,
    )
    for tensor in (*result.inputs, *result.outputs):
        kind = "input" if tensor in result.inputs else "output"
        stdout.print(f"  {kind:7}{tensor.name}  {tensor.dtype} {list(tensor.shape)}", markup=False)
    for warning in result.warnings:
        stdout.print(f"  {warning}", markup=False)
