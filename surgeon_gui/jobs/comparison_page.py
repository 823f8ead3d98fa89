"""The report on a comparison: JSON for machines, one HTML page for a ticket."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from surgeon_gui import __version__
from surgeon_gui.compare.report import TensorComparison, Tolerance
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.jobs.spec import CompareResult, VerifyResult, VerifySpec

ENDINGS = (".html", ".htm", ".json")

METRICS = {
    "max_abs": "Largest difference",
    "max_rel": "Relative",
    "rmse": "RMSE",
    "cosine": "Cosine",
    "psnr": "PSNR (dB)",
    "top1_agreement": "Top 1",
    "top5_agreement": "Top 5",
}
"""What a figure is called, in the order they are shown."""

_STYLE = """
:root{--bg:#fff;--fg:#1d2329;--dim:#66707a;--line:#dfe4e9;--bad:#c62f2f;--good:#2c8a4b}
@media(prefers-color-scheme:dark){:root{--bg:#191c20;--fg:#e4e8ec;--dim:#98a2ac;--line:#363c43;
--bad:#ff7a72;--good:#62c583}}
body{margin:0 auto;max-width:1100px;padding:24px;background:var(--bg);color:var(--fg);
font:14px/1.45 system-ui,sans-serif}
h1{font-size:22px;margin:0}h2{font-size:16px;margin:28px 0 8px}p{margin:4px 0}
.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
td,th{padding:4px 10px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
code{font:12px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
"""


def as_comparison(result: VerifyResult, spec: VerifySpec | None = None) -> CompareResult:
    """Return a verification as the comparison it is."""
    limits = Tolerance() if spec is None else Tolerance(spec.max_rel, spec.min_cosine)
    return CompareResult(
        value="the network in ONNX Runtime",
        reference="the original graph in TensorFlow",
        ok=result.ok,
        outputs=result.outputs,
        first_divergence=result.first_divergence,
        tensors=result.tensors,
        seconds=result.seconds,
        peak_rss_bytes=result.peak_rss_bytes,
        max_rel=limits.max_rel,
        min_cosine=limits.min_cosine,
    )


def figure(name: str, value: float | None) -> str:
    """Return a metric's value as it is shown; a dash where it does not apply."""
    if value is None:
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if name == "cosine":
        return f"{value:.7f}"
    if name.startswith("top"):
        return f"{value:.1%}"
    return f"{value:.1f}" if name == "psnr" else f"{value:.3g}"


def comparison_facts(result: CompareResult) -> dict[str, Any]:
    """Return a comparison as JSON's own types."""
    first = result.first_divergence
    return {
        "ok": result.ok,
        "value": result.value,
        "reference": result.reference,
        "tolerance": {"max_rel": result.max_rel, "min_cosine": result.min_cosine},
        "outputs": [row.as_dict() for row in result.outputs],
        "first_divergence": None
        if first is None
        else {
            "node": first.node,
            "op": first.op,
            "layer": first.layer,
            **first.comparison.as_dict(),
        },
        "tensors": [row.as_dict() for row in result.tensors],
        "strange": [
            {
                "side": item.side,
                "name": item.tensor.name,
                "nans": item.tensor.nans,
                "infinities": item.tensor.infinities,
                "size": item.tensor.size,
            }
            for item in result.strange
        ],
        "left_out": list(result.left_out),
        "times": [{"title": item.title, "ms": item.ms, "runs": item.runs} for item in result.times],
        "seconds": result.seconds,
        "peak_rss_bytes": result.peak_rss_bytes,
    }


def verdict(result: CompareResult) -> str:
    """Return in a sentence how a comparison came out."""
    if result.ok:
        return f"{_capital(result.value)} equals {result.reference} within the tolerance."
    return f"{_capital(result.value)} differs from {result.reference}."


def remarks(result: CompareResult) -> tuple[str, ...]:
    """Return what else is to be said: where it begins, what holds no numbers, what is missing."""
    found = []
    first = result.first_divergence
    if first is not None:
        op = f" ({first.op})" if first.op else ""
        found.append(f"The first that differs is {first.node}{op}. {first.comparison.problem}")
    for item in result.strange:
        bad = item.tensor
        found.append(
            f"In {item.side}, {bad.name} is the first with {bad.nans} NaN and {bad.infinities} "
            f"infinities among {bad.size} values."
        )
    if result.left_out:
        found.append(
            f"{len(result.left_out)} inner tensors could not be computed on both sides: "
            f"{', '.join(result.left_out[:5])}{' …' if len(result.left_out) > 5 else ''}."
        )
    return tuple(found)


def comparison_html(result: CompareResult, model: str = "") -> str:
    """Return the report as one page without anything outside it."""
    title = f"{model}: comparison" if model else "Comparison"
    grade = "good" if result.ok else "bad"
    parts = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="{grade}"><strong>{_text(verdict(result))}</strong></p>',
        f'<p class="dim">Tolerance: relative difference {result.max_rel:g}, cosine '
        f"{result.min_cosine:g}. Graph Surgeon {_text(__version__)}.</p>",
        *(f"<p>{_text(words)}</p>" for words in remarks(result)),
        _section("Outputs", result.outputs),
        _section("Inner tensors", result.tensors),
        _times(result),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def save_comparison(path: Path, result: CompareResult, model: str = "") -> None:
    """Write the report by the file's ending, `.html` or `.json`.

    Raises:
        UsageError: the ending is another.
        SaveError: the file cannot be written.
    """
    check_ending(path)
    if path.suffix.lower() == ".json":
        facts = {"model": model, **comparison_facts(result)}
        text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    else:
        text = comparison_html(result, model)
    write_atomically(path, [text.encode()])


def check_ending(path: Path) -> None:
    """Raise UsageError where a file's ending names no form of report."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            "A report is written as .html or .json.", where=str(path), hint="Name it X.html."
        )


def _section(title: str, rows: Iterable[TensorComparison]) -> str:
    rows = tuple(rows)
    if not rows:
        return ""
    shown = [name for name in METRICS if any(name in row.metrics for row in rows)]
    head = "".join(f'<th class="n">{_text(METRICS[name])}</th>' for name in shown)
    body = "".join(_row(row, shown) for row in rows)
    return (
        f"<h2>{_text(title)}</h2><div class='wide'><table><tr><th></th><th>Tensor</th>"
        f"<th>Shape</th>{head}<th></th></tr>{body}</table></div>"
    )


def _row(row: TensorComparison, shown: Iterable[str]) -> str:
    mark = "<td class='good'>equal</td>" if row.ok else "<td class='bad'>differs</td>"
    figures = "".join(
        f'<td class="n">{_text(figure(name, row.metrics.get(name)))}</td>' for name in shown
    )
    return (
        f"<tr>{mark}<td><code>{_text(row.name)}</code></td><td>{_text(list(row.shape))}</td>"
        f"{figures}<td>{_text(row.problem or '')}</td></tr>"
    )


def _times(result: CompareResult) -> str:
    if not result.times:
        return ""
    rows: Mapping[str, str] = {
        item.title: f"{item.ms:.3f} ms, median of {item.runs}" for item in result.times
    }
    cells = "".join(
        f"<tr><td>{_text(name)}</td><td>{_text(words)}</td></tr>" for name, words in rows.items()
    )
    return f"<h2>Time of one run</h2><table>{cells}</table>"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:] if words.startswith("the ") else words


def _text(value: object) -> str:
    return html.escape(str(value))
