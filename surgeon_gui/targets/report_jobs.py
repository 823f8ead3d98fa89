"""What a verification, a build or a run said, in words for a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Table = tuple[Sequence[str], list[list[str]]]
"""Heads of the columns, and rows of cells."""

_KINDS = (
    ("latency_ms", "Run"),
    ("first_divergence", "Verification"),
    ("min_cosine", "Verification"),
    ("tensorrt", "Build"),
    ("changes", "Edit"),
)
_UNSAID = frozenset(
    {
        *("ok", "saved", "kind", "error", "peak_rss_bytes", "supported", "first_divergence"),
        *("max_rel", "min_cosine", "reference_is_opened"),
    }
)
"""Fields that are said in other words, or that nobody asks about later."""

_METRICS = {"max_abs": "largest difference", "max_rel": "relative", "cosine": "cosine"}
_UNITS = {"seconds": "s", "throughput": "runs/s"}


def attached_parts(
    item: Mapping[str, Any],
) -> tuple[str, str, list[tuple[str, str]], list[Table]]:
    """Return a title, a sentence, plain facts and tables of what a verb printed with `--json`."""
    title = next((words for key, words in _KINDS if key in item), "Attached")
    rows = [
        (
            "size" if key == "bytes" else key.removesuffix("_bytes").replace("_", " "),
            _value(key, value),
        )
        for key, value in item.items()
        if key not in _UNSAID and isinstance(value, str | int | float) and value != ""
    ]
    for key, value in item.items():
        if isinstance(value, Mapping) and key not in _UNSAID and _is_plain(value):
            told = ", ".join(f"{name} {_value(name, inner)}" for name, inner in value.items())
            rows.append((key.replace("_ms", " (ms)").replace("_", " "), told))
        elif isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            rows.append((key.replace("_", " "), ", ".join(value)))
    tables = [
        _table(key, value)
        for key, value in item.items()
        if key in ("outputs", "inputs", "comparison", "rows")
        and isinstance(value, list)
        and value
        and all(isinstance(each, Mapping) for each in value)
    ]
    return title, _sentence(title, item), rows, tables


def _sentence(title: str, item: Mapping[str, Any]) -> str:
    if title != "Verification" or "ok" not in item:
        return ""
    if item["ok"]:
        return "Every output is equal to the reference within the tolerance."
    first = item.get("first_divergence")
    where = f" The first that differs is {first['node']}." if isinstance(first, Mapping) else ""
    return f"The outputs differ from the reference.{where}"


def _is_plain(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(isinstance(inner, str | int | float) for inner in value.values())


def _value(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key.endswith("bytes") and isinstance(value, int):
        return f"{value / 1e6:.2f} MB"
    if isinstance(value, float):
        return f"{value:.3g} {_UNITS.get(key, '')}".rstrip()
    return str(value)


def _table(key: str, found: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of tensors: a column per fact that is known of one of them."""
    lines = []
    for each in found:
        metrics = each.get("metrics")
        flat = {name: value for name, value in each.items() if name != "metrics"}
        if isinstance(metrics, Mapping):
            flat |= {name: metrics[name] for name in _METRICS if name in metrics}
        lines.append({name: value for name, value in flat.items() if value is not None})
    names = list(dict.fromkeys(name for line in lines for name in line))
    heads = [_METRICS.get(name, name) for name in names]
    if names and names[0] == "name":
        heads[0] = key.removesuffix("s").replace("comparison", "output").replace("row", "output")
    return heads, [[_cell(name, line.get(name)) for name in names] for line in lines]


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and name == "cosine":
        return f"{value:.7f}"
    return _value(name, value)
