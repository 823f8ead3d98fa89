"""`surgeon verify`: the network in ONNX Runtime against TensorFlow on the original, on the CPU."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.networks import is_made, open_made, verify_made
from surgeon_gui.cli.options import (
    NpzPath,
    Surgery,
    json_option,
    prepare,
    surgery_options,
    tolerance_options,
)
from surgeon_gui.cli.progress import job_progress
from surgeon_gui.compare.report import Tolerance
from surgeon_gui.comparing import tolerance_for
from surgeon_gui.errors import UsageError
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import VerifyResult, VerifySpec
from surgeon_gui.jobs.store import job_directory
from surgeon_gui.pipeline import prepare_verify
from surgeon_gui.settings import load_settings


@VERBS.register("verify")
@click.command("verify")
@click.argument("model", type=FILE, metavar="MODEL")
@click.option(
    "--original",
    type=FILE,
    metavar="ORIG",
    help="The graph TensorFlow runs; default: MODEL before any surgery.",
)
@click.option(
    "--inputs",
    type=FILE,
    metavar="X.npz",
    help="Input arrays keyed by node name; default: random.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of the random inputs.",
)
@click.option(
    "--save-outputs",
    type=NpzPath(),
    metavar="Y.npz",
    help="Keep the network's outputs.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "bf16"]),
    default="fp32",
    show_default=True,
    help="Rewrite the network as a build in this precision does, and measure what that costs.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="NAME",
    help="With fp16 and bf16: a layer or node that stays in float32; repeat.",
)
@tolerance_options
@click.option("--all-tensors", is_flag=True, help="Compare inner tensors as well.")
@json_option
@surgery_options
def verify_verb(
    model: Path,
    original: Path | None,
    inputs: Path | None,
    seed: int,
    save_outputs: Path | None,
    precision: str,
    keep: tuple[str, ...],
    max_rel: float | None,
    min_cosine: float | None,
    all_tensors: bool,
    as_json: bool,
    surgery: Surgery,
) -> int:
    """Prove that the numbers did not change: the network against TensorFlow, on the CPU.

    Exit status 1: they differ, or the model does not convert.
    """
    if keep and precision == "fp32":
        raise UsageError("It goes with --precision fp16 and bf16 only.", where="--keep")
    settings = load_settings().settings
    limits = tolerance_for(settings, precision, max_rel=max_rel, min_cosine=min_cosine)
    wanted = VerifySpec(
        original=Path(),
        network=Path(),
        inputs=None if inputs is None else inputs.absolute(),
        seed=seed,
        all_tensors=all_tensors,
        max_rel=limits.max_rel,
        min_cosine=limits.min_cosine,
        save_outputs=None if save_outputs is None else save_outputs.absolute(),
    )
    with job_directory("verify") as folder:
        if is_made(model):
            if precision != "fp32":
                raise UsageError(
                    "A network is verified in the precision it has.",
                    where="--precision",
                    hint="Verify the graph it was made from.",
                )
            spec = verify_made(open_made(model, surgery), original, folder, wanted)
        else:
            spec = _spec(model, original, folder, wanted, surgery, precision, keep)
        with job_progress() as on_event:
            result = run_job(spec, on_event, directory=folder)
    if as_json:
        tolerance = {"max_rel": limits.max_rel, "min_cosine": limits.min_cosine}
        stated = {"precision": precision, "tolerance": tolerance}
        print_json({"model": str(model), **stated, **_facts(result)})
    else:
        _print(result, precision, limits)
    return 0 if result.ok else 1


def _spec(
    model: Path,
    original: Path | None,
    folder: Path,
    wanted: VerifySpec,
    surgery: Surgery,
    precision: str,
    keep: tuple[str, ...],
) -> VerifySpec:
    prepared = prepare(model, surgery)
    before = prepared.original
    if original is not None:
        before = prepare(original, Surgery(shapes=surgery.shapes)).original
    return prepare_verify(
        before,
        prepared.graph,
        folder,
        outputs=prepared.outputs,
        shapes=prepared.shapes,
        inputs=wanted.inputs,
        seed=wanted.seed,
        all_tensors=wanted.all_tensors,
        save_outputs=wanted.save_outputs,
        precision=precision,
        kept=keep,
        tolerance=Tolerance(wanted.max_rel, wanted.min_cosine),
    )


def _facts(result: VerifyResult) -> dict[str, object]:
    divergence = result.first_divergence
    return {
        "ok": result.ok,
        "outputs": [row.as_dict() for row in result.outputs],
        "tensors": [row.as_dict() for row in result.tensors],
        "first_divergence": None
        if divergence is None
        else {
            "node": divergence.node,
            "op": divergence.op,
            "layer": divergence.layer,
            **divergence.comparison.as_dict(),
        },
        "seconds": result.seconds,
        "peak_rss_bytes": result.peak_rss_bytes,
    }


def _print(result: VerifyResult, precision: str, limits: Tolerance) -> None:
    table = Table("", "output", "shape", "max abs", "max rel", "cosine", box=None, pad_edge=False)
    for row in result.outputs:
        numbers = [row.metrics.get(name) for name in ("max_abs", "max_rel", "cosine")]
        shown = ["" if number is None else f"{number:.3g}" for number in numbers[:2]]
        cosine = "" if numbers[2] is None else f"{numbers[2]:.7f}"
        table.add_row(row.verdict, row.name, str(list(row.shape)), *shown, cosine)
    stdout.print(table)
    for row in result.outputs:
        if row.problem:
            stdout.print(f"  {row.name}: {row.problem}", markup=False)
    if result.first_divergence is not None:
        first = result.first_divergence
        lost = not first.comparison.is_compared
        what = "TensorFlow's numbers end" if lost else "First difference"
        stdout.print(f"{what} at {first.node} ({first.op}).", markup=False)
    stdout.print(f"{_answer(result, precision, limits)} ({result.seconds:.1f} s).")


def _answer(result: VerifyResult, precision: str, limits: Tolerance) -> str:
    if result.ok and precision != "fp32":
        largest = max(row.metrics.get("max_rel", 0.0) for row in result.outputs)
        allowed = f"{limits.max_rel:g} are allowed"
        return f"In {precision} the relative difference is {largest:.2g} at most; {allowed}"
    if result.ok:
        return "The numbers did not change"
    if all(row.ok or not row.is_compared for row in result.outputs):
        return "Nothing is proven: TensorFlow itself computes no numbers from these inputs"
    return "The numbers differ"
