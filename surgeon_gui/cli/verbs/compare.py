"""`surgeon compare`: any two ways to compute a network, tensor by tensor."""

from __future__ import annotations

from pathlib import Path

import click

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.feeding import feeding_options, given_shapes
from surgeon_gui.cli.options import (
    NpzPath,
    Surgery,
    json_option,
    prepare,
    surgery_options,
    tolerance_options,
)
from surgeon_gui.cli.progress import job_progress
from surgeon_gui.comparing import (
    HALF_NETWORKS,
    WAYS,
    graph_side,
    network_side,
    precision_of,
    tolerance_for,
)
from surgeon_gui.errors import UsageError
from surgeon_gui.jobs.comparison_page import (
    METRICS,
    check_ending,
    comparison_facts,
    figure,
    remarks,
    save_comparison,
    verdict,
)
from surgeon_gui.jobs.feeding import Feeding
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import CompareResult, CompareSpec, SideSpec
from surgeon_gui.jobs.store import job_directory
from surgeon_gui.network.precision import HALVES
from surgeon_gui.settings import load_settings

_READY = (".npz", ".network", ".onnx", ".engine", ".plan", ".trt")


@VERBS.register("compare")
@click.command("compare")
@click.argument("model", metavar="A[@WAY]")
@click.argument("reference", metavar="B[@WAY]")
@feeding_options
@click.option("--all-tensors", is_flag=True, help="Compare inner tensors as well.")
@click.option(
    "--keep",
    multiple=True,
    metavar="NAME",
    help="In half precision: a layer or node that stays in float32; repeat.",
)
@tolerance_options
@click.option(
    "--save",
    "saved",
    type=NpzPath(),
    metavar="Y.npz",
    help="Keep what A computed, to compare with later.",
)
@click.option(
    "--report",
    type=FILE,
    metavar="R.html|R.json",
    help="Write the comparison as a page or as JSON.",
)
@json_option
@surgery_options
def compare_verb(
    model: str,
    reference: str,
    feeding: Feeding,
    all_tensors: bool,
    keep: tuple[str, ...],
    max_rel: float | None,
    min_cosine: float | None,
    saved: Path | None,
    report: Path | None,
    as_json: bool,
    surgery: Surgery,
) -> int:
    """Compare two ways to compute a network: A against B.

    Each is a stored result (.npz), an engine (.engine, on the GPU), a network (.network or .onnx,
    in ONNX Runtime on the CPU), or a graph. A graph is computed as WAY says: tensorflow (the
    default), network (ONNX Runtime on the CPU), network-fp16 or network-bf16 (the same, rounded as
    a build in that precision rounds), or an engine built for this as fp32, fp16, bf16 or int8.
    Surgery (--rules, --script, --preprocess) is done before a graph becomes a network or an engine;
    TensorFlow runs the graph as it is in the file.

    Exit status 1: they differ.
    """
    if report is not None:
        check_ending(report)
    settings = load_settings().settings
    with job_directory("compare") as folder:
        value = _side(model, surgery, folder / "a", keep)
        other = _side(reference, surgery, folder / "b", keep)
        precisions = (value.precision, other.precision)
        if keep and not any(name in HALVES for name in precisions):
            ways = ", ".join(way for way in WAYS if precision_of(way) in HALVES)
            raise UsageError(f"It goes with {ways} only.", where="--keep")
        limits = tolerance_for(settings, *precisions, max_rel=max_rel, min_cosine=min_cosine)
        spec = CompareSpec(
            value,
            other,
            inputs=feeding.inputs,
            images=feeding.images,
            seed=feeding.seed,
            distribution=feeding.distribution,
            shapes=given_shapes(surgery.shapes),
            all_tensors=all_tensors,
            max_rel=limits.max_rel,
            min_cosine=limits.min_cosine,
            save_value=None if saved is None else saved.absolute(),
            plugins=tuple(map(Path, settings.plugins)),
        )
        with job_progress() as on_event:
            result = run_job(spec, on_event, directory=folder)
    if report is not None:
        save_comparison(report, result, Path(model.partition("@")[0]).name)
    if as_json:
        print_json({"model": model, **comparison_facts(result)})
    else:
        _print(result)
    return 0 if result.ok else 1


def _side(text: str, surgery: Surgery, file: Path, keep: tuple[str, ...]) -> SideSpec:
    name, at, way = text.rpartition("@")
    if not at or way not in WAYS:
        if at and Path(name).exists() and not Path(text).exists():
            ways = ", ".join(WAYS)
            raise UsageError(
                f"There is no way {way!r} to compute a graph.",
                where=text,
                hint=f"Choose one of: {ways}.",
            )
        name, way = text, ""
    path = Path(name)
    if path.suffix.lower() == ".network" and way in HALF_NETWORKS:
        return network_side(path.absolute(), way, title=path.name, kept=keep)
    if path.suffix.lower() in _READY:
        if way in ("", "network") or (way and path.suffix.lower() == ".network"):
            built = way not in ("", "network", "tensorflow")
            if way == "tensorflow":
                raise UsageError("TensorFlow runs graphs, not networks.", where=text)
            return SideSpec(path.absolute(), way if built else "", engine=built)
        raise UsageError(
            f"A {path.suffix} file cannot be computed as {way}.",
            where=text,
            hint="Name the graph, or a .network file.",
        )
    prepared = prepare(path, surgery)
    graph = prepared.original if way in ("", "tensorflow") else prepared.graph
    return graph_side(
        graph,
        way or "tensorflow",
        file,
        title=path.name,
        outputs=prepared.outputs if way not in ("", "tensorflow") else None,
        shapes=prepared.shapes,
        kept=keep,
    )


def _print(result: CompareResult) -> None:
    rows = (*result.tensors, *result.outputs)
    shown = [name for name in METRICS if any(name in row.metrics for row in rows)]
    heads = [name.removesuffix("_agreement").replace("_", " ") for name in shown]
    lines = [["", *heads, "shape", "tensor"]]
    for row in rows:
        figures = [figure(name, row.metrics.get(name)) for name in shown]
        lines.append(["equal" if row.ok else "differs", *figures, str(list(row.shape)), row.name])
    # No table of rich's: names must not be cut, they are copied.
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        stdout.print("  ".join(cells).rstrip(), markup=False)
    for row in result.outputs:
        if row.problem:
            stdout.print(f"  {row.name}: {row.problem}", markup=False)
    for words in remarks(result):
        stdout.print(f"  {words}", markup=False)
    for time in result.times:
        stdout.print(f"  {time.title}: {time.ms:.3f} ms a run", markup=False)
    stdout.print(verdict(result), style="bold", markup=False)
