from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.conditions import FoldConditions
from surgeon_gui.edits.constants import (
    FoldConstants,
    MergeDuplicates,
    SetConstant,
)
from surgeon_gui.edits.script import script_from_toml, script_to_toml
from surgeon_gui.errors import EditError
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.text import parse_text, print_text
from surgeon_gui.graph.values import DType, TensorValue
from tests.helpers.shared import shared_path


def test_a_constant_gets_another_value_in_its_dtype() -> None:
    graph = parse_text("c = Const() {value=f16{1}}\ny = Relu(c)")
    after = SetConstant("c", TensorValue.from_array([1.5, 2.5])).apply(graph)
    value = after["c"].attrs["value"]
    assert value == TensorValue.from_array(np.array([1.5, 2.5], np.float16))


def test_an_input_becomes_a_constant() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[2]}
        d = Const() {value=f32{1}}
        keep = PlaceholderWithDefault(d) {shape=[], dtype=f32}
        y = Mul(x, keep)
        """
    )
    after = SetConstant("keep", TensorValue.from_array(np.float32(0.5))).apply(graph)
    assert [(node.name, node.op) for node in after] == [
        ("x", "Placeholder"),
        ("keep", "Const"),
        ("y", "Mul"),
    ]


def test_values_come_from_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.arange(3, dtype=np.float32))
    graph = parse_text("c = Const() {value=f32{1}}\ny = Relu(c)")
    after = SetConstant("c", file=str(tmp_path / "w.npy")).apply(graph)
    assert after["c"].attrs["value"] == TensorValue.from_array(np.arange(3, dtype=np.float32))
    (tmp_path / "bad.npy").write_text("no")
    with pytest.raises(EditError, match="holds no array"):
        SetConstant("c", file=str(tmp_path / "bad.npy")).apply(graph)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (SetConstant("y", TensorValue.from_array(1.0)), "neither a constant nor an input"),
        (SetConstant("c"), "either a value or a file"),
        (SetConstant("c", TensorValue.from_array(1.0), "f.npy"), "either a value or a file"),
        (SetConstant("i", TensorValue.from_array(1.5)), "It holds int32, not float64"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(edit: SetConstant, told: str) -> None:
    graph = parse_text("c = Const() {value=f32{1}}\ni = Const() {value=i32{1}}\ny = Relu(c)")
    with pytest.raises(EditError, match=told):
        edit.apply(graph)


def test_what_depends_on_constants_only_is_computed() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[2]}
        a = Const() {value=f32[2]{1, 2}}
        b = Const() {value=f32{3}}
        sum = Add(a, b)
        twice = Mul(sum, sum)
        y = Mul(x, twice)
        """
    )
    after = FoldConstants().apply(graph)
    assert after == parse_text(
        """
        x = Placeholder() {shape=[2]}
        twice = Const() {value=f32[2]{16, 25}}
        y = Mul(x, twice)
        """
    )
    assert FoldConstants().apply(after) is after


def test_a_folded_constant_still_waits_for_its_branch() -> None:
    graph = parse_text(
        """
        p = Placeholder() {shape=[], dtype=bool}
        s = Switch(p, p)
        t = Identity(s:1)
        f = Identity(s)
        a = Const(^t) {value=f32{1}}
        yes = Neg(a)
        no = Const(^f) {value=f32{2}}
        m = Merge(no, yes)
        y = Relu(m)
        """
    )
    after = FoldConstants().apply(graph)
    assert after["yes"].op == "Const"
    assert after["yes"].controls == ("t",)


def test_random_and_fed_values_are_not_folded() -> None:
    graph = parse_text(
        """
        shape = Const() {value=i32[1]{2}}
        noise = RandomUniform(shape) {dtype=f32, seed=0, seed2=0}
        y = Relu(noise)
        """
    )
    assert FoldConstants().apply(graph) is graph


def test_equal_constants_and_nodes_are_merged() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[2]}
        a = Const() {value=f32{2}}
        b = Const() {value=f32{2}}
        i = Const() {value=i32{2}}
        p = Mul(x, a)
        q = Mul(x, b)
        y = Add(p, q, ^b)
        z = Cast(i) {SrcT=i32, DstT=f32, Truncate=false}
        """
    )
    after = MergeDuplicates().apply(graph)
    assert print_text(after) == print_text(
        parse_text(
            """
            x = Placeholder() {shape=[2]}
            a = Const() {value=f32{2}}
            i = Const() {value=i32{2}}
            p = Mul(x, a)
            y = Add(p, p, ^a)
            z = Cast(i) {SrcT=i32, DstT=f32, Truncate=false}
            """
        )
    )
    assert MergeDuplicates().apply(after) is after


def test_outputs_are_not_merged_away() -> None:
    graph = parse_text("x = Placeholder() {shape=[2]}\np = Relu(x)\nq = Relu(x)")
    assert MergeDuplicates().apply(graph) is graph


COND = """
x = Placeholder() {shape=[2]}
train = Const() {value=bool{false}}
ps = Switch(train, train)
t = Identity(ps:1)
f = Identity(ps)
xs = Switch(x, train)
two = Const(^t) {value=f32{2}}
yes = Mul(xs:1, two)
no = Relu(xs)
m = Merge(no, yes)
y = Sigmoid(m)
"""


def test_a_constant_condition_leaves_the_branch_taken() -> None:
    after = FoldConditions().apply(parse_text(COND))
    assert after == parse_text(
        """
        x = Placeholder() {shape=[2]}
        no = Relu(x)
        y = Sigmoid(no)
        """
    )
    other = FoldConditions().apply(parse_text(COND.replace("false", "true")))
    assert [node.op for node in other if node.name in ("yes", "no")] == ["Mul"]
    assert "Merge" not in {node.op for node in other}


def test_which_branch_was_taken_stays_known() -> None:
    after = FoldConditions().apply(parse_text(COND + "which = Relu(m:1)"))
    assert after["m/value_index"].attrs["value"] == TensorValue.from_array(np.int32(0))
    assert str(after["which"].inputs[0]) == "m/value_index"


def test_a_condition_that_is_fed_stays() -> None:
    graph = parse_text(COND.replace("Const() {value=bool{false}}", "Placeholder() {dtype=bool}"))
    assert FoldConditions().apply(graph) is graph


@pytest.mark.parametrize("edit", [FoldConstants(), MergeDuplicates(), FoldConditions()])
@pytest.mark.parametrize(
    "name", ["ssd_mobilenet_v1_0.125_256_person_cat_dog", "bsrn_super_resolution"]
)
def test_real_graphs_keep_their_outputs(name: str, edit: Edit) -> None:
    graph = graph_from_graphdef(shared_path(f"models/{name}.pb").read_bytes())
    after = edit.apply(graph)
    assert len(after) <= len(graph)
    assert after.dangling() == []
    assert deduce_outputs(after) == deduce_outputs(graph)


def test_they_are_part_of_scripts() -> None:
    value = TensorValue.from_array(np.array([1, 2], np.int64))
    made: list[Edit] = [SetConstant("c", value), SetConstant("c", file="w.npy"), FoldConstants()]
    assert list(script_from_toml(script_to_toml(made)).edits) == made
    assert value.dtype is DType.INT64
