"""How a graph's division into segments is told: for people and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from surgeon_gui.cli.app import stdout
from surgeon_gui.graph.values import Shape
from surgeon_gui.hybrid.plan import HybridPlan
from surgeon_gui.jobs.hybrid_spec import BundleBuildResult, BundleVerifyResult
from surgeon_gui.targets.partition import BORDER

_SHOWN = 8


def result_facts(result: BundleBuildResult | BundleVerifyResult) -> dict[str, Any]:
    """Return what a job on a bundle found, for `--json`."""
    facts = result.to_json()
    facts.pop("kind")
    return {"ok": result.ok, **facts}


def division_facts(model: Path, plan: HybridPlan) -> dict[str, Any]:
    """Return a division of a graph, for `--json`."""
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
        "nodes_after": partition.left,
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


def open_inputs(plan: HybridPlan) -> dict[str, str]:
    """Return the inputs whose size is unknown beyond the batch → a shape to give them."""
    found = {}
    for name, reason in plan.partition.remaining.items():
        node = plan.partition.graph[name]
        if not node.op.startswith("Placeholder") or reason == BORDER:
            continue
        shape = node.attrs.get("shape")
        dims = shape.dims if isinstance(shape, Shape) else None
        sizes = [1 if axis == 0 else 224 for axis in range(len(dims or ()))]
        known = zip(dims or (), sizes, strict=True)
        found[name] = "x".join(str(dim if dim >= 0 else size) for dim, size in known) or "scalar"
    return found


def print_division(
    facts: dict[str, Any],
    plan: HybridPlan,
    built: BundleBuildResult | None,
    verified: BundleVerifyResult | None,
) -> None:
    """Print a division, and its build and its proof where there are any."""
    partition = plan.partition
    count = len(partition.segments)
    stdout.print(
        f"{facts['model']}: {partition.converted} of {partition.live} nodes "
        f"({partition.rate:.0%}) in {count} segment{'' if count == 1 else 's'} for "
        f"{partition.target}; the divided graph has {partition.left}",
        style="bold",
        markup=False,
    )
    _print_segments(plan)
    reasons: dict[str, list[str]] = {}
    for name, reason in partition.remaining.items():
        reasons.setdefault(reason, []).append(name)
    for pattern in facts["idle_patterns"]:
        stdout.print(f"  No node is called {pattern}.", style="yellow", markup=False)
    for name, shape in facts["open_inputs"].items():
        stdout.print(
            f"  The size of {name} is not known: give it, as with --shape {name}={shape}, or let "
            "segments take any with --dynamic.",
            style="yellow",
            markup=False,
        )
    staying = len(partition.remaining)
    stdout.print(
        f"  {staying} node{' stays' if staying == 1 else 's stay'} in TensorFlow:", markup=False
    )
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
        known = [row.metrics.get("max_rel", 0.0) for row in segment.outputs if row.is_compared]
        worst = f", at most {max(known):.2g} relative" if known else ""
        stdout.print(
            f"  {segment.name}: {segment.verdict}{worst} ({segment.backend})", markup=False
        )
        if segment.fell_back:
            stdout.print(f"    {segment.fell_back}", style="yellow", markup=False)
    for name in verified.idle:
        stdout.print(f"  {name}: did not run with these inputs", style="yellow", markup=False)
    changed = [row.name for row in verified.division if row.verdict == "differs"]
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
    if verified.proves_nothing:
        answer = "Nothing is proven: TensorFlow itself computes no numbers from these inputs"
    stdout.print(f"  {answer} ({verified.seconds:.1f} s).")
