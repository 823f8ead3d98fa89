"""`surgeon quantize`: eight bits, and the evidence of what they cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from rich.table import Table

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.networks import is_made, open_made
from surgeon_gui.cli.options import Surgery, json_option, prepare, surgery_options
from surgeon_gui.cli.progress import job_progress
from surgeon_gui.compare.images import RANGES, ImageFeed
from surgeon_gui.errors import SurgeonError, UsageError
from surgeon_gui.graph.graphdef import check_writable
from surgeon_gui.jobs.quantize_spec import DTYPES, HELD, QuantizeResult, QuantizeSpec, sqnr_text
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.store import job_directory
from surgeon_gui.network.ir import Network
from surgeon_gui.network.quantize.histogram import COLLECTORS
from surgeon_gui.network.quantize.ranges import Ranges, load_ranges, save_ranges
from surgeon_gui.network.quantize.trained import take_ranges
from surgeon_gui.network.store import save_network
from surgeon_gui.pipeline import network_of
from surgeon_gui.range_files import ENDINGS as RANGE_FILES
from surgeon_gui.range_files import load_any_ranges, ranges_of_sets, save_any_ranges

_SHOWN = 10
_ENDINGS = (".network", *RANGE_FILES)


@VERBS.register("quantize")
@click.command("quantize")
@click.argument("model", type=FILE, metavar="MODEL")
@click.option(
    "-o",
    "target",
    required=True,
    type=FILE,
    metavar="OUT.network|OUT.json|OUT.cache|SET.toml",
    help="The quantized network, to build from; or only the ranges: ours, TensorRT's cache, or "
    "into a rule set, for the graph of the next training run.",
)
@click.option(
    "--data",
    multiple=True,
    type=FILE,
    metavar="X.npz|FOLDER|SAMPLES.py",
    help="Samples: arrays along their first dimension, a folder of images or of such files, or a "
    "script whose samples() yields them (it is code).",
)
@click.option(
    "--validate",
    "validation",
    multiple=True,
    type=FILE,
    metavar="X.npz|FOLDER|SAMPLES.py",
    help="Other samples, to measure the error on; labels among them give the accuracy. Default: "
    "the first of --data.",
)
@click.option(
    "--held",
    type=click.IntRange(min=0),
    default=None,
    help="Samples to measure the error on; 0 for all. Default: all of --validate, else 16.",
)
@click.option("--images", type=click.Choice(tuple(RANGES)), help="How images become numbers.")
@click.option("--random", type=click.IntRange(min=0), default=0, help="Draw so many samples.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of them.")
@click.option(
    "--ranges",
    "known",
    type=FILE,
    metavar="R.json|R.cache|SET.toml",
    help="Ranges to take as they are. Default: those of the sets given by --rules.",
)
@click.option(
    "--collector",
    type=click.Choice(("auto", *COLLECTORS)),
    default="auto",
    show_default=True,
    help="How ranges are chosen; auto tries all and takes the one that errs least.",
)
@click.option(
    "--dtype",
    type=click.Choice(DTYPES),
    default="int8",
    show_default=True,
    help="fp8 is for sm89 and newer.",
)
@click.option(
    "--keep", multiple=True, metavar="NAME", help="A layer or node that stays in float; repeat."
)
@click.option(
    "--tolerance",
    type=float,
    metavar="SHARE",
    help="Largest noise of an output; as few layers as possible stay in float to meet it.",
)
@click.option(
    "--sensitivity", is_flag=True, help="Measure every layer alone, and noise by layers kept."
)
@json_option
@surgery_options
def quantize_verb(
    model: Path,
    target: Path,
    data: tuple[Path, ...],
    validation: tuple[Path, ...],
    held: int | None,
    images: str | None,
    random: int,
    seed: int,
    known: Path | None,
    collector: str,
    dtype: str,
    keep: tuple[str, ...],
    tolerance: float | None,
    sensitivity: bool,
    as_json: bool,
    surgery: Surgery,
) -> int:
    """Find each tensor's range, round the network to eight bits, and measure the error on the CPU.

    Ranges that quantization-aware training left in the graph are taken first. Build the result
    with: surgeon build OUT.network --precision int8

    Exit status 1: the tolerance is not met.
    """
    if target.suffix not in _ENDINGS:
        raise UsageError(
            "The result is a .network, or ranges as .json, .cache or in a rule set's .toml.",
            where="-o",
            hint=str(target),
        )
    for path in (*data, *validation, *(() if known is None else (known,))):
        if not path.exists():
            raise UsageError("There is no such file or folder.", where=str(path))
    # A calibration takes minutes, and would be lost.
    check_writable(target)
    with job_directory("quantize") as folder:
        network, ranges = _opened(model, surgery)
        given = load_any_ranges(known) if known is not None else ranges_of_sets(surgery.rules)
        if given is not None:
            ranges = replace(given, reach={**ranges.reach, **given.reach})
        if ranges.reach:
            save_ranges(ranges, folder / "known.json")
        save_network(network, folder / "float.network")
        is_network = target.suffix == ".network"
        found = folder / "found.json"
        spec = QuantizeSpec(
            folder / "float.network",
            target.with_suffix(".ranges.json").absolute() if is_network else found,
            target.absolute() if is_network else None,
            data=tuple(path.absolute() for path in data),
            images=None if images is None else ImageFeed((), RANGES[images]),
            random=random,
            seed=seed,
            known=folder / "known.json" if ranges.reach else None,
            collector=collector,
            dtype=dtype,
            kept=(*ranges.kept, *keep),
            tolerance=tolerance,
            sensitivity=sensitivity,
            validation=tuple(path.absolute() for path in validation),
            held=held if held is not None else 0 if validation else HELD,
            every=target.suffix == ".cache",
        )
        try:
            with job_progress() as on_event:
                result = run_job(spec, on_event, directory=folder)
        except SurgeonError as error:
            if error.where == str(spec.network):
                error.where = str(model)
            raise
        finally:
            # A calibration that was cancelled leaves the ranges so far.
            if not is_network and found.exists():
                save_any_ranges(load_ranges(found), target)
        if not is_network:
            result = replace(result, ranges=target.absolute())
    if as_json:
        facts = result.to_json()
        facts.pop("kind")
        print_json({"model": str(model), "path": str(target), **facts})
    else:
        _print(result, target)
    return 1 if result.meets is False else 0


def _opened(model: Path, surgery: Surgery) -> tuple[Network, Ranges]:
    """Return the float network of a model, and the ranges training left in its graph."""
    if is_made(model):
        made = open_made(model, surgery).network
        if made is None:
            raise UsageError("Quantization starts from a graph or a .network.", where=str(model))
        return made, Ranges({})
    prepared = prepare(model, surgery)
    graph, trained = take_ranges(prepared.graph)
    network = network_of(graph, outputs=prepared.outputs, shapes=prepared.shapes)
    return network, trained.in_network(network)


def _print(result: QuantizeResult, target: Path) -> None:
    total = len(result.layers)
    stdout.print(
        f"{target}: {result.rounded} of {total} layers in eight bits, ranges by "
        f"{result.collector or 'training'} over {result.samples} samples, {result.seconds:.1f} s",
        style="bold",
        markup=False,
    )
    stdout.print(
        f"  {result.share:.1%} of the multiplications are in eight bits; weights "
        f"{result.float_bytes / 1e6:.2f} MB in float32, {result.rounded_bytes / 1e6:.2f} MB so.",
        markup=False,
    )
    table = Table(
        *("  output", "as", "noise", "SQNR", "cosine", "top-1", "top-5"), box=None, pad_edge=False
    )
    for words, rows in (("eight bits", result.outputs), ("fp16", result.half)):
        for row in rows:
            table.add_row(
                f"  {row.name}",
                words,
                f"{row.noise:.3%}",
                sqnr_text(row.sqnr_db),
                f"{row.cosine:.6f}",
                *(_share(value) for value in (row.top1, row.top5)),
            )
    stdout.print(table)
    if result.accuracy_float is not None and result.accuracy_rounded is not None:
        stdout.print(
            f"  Accuracy: {result.accuracy_float:.2%} in float, {_share(result.accuracy_half)} in "
            f"fp16, {result.accuracy_rounded:.2%} in eight bits.",
            markup=False,
        )
    _print_layers(result)
    for point in result.curve:
        share = 1 - point.kept / max(total, 1)
        stdout.print(f"  {share:5.0%} of the layers in eight bits: noise {point.noise:.2%}")
    if result.meets is not None:
        words = "The tolerance is met" if result.meets else "The tolerance is not met"
        kept = sum(layer.kept for layer in result.layers)
        stdout.print(f"  {words} with {kept} layers in float.", markup=False)
    for note in result.notes:
        stdout.print(f"  {note}", style="yellow", markup=False)


def _print_layers(result: QuantizeResult) -> None:
    known = [layer for layer in result.layers if layer.sqnr_db is not None]
    known.sort(key=lambda layer: layer.sqnr_db or 0.0)
    if not known:
        return
    table = Table("  noisiest layers", "SQNR", "alone", "", box=None, pad_edge=False)
    for layer in known[:_SHOWN]:
        alone = "" if layer.alone is None else f"{layer.alone:.2%}"
        sqnr = sqnr_text(layer.sqnr_db or 0.0)
        table.add_row(f"  {layer.layer}", sqnr, alone, "kept" if layer.kept else "")
    stdout.print(table)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"
