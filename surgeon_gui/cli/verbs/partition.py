"""`surgeon partition`: TensorRT segments with TensorFlow around them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from surgeon_gui.cli.app import VERBS, print_json, stdout
from surgeon_gui.cli.options import Prepared, Surgery, json_option, prepare, surgery_options
from surgeon_gui.cli.plain_engine import build_plain_engine
from surgeon_gui.cli.progress import job_progress
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.open import save_graph
from surgeon_gui.hybrid.bundle import write_bundle
from surgeon_gui.hybrid.plan import HybridPlan, plan_hybrid
from surgeon_gui.jobs.hybrid_spec import (
    BundleBuildResult,
    BundleBuildSpec,
    BundleVerifyResult,
    BundleVerifySpec,
    TfTrtResult,
    TfTrtSpec,
)
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import PRECISIONS
from surgeon_gui.jobs.store import job_directory
from surgeon_gui.settings import load_settings
from surgeon_gui.targets.partition import PartitionOptions
from surgeon_gui.targets.segments import hybrid_graph

_SHOWN = 8


@VERBS.register("partition")
@click.command("partition")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.option(
    "--target", default="direct", show_default=True, help="Whose verdicts divide the graph."
)
@click.option(
    "--minimum-segment-size",
    type=int,
    default=3,
    show_default=True,
    help="Nodes below which a segment stays in TensorFlow; constants and identities do not count.",
)
@click.option(
    "--deny", multiple=True, metavar="GLOB", help="Nodes that stay in TensorFlow; repeat for more."
)
@click.option(
    "--allow", multiple=True, metavar="GLOB", help="Convert only these nodes; repeat for more."
)
@click.option(
    "--dynamic",
    is_flag=True,
    help="Segments may have inputs of unknown shape; they are built when the shape is met.",
)
@click.option(
    "--max-batch-size",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="The largest batch of segments whose batch is open.",
)
@click.option(
    "--maximum-cached-engines",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="For how many input shapes a segment is kept ready while it runs.",
)
@click.option(
    "-o",
    "target_path",
    type=click.Path(path_type=Path),
    metavar="FOLDER|OUT.pb",
    help="Write a hybrid bundle into this folder, or only the graph with its TRTEngineOp nodes.",
)
@click.option("--build", "wants_build", is_flag=True, help="Build the segments' engines.")
@click.option("--gpu", default="", metavar="sm86,sm89|current", help="As in build.")
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="fp32",
    show_default=True,
    help="As there; int8 needs --data or --random.",
)
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="X.npz|FOLDER|SAMPLES.py",
    help="With int8: samples of whole runs, as in quantize; each segment is calibrated with what "
    "reaches it.",
)
@click.option(
    "--random", type=click.IntRange(min=0), default=0, help="With int8: draw so many samples."
)
@click.option(
    "--verify",
    "wants_verify",
    is_flag=True,
    help="Compare the bundle on the CPU with TensorFlow on the whole graph.",
)
@click.option(
    "--engine",
    "engine_path",
    type=click.Path(path_type=Path),
    metavar="X.engine",
    help="Where one segment is all but the graph's borders: build it as a plain engine.",
)
@click.option(
    "--tf-trt",
    "wants_tftrt",
    is_flag=True,
    help="Let TensorFlow's own TF-TRT convert it, where the TensorFlow here has it; -o is a .pb.",
)
@click.option(
    "--inputs", type=click.Path(path_type=Path), metavar="X.npz", help="Arrays to verify with."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of random inputs."
)
@json_option
@surgery_options
def partition_verb(
    model: Path,
    target: str,
    minimum_segment_size: int,
    deny: tuple[str, ...],
    allow: tuple[str, ...],
    dynamic: bool,
    max_batch_size: int,
    maximum_cached_engines: int,
    target_path: Path | None,
    wants_build: bool,
    gpu: str,
    precision: str,
    data: tuple[Path, ...],
    random: int,
    wants_verify: bool,
    engine_path: Path | None,
    wants_tftrt: bool,
    inputs: Path | None,
    seed: int,
    as_json: bool,
    surgery: Surgery,
) -> int:
    """Divide a graph into TensorRT segments and a rest that stays in TensorFlow.

    With -o FOLDER the result is a bundle: the graph, and for every segment its nodes, its network
    and (with --build) its engine.

    Exit status 1: nothing converts, a segment was not built, or the numbers differ.
    """
    folder = None if target_path is None or target_path.suffix in _GRAPHS else target_path
    if (wants_build or wants_verify) and folder is None:
        option = "--build" if wants_build else "--verify"
        raise UsageError(
            "Building and verifying need a bundle.", where=option, hint="Give a folder with -o."
        )
    options = PartitionOptions(minimum_segment_size, deny, allow, dynamic)
    prepared = prepare(model, surgery)
    if wants_tftrt:
        made = _tftrt(prepared, target_path, options, max_batch_size, precision)
        facts = {"model": str(model), "path": str(made.path), "engines": made.engines}
        if as_json:
            print_json({**facts, "nodes": made.nodes})
        else:
            stdout.print(f"{made.path}: {made.nodes} nodes, {made.engines} of them engines")
        return 0 if made.engines else 1
    plan = plan_hybrid(
        prepared.graph,
        target,
        options,
        outputs=prepared.outputs,
        shapes=prepared.shapes,
        max_batch_size=max_batch_size,
    )
    facts = _facts(model, plan)
    ok = bool(plan.partition.segments)
    built: BundleBuildResult | None = None
    verified: BundleVerifyResult | None = None
    if folder is not None:
        write_bundle(
            plan,
            folder,
            model=str(model),
            maximum_cached_engines=maximum_cached_engines,
            max_batch_size=max_batch_size,
        )
        facts["path"] = str(folder)
    elif target_path is not None:
        save_graph(hybrid_graph(plan.partition, plan.kinds, plan.outputs, {}), target_path)
        facts["path"] = str(target_path)
    if folder is not None and wants_build:
        gpus = tuple(name for name in gpu.split(",") if name)
        plugins = tuple(map(Path, load_settings().settings.plugins))
        with job_progress() as on_event:
            build = BundleBuildSpec(
                folder.absolute(),
                gpus,
                precision,
                data=tuple(path.absolute() for path in data),
                random=random,
                seed=seed,
                plugins=plugins,
            )
            built = run_job(build, on_event)
        facts["build"] = _plain(built)
        ok = ok and built.ok
    if engine_path is not None:
        plain = build_plain_engine(plan, engine_path, gpu, precision)
        facts["engine"] = str(plain.path)
    if folder is not None and wants_verify:
        verified = _verify(prepared, folder, inputs, seed)
        facts["verify"] = _plain(verified)
        ok = ok and verified.ok
    if as_json:
        print_json(facts)
    else:
        _print(facts, plan, built, verified)
    return 0 if ok else 1


_GRAPHS = (".pb", ".pbtxt")


def _verify(prepared: Prepared, folder: Path, inputs: Path | None, seed: int) -> BundleVerifyResult:
    with job_directory("bundle-verify") as work:
        original = work / "original.pb"
        save_graphdef(prepared.graph, original)
        spec = BundleVerifySpec(
            original,
            folder.absolute(),
            inputs=None if inputs is None else inputs.absolute(),
            seed=seed,
            shapes={name: shape.dims or () for name, shape in prepared.shapes.items()},
        )
        with job_progress() as on_event:
            return run_job(spec, on_event, directory=work)


def _tftrt(
    prepared: Prepared,
    path: Path | None,
    options: PartitionOptions,
    max_batch_size: int,
    precision: str,
) -> TfTrtResult:
    if path is None or path.suffix != ".pb":
        raise UsageError("TF-TRT's graph is written as a .pb.", where="-o", hint="Give -o OUT.pb.")
    with job_directory("tf-trt") as work:
        graph = work / "graph.pb"
        save_graphdef(prepared.graph, graph)
        spec = TfTrtSpec(
            graph,
            path.absolute(),
            tuple(dict.fromkeys(ref.node for ref in prepared.outputs)),
            options.minimum_segment_size,
            max_batch_size,
            precision,
            options.dynamic,
        )
        with job_progress() as on_event:
            return run_job(spec, on_event, directory=work)


def _plain(result: BundleBuildResult | BundleVerifyResult) -> dict[str, Any]:
    facts = result.to_json()
    facts.pop("kind")
    return {"ok": result.ok, **facts}


def _facts(model: Path, plan: HybridPlan) -> dict[str, Any]:
    partition = plan.partition
    return {
        "model": str(model),
        "target": partition.target,
        "segments": [
            {
                "name": segment.name,
                "nodes": list(segment.nodes),
                "size": segment.size,
                "inputs": list(map(str, segment.inputs)),
                "outputs": list(map(str, segment.outputs)),
                "layers": len(plan.networks[segment.name].layers)
                if segment.name in plan.networks
                else None,
            }
            for segment in partition.segments
        ],
        "converted_nodes": partition.converted,
        "total_nodes": partition.live,
        "remaining": partition.remaining_ops,
        "reasons": dict(partition.remaining),
        "whole": partition.is_whole,
        "suggestions": [
            {
                "nodes": list(item.nodes),
                "op": item.op,
                "reason": item.reason,
                "rule": item.rule,
                "segments": item.segments,
                "converted_nodes": item.converted,
            }
            for item in plan.suggestions
        ],
    }


def _print(
    facts: dict[str, Any],
    plan: HybridPlan,
    built: BundleBuildResult | None,
    verified: BundleVerifyResult | None,
) -> None:
    partition = plan.partition
    count = len(partition.segments)
    stdout.print(
        f"{facts['model']}: {partition.converted} of {partition.live} nodes "
        f"({partition.rate:.0%}) in {count} segment{'' if count == 1 else 's'} for "
        f"{partition.target}",
        style="bold",
        markup=False,
    )
    _print_segments(plan)
    reasons: dict[str, list[str]] = {}
    for name, reason in partition.remaining.items():
        reasons.setdefault(reason, []).append(name)
    stdout.print(f"  {len(partition.remaining)} nodes stay in TensorFlow:", markup=False)
    for reason, names in sorted(reasons.items(), key=lambda item: -len(item[1]))[:_SHOWN]:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        stdout.print(f"    {len(names):4}  {reason}", markup=False)
        stdout.print(f"          {', '.join(names[:3])}{more}", style="dim", markup=False)
    if len(reasons) > _SHOWN:
        stdout.print(f"    and {len(reasons) - _SHOWN} more reasons (--json lists all)")
    for item in plan.suggestions[:_SHOWN]:
        cure = f" (rule {item.rule})" if item.rule else ""
        nodes = f"{len(item.nodes)} {item.op} nodes" if len(item.nodes) > 1 else item.nodes[0]
        stdout.print(
            f"  Cure {nodes}{cure}: {item.segments} segment{'' if item.segments == 1 else 's'}, "
            f"{item.converted} nodes converted.",
            style="blue",
            markup=False,
        )
    if partition.is_whole:
        stdout.print("  One segment is the whole graph: surgeon build makes a plain engine of it.")
    if built is not None:
        _print_built(built)
    if verified is not None:
        _print_verified(verified)
    if "engine" in facts:
        left = ", ".join(partition.remaining) or "nothing"
        stdout.print(f"  Built {facts['engine']}; it leaves out {left}.", markup=False)
    if "path" in facts:
        stdout.print(f"  Wrote {facts['path']}", markup=False)


def _print_segments(plan: HybridPlan) -> None:
    if not plan.partition.segments:
        return
    table = Table("  segment", "nodes", "layers", "reads", "makes", box=None, pad_edge=False)
    for segment in plan.partition.segments[:_SHOWN]:
        network = plan.networks.get(segment.name)
        table.add_row(
            f"  {segment.name}",
            str(segment.size),
            "at run time" if network is None else str(len(network.layers)),
            ", ".join(map(str, segment.inputs[:3])) + (" …" if len(segment.inputs) > 3 else ""),
            ", ".join(map(str, segment.outputs[:3])) + (" …" if len(segment.outputs) > 3 else ""),
        )
    stdout.print(table)
    if len(plan.partition.segments) > _SHOWN:
        stdout.print(f"  and {len(plan.partition.segments) - _SHOWN} more segments")


def _print_built(built: BundleBuildResult) -> None:
    for item in built.segments:
        if item.problem is not None:
            text = f"not built. {item.problem}"
        elif item.reused:
            text = f"{item.bytes / 1e6:.2f} MB, as built before"
        else:
            text = f"{item.bytes / 1e6:.2f} MB, {item.layers} layers, {item.seconds:.1f} s"
        stdout.print(f"  {item.name}: {text}", markup=False)


def _print_verified(verified: BundleVerifyResult) -> None:
    for segment in verified.segments:
        worst = max((row.metrics.get("max_rel", 0.0) for row in segment.outputs), default=0.0)
        verdict = "equal" if segment.ok else "differs"
        stdout.print(
            f"  {segment.name}: {verdict}, at most {worst:.2g} relative ({segment.backend})",
            markup=False,
        )
        if segment.fell_back:
            stdout.print(f"    {segment.fell_back}", style="yellow", markup=False)
    for name in verified.idle:
        stdout.print(f"  {name}: did not run with these inputs", style="yellow", markup=False)
    changed = [row.name for row in verified.division if not row.ok]
    if changed:
        stdout.print(f"  Dividing the graph changed {', '.join(changed)}.", style="red")
    differing = [row.name for row in verified.outputs if not row.ok]
    if differing and verified.ok:
        stdout.print(
            f"  {', '.join(differing)}: differs although every segment agrees. What follows sorts "
            "or selects, and rounding decides between equals.",
            style="yellow",
            markup=False,
        )
    answer = "The numbers did not change" if verified.ok else "The numbers differ"
    stdout.print(f"  {answer} ({verified.seconds:.1f} s).")
