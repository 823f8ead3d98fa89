from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.edits.base import EDITS, Edit, edit_fields, edit_name, summary
from surgeon_gui.edits.boundary import SetInput, SetOutputs, StripUnreachable
from surgeon_gui.edits.namespaces import Collapse, RenameNamespace
from surgeon_gui.edits.nodes import (
    RemoveAttribute,
    RemoveNodes,
    RenameNode,
    ReplaceNode,
    SetAttribute,
)
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.edits.script import (
    load_script,
    replay,
    save_script,
    script_from_toml,
    script_to_toml,
)
from surgeon_gui.errors import EditError, SaveError, ScriptError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import AttrValue, DType, FuncRef, RawAttr, Shape, TensorValue

GRAPH = """
x = Placeholder() {shape=[2, 4]}
a = Identity(x)
r = Relu(a)
y = Sigmoid(r)
"""

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
names = st.lists(texts, max_size=3).map(tuple)
shapes = st.none() | st.lists(st.integers(-1, 9), max_size=3).map(tuple)
scalars: st.SearchStrategy[AttrValue] = (
    st.integers(-(2**63), 2**63 - 1)
    | st.floats(width=32, allow_nan=False)
    | st.booleans()
    | st.binary(max_size=6)
    | st.sampled_from([DType.FLOAT32, DType.STRING, DType.RESOURCE])
    | shapes.map(Shape)
)
tensors: st.SearchStrategy[AttrValue] = st.builds(
    lambda values, dtype: TensorValue.from_array(np.array(values), dtype),
    st.lists(st.integers(0, 99), max_size=4),
    st.sampled_from([DType.FLOAT32, DType.INT32, DType.INT64, DType.FLOAT16, DType.BFLOAT16]),
)
lists: st.SearchStrategy[AttrValue] = st.one_of(
    st.lists(st.integers(-9, 9), max_size=3).map(tuple),
    st.lists(st.floats(width=32, allow_nan=False), max_size=3).map(tuple),
    st.lists(st.binary(max_size=3), max_size=3).map(tuple),
    st.lists(st.sampled_from([DType.INT8, DType.BOOL]), max_size=3).map(tuple),
)
values = st.one_of(scalars, tensors, lists, st.just(FuncRef("f", b"\n\x01f")))
attributes = st.dictionaries(texts, values, max_size=3)

edits: st.SearchStrategy[Edit] = st.one_of(
    st.builds(RemoveNodes, names, st.booleans()),
    st.builds(ReplaceNode, texts, texts, attributes, names, st.sampled_from(["auto", "yes"])),
    st.builds(RenameNode, texts, texts),
    st.builds(SetAttribute, texts, texts, values),
    st.builds(RemoveAttribute, texts, texts),
    st.builds(Collapse, texts, texts, names, texts, attributes, names),
    st.builds(RenameNamespace, texts, texts),
    st.builds(SetInput, texts, st.none() | shapes.map(Shape), st.sampled_from([None, DType.INT8])),
    st.builds(SetOutputs, names),
    st.just(StripUnreachable()),
    st.builds(ApplyRules, names, names, texts),
)


@given(st.lists(edits, max_size=4))
def test_a_script_is_read_back_as_the_same_edits(made: list[Edit]) -> None:
    assert list(script_from_toml(script_to_toml(made)).edits) == made


def test_a_script_reads_as_people_would_write_it() -> None:
    text = script_to_toml(
        [RemoveNodes(("a",)), ReplaceNode("r", "LReLU_TRT", {"negSlope": 0.1}), StripUnreachable()]
    )
    assert text == (
        '[[edit]]\ndo = "remove"\nnodes = [\n    "a",\n]\n\n'
        '[[edit]]\ndo = "replace"\nnode = "r"\nop = "LReLU_TRT"\n\n'
        "[edit.attributes]\nnegSlope = 0.1\n\n"
        '[[edit]]\ndo = "strip"\n'
    )


def test_replay_applies_edits_in_order_and_tells_each() -> None:
    script = script_from_toml(
        """
        [[edit]]
        do = "remove"
        nodes = "a"
        [[edit]]
        do = "rename"
        node = "r"
        name = "relu"
        """
    )
    told: list[tuple[str, int]] = []
    after = replay(
        parse_text(GRAPH), script, lambda edit, graph: told.append((edit.title, len(graph)))
    )
    assert [node.name for node in after] == ["x", "relu", "y"]
    assert told == [("Remove a", 3), ("Rename r to relu", 3)]


def test_replay_stops_at_the_first_failure_and_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "cure.toml"
    path.write_text(
        '[[edit]]\ndo = "remove"\nnodes = ["a"]\n\n'
        '[[edit]]\ndo = "rename"\nnode = "q"\nname = "p"\n'
    )
    told: list[Graph] = []
    with pytest.raises(ScriptError, match="Rename q to p failed: There is no such node") as caught:
        replay(parse_text(GRAPH), load_script(path), lambda edit, graph: told.append(graph))
    assert caught.value.where == f"{path}:5"
    assert caught.value.hint
    assert len(told) == 1


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('[[edit]]\ndo = "remov"\n', 2, "There is no edit remov"),
        ('[[edit]]\nnodes = ["a"]\n', 1, "key do is missing"),
        ('[[edit]]\ndo = "rename"\n', 2, "rename needs node"),
        ('[[edit]]\ndo = "rename"\nnode = "a"\nnme = "b"\n', 4, "no field nme"),
        ('[[edit]]\ndo = "rename"\nnode = 3\nname = "b"\n', 3, "text is wanted"),
        ('[[edit]]\ndo = "remove"\nnodes = [1]\n', 3, "list of texts"),
        ('[[edit]]\ndo = "remove"\nnodes = []\ndependencies = 1\n', 4, "true or false"),
        ('[[edit]]\ndo = "set-input"\nnode = "x"\ndtype = "flaot"\n', 4, "no TensorFlow dtype"),
        ('[[edit]]\ndo = "set-input"\nnode = "x"\nshape = 3\n', 4, "no shape"),
        ('[[edit]]\ndo = "replace"\nnode = "x"\nop = "R"\nplugin = "no way"\n', 5, "none of auto"),
        (
            '[[edit]]\ndo = "replace"\nnode = "x"\nop = "R"\nattributes = {a = {b = 1}}\n',
            5,
            "is no value",
        ),
        ('[[edit]]\ndo = "remove"\nnodes = [\n', 4, "no TOML"),
        ("[[edits]]\n", 1, "no key edits"),
        ("edit = 1\n", 1, "must be tables"),
    ],
)
def test_a_wrong_script_names_file_and_line(text: str, line: int, told: str) -> None:
    with pytest.raises(ScriptError, match=told) as caught:
        script_from_toml(text, "cure.toml")
    assert caught.value.where == f"cure.toml:{line}"


def test_a_script_survives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "cure.toml"
    save_script([RenameNode("a", "b")], path)
    assert load_script(path).edits == (RenameNode("a", "b"),)
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError):
        save_script([], tmp_path / "file" / "cure.toml")
    with pytest.raises(ScriptError, match="cannot be read"):
        load_script(tmp_path / "none.toml")


def test_every_edit_describes_itself_and_its_fields() -> None:
    assert len(EDITS) >= 11
    for name, kind in EDITS.items():
        assert edit_name(kind) == name
        assert summary(kind).endswith(".")
        for info in edit_fields(kind):
            assert info.label
            assert info.help.endswith(".")
    with pytest.raises(EditError, match="cannot be part of a script"):
        edit_name(Edit)


def test_an_attribute_nothing_else_can_state_is_kept_raw() -> None:
    raw = RawAttr(b"\x4a\x01z")
    edit = SetAttribute("a", "k", raw)
    assert script_from_toml(script_to_toml([edit])).edits == (edit,)
