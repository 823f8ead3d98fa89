"""Checks on ops, attributes and dtypes."""

from __future__ import annotations

from typing import Any

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import DType
from surgeon_gui.targets.checks.context import CHECKS, Context, Facts

_TF_NAMES = {"FLOAT": "FLOAT32", "HALF": "FLOAT16", "DOUBLE": "FLOAT64"}
_DEFAULTS = {"output_type": "DT_INT64", "data_format": "NHWC"}


def plain(value: Any) -> Any:
    """Return an attribute as the tables spell it: text for bytes, DT_FLOAT for dtypes."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, DType):
        back = {new: old for old, new in _TF_NAMES.items()}
        return f"DT_{back.get(value.name, value.name)}"
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def _attribute(context: Context, name: str) -> Any:
    value = context.attr(name)
    return _DEFAULTS.get(name) if value is None or value == b"" else plain(value)


def dtype_named(name: str) -> DType:
    """Return the dtype the tables spell `DT_FLOAT`."""
    bare = name.removeprefix("DT_")
    return DType[_TF_NAMES.get(bare, bare)]


def _dtypes(facts: Facts) -> set[DType]:
    return {dtype_named(name) for name in facts["values"]}


@CHECKS.register("op_in")
def op_in(context: Context, facts: Facts) -> bool | None:
    return context.node.op in facts["values"]


@CHECKS.register("attr_eq")
def attr_eq(context: Context, facts: Facts) -> bool | None:
    value = _attribute(context, facts["attr"])
    # An attribute that is not there has its default, which is 0, false or empty for those asked.
    return bool(value == facts["value"]) if value is not None else facts["value"] in (0, False, "")


@CHECKS.register("attr_ne")
def attr_ne(context: Context, facts: Facts) -> bool | None:
    return not attr_eq(context, facts)


@CHECKS.register("attr_in")
def attr_in(context: Context, facts: Facts) -> bool | None:
    value = _attribute(context, facts["attr"])
    return None if value is None else value in facts["values"]


@CHECKS.register("attr_range")
def attr_range(context: Context, facts: Facts) -> bool | None:
    value = context.attr(facts["attr"])
    return None if value is None else bool(facts["min"] <= value <= facts["max"])


@CHECKS.register("attrs_eq")
def attrs_eq(context: Context, facts: Facts) -> bool | None:
    return all((context.attr(name) or 0) == facts["value"] for name in facts["attrs"])


@CHECKS.register("attr_all_one")
def attr_all_one(context: Context, facts: Facts) -> bool | None:
    return all(item == 1 for item in context.attr(facts["attr"]) or ())


@CHECKS.register("attr_batch_channel_one")
def attr_batch_channel_one(context: Context, facts: Facts) -> bool | None:
    form = context.data_format
    for name in facts["attrs"]:
        values = context.attr(name) or ()
        if len(values) == len(form) and any(
            value != 1 for value, letter in zip(values, form, strict=True) if letter in "NC"
        ):
            return False
    return True


@CHECKS.register("dtype_in")
def dtype_in(context: Context, facts: Facts) -> bool | None:
    value = context.attr(facts["attr"])
    return None if not isinstance(value, DType) else value in _dtypes(facts)


@CHECKS.register("placeholder_dtype_in")
def placeholder_dtype_in(context: Context, facts: Facts) -> bool | None:
    if context.node.op != "Placeholder":
        return False
    return dtype_in(context, {**facts, "attr": "dtype"})


def _tensor_dtypes(context: Context) -> list[DType]:
    refs = [*context.node.inputs, TensorRef(context.node.name)]
    return [context.types.type(ref).dtype for ref in refs]


@CHECKS.register("dtype_all_in")
def dtype_all_in(context: Context, facts: Facts) -> bool | None:
    allowed = _dtypes(facts) | {DType.INVALID}
    return all(dtype in allowed for dtype in _tensor_dtypes(context))


@CHECKS.register("dtype_any_in")
def dtype_any_in(context: Context, facts: Facts) -> bool | None:
    wanted = _dtypes(facts)
    return any(dtype in wanted for dtype in _tensor_dtypes(context))


@CHECKS.register("requires_mode")
def requires_mode(context: Context, facts: Facts) -> bool | None:
    return None
