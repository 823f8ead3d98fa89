"""Every kind of condition the fact tables use, on a node that meets it and one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.text import parse_text
from surgeon_gui.targets.checks.context import CHECKS, Context, holds
from surgeon_gui.targets.plugins import facts

BASE = """
x = Placeholder() {dtype=f32, shape=[?,6,6,4]}
w = Const() {value=f32[3,3,4,4]{0.5}}
v = Const() {value=f32[4,5]{0.5}}
idx = Const() {value=i32[2]{1,2}}
axis0 = Const() {value=i32[1]{0}}
one = Const() {value=f32{1}}
"""

CASES: list[tuple[str, str, dict[str, Any], bool | None]] = [
    ("n = Relu(x)", "op_in", {"values": ["Relu"]}, True),
    ("n = Relu(x)", "op_in", {"values": ["Elu"]}, False),
    ("n = LeakyRelu(x) {alpha=0.5}", "attr_range", {"attr": "alpha", "min": 0, "max": 1}, True),
    ("n = LeakyRelu(x) {alpha=2.0}", "attr_range", {"attr": "alpha", "min": 0, "max": 1}, False),
    (
        "n = ArgMax(x, idx) {output_type=i32}",
        "attr_eq",
        {"attr": "output_type", "value": "DT_INT32"},
        True,
    ),
    ("n = ArgMax(x, idx)", "attr_eq", {"attr": "output_type", "value": "DT_INT32"}, False),
    ("n = StridedSlice(x, idx, idx, idx)", "attr_eq", {"attr": "ellipsis_mask", "value": 0}, True),
    (
        "n = StridedSlice(x, idx, idx, idx) {ellipsis_mask=1}",
        "attr_ne",
        {"attr": "ellipsis_mask", "value": 0},
        True,
    ),
    ("n = Relu(x)", "input_const", {"index": 0}, False),
    ("n = Mean(x, idx)", "input_const", {"index": 1}, True),
    ("n = Mean(x, idx)", "input_const", {"index": 1, "rank": 2}, False),
    ("i = Identity(idx)\nn = Mean(x, i)", "input_const", {"index": 1}, True),
    ("n = Add(x, one)", "any_input_const", {}, True),
    ("n = Add(x, x)", "no_input_const", {}, True),
    ("n = Add(one, one)", "not_all_const", {}, False),
    ("n = Add(x, one)", "if_other_const_rank_ge", {"value": 4}, True),
    ("n = Add(v, one)", "if_other_const_rank_ge", {"value": 4}, True),
    (
        "m = MatMul(v, v) {transpose_b=true}\nn = Add(m, one)",
        "if_other_const_rank_ge",
        {"value": 4},
        False,
    ),
    ("n = Relu(x)", "input_rank", {"index": 0, "op": "==", "value": 4}, True),
    ("n = Relu(v)", "input_rank", {"index": 0, "op": "==", "value": 4}, False),
    ("n = Mean(x, idx)", "axis_not_batch", {"axis_from": {"input": 1}}, True),
    ("n = Mean(x, axis0)", "axis_not_batch", {"axis_from": {"input": 1}}, False),
    ("n = Mean(x, idx)", "const_set_in", {"input": 1, "values": [[1, 2], [2, 3]]}, True),
    ("n = Mean(x, axis0)", "const_set_in", {"input": 1, "values": [[1, 2]]}, False),
    ('n = Conv2D(x, w) {strides=[1,2,2,1], padding="SAME"}', "same_pad_symmetric", {}, False),
    ('n = Conv2D(x, w) {strides=[1,1,1,1], padding="SAME"}', "same_pad_symmetric", {}, True),
    ('n = Conv2D(x, w) {strides=[1,2,2,1], padding="SAME"}', "same_pad_asymmetric", {}, True),
    ('n = Conv2D(x, w) {strides=[1,2,2,1], padding="VALID"}', "same_pad_asymmetric", {}, False),
    (
        'n = Conv2D(x, w) {strides=[1,2,2,1], padding="SAME", dilations=[1,2,2,1]}',
        "attr_all_one",
        {"attr": "dilations"},
        False,
    ),
    (
        'n = MaxPool(x) {ksize=[1,2,2,1], strides=[1,2,2,1], padding="VALID"}',
        "attr_batch_channel_one",
        {"attrs": ["ksize", "strides"]},
        True,
    ),
    (
        'n = MaxPool(x) {ksize=[1,2,2,2], strides=[1,2,2,2], padding="VALID"}',
        "attr_batch_channel_one",
        {"attrs": ["ksize", "strides"]},
        False,
    ),
    ("n = Relu(x, ^one)", "no_control_inputs", {}, False),
    ("n = Relu(x)", "has_control_inputs", {}, False),
    ("n = Relu(x:1)", "no_nonzero_output_index", {}, False),
    ("n = Relu(x)\nm = Elu(n)", "consumer_op_in", {"values": ["Elu"]}, True),
    ("n = Relu(x)\nm = Elu(n)", "only_feeds", {"consumers": ["Relu"]}, False),
    ("n = Relu(x)", "only_output", {"index": 0}, True),
    ("n = Relu(x)", "manual", {}, None),
    (
        "n = Relu(x)",
        "all",
        {"of": [{"kind": "manual"}, {"kind": "op_in", "values": ["Elu"]}]},
        False,
    ),
    (
        "n = Relu(x)",
        "any",
        {"of": [{"kind": "manual"}, {"kind": "op_in", "values": ["Relu"]}]},
        True,
    ),
    ("n = Relu(x)", "not", {"of": [{"kind": "op_in", "values": ["Relu"]}]}, False),
    (
        "n = Placeholder() {dtype=u8, shape=[1,2]}",
        "placeholder_dtype_in",
        {"values": ["DT_UINT8"]},
        True,
    ),
    (
        "n = Placeholder() {dtype=f32, shape=[?,2]}",
        "placeholder_static",
        {"ignore_batch": True},
        True,
    ),
    (
        "n = Placeholder() {dtype=f32, shape=[?,?]}",
        "placeholder_static",
        {"ignore_batch": True},
        False,
    ),
    ("n = Placeholder() {dtype=f32, shape=[?,?]}", "placeholder_ranked", {}, True),
    ("n = Placeholder() {dtype=f32}", "placeholder_ranked", {}, False),
    (
        "n = Placeholder() {dtype=f32, shape=[?,2]}",
        "placeholder_dim_unknown",
        {"dims": [0]},
        True,
    ),
    (
        "n = Placeholder() {dtype=f32, shape=[1,2]}",
        "dtype_in",
        {"attr": "dtype", "values": ["DT_FLOAT"]},
        True,
    ),
]


def _context(text: str) -> Context:
    graph = parse_text(f"{BASE}\n{text}")
    return Context(graph, graph["n"], infer_types(graph))


@pytest.mark.parametrize(("text", "kind", "params", "expected"), CASES)
def test_a_condition_holds_fails_or_stays_open(
    text: str, kind: str, params: dict[str, Any], expected: bool | None
) -> None:
    assert holds({"kind": kind, **params}, _context(text)) is expected


def _kinds(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "kind" in value:
            yield str(value["kind"])
        for item in value.values():
            yield from _kinds(item)
    elif isinstance(value, list):
        for item in value:
            yield from _kinds(item)


@pytest.mark.parametrize("table", ["uff", "tftrt", "onnx", "pitfalls"])
def test_every_condition_of_the_tables_is_known(table: str) -> None:
    used = set(_kinds([value for key, value in facts(table).items() if key != "patterns"]))
    assert used <= set(CHECKS)


def test_an_unknown_condition_stays_open() -> None:
    assert holds({"kind": "no such condition"}, _context("n = Relu(x)")) is None
