from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.edits.nodes import ReplaceNode
from surgeon_gui.errors import EditError, RuleError
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import AttrValue, DType, TensorValue
from surgeon_gui.rewrite.library import bundled_rules, rules_dir
from surgeon_gui.rewrite.plugins import find_plugin, load_plugin, plugins

NMS = plugins()["NMS_TRT"]


def test_every_description_is_read_under_its_files_name() -> None:
    assert len(plugins()) == 51
    assert {path.stem for path in (rules_dir() / "plugins").glob("*.toml")} == set(plugins())
    for plugin in plugins().values():
        assert plugin.source
        assert plugin.versions
        assert len({field.name for field in plugin.fields}) == len(plugin.fields)


def test_a_plugin_is_found_by_name_or_alias() -> None:
    found = find_plugin("LReLU_TRT")
    assert found is not None
    assert [field.name for field in found.fields] == ["negSlope"]
    assert "8.6" in found.tensorrt
    assert "11.x" not in found.tensorrt
    alias = find_plugin("EfficientNMS_TFTRT_TRT")
    assert alias is not None
    assert alias.name == "EfficientNMS_Explicit_TF_TRT"
    assert find_plugin("Conv2D") is None


@pytest.mark.parametrize(
    ("key", "given", "typed"),
    [
        ("topK", 100, 100),
        ("topK", 100.0, 100),
        ("topK", True, 1),
        ("nmsThreshold", 1, 1.0),
        ("inputOrder", (0, 2, 1), (0, 2, 1)),
        ("topK", TensorValue.from_array(np.array([7])), 7),
        ("topK_u_int", 5, 5),
        ("dtype", DType.FLOAT32, DType.FLOAT32),
    ],
)
def test_values_take_the_type_of_their_field(key: str, given: AttrValue, typed: AttrValue) -> None:
    found = NMS.typed({key: given})[key]
    assert found == typed
    assert type(found) is type(typed)


@pytest.mark.parametrize(
    ("key", "given", "told"),
    [
        ("topK", 1.5, "topK takes whole numbers, not 1.5"),
        ("topK", b"many", "topK takes whole numbers, not 'many'"),
        ("topK", (1, 2), "topK takes 1 elements, not 2"),
        ("inputOrder", (0, 1), "inputOrder takes 3 elements, not 2"),
        ("nmsTreshold", 0.5, "has no field nmsTreshold. Did you mean nmsThreshold?"),
        ("colour", 1, "has no field colour. It has shareLocation"),
    ],
)
def test_what_a_field_cannot_hold_is_refused(key: str, given: AttrValue, told: str) -> None:
    with pytest.raises(EditError, match=told.replace("?", r"\?")):
        NMS.typed({key: given})


def test_open_lengths_take_any_number() -> None:
    anchors = plugins()["GridAnchor_TRT"]
    assert anchors.typed({"aspectRatios": (1, 2)}) == {"aspectRatios": (1.0, 2.0)}
    assert anchors.typed({"aspectRatios": 1}) == {"aspectRatios": (1.0,)}
    with pytest.raises(EditError, match="takes text"):
        plugins()["ScatterElements"].typed({"reduction": 1})
    with pytest.raises(EditError, match="nothing a graph can hold"):
        plugins()["Region_TRT"].typed({"smTree": 1})


def test_defaults_and_what_is_still_missing_are_told() -> None:
    assert NMS.defaults() == {
        "inputOrder": (0, 2, 1),
        "codeType": 3,
        "scoreBits": 16,
        "isBatchAgnostic": 1,
    }
    assert plugins()["LReLU_TRT"].missing({}) == ("negSlope",)
    assert plugins()["LReLU_TRT"].missing({"negSlope_u_float": 0.1}) == ()


def test_an_edit_types_and_checks_a_known_plugins_fields() -> None:
    graph = parse_text("x = Placeholder() {shape=[2]}\ny = Relu(x)")
    node = ReplaceNode("y", "LReLU_TRT", {"negSlope": 1}).apply(graph)["y"]
    assert dict(node.attrs) == {"negSlope_u_float": 1.0}
    with pytest.raises(EditError, match="Did you mean negSlope"):
        ReplaceNode("y", "LReLU_TRT", {"negslope": 0.1}).apply(graph)
    own = ReplaceNode("y", "Mine_TRT", {"anything": 1}).apply(graph)["y"]
    assert dict(own.attrs) == {"anything_u_int": 1}


def test_bundled_rules_make_plugins_with_fields_they_have() -> None:
    for rule in bundled_rules().values():
        for example in rule.examples:
            for node in parse_text(example.after):
                plugin = find_plugin(node.op)
                if plugin is not None and node.op.endswith("_TRT"):
                    assert plugin.missing(node.attrs) == ()
                    for key in node.attrs:
                        assert plugin.field(key.rpartition("_u_")[0]) is not None


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("versions = []", 1, "key name is missing"),
        ('name = "P"\ncolour = 1', 2, "no key colour"),
        ('name = "P"\n[[field]]\nname = "f"\ntype = "int"', 4, "no field type int"),
        ('name = "P"\n[[field]]\nname = "f"\ntype = "int32"\ndefault = "a"', 5, "default: "),
        ('name = "P"\n[[input]]\nshape = "x"', 2, "key name is missing"),
    ],
)
def test_a_wrong_description_names_file_and_line(
    tmp_path: Path, text: str, line: int, told: str
) -> None:
    path = tmp_path / "P.toml"
    path.write_text(text)
    with pytest.raises(RuleError, match=told) as caught:
        load_plugin(path)
    assert caught.value.where == f"{path}:{line}"
