"""Verdicts from the fact tables: an op's entry, then the restrictions on how it may be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from surgeon_gui.targets.base import TAKES, Status, Verdict
from surgeon_gui.targets.checks.context import Context, holds
from surgeon_gui.targets.plugins import facts

Entry = Mapping[str, Any]

_BATCH = "Leave the batch out of it, or build by the direct or the ONNX route."
_FOLD = "Give the inputs fixed shapes, so that it folds to a constant, or replace it by one."
_REMEDIES = {
    "axis_not_batch": _BATCH,
    "perm_batch_fixed": _BATCH,
    "slice_keeps_batch": _BATCH,
    "reshape_keeps_batch": _BATCH,
    "input_const": _FOLD,
    "inputs_const": _FOLD,
    "dim_static": "Give the inputs fixed shapes.",
}
"""What to do about a restriction that says nothing itself, by the kind of its check."""


@cache
def entries(table: str, section: str = "ops") -> Mapping[str, Entry]:
    """Return a section of a fact table by TensorFlow op."""
    return {entry["tf_op"]: entry for entry in facts(table).get(section, ())}


def verdict_of(entry: Entry, status: Status, reason: str, remedy: str | None = None) -> Verdict:
    """Return a verdict that names the entry's source and confidence."""
    return Verdict(
        status,
        reason,
        remedy,
        source=first(entry["source"]),
        confidence=entry["confidence"],
    )


def first(sources: str | Sequence[str]) -> str | None:
    """Return the first of an entry's sources."""
    if isinstance(sources, str):
        return sources
    return sources[0] if sources else None


def restrictions_for(entry: Entry, target_id: str) -> Iterable[Entry]:
    """Return the restrictions of an entry that hold for a target and are worth saying."""
    for restriction in entry.get("restrictions", ()):
        if "*" not in restriction["targets"] and target_id not in restriction["targets"]:
            continue
        if restriction["severity"] != "info":
            yield restriction


def restricted(entry: Entry, target_id: str, context: Context) -> Verdict:
    """Return what the restrictions of a convertible op say of one node: the gravest that fails."""
    found = TAKES
    for restriction in restrictions_for(entry, target_id):
        if holds(restriction["check"], context) is not False:
            continue
        error = restriction["severity"] == "error"
        failed = verdict_of(
            restriction,
            Status.REFUSES if error else Status.CAVEAT,
            restriction["text"],
            restriction.get("remedy") or _REMEDIES.get(restriction["check"]["kind"]),
        )
        if error:
            return failed
        if found is TAKES:
            found = failed
    return found


def softened(verdict: Verdict, remedy: str) -> Verdict:
    """Return a refusal as a caveat, for what another mode of the target lifts."""
    if verdict.status is not Status.REFUSES:
        return verdict
    return replace(verdict, status=Status.CAVEAT, remedy=remedy)
