"""Queries of the search field."""

from __future__ import annotations

import pytest

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.text import parse_text
from surgeon_gui.ui.search import Known, advice, search

GRAPH = parse_text(
    """
    x = Placeholder() {dtype=float32, shape=[1,4,4,2]}
    block/w = Const() {value=f32[1,1,2,3]{1,2,3,4,5,6}}
    block/conv = Conv2D(x, block/w) {strides=[1,1,1,1], padding="SAME"}
    block/relu = Relu(block/conv)
    head/arg max = ArgMax(block/relu, head/axis)
    head/axis = Const() {value=i32{3}}
    """.replace("head/arg max", "head/argmax")
)
KNOWN = Known(infer_types(GRAPH), {"block/conv": "refuses", "block/relu": "cured", "x": "takes"})


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ()),
        ("   ", ()),
        ("conv", ("block/conv",)),
        ("CONV2D", ("block/conv",)),
        ("op:rel", ("block/relu",)),
        ("name:relu", ("block/relu",)),
        ("block conv", ("block/conv",)),
        ("attr:padding=same", ("block/conv",)),
        ("attr:padding", ("block/conv",)),
        ("dtype:int64", ("head/argmax",)),
        ("shape:1,4,4,3", ("block/conv", "block/relu")),
        ("shape:[1,4,4,2]", ("x",)),
        ("status:refused", ("block/conv",)),
        ("status:unsupported", ("block/conv", "block/relu")),
        ("/^block.*u$/", ("block/relu",)),
        ('"block/re', ()),
        ("nothing", ()),
    ],
)
def test_a_query_finds(query: str, names: tuple[str, ...]) -> None:
    assert search(GRAPH, query, KNOWN) == names


@pytest.mark.parametrize("query", ["/(/", "status:sunny", "dtype:float99"])
def test_a_wrong_query_says_so(query: str) -> None:
    with pytest.raises(UsageError):
        search(GRAPH, query, KNOWN)


def test_a_shape_closed_by_a_bracket_is_the_whole_shape() -> None:
    assert search(GRAPH, "shape:1,4,4", KNOWN) == ("x", "block/conv", "block/relu", "head/argmax")
    assert search(GRAPH, "shape:[1,4,4]", KNOWN) == ("head/argmax",)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("strides:2", "To look in attributes, write attr:strides=2."),
        ("padding=VALID", "To look in attributes, write attr:padding=VALID."),
        ("padding:", "To look in attributes, write attr:padding."),
        ("nothing:2", ""),
        ("nothing", ""),
        ("op:Conv3D", ""),
    ],
)
def test_a_query_that_finds_nothing_is_told_how_it_may_be_meant(query: str, words: str) -> None:
    assert advice(GRAPH, query) == words
