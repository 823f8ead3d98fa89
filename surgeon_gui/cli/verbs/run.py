"""`surgeon run`: test-run an engine on the GPU."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.feeding import feeding_options, given_shapes
from surgeon_gui.cli.options import NpzPath, json_option
from surgeon_gui.cli.progress import job_progress
from surgeon_gui.jobs.feeding import Feeding
from surgeon_gui.jobs.message import flavour_title
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import RunResult, RunSpec
from surgeon_gui.jobs.store import job_directory
from surgeon_gui.settings import load_settings

_SHOWN_LAYERS = 20


@VERBS.register("run")
@click.command("run")
@click.argument("engine", type=FILE, metavar="X.engine")
@feeding_options
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="NAME=1x224x224x3",
    help="Shape of a dynamic input; default: the inputs', else the profile's optimum.",
)
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    help="Batch of inputs that leave it open; default: the profile's optimum.",
)
@click.option(
    "--reference",
    type=FILE,
    metavar="MODEL",
    help="Compare with a graph in TensorFlow, a .network or .onnx file, or stored outputs (.npz).",
)
@click.option("--iterations", default=100, show_default=True, help="Timed runs.")
@click.option("--warmup", default=10, show_default=True, help="Runs before the timed ones.")
@click.option("--streams", default=1, show_default=True, help="Runs under way at once.")
@click.option("--cuda-graph", is_flag=True, help="Launch each run as one CUDA graph.")
@click.option("--layers", is_flag=True, help="Measure each layer too.")
@click.option("--profile", default=0, show_default=True, help="Optimization profile to use.")
@click.option("--device", default=0, show_default=True, help="GPU to run on, as CUDA counts.")
@click.option(
    "--save-outputs",
    type=NpzPath(),
    metavar="Y.npz",
    help="Keep the outputs of the last run.",
)
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=FILE,
    metavar="LIB.so",
    help="A plugin library the engine needs (it is code: load only what you trust).",
)
@json_option
def run_verb(
    engine: Path,
    feeding: Feeding,
    shapes: tuple[str, ...],
    batch: int | None,
    reference: Path | None,
    iterations: int,
    warmup: int,
    streams: int,
    cuda_graph: bool,
    layers: bool,
    profile: int,
    device: int,
    save_outputs: Path | None,
    plugins: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Run an engine on this machine's GPU: its outputs, its times, and whether they are right.

    A .network or .onnx file runs in ONNX Runtime instead, a .pb in TensorFlow, both on the CPU.

    Exit status 1: the outputs differ from the reference.
    """
    settings = load_settings().settings
    spec = RunSpec(
        engine=engine.absolute(),
        inputs=feeding.inputs,
        images=feeding.images,
        seed=feeding.seed,
        distribution=feeding.distribution,
        shapes=given_shapes(shapes),
        batch=batch,
        profile=profile,
        device=device,
        warmup=warmup,
        iterations=iterations,
        streams=streams,
        cuda_graph=cuda_graph,
        layers=layers,
        save_outputs=None if save_outputs is None else save_outputs.absolute(),
        reference=None if reference is None else reference.absolute(),
        max_rel=settings.verify_max_rel,
        min_cosine=settings.verify_cosine,
        plugins=tuple(path.absolute() for path in plugins),
    )
    with job_directory("run") as folder, job_progress() as on_event:
        result = run_job(spec, on_event, directory=folder)
    if as_json:
        print_json(facts_of(engine, result))
    else:
        _print(result)
    return 0 if result.ok else 1


def facts_of(engine: Path, result: RunResult) -> dict[str, object]:
    """Return what `--json` prints of a run."""
    facts = result.to_json()
    for name in ("kind", "latencies_ms", "comparison"):
        facts.pop(name)
    rows = result.comparison
    comparison = None
    if rows is not None:
        comparison = {
            "ok": result.ok,
            "with": facts.pop("compared_with"),
            "rows": [row.as_dict() for row in rows],
        }
    facts.pop("compared_with", None)
    return {"model": str(engine), **facts, "comparison": comparison}


def _print(result: RunResult) -> None:
    times = result.latency_ms
    where = result.device
    if result.flavour:
        where += f" ({result.capability}), {flavour_title(result.flavour)} {result.tensorrt}"
    stdout.print(where, style="bold", markup=False)
    stdout.print(
        f"  {times.median:.3f} ms median, {times.min:.3f} least, {times.p95:.3f} p95, "
        f"{times.p99:.3f} p99, {times.max:.3f} most"
    )
    words = f"  {result.throughput:.1f} runs a second"
    if result.flavour:
        words += (
            f", {result.gpu_memory_bytes / 2**20:.1f} MiB of GPU memory, "
            f"copies {result.to_device_ms:.3f} ms to and {result.to_host_ms:.3f} ms back"
        )
    stdout.print(words)
    for tensor in (*result.inputs, *result.outputs):
        kind = "input" if tensor in result.inputs else "output"
        stdout.print(f"  {kind:7}{tensor.name}  {tensor.dtype} {list(tensor.shape)}", markup=False)
    for bad in result.non_finite:
        stdout.print(
            f"  {bad.name} holds {bad.nans} NaN and {bad.infinities} infinities "
            f"among {bad.size} values.",
            style="red",
            markup=False,
        )
    if result.layers:
        table = Table("ms", "share", "layer", box=None, pad_edge=False)
        slowest = sorted(result.layers, key=lambda layer: layer.ms, reverse=True)
        for layer in slowest[:_SHOWN_LAYERS]:
            table.add_row(f"{layer.ms:.4f}", f"{layer.share:.1%}", layer.name)
        stdout.print(table)
    if result.reference_ms is not None:
        faster = result.reference_ms / times.median if times.median else 0.0
        stdout.print(
            f"  {result.compared_with}: {result.reference_ms:.3f} ms, {faster:.1f} times as long",
            markup=False,
        )
    for row in result.comparison or ():
        verdict = "equal" if row.ok else f"differs: {row.problem}"
        stdout.print(f"  {row.name}: {verdict}", markup=False)
    for warning in result.warnings:
        stdout.print(f"  {warning}", markup=False)
