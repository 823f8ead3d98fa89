"""Ranges kept in rule sets come back, and are found by the sets applied to the next graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.errors import OpenError, RuleError
from surgeon_gui.network.quantize.ranges import Ranges
from surgeon_gui.range_files import load_any_ranges, ranges_of_sets, save_any_ranges
from surgeon_gui.rewrite.ruleset import load_rule_set

RANGES = Ranges(
    {"conv/Relu:0": 3.5, 'odd "name"': 0.25},
    {"conv/Relu:0": 5.5, 'odd "name"': 0.25},
    "entropy",
    500,
    kept=("head/conv",),
)


@pytest.mark.parametrize("ending", [".json", ".toml"])
def test_ranges_come_back_from_either_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"ours{ending}"
    save_any_ranges(RANGES, path)
    assert load_any_ranges(path) == RANGES


def test_a_rule_set_keeps_all_else_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(
        'id = "ours"\ntitle = "What ours needs"\n[[parameter]]\nname = "size"\nvalue = 3\n'
        '[[item]]\nrule = "strip-identity"\n'
    )
    before = load_rule_set(path)
    save_any_ranges(RANGES, path)
    after = load_rule_set(path)
    assert (after.id, after.title, after.items) == (before.id, before.title, before.items)
    assert load_any_ranges(path) == RANGES
    assert ranges_of_sets([f"{path}"]) == RANGES


def test_the_last_set_with_ranges_counts(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    save_any_ranges(RANGES, one)
    save_any_ranges(RANGES.with_reach("x", 1.0), two)
    found = ranges_of_sets([str(one), str(two), "clean"])
    assert found is not None
    assert found.reach["x"] == 1.0
    assert ranges_of_sets(["clean"]) is None
    assert ranges_of_sets([]) is None


def test_parameters_leave_a_sets_ranges_alone(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    save_any_ranges(RANGES, path)
    text = path.read_text()
    path.write_text('[[parameter]]\nname = "size"\nvalue = 3\n' + text)
    path.write_text(text.replace("[ranges]", '[[parameter]]\nname = "size"\nvalue = 3\n[ranges]'))
    assert ranges_of_sets([f"{path}(size = 4)"]) == RANGES


def test_a_set_without_ranges_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text('[[item]]\nrule = "strip-identity"\n')
    with pytest.raises(OpenError, match="no ranges"):
        load_any_ranges(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ranges]\nreach = 3", "must be a table"),
        ('[ranges]\ncollector = "mse"', "reach is missing"),
        ("[ranges.reach]\na = -1.0", "a number from 0"),
        ("[ranges.reach]\na = inf", "a number from 0"),
        ("[ranges.reach]\na = true", "a number from 0"),
        ('[ranges.reach]\na = 1\n[ranges.largest]\nb = "x"', "a number from 0"),
        ("[ranges]\nkept = 3\n[ranges.reach]", "kept must be"),
        ("[ranges]\nreaches = 3", "no key reaches"),
    ],
)
def test_wrong_ranges_in_a_set_are_told_with_their_line(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(text)
    with pytest.raises(RuleError, match=words) as caught:
        load_any_ranges(path)
    assert str(path) in str(caught.value.where)
