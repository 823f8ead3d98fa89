"""Overlays from JSON: what is read, and how a wrong file is told."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.errors import OpenError
from surgeon_gui.view.coloring import MAX, SUM, Kinds, Numbers
from surgeon_gui.view.overlay_file import overlay_from_text, read_overlay
from tests.view.graphs import network

GRAPH = network()
PATH = Path("mine.json")


def test_a_number_per_node_is_a_scale_and_strange_names_are_counted() -> None:
    found = overlay_from_text('{"input": 1, "net/block_1/Relu:0": 2.5, "gone": 3}', PATH, GRAPH)
    assert isinstance(found.coloring, Numbers)
    assert found.coloring.values == {"input": 1.0, "net/block_1/Relu": 2.5}
    assert (found.coloring.title, found.coloring.gather) == ("mine", MAX)
    assert found.strangers == ("gone",)
    assert found.words == "mine: 2 nodes coloured. 1 name not in this graph: gone"


def test_a_word_per_node_is_kinds() -> None:
    found = overlay_from_text('{"input": "gpu", "probabilities": "cpu"}', PATH, GRAPH)
    assert isinstance(found.coloring, Kinds)
    assert found.words == "mine: 2 nodes coloured."


def test_true_and_false_are_kinds_too() -> None:
    found = overlay_from_text('{"input": true, "probabilities": false}', PATH, GRAPH)
    assert found.coloring.values == {"input": "true", "probabilities": "false"}


def test_the_nested_form_names_title_unit_and_how_groups_answer() -> None:
    text = '{"title": "Power", "unit": "mW", "groups": "sum", "values": {"input": 4}}'
    coloring = overlay_from_text(text, PATH, GRAPH).coloring
    assert isinstance(coloring, Numbers)
    assert (coloring.title, coloring.unit, coloring.gather) == ("Power", "mW", SUM)


def test_what_verify_and_run_print_is_an_overlay(tmp_path: Path) -> None:
    rows = [
        {"name": "input", "ok": True, "max_rel": 1e-6},
        {"name": "probabilities", "ok": False, "max_rel": None},
    ]
    path = tmp_path / "verify.json"
    path.write_text(json.dumps({"ok": False, "outputs": [], "tensors": rows}))
    assert read_overlay(path, GRAPH).coloring.values == {
        "input": 1e-6,
        "probabilities": float("inf"),
    }
    layers = [{"name": "fused", "ms": 2.0, "nodes": ["input", "probabilities"]}]
    path.write_text(json.dumps({"layers": layers}))
    assert read_overlay(path, GRAPH).coloring.values == {"input": 1.0, "probabilities": 1.0}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"input": 1,\n "x": }', "mine.json:2:7"),
        ("", "mine.json:1:1"),
        ("[1, 2]", "mine.json"),
        ("{}", "mine.json"),
        ('{"values": {}}', "mine.json"),
        ('{"input": null}', "mine.json: input"),
        ('{"input": {"a": 1}}', "mine.json: input"),
        ('{"input": 1, "probabilities": "b"}', "mine.json: probabilities"),
        ('{"values": {"input": []}}', "mine.json: values.input"),
        ('{"title": 3, "values": {"input": 1}}', "mine.json: title"),
        ('{"groups": "mean", "values": {"input": 1}}', "mine.json: groups"),
        ('{"input": NaN}', "mine.json: NaN"),
        ('{"input": 1' + "0" * 400 + "}", "mine.json: input"),
        ('{"input": ' + "[" * 100_000, "mine.json"),
        ('{"tensors": [1]}', "mine.json"),
        ('{"layers": [{"ms": "x"}]}', "mine.json"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(text: str, where: str) -> None:
    with pytest.raises(OpenError) as raised:
        overlay_from_text(text, PATH, GRAPH)
    assert raised.value.where == where


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(OpenError, match="cannot be read"):
        read_overlay(tmp_path / "none.json", GRAPH)
    (tmp_path / "latin.json").write_bytes(b'{"gr\xf6\xdfe": 1}')
    with pytest.raises(OpenError, match="UTF-8"):
        read_overlay(tmp_path / "latin.json", GRAPH)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists) | st.text())
def test_no_json_does_more_than_be_refused(data: object) -> None:
    for whole in (data, {"values": data, "tensors": data}):
        with contextlib.suppress(OpenError):
            overlay_from_text(json.dumps(whole), PATH, GRAPH)
