"""Checks made of other checks, and those nothing in a graph can decide."""

from __future__ import annotations

from surgeon_gui.targets.checks.context import CHECKS, Context, Facts, holds


@CHECKS.register("all")
def every(context: Context, facts: Facts) -> bool | None:
    open_ = False
    for part in facts["of"]:
        result = holds(part, context)
        if result is False:
            return False
        open_ = open_ or result is None
    return None if open_ else True


@CHECKS.register("any")
def some(context: Context, facts: Facts) -> bool | None:
    open_ = False
    for part in facts["of"]:
        result = holds(part, context)
        if result is True:
            return True
        open_ = open_ or result is None
    return None if open_ else False


@CHECKS.register("not")
def negation(context: Context, facts: Facts) -> bool | None:
    result = holds(facts["of"][0], context)
    return None if result is None else not result


@CHECKS.register("manual", "global", "target_check", "placeholder_registered", "segment_size_lt")
def undecidable(context: Context, facts: Facts) -> bool | None:
    """These depend on what no graph says: user settings, or a judgement only people can make."""
    return None
