from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.rewrite.pattern import (
    AnyTensor,
    Arg,
    NodePattern,
    PatternError,
    Rest,
    parse_pattern,
    parse_replacement,
)


def test_a_pattern_names_ops_captures_ports_globs_and_inputs() -> None:
    pattern = parse_pattern('Add|AddV2:root#1@"block?/*"(Const:alpha, ?x, _, ...xs, *)')
    assert pattern.ops == ("Add", "AddV2")
    assert (pattern.name, pattern.port, pattern.glob) == ("root", 1, "block?/*")
    assert pattern.args == (
        NodePattern(("Const",), "alpha"),
        AnyTensor("x"),
        AnyTensor(None),
        Rest("xs"),
        NodePattern(()),
    )
    assert pattern.tensors == {"root", "alpha", "x"}
    assert pattern.rests == {"xs"}
    assert pattern.depth == 2


def test_no_parentheses_and_empty_parentheses_differ() -> None:
    assert parse_pattern("Relu").args is None
    assert parse_pattern("Relu()").args == ()


def test_any_port_is_a_star() -> None:
    assert parse_pattern("Split#*(_)").port is None


_names = st.from_regex(r"[a-z][a-z0-9]{0,3}", fullmatch=True)
_ops = st.lists(st.from_regex(r"[A-Z][A-Za-z0-9]{0,4}", fullmatch=True), max_size=3).map(tuple)


def _nodes(children: st.SearchStrategy[Arg]) -> st.SearchStrategy[Arg]:
    rest: st.SearchStrategy[list[Arg]] = st.lists(
        _names.map(lambda name: Rest(f"r{name}")), max_size=1
    ).map(list)
    args = st.tuples(st.lists(children, max_size=3), rest).map(lambda two: tuple(two[0] + two[1]))
    return st.builds(
        NodePattern,
        _ops,
        st.none() | _names.map(lambda name: f"t{name}"),
        st.none() | st.integers(0, 9),
        st.none() | st.sampled_from(["a/*", "*?"]),
        st.none() | args,
    )


_tensors: st.SearchStrategy[Arg] = st.builds(
    AnyTensor, st.none() | _names.map(lambda name: f"t{name}")
)


@given(_nodes(st.recursive(_tensors, _nodes, max_leaves=6)))
def test_a_printed_pattern_is_read_as_itself(pattern: Arg) -> None:
    assert parse_pattern(str(pattern)) == pattern


@pytest.mark.parametrize(
    ("text", "position", "told"),
    [
        ("", 0, "operation's name is missing"),
        ("Add(", 4, "operation's name is missing"),
        ("Add(?x", 6, "',' or ')' is missing"),
        ("Add(?x ?y)", 7, "',' or ')' is missing"),
        ("Add(?x))", 7, "nothing more"),
        ("Add(?)", 5, "capture's name is missing"),
        ("Add:1", 4, "capture's name is missing"),
        ("Add:a.b", 4, "no name for a capture"),
        ("Add#x", 4, "output's number is missing"),
        ("Add@x", 4, "quoted glob"),
        ("Add(..., ...)", 9, "only one '...'"),
        ("Add($x)", 4, "no meaning"),
        ("Add|(x)", 4, "operation's name after |"),
        ("Add(?x, ...x)", 0, "as a tensor and as a list"),
    ],
)
def test_a_bad_pattern_says_what_is_wrong_and_where(text: str, position: int, told: str) -> None:
    with pytest.raises(PatternError, match=re.escape(told)) as caught:
        parse_pattern(text)
    assert caught.value.position == position


def test_a_replacement_is_a_capture_or_new_nodes() -> None:
    assert parse_replacement("?x") == AnyTensor("x")
    assert parse_replacement("Add(?x, Relu(...xs))") == NodePattern(
        ("Add",), args=(AnyTensor("x"), NodePattern(("Relu",), args=(Rest("xs"),)))
    )


@pytest.mark.parametrize("text", ["_", "...xs", "Add|Mul(?x)", "*(?x)", "Add(_)", 'Add@"a"(?x)'])
def test_a_replacement_leaves_nothing_open(text: str) -> None:
    with pytest.raises(PatternError):
        parse_replacement(text)


@pytest.mark.parametrize("depth", [101, 5000])
def test_a_pattern_nested_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(PatternError, match="at most 100 deep"):
        parse_pattern("Relu(" * depth + "?x" + ")" * depth)


def test_a_pattern_may_be_as_wide_as_it_likes() -> None:
    wide = parse_pattern(f"AddN({', '.join(['Relu(?x)'] * 300)})")
    assert len(wide.args or ()) == 300
    assert parse_pattern("Relu(" * 100 + "?x" + ")" * 100).depth == 100
