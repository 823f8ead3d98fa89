"""Parameters of rule sets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.errors import RuleError
from surgeon_gui.graph.text import parse_text
from surgeon_gui.rewrite.library import find_rule_set, steps
from surgeon_gui.rewrite.ruleset import rule_set_from_toml, rule_set_to_toml

SET = """
id = "heads"
[[parameter]]
name = "classes"
value = 91
help = "Number of classes."
[[parameter]]
name = "limit"
value = 1.0
[[parameter]]
name = "sizes"
value = [0.5, 1.0]

[[item]]
edit = "replace"
node = "y"
op = "My_TRT"
attributes = { numClasses = "<classes>", sizes = "<sizes>", label = "<classes> of them" }

[[item]]
rule = "less-than"

[[rule]]
id = "less-than"
group = "fuse"
summary = "scaling by less than the limit goes"
match = "Mul:root(?x, Const:a)"
where = ["scalar(a)", "less(a, <limit>)"]
replace = "?x"
"""

GRAPH = """
x = Placeholder() {shape=[4]}
a = Const() {value=f32{2}}
m = Mul(x, a)
y = Relu(m)
"""


def _save(folder: Path) -> str:
    path = folder / "heads.toml"
    path.write_text(SET)
    return str(path)


def test_values_stand_where_their_names_stood() -> None:
    rule_set = rule_set_from_toml(SET)
    step = steps(rule_set)[0].edit
    assert step is not None
    assert step.fields["attributes"] == {
        "numClasses": 91,
        "sizes": [0.5, 1.0],
        "label": "91 of them",
    }


def test_other_values_reach_edits_and_rules(tmp_path: Path) -> None:
    name = _save(tmp_path)
    graph = parse_text(GRAPH)
    after = ApplyRules((name,)).apply(graph)
    assert after["y"].attrs["numClasses_u_int"] == 91
    assert "m" in after
    after = ApplyRules((f"{name}(classes = 4, limit = 3)",)).apply(graph)
    assert after["y"].attrs["numClasses_u_int"] == 4
    assert "m" not in after


def test_a_set_gives_values_to_the_set_it_holds(tmp_path: Path) -> None:
    outer = rule_set_from_toml(
        f'id = "outer"\n[[item]]\nset = "{_save(tmp_path)}"\nparameters = {{ classes = 7 }}\n'
    )
    step = steps(outer)[0].edit
    assert step is not None
    assert step.fields["attributes"]["numClasses"] == 7
    assert rule_set_from_toml(rule_set_to_toml(outer)) == outer


def test_a_set_with_parameters_is_saved_as_it_was() -> None:
    rule_set = rule_set_from_toml(SET)
    again = rule_set_from_toml(rule_set_to_toml(rule_set))
    assert again == rule_set
    assert again.parameters == rule_set.parameters
    other = rule_set.with_parameters({"classes": 3})
    assert other.parameters[0].value == 3
    assert other.items == rule_set.items
    assert rule_set.with_parameters({}) is rule_set


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("classes = 1.5", "classes must be like 91"),
        ("class = 3", "did you mean classes"),
        ("classes", "are no parameters"),
        ("sizes = 3", "sizes must be like"),
    ],
)
def test_wrong_values_are_refused(given: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=re.escape(message)):
        find_rule_set(f"{_save(tmp_path)}({given})")


@pytest.mark.parametrize(
    ("old", "new", "message", "line"),
    [
        ("<sizes>", "<size>", "no parameter size", 14),
        ("<limit>", "<limits>", "no parameter limits", 23),
        ('name = "limit"', 'name = "classes"', "stated twice", 8),
        ('name = "limit"', 'name = "The limit"', "no name for a parameter", 8),
        ("value = 1.0", "value = { a = 1 }", "A parameter's value is", 7),
        ("help =", "helps =", "There is no key helps", 6),
        ("help =", "read =", "Nothing is called Number of classes.", 6),
    ],
)
def test_a_complaint_names_file_and_line(old: str, new: str, message: str, line: int) -> None:
    with pytest.raises(RuleError, match=message) as caught:
        rule_set_from_toml(SET.replace(old, new), "heads.toml")
    assert caught.value.where == f"heads.toml:{line}"


SCORES = """
concat_1 = Placeholder() {shape=[1, 12, 7]}
y = Relu(concat_1)
"""


def _reading(tmp_path: Path) -> str:
    path = tmp_path / "reading.toml"
    text = SET.replace('help = "Number of classes."', 'read = "ssd_classes"')
    path.write_text(text.split("[[item]]\nrule")[0])
    return str(path)


def test_the_graph_tells_what_nobody_chose(tmp_path: Path) -> None:
    name, graph = _reading(tmp_path), parse_text(SCORES)
    assert ApplyRules((name,)).apply(graph)["y"].attrs["numClasses_u_int"] == 7
    assert ApplyRules((f"{name}(classes = 4)",)).apply(graph)["y"].attrs["numClasses_u_int"] == 4
    rule_set = find_rule_set(name)
    assert rule_set.found_in(graph) == {"classes": 7}
    assert rule_set_from_toml(rule_set_to_toml(rule_set)).parameters == rule_set.parameters


def test_a_graph_that_does_not_tell_leaves_the_stated_value(tmp_path: Path) -> None:
    name, graph = _reading(tmp_path), parse_text(SCORES.replace("12, 7", "12, ?"))
    assert ApplyRules((name,)).apply(graph)["y"].attrs["numClasses_u_int"] == 91


def test_an_inner_set_is_read_unless_the_outer_chooses(tmp_path: Path) -> None:
    graph = parse_text(SCORES)
    item = f'id = "outer"\n[[item]]\nset = "{_reading(tmp_path)}"\n'
    for more, classes in (("", 7), ("parameters = { classes = 3 }", 3)):
        after = ApplyRules(inline=item + more).apply(graph)
        assert after["y"].attrs["numClasses_u_int"] == classes
