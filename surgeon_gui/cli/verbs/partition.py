"""`surgeon partition`: TensorRT segments with TensorFlow around them."""

from __future__ import annotations

from pathlib import Path

import click

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.divisions import division_facts, open_inputs, print_division, result_facts
from surgeon_gui.cli.options import Prepared, Surgery, json_option, prepare, surgery_options
from surgeon_gui.cli.plain_engine import build_plain_engine
from surgeon_gui.cli.progress import job_progress
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.open import save_graph
from surgeon_gui.hybrid.bundle import write_bundle
from surgeon_gui.hybrid.plan import plan_hybrid
from surgeon_gui.jobs.hybrid_spec import (
    BundleBuildResult,
    BundleBuildSpec,
    BundleVerifyResult,
    BundleVerifySpec,
    TfTrtResult,
    TfTrtSpec,
)
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import PRECISIONS, gpu_names
from surgeon_gui.jobs.store import job_directory
from surgeon_gui.settings import load_settings
from surgeon_gui.targets.partition import PartitionOptions
from surgeon_gui.targets.segments import hybrid_graph


@VERBS.register("partition")
@click.command("partition")
@click.argument("model", type=FILE, metavar="MODEL")
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
    type=FILE,
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
    type=FILE,
    metavar="X.engine",
    help="Where one segment is all but the graph's borders: build it as a plain engine.",
)
@click.option(
    "--tf-trt",
    "wants_tftrt",
    is_flag=True,
    help="Let TensorFlow's own TF-TRT convert it, where the TensorFlow here has it; -o is a .pb.",
)
@click.option("--inputs", type=FILE, metavar="X.npz", help="Arrays to verify with.")
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
    facts = division_facts(model, plan)
    facts["idle_patterns"] = list(options.idle_patterns(node.name for node in prepared.graph))
    facts["open_inputs"] = {} if dynamic else open_inputs(plan)
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
        gpus = gpu_names(gpu)
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
        facts["build"] = result_facts(built)
        ok = ok and built.ok
    if engine_path is not None:
        plain = build_plain_engine(plan, engine_path, gpu, precision)
        facts["engine"] = str(plain.path)
    if folder is not None and wants_verify:
        verified = _verify(prepared, folder, inputs, seed)
        facts["verify"] = result_facts(verified)
        ok = ok and verified.ok
    if as_json:
        print_json(facts)
    else:
        print_division(facts, plan, built, verified)
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
