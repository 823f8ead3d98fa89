"""Numbers and kinds of nodes, what stands for groups, and where things are on the scale."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.view.coloring import (
    MAX,
    MOST_KINDS,
    OTHER,
    SUM,
    Kinds,
    KindTints,
    Numbers,
    NumberTints,
    amount,
    scale_of,
    tints_for,
)
from surgeon_gui.view.overlay import Mark, Overlay
from surgeon_gui.view.overlays import OVERLAYS, Facts, errors_by_node, times_by_node
from surgeon_gui.view.tree import ROOT, Tree, tree_from_graph
from tests.view.graphs import network

FIGURES = st.floats(min_value=0, max_value=1e12, allow_nan=False)
TREE = tree_from_graph(network())
NAMES = [node.name for node in TREE.graph]


def numbers(values: dict[str, float], gather: str = SUM) -> NumberTints:
    tints = tints_for(TREE, Numbers("x", "X", values, gather=gather))
    assert isinstance(tints, NumberTints)
    return tints


def kinds(values: dict[str, str]) -> KindTints:
    tints = tints_for(TREE, Kinds("x", "X", values))
    assert isinstance(tints, KindTints)
    return tints


def items(tree: Tree) -> list[int]:
    return [*range(len(tree.nodes)), *(~at for at in range(1, len(tree.groups)))]


@given(st.dictionaries(st.sampled_from(NAMES), FIGURES))
def test_a_group_sums_every_node_inside_once_folded_constants_too(values: dict[str, float]) -> None:
    tints = numbers(values)
    assert (tints.value(ROOT) or 0.0) == pytest.approx(sum(values.values()))
    for at, group in enumerate(TREE.groups):
        inside = [name for name in TREE.members(~at) if name in values]
        if group.path:
            assert (tints.value(~at) or 0.0) == pytest.approx(sum(values[name] for name in inside))
            assert (tints.value(~at) is None) == (not inside)


@given(st.dictionaries(st.sampled_from(NAMES), FIGURES, min_size=1))
def test_the_largest_inside_stands_for_a_group_where_sums_mean_nothing(
    values: dict[str, float],
) -> None:
    assert numbers(values, MAX).value(ROOT) == max(values.values())


@given(st.dictionaries(st.sampled_from(NAMES), FIGURES), st.sampled_from((SUM, MAX)))
def test_every_item_is_on_the_scale_and_more_is_never_lower(
    values: dict[str, float], gather: str
) -> None:
    tints = numbers(values, gather)
    found = [
        (value, share)
        for item in items(TREE)
        if (value := tints.value(item)) is not None and (share := tints.share(item)) is not None
    ]
    assert all(0.0 <= share <= 1.0 for _, share in found)
    found.sort()
    assert all(a[1] <= b[1] for a, b in pairwise(found))


def test_a_wide_range_is_logarithmic_and_a_narrow_one_is_not() -> None:
    wide, narrow = scale_of([1.0, 100.0, 1e4]), scale_of([10.0, 15.0, 20.0])
    assert (wide.is_log, narrow.is_log) == (True, False)
    assert wide.share(100.0) == pytest.approx(0.5)
    assert narrow.share(15.0) == pytest.approx(0.5)


def test_zero_and_infinity_are_the_ends_of_a_logarithmic_scale() -> None:
    scale = scale_of([0.0, 1e-7, 1e-1, math.inf])
    assert (scale.low, scale.high, scale.is_log) == (1e-7, 1e-1, True)
    assert (scale.share(0.0), scale.share(math.inf)) == (0.0, 1.0)


def test_numbers_below_zero_never_make_a_scale_logarithmic() -> None:
    assert not scale_of([-1.0, 1e-6, 1e6]).is_log


def test_an_endless_error_inside_shows_on_the_group() -> None:
    assert numbers({"net/block_1/Relu": math.inf, "input": 1.0}).value(ROOT) == math.inf
    assert numbers({"net/block_1/Relu": math.inf}, MAX).text(ROOT) == "max beyond measure"


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from("abcdefghijkl")))
def test_the_most_frequent_kind_stands_for_a_group(values: dict[str, str]) -> None:
    tints = kinds(values)
    drawn = [tints.value(at) for at in range(len(TREE.nodes))]
    known = [value for value in drawn if value is not None]
    assert tints.plain == len(drawn) - len(known)
    found = tints.value(ROOT)
    if found is None:
        assert not known
    else:
        assert known.count(found) == max(map(known.count, known))


def test_a_group_that_is_all_of_a_kind_says_so() -> None:
    drawn = [TREE.graph.nodes[position].name for position in TREE.nodes]
    assert kinds(dict.fromkeys(drawn, "a")).text(ROOT) == "a"
    assert kinds({**dict.fromkeys(drawn, "a"), drawn[0]: "b"}).text(ROOT) == "mostly a"
    assert kinds(dict.fromkeys(drawn[1:], "a")).text(ROOT) == "mostly a"


def test_rare_kinds_share_the_last_colour() -> None:
    tints = kinds({name: str(at) for at, name in enumerate(NAMES)})
    assert len(tints.kinds) == MOST_KINDS + 1
    assert tints.kinds[-1] == OTHER
    places = {tints.place(at) for at in range(len(TREE.nodes))}
    assert places == set(range(MOST_KINDS + 1))


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.0, "B", "0 B"),
        (1023.0, "B", "1023 B"),
        (1536.0, "B", "1.5 KiB"),
        (3.0 * 1024**2, "B", "3 MiB"),
        (1000.0 * 1024**2, "B", "1000 MiB"),
        (0.0312, "ms", "0.0312 ms"),
        (2.5, "", "2.5"),
    ],
)
def test_numbers_are_written_short(value: float, unit: str, words: str) -> None:
    assert amount(value, unit) == words


def test_weights_are_counted_in_the_node_that_shows_them() -> None:
    tints = tints_for(TREE, OVERLAYS["weights"].make(Facts(TREE.graph)))
    conv = TREE.find("net/block_1/Conv2D")
    assert conv is not None
    assert tints.value(conv) == 3 * 3 * 3 * 3 * 4
    assert tints.text(TREE.by_path["net/block_1"]) == "Σ 336 B"


@pytest.mark.parametrize("key", sorted(OVERLAYS))
def test_every_overlay_says_what_it_lacks_or_can_be_made(key: str) -> None:
    kind = OVERLAYS[key]
    facts = Facts(TREE.graph)
    if kind.lacks(facts):
        assert kind.lacks(facts).endswith(".")
    else:
        made = kind.make(facts)
        assert (made.key, made.title) == (key, kind.title)
        assert made.values


def test_a_verdict_colours_nodes_by_their_status() -> None:
    verdicts = Overlay({"input": Mark("takes"), "probabilities": Mark("refuses")}, "TensorRT 10")
    made = OVERLAYS["verdict"].make(Facts(TREE.graph, verdicts=verdicts))
    tints = tints_for(TREE, made)
    assert isinstance(tints, KindTints)
    assert tints.kinds == ("takes", "refuses")
    assert tints.text(ROOT) == "worst: target refuses"
    assert tints.text(TREE.find("probabilities") or 0) == "target refuses"


def test_errors_of_several_outputs_count_as_the_largest() -> None:
    rows = [("a", 0.5), ("a:1", 2.0), ("b", None)]
    assert errors_by_node(rows) == {"a": 2.0, "b": math.inf}


def test_nodes_fused_into_a_layer_share_its_time() -> None:
    assert times_by_node([(3.0, ("a", "b")), (1.0, ("a",)), (5.0, ())]) == {"a": 2.5, "b": 1.5}
