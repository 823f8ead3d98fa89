from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.errors import RuleError, SaveError
from surgeon_gui.rewrite.library import (
    bundled_sets,
    find_rule_set,
    load_set,
    rules_of,
    steps,
    user_sets,
)
from surgeon_gui.rewrite.ruleset import (
    Item,
    RuleSet,
    load_rule_set,
    rule_set_from_toml,
    rule_set_to_toml,
    save_rule_set,
)

OWN = """
id = "own"
title = "Our detector"
note = "with its own rule"
targets = ["uff"]

[[item]]
set = "clean"

[[item]]
edit = "replace"
node = "head"
op = "My_TRT"
attributes = { depth = 3, scales = [1.0, 2.0] }
note = "the head"

[[item]]
rule = "swish"
on = false

[[rule]]
id = "swish"
group = "plugin"
summary = "x * sigmoid(x) becomes a plugin"
match = "Mul:root(?x, Sigmoid(?x))"
replace = "Swish_TRT:root(?x)"

[[rule.example]]
before = "a"
after = "b"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path))
    return tmp_path


def test_a_set_survives_the_round_trip(tmp_path: Path) -> None:
    own = rule_set_from_toml(OWN)
    assert rule_set_from_toml(rule_set_to_toml(own)) == own
    save_rule_set(own, tmp_path / "deep" / "own.toml")
    again = load_rule_set(tmp_path / "deep" / "own.toml")
    assert again == own
    assert list(again.rules) == ["swish"]


@pytest.mark.parametrize("name", bundled_sets())
def test_bundled_sets_survive_it_too(name: str) -> None:
    rule_set = bundled_sets()[name]
    assert rule_set_from_toml(rule_set_to_toml(rule_set)) == rule_set


def test_steps_join_rules_and_keep_edits_between() -> None:
    found = steps(rule_set_from_toml(OWN.replace("on = false", "on = true")))
    assert [step.edit.name if step.edit else len(step.rules) for step in found] == [
        len(rules_of(bundled_sets()["clean"])),
        "replace",
        1,
    ]
    assert [rule.id for rule in found[2].rules] == ["swish"]


def test_what_is_off_is_left_out() -> None:
    assert len(steps(rule_set_from_toml(OWN))) == 2


def test_a_set_is_found_by_name_rule_or_file(home: Path) -> None:
    assert find_rule_set("clean").id == "clean"
    assert [rule.id for rule in rules_of(find_rule_set("strip-noop"))] == ["strip-noop"]
    save_rule_set(rule_set_from_toml(OWN), home / "rules" / "own.toml")
    assert find_rule_set("own").title == "Our detector"
    assert find_rule_set(str(home / "rules" / "own.toml")).id == "own"


def test_a_file_with_one_rule_is_a_set_of_it(home: Path) -> None:
    path = home / "swish.toml"
    path.write_text(
        'id = "swish"\ngroup = "plugin"\nsummary = "s"\nmatch = "Mul:root(?x, Sigmoid(?x))"\n'
        'replace = "Swish_TRT:root(?x)"\n'
    )
    found = find_rule_set(str(path))
    assert [rule.id for rule in rules_of(found)] == ["swish"]
    assert [rule.id for rule in rules_of(rule_set_from_toml(rule_set_to_toml(found)))] == ["swish"]


def test_the_users_sets_hide_bundled_ones_and_broken_ones_are_told(home: Path) -> None:
    save_rule_set(RuleSet("clean", "mine"), home / "rules" / "clean.toml")
    (home / "rules" / "broken.toml").write_text("item = 3")
    found, problems = user_sets()
    assert list(found) == ["clean"]
    assert problems[0].where == f"{home / 'rules' / 'broken.toml'}:1"
    assert find_rule_set("clean").title == "mine"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("titel = 1", 1, "no key titel"),
        ('id = "a"\n[[item]]\non = true', 2, "names one rule, set or edit"),
        ('id = "a"\n[[item]]\nrule = "x"\nset = "y"', 2, "names one rule, set or edit"),
        ('id = "a"\n[[item]]\nrule = "x"\nnodes = []', 4, "no key nodes"),
        ('id = "a"\n[[item]]\nrule = "x"\non = "yes"', 4, "on must be true or false"),
        ('id = "a"\n[[rule]]\nid = "r"', 2, "key group is missing"),
        (
            'id = "a"\n' + '[[rule]]\nid = "r"\ngroup = "fuse"\nsummary = ""\nmatch = "Relu"\n'
            'action = "drop"\n'
            * 1
            + '[[rule]]\nid = "r"\ngroup = "fuse"\nsummary = ""\nmatch = "Relu"\naction = "drop"\n',
            9,
            "stated twice",
        ),
        (
            'id = "a"\n[[rule]]\nid = "r"\ngroup = "fuse"\nsummary = ""\nmatch = "Relu("',
            6,
            "In match",
        ),
    ],
)
def test_a_wrong_set_names_file_and_line(text: str, line: int, told: str) -> None:
    with pytest.raises(RuleError, match=told) as caught:
        rule_set_from_toml(text, "our.toml")
    assert caught.value.where == f"our.toml:{line}"


def test_sets_that_contain_each_other_are_refused(home: Path) -> None:
    save_rule_set(RuleSet("a", items=(Item("set", "b"),)), home / "rules" / "a.toml")
    save_rule_set(RuleSet("b", items=(Item("set", "a"),)), home / "rules" / "b.toml")
    with pytest.raises(RuleError, match="contain each other: a > b > a"):
        steps(find_rule_set("a"))


def test_a_set_that_cannot_be_written_is_an_error(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(SaveError):
        save_rule_set(RuleSet("a"), home / "file" / "a.toml")


def test_a_misspelt_key_of_a_rule_file_is_told_as_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "swish.toml"
    text = (
        'id = "swish"\ngroup = "fuse"\nsummary = "s"\n'
        'macth = "Relu:root(?x)"\nreplace = "Elu:root(?x)"\n'
    )
    path.write_text(text)
    with pytest.raises(RuleError, match="no key macth") as caught:
        load_set(path)
    assert caught.value.where == f"{path}:4"
    assert caught.value.hint == "Did you mean match?"
    path.write_text('id = "mine"\ntargets = ["uff-8", "directly"]\n[[item]]\nset = "clean"\n')
    with pytest.raises(RuleError, match="directly is no route") as caught:
        load_set(path)
    assert caught.value.where == f"{path}:2"
