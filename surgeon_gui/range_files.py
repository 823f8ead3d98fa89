"""Ranges wherever they are kept: files of ranges, TensorRT's calibration caches, rule sets.

A rule set is applied to the graph of every training run; the ranges in it go along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.errors import OpenError, UsageError
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.network.quantize import kept_layers, quantized_network
from surgeon_gui.network.quantize.ranges import Ranges, load_ranges, save_ranges
from surgeon_gui.network.store import load_network, save_network
from surgeon_gui.rewrite.library import find_rule_set, load_set
from surgeon_gui.rewrite.ruleset import RuleSet, rule_set_from_toml, save_rule_set

ENDINGS = (".json", ".cache", ".toml")
"""Of files that hold ranges: ours, TensorRT's cache, a rule set."""


def load_any_ranges(path: Path) -> Ranges:
    """Read ranges; `.toml` is a rule set.

    Raises:
        OpenError: the file cannot be read, or holds no ranges.
        RuleError: the rule set is wrong.
    """
    if path.suffix != ".toml":
        return load_ranges(path)
    found = ranges_of_set(load_set(path))
    if found is None:
        raise OpenError(
            "This rule set has no ranges.",
            where=str(path),
            hint="Put them in with: surgeon quantize MODEL --data SAMPLES -o SET.toml",
        )
    return found


def save_any_ranges(ranges: Ranges, path: Path) -> None:
    """Write ranges; a rule set that is there keeps all else it holds.

    Raises:
        RuleError: the rule set that is there is wrong.
        SaveError: the file cannot be written.
    """
    if path.suffix != ".toml":
        save_ranges(ranges, path)
        return
    there = load_set(path) if path.exists() else RuleSet(path.stem)
    save_rule_set(replace(there, ranges=_table(ranges)), path)


def ranges_of_sets(names: Iterable[str]) -> Ranges | None:
    """Return the ranges of the last of these rule sets that has some.

    Raises:
        RuleError: there is no such set, or its file is wrong.
    """
    found = [ranges_of_set(find_rule_set(name)) for name in names]
    return next((item for item in reversed(found) if item is not None), None)


def ranges_of_edits(edits: Iterable[Edit]) -> Ranges | None:
    """Return the ranges of the last rule set among edits that has some.

    Raises:
        RuleError: there is no such set any more, or its file is wrong.
    """
    found = None
    for edit in edits:
        if isinstance(edit, ApplyRules):
            inline = rule_set_from_toml(edit.inline) if edit.inline else None
            own = None if inline is None else ranges_of_set(inline)
            found = own or ranges_of_sets(edit.rules) or found
    return found


def ranges_of_set(rule_set: RuleSet) -> Ranges | None:
    """Return the ranges in a rule set, None where it has none."""
    table: Mapping[str, Any] = rule_set.ranges
    if not table:
        return None
    reach = {name: float(value) for name, value in table["reach"].items()}
    kept = table.get("kept", ())
    return Ranges(
        reach,
        reach | {name: float(value) for name, value in table.get("largest", {}).items()},
        table.get("collector", ""),
        table.get("samples", 0),
        kept=(kept,) if isinstance(kept, str) else tuple(kept),
    )


def eight_bit_build(spec: BuildSpec, known: Ranges, folder: Path, *, implicit: bool) -> BuildSpec:
    """Return `spec` of the network rounded by these ranges, or one that tells them to TensorRT.

    Args:
        spec: of a float32 network; its `kept` layers and those of the ranges stay in float.
        known: the ranges.
        folder: where what the job reads goes.
        implicit: let TensorRT 8.6 or 10 choose what to round.

    Raises:
        UsageError: one of NVIDIA's parsers makes the network, or there is no layer to keep.
        ConvertError: a tensor that is to be rounded has no range.
    """
    kept = tuple(dict.fromkeys((*known.kept, *spec.kept)))
    if implicit:
        save_ranges(known, folder / "ranges.json")
        return replace(spec, ranges=folder / "ranges.json", kept=kept)
    if spec.route != "direct":
        raise UsageError(
            "A network that NVIDIA's parsers make takes ranges beside it only.",
            where="ranges",
            hint="Let TensorRT 8.6 or 10 choose what to round, or build from the graph itself.",
        )
    network = load_network(spec.network)
    rounded = quantized_network(network, known, kept=kept_layers(network, kept))
    save_network(rounded, folder / "rounded.network")
    return replace(spec, network=folder / "rounded.network", kept=())


def _table(ranges: Ranges) -> dict[str, Any]:
    """Return ranges as the table of a rule set; what was seen only where some of it is clipped."""
    table: dict[str, Any] = {"collector": ranges.collector, "samples": ranges.samples}
    if ranges.kept:
        table["kept"] = list(ranges.kept)
    clipped = {
        name: seen for name, seen in ranges.largest.items() if seen != ranges.reach.get(name)
    }
    return {**table, "reach": dict(ranges.reach), **({"largest": clipped} if clipped else {})}
