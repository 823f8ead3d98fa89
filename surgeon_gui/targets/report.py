"""The report on a graph for a target: JSON for machines, one HTML page for a ticket."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from surgeon_gui import __version__
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import deduce_inputs, deduce_outputs
from surgeon_gui.graph.shapes import Types, infer_types
from surgeon_gui.graph.values import TensorType
from surgeon_gui.targets.again import inspect_again
from surgeon_gui.targets.autofix import Fix, find_fix
from surgeon_gui.targets.base import Status, SupportReport, as_json
from surgeon_gui.targets.groups import Group, group_ignored, group_problems, group_remaining

_SHOWN = 12


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
        "fix": None if fix is None else _fix(fix),
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
    return {"name": name, "dtype": tensor.dtype.text, "shape": None if dims is None else list(dims)}


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


def _fix(fix: Fix) -> dict[str, Any]:
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


_WORDS = {
    Status.TAKES.value: "taken",
    Status.CAVEAT.value: "taken with a caveat",
    Status.CURED.value: "taken after a rule",
    Status.UNKNOWN.value: "not known",
    Status.REFUSES.value: "refused",
    Status.VANISHES.value: "vanish",
}
_MARKS = {"refuses": "✕", "cured": "⚒", "unknown": "?", "caveat": "⚠"}

_STYLE = """
:root{--bg:#fff;--fg:#1d2329;--dim:#66707a;--line:#dfe4e9;--card:#f6f8fa;--refuses:#c62f2f;
--cured:#2467c9;--caveat:#a86400;--unknown:#66707a;--takes:#2c8a4b}
@media(prefers-color-scheme:dark){:root{--bg:#191c20;--fg:#e4e8ec;--dim:#98a2ac;--line:#363c43;
--card:#22262b;--refuses:#ff7a72;--cured:#74a9ff;--caveat:#e8a94a;--unknown:#98a2ac;
--takes:#62c583}}
body{margin:0 auto;max-width:960px;padding:24px;background:var(--bg);color:var(--fg);
font:14px/1.45 system-ui,sans-serif}
h1{font-size:22px;margin:0}h2{font-size:16px;margin:28px 0 8px}p{margin:4px 0}
.dim{color:var(--dim)}code{font:12px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}td,th{padding:4px 8px 4px 0;text-align:left;
vertical-align:top;border-bottom:1px solid var(--line)}th{font-weight:600;width:1%;
white-space:nowrap}
.cause{border:1px solid var(--line);border-left-width:4px;border-radius:4px;background:var(--card);
padding:8px 12px;margin:8px 0}
.refuses{border-left-color:var(--refuses)}.cured{border-left-color:var(--cured)}
.caveat{border-left-color:var(--caveat)}.unknown{border-left-color:var(--unknown)}
.mark{display:inline-block;width:1.4em;font-weight:700}
.bar{display:flex;height:10px;border-radius:5px;overflow:hidden;background:var(--line);
margin:10px 0}.bar i{display:block}
figure{margin:8px 0;border:1px solid var(--line);border-radius:4px;background:#fff;overflow:auto;
max-height:720px}figure svg{display:block;max-width:100%;height:auto;margin:auto}
"""


def report_html(facts: Mapping[str, Any], picture: str = "") -> str:
    """Return the page: no script, no link to anything outside it.

    Args:
        facts: as `report_facts` returns them.
        picture: the graph as SVG, or nothing.
    """
    name = str(facts["model"]).replace("\\", "/").rpartition("/")[2]
    parts = [
        f"<h1>{_text(name)}</h1>",
        f"<p class=dim>{_text(facts['title'])} · {facts['nodes']} nodes</p>",
        _bar(facts["counts"]),
        f"<p><b>{_text(facts['summary'])}</b></p>",
        _ends(facts),
        _causes(facts["causes"]),
        _section("Ignored", "".join(map(_cause, facts["ignored_causes"]))),
        _plan(facts["fix"]),
        _changes(facts["changes"]),
        *(_attached(item) for item in facts["attached"]),
        _section("The graph", f"<figure>{_inline(picture)}</figure>") if picture else "",
        _section("The target", f"<p>{_text(facts['about'])}</p>{_rows(facts['page'].items())}"),
        _section("Operations", f"<p>{_ops(facts['ops'])}</p>"),
        f"<p class=dim>{_text(facts['program'])}</p>",
    ]
    title = f"{name}: {facts['title']}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def _text(value: object) -> str:
    return html.escape(str(value))


def _inline(picture: str) -> str:
    """Return an SVG without its file header, to stand inside a page."""
    start = picture.find("<svg")
    return picture[start:] if start >= 0 else ""


def _section(title: str, body: str) -> str:
    return f"<h2>{_text(title)}</h2>{body}" if body else ""


def _rows(items: Iterable[tuple[str, object]]) -> str:
    rows = "".join(f"<tr><th>{_text(key)}</th><td>{_text(value)}</td></tr>" for key, value in items)
    return f"<table>{rows}</table>" if rows else ""


def _bar(counts: Mapping[str, int]) -> str:
    live = {status: counts[status] for status in counts if status != Status.VANISHES.value}
    total = sum(live.values())
    if not total:
        return ""
    pieces = "".join(
        f'<i style="width:{100 * count / total:.2f}%;background:var(--{status})" '
        f'title="{count} {_WORDS[status]}"></i>'
        for status, count in live.items()
        if count
    )
    words = ", ".join(f"{count} {_WORDS[status]}" for status, count in counts.items() if count)
    return f"<div class=bar>{pieces}</div><p class=dim>{words}</p>"


def _ends(facts: Mapping[str, Any]) -> str:
    rows = []
    for kind in ("inputs", "outputs"):
        for tensor in facts[kind]:
            dims = tensor["shape"]
            shape = "?" if dims is None else [("?" if dim < 0 else dim) for dim in dims]
            words = str(shape).replace("'", "")
            rows.append(
                f"<tr><th>{kind[:-1].capitalize()}</th><td><code>{_text(tensor['name'])}</code>"
                f"</td><td>{_text(tensor['dtype'])} {_text(words)}</td></tr>"
            )
    return f"<table>{''.join(rows)}</table>"


def _causes(causes: Sequence[Mapping[str, Any]]) -> str:
    if not causes:
        return _section("Problems", "<p>None: the target takes the whole graph.</p>")
    return _section(f"Problems ({len(causes)})", "".join(map(_cause, causes)))


def _cause(cause: Mapping[str, Any]) -> str:
    nodes = cause["nodes"]
    more = len(nodes) - _SHOWN
    names = ", ".join(f"<code>{_text(node)}</code>" for node in nodes[:_SHOWN])
    lines = [
        f"<p><span class=mark>{_MARKS[cause['status']]}</span><b>{_text(cause['reason'])}</b></p>"
    ]
    if cause["remedy"]:
        lines.append(f"<p>{_text(cause['remedy'])}</p>")
    if cause["rule"]:
        lines.append(f"<p>Rule: <code>{_text(cause['rule'])}</code></p>")
    if nodes:
        rest = f" and {more} more" if more > 0 else ""
        lead = f"{_ops(cause['ops'])}: " if cause["ops"] else "At "
        lines.append(f"<p class=dim>{lead}{names}{rest}</p>")
    if cause["source"]:
        lines.append(f"<p class=dim>Source: {_text(cause['source'])}</p>")
    return f'<div class="cause {cause["status"]}">{"".join(lines)}</div>'


def _ops(ops: Mapping[str, int]) -> str:
    return ", ".join(f"{_text(op)} {count}" for op, count in ops.items())


def _plan(fix: Mapping[str, Any] | None) -> str:
    if fix is None or not fix["before"]:
        return ""
    rows = "".join(
        f"<tr><th><code>{_text(step['rule'])}</code></th><td>{_text(step['summary'])}"
        f"{'' if step['exact'] else ' <b>(changes numbers)</b>'}</td>"
        f"<td>{step['changes']} x</td><td>{step['left']} left</td></tr>"
        for step in fix["steps"]
    )
    rest = "".join(
        f"<li>{_text(left['words'])}: {_text(left['reason'])}"
        f"{' ' + _text(left['remedy']) if left['remedy'] else ''}</li>"
        for left in fix["left"]
    )
    body = f"<p>{_text(fix['words'])}</p>"
    if rows:
        body += f"<table>{rows}</table>"
    if rest:
        body += f"<p>What remains:</p><ul>{rest}</ul>"
    return _section("Auto-fix would do", body)


def _changes(changes: Sequence[Mapping[str, Any]]) -> str:
    counted = Counter(str(change.get("rule") or change.get("edit")) for change in changes)
    return _section("Done to the graph", _rows((name, f"{n} x") for name, n in counted.items()))


_KINDS = (
    ("latency_ms", "Run"),
    ("first_divergence", "Verification"),
    ("tensorrt", "Build"),
    ("changes", "Edit"),
)


def _attached(item: Mapping[str, Any]) -> str:
    """Show what another verb printed: its plain values, and its outputs as a table."""
    title = next((words for key, words in _KINDS if key in item), "Attached")
    plain = [
        (key.replace("_", " "), value)
        for key, value in item.items()
        if isinstance(value, str | int | float | bool)
    ]
    body = _rows(plain)
    for key, value in item.items():
        if isinstance(value, Mapping) and all(
            isinstance(inner, str | int | float) for inner in value.values()
        ):
            body += _rows((f"{key} {name}", inner) for name, inner in value.items())
    outputs = item.get("outputs")
    if isinstance(outputs, list) and outputs and all(isinstance(each, dict) for each in outputs):
        keys = list(dict.fromkeys(key for each in outputs for key in each))
        head = "".join(f"<th>{_text(key)}</th>" for key in keys)
        rows = "".join(
            "<tr>" + "".join(f"<td>{_text(each.get(key, ''))}</td>" for key in keys) + "</tr>"
            for each in outputs
        )
        body += f"<table><tr>{head}</tr>{rows}</table>"
    return _section(title, body)
