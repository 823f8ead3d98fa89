"""What a report on a graph says for a target, as JSON's own types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from surgeon_gui import __version__
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import deduce_inputs, deduce_outputs
from surgeon_gui.graph.shapes import Types, infer_types
from surgeon_gui.graph.values import DType, TensorType
from surgeon_gui.targets.again import inspect_again
from surgeon_gui.targets.autofix import Fix, find_fix
from surgeon_gui.targets.base import SupportReport, as_json
from surgeon_gui.targets.groups import Group, group_ignored, group_problems, group_remaining


def report_facts(
    model: str,
    graph: Graph,
    report: SupportReport,
    types: Types,
    *,
    outputs: Sequence[TensorRef],
    fix: Fix | None = None,
    changes: Iterable[Mapping[str, Any]] = (),
    attached: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return everything a report says, as JSON's own types.

    Args:
        model: the file's name.
        graph: the graph judged.
        report: the target's verdicts.
        types: what is known of the tensors.
        outputs: the outputs asked for.
        fix: what Auto-fix would do, where it was asked.
        changes: what was done to the graph before: `{rule or edit, nodes}`.
        attached: what other verbs printed with `--json`: a verification, a build, a run.
    """
    return {
        "program": f"Graph Surgeon {__version__}",
        "model": model,
        "nodes": len(graph),
        "inputs": [
            _tensor(node.name, types.type(TensorRef(node.name))) for node in deduce_inputs(graph)
        ],
        "outputs": [_tensor(str(ref), types.type(ref)) for ref in outputs],
        "ops": dict(Counter(node.op for node in graph).most_common()),
        "title": report.target.title,
        "about": report.target.summary,
        "page": dict(report.target.page.lines),
        "summary": report.summary,
        **as_json(report),
        "causes": [_group(group) for group in group_problems(report)],
        "ignored_causes": [_group(group) for group in group_ignored(report)],
        "fix": None if fix is None else fix_facts(fix),
        "changes": [dict(change) for change in changes],
        "attached": [dict(item) for item in attached],
    }


def model_facts(graph: Graph, model: str, target_id: str) -> dict[str, Any]:
    """Return a report's facts on a graph as it is, with what Auto-fix would do.

    Args:
        graph: the graph.
        model: the file's name.
        target_id: the target asked.
    """
    report = inspect_again(graph, target_id)
    return report_facts(
        model,
        graph,
        report,
        infer_types(graph),
        outputs=deduce_outputs(graph),
        fix=None if report.supported else find_fix(graph, target_id),
    )


def _tensor(name: str, tensor: TensorType) -> dict[str, Any]:
    dims = tensor.shape.dims
    return {
        "name": name,
        "dtype": "unknown" if tensor.dtype is DType.INVALID else tensor.dtype.text,
        "shape": None if dims is None else list(dims),
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "status": group.status,
        "severity": group.severity,
        "reason": group.reason,
        "remedy": group.remedy,
        "rule": group.rule,
        "source": group.source,
        "confidence": group.confidence,
        "ops": dict(group.ops),
        "nodes": list(group.nodes),
    }


def fix_facts(fix: Fix) -> dict[str, Any]:
    """Return what a fix does and what it leaves, for JSON."""
    return {
        "words": fix.words,
        "exact": fix.is_exact,
        "before": fix.before,
        "after": fix.after,
        "steps": [
            {
                "rule": step.rule,
                "summary": step.summary,
                "changes": step.changes,
                "exact": step.exact,
                "left": step.left,
            }
            for step in fix.steps
        ],
        "left": [
            {"words": group.words, "reason": group.reason, "remedy": group.remedy}
            for group in group_remaining(fix)
        ],
        "remaining": [problem.as_dict() for problem in fix.remaining],
    }
