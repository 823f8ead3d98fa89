"""The report: one page that stands by itself, with everything a ticket needs."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from surgeon_gui.edits.ignore import Ignore
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.targets import inspect
from surgeon_gui.targets.autofix import find_fix
from surgeon_gui.targets.groups import group_problems, group_remaining
from surgeon_gui.targets.report import model_facts
from surgeon_gui.targets.report_page import report_html
from tests.helpers.shared import ROOT

VERIFIED = {
    "ok": True,
    "value": "boxes3d.pb as network in ONNX Runtime",
    "outputs": [
        {"name": "y", "shape": [1, 2], "ok": True, "metrics": {"max_abs": 4.2e-7}, "problem": None}
    ],
    "first_divergence": None,
    "seconds": 2.609,
}
BUILT = {"path": "x.engine", "bytes": 1234567, "tensorrt": "1.7.1", "gpu": ["sm86"], "layers": 42}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [value or "" for key, value in attrs if key in ("href", "src", "xlink:href")]
        if tag not in ("meta", "br", "img", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def boxes() -> Graph:
    return open_graph(ROOT / "samples" / "boxes3d.pb")


@pytest.fixture(scope="module")
def facts(boxes: Graph) -> dict[str, Any]:
    return model_facts(boxes, "folder/boxes3d.pb", "uff-8")


def test_the_facts_are_json_and_name_the_problems_by_cause(
    boxes: Graph, facts: dict[str, Any]
) -> None:
    assert json.loads(json.dumps(facts)) == facts
    report = inspect(boxes, "uff-8")
    assert [cause["reason"] for cause in facts["causes"]] == [
        group.reason for group in group_problems(report)
    ]
    assert facts["summary"] == report.summary
    assert facts["fix"]["after"] == 0
    assert facts["page"]["JetPack"].startswith("4.6 (TensorRT 8.0.1)")


def test_the_page_stands_by_itself(facts: dict[str, Any]) -> None:
    page = report_html(facts, '<?xml version="1.0"?><svg width="4"><rect/></svg>')
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert "script" not in tags.seen
    assert tags.links == []
    assert "svg" in tags.seen
    assert "<?xml" not in page


def test_the_page_tells_problems_plan_edits_verification_and_build(facts: dict[str, Any]) -> None:
    changes = [
        {"rule": "remove-dropout", "nodes": ["a"]},
        {"rule": "remove-dropout", "nodes": ["b"]},
        {"edit": "Rename x to y", "nodes": ["x", "y"]},
    ]
    page = report_html({**facts, "changes": changes, "attached": [VERIFIED, BUILT]})
    text = re.sub(r"<[^>]+>", " ", page)
    for words in (
        "104 of 109 convert; 5 more after three rules",
        "l2-normalize-decomposed",
        "none left",
        "Rename x to y",
        "2 places",
        "Every output is equal to the reference within the tolerance.",
        "4.2e-07",
        "1.23 MB",
        "sm86",
    ):
        assert words in text
    assert "None" not in text.replace("None:", "")


def test_a_comparison_that_failed_says_where() -> None:
    bad = {**VERIFIED, "ok": False, "first_divergence": {"node": "conv1", "op": "Conv2D"}}
    facts = model_facts(open_graph(ROOT / "samples" / "boxes3d.pb"), "b.pb", "direct")
    assert "first that differs is conv1" in report_html({**facts, "attached": [bad]})


def test_names_are_escaped(facts: dict[str, Any]) -> None:
    assert "<b>x" not in report_html({**facts, "model": "<b>x.pb"})


def test_what_is_ignored_stands_in_the_report(boxes: Graph) -> None:
    group = next(each for each in group_problems(inspect(boxes, "uff-8")) if not each.rule)
    facts = model_facts(Ignore(group.nodes, group.reason).apply(boxes), "b.pb", "uff-8")
    assert [cause["reason"] for cause in facts["ignored_causes"]] == [group.reason]
    assert "<h2>Ignored</h2>" in report_html(facts)


def test_what_a_fix_leaves_is_told_by_cause() -> None:
    graph = parse_text(
        "x = Placeholder() {dtype=f32, shape=[1,4]}\n"
        "head/a = FrobnicateV7(x)\nhead/b = FrobnicateV7(x)\ny = Add(head/a, head/b)"
    )
    (left,) = group_remaining(find_fix(graph, "uff-8"))
    assert left.words == "FrobnicateV7 × 2"
    assert left.nodes == ("head/a", "head/b")
