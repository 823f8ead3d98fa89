"""What the partition panel prepares for its workers, and what it says of their results."""

from __future__ import annotations

from pathlib import Path

from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.jobs.hybrid_spec import (
    BundleBuildResult,
    BundleVerifyResult,
    BundleVerifySpec,
    TfTrtResult,
    TfTrtSpec,
)
from surgeon_gui.settings import Settings
from surgeon_gui.targets.partition import Partition, PartitionOptions

Words = tuple[str, str, str]
"""A sentence, its role, and remarks."""


def verify_spec(
    graph: Graph, folder: Path, directory: Path, settings: Settings
) -> BundleVerifySpec:
    """Write the graph the bundle in `folder` came from, and return what to verify."""
    original = directory / "original.pb"
    save_graphdef(graph, original)
    return BundleVerifySpec(
        original,
        folder,
        seed=settings.verify_seed,
        max_rel=settings.verify_max_rel,
        min_cosine=settings.verify_cosine,
    )


def tftrt_spec(
    graph: Graph, result: Path, directory: Path, options: PartitionOptions, batch: int
) -> TfTrtSpec:
    """Write the graph TF-TRT is to convert, and return how."""
    source = directory / "graph.pb"
    save_graphdef(graph, source)
    outputs = tuple(dict.fromkeys(ref.node for ref in deduce_outputs(graph)))
    size = options.minimum_segment_size
    return TfTrtSpec(source, result.absolute(), outputs, size, batch, dynamic=options.dynamic)


def division_words(partition: Partition, *, dynamic: bool) -> Words:
    """Return what to say of a division; `dynamic`: engines for run-time shapes are allowed."""
    count = len(partition.segments)
    if not count:
        hint = "Where shapes are unknown, set them, or allow engines for shapes met at run time."
        if dynamic:
            hint = "The table says why each node stays in TensorFlow."
        return "Nothing of this graph makes a segment.", "caveat", hint
    words = (
        f"{partition.converted:,} of {partition.live:,} nodes ({partition.rate:.0%}) convert, in "
        f"{count} segment{'' if count == 1 else 's'}; the divided graph has {partition.left:,}."
    )
    whole = "One segment is the whole graph: Build makes a plain engine of it."
    return words, "strong", whole if partition.is_whole else ""


def result_words(result: BundleBuildResult | BundleVerifyResult | TfTrtResult) -> Words:
    """Return what to say of a result."""
    if isinstance(result, BundleBuildResult):
        return _built(result)
    if isinstance(result, BundleVerifyResult):
        return _verified(result)
    words = f"TF-TRT made {result.engines} engine nodes; the graph has {result.nodes} nodes now."
    return words, "strong" if result.engines else "caveat", str(result.path)


def _built(result: BundleBuildResult) -> Words:
    built = [item for item in result.segments if item.problem is None]
    size = sum(item.bytes for item in built) / 1e6
    words = f"{len(built)} of {len(result.segments)} engines are built, {size:.1f} MB"
    problems = [f"{item.name}: {item.problem}" for item in result.segments if item.problem]
    role = "strong" if result.ok else "caveat"
    return f"{words}, {result.seconds:.1f} s.", role, "\n".join(problems)


def _verified(result: BundleVerifyResult) -> Words:
    rows = [row for item in result.segments for row in item.outputs]
    worst = max((row.metrics.get("max_rel", 0.0) for row in rows), default=0.0)
    notes = [f"{item.name}: {item.fell_back}" for item in result.segments if item.fell_back]
    if result.idle:
        notes.append(f"{', '.join(result.idle)} did not run with these inputs.")
    if result.ok and not all(row.ok for row in result.outputs):
        notes.append(
            "Outputs differ although every segment agrees: what follows sorts or selects, and "
            "rounding decides between equals."
        )
    if result.ok:
        words = f"Every segment equals TensorFlow, at most {worst:.2g} relative"
        return f"{words}, {result.seconds:.1f} s.", "strong", "\n".join(notes)
    if result.proves_nothing:
        words = "Nothing is proven: TensorFlow itself computes no numbers from these inputs."
        return words, "caveat", "\n".join(notes)
    bad = [item.name for item in result.segments if item.verdict == "differs"]
    bad += [row.name for row in result.division if row.verdict == "differs"]
    return f"The numbers differ: {', '.join(bad)}.", "refuses", "\n".join(notes)
