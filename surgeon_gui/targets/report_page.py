"""The report as one HTML page that stands by itself: no script, nothing from outside."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from surgeon_gui.rewrite.library import bundled_rules
from surgeon_gui.targets.base import Status
from surgeon_gui.targets.report_jobs import attached_parts

_SHOWN = 12

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
:root{color-scheme:light dark;
--bg:#fff;--fg:#1d2329;--dim:#66707a;--line:#dfe4e9;--card:#f6f8fa;--refuses:#c62f2f;
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
white-space:nowrap}td.few{white-space:nowrap;width:1%}
.grid th{width:auto;color:var(--dim);font-weight:400}.grid{margin:8px 0}
.cause{border:1px solid var(--line);border-left-width:4px;border-radius:4px;background:var(--card);
padding:8px 12px;margin:8px 0}
.refuses{border-left-color:var(--refuses)}.cured{border-left-color:var(--cured)}
.caveat{border-left-color:var(--caveat)}.unknown{border-left-color:var(--unknown)}
.mark{display:inline-block;width:1.4em;font-weight:700}
.bar{display:flex;height:10px;border-radius:5px;overflow:hidden;background:var(--line);
margin:10px 0}.bar i{display:block}
figure{color-scheme:light;
margin:8px 0;border:1px solid var(--line);border-radius:4px;background:#fff;overflow:auto;
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
    listed = {**live, Status.VANISHES.value: counts[Status.VANISHES.value]}
    words = ", ".join(f"{count} {_WORDS[status]}" for status, count in listed.items() if count)
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
    if rule := bundled_rules().get(cause["rule"] or ""):
        lines.append(f"<p>Rule <code>{_text(rule.id)}</code>: {_text(rule.summary)}</p>")
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
        f"<td class=few>{_counted(step['changes'], 'place')}</td>"
        f"<td class=few>{step['left'] or 'none'} left</td></tr>"
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
    rules = Counter(str(change["rule"]) for change in changes if change.get("rule"))
    known = bundled_rules()
    rows = [
        (name, f"{_counted(n, 'place')}{': ' + known[name].summary if name in known else ''}")
        for name, n in rules.items()
    ]
    rows += [
        (str(change["edit"]), _counted(len(change.get("nodes", ())), "node"))
        for change in changes
        if change.get("edit")
    ]
    return _section("Done to the graph", _rows(rows))


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def _attached(item: Mapping[str, Any]) -> str:
    title, words, rows, tables = attached_parts(item)
    body = f"<p>{_text(words)}</p>" if words else ""
    body += _rows(rows)
    for heads, lines in tables:
        head = "".join(f"<th>{_text(each)}</th>" for each in heads)
        body += f"<table class=grid><tr>{head}</tr>"
        for line in lines:
            body += "<tr>" + "".join(f"<td>{_text(each)}</td>" for each in line) + "</tr>"
        body += "</table>"
    return _section(title, body)
