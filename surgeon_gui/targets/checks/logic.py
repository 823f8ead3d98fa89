"""Checks made of other checks, and those nothing in a graph can decide."""

from __future__ import annotations

from surgeon_gui.targets.checks.context import CHECKS, Context, Facts, holds


@CHECKS.register("all")
def every(context: Context, facts: Facts) -> bool | None:
    results = [holds(part, context) for part in facts["of"]]
    if False in results:
        return False
    return None if None in results else True


@CHECKS.register("any")
def some(context: Context, facts: Facts) -> bool | None:
    results = [holds(part, context) for part in facts["of"]]
    if True in results:
        return True
    return None if None in results else False


@CHECKS.register("not")
def negation(context: Context, facts: Facts) -> bool | None:
    result = holds(facts["of"][0], context)
    return None if result is None else not result


@CHECKS.register("manual", "global", "target_check", "placeholder_registered", "segment_size_lt")
def undecidable(context: Context, facts: Facts) -> bool | None:
    """These depend on what no graph says: user settings, or a judgement only people can make."""
    return None
