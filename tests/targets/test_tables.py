"""The fact tables: every op's verdict agrees with its entry, every restriction with its check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from surgeon_gui.targets import Status, Verdict, catalogue
from surgeon_gui.targets.checks.context import Context, holds
from surgeon_gui.targets.kinds import onnx, tftrt, uff
from surgeon_gui.targets.plugins import facts
from tests.targets.cases import MAKERS, Made, make, tensor

JUDGES: dict[str, Callable[[str, Context], Verdict]] = {
    "uff": uff.judge_node,
    "tftrt": tftrt.judge_node,
    "onnx": onnx.judge_node,
}
TARGETS = {
    table: [target.id for target in catalogue() if target.id.startswith(prefix)]
    for table, prefix in (("uff", "uff-"), ("tftrt", "tftrt-"), ("onnx", "onnx-"))
}
UNDECIDED = {"manual", "global", "placeholder_registered", "target_check", "requires_mode"}
WORST_FIRST = [Status.REFUSES, Status.UNKNOWN, Status.CAVEAT, Status.TAKES]


def _entries() -> Iterator[tuple[str, dict[str, Any]]]:
    for table in JUDGES:
        for entry in facts(table)["ops"]:
            yield table, entry


def _restrictions() -> Iterator[Any]:
    for table, entry in _entries():
        for restriction in entry["restrictions"]:
            if restriction["check"]["kind"] in UNDECIDED or restriction["severity"] == "info":
                continue
            name = f"{table}-{entry['tf_op']}-{restriction['id']}"
            yield pytest.param(table, entry, restriction, id=name)


def _asked(table: str, entry: dict[str, Any], restriction: dict[str, Any]) -> list[str]:
    """The targets that have the op and the restriction."""
    wanted = restriction["targets"]
    return [
        target
        for target in TARGETS[table]
        if entry["targets"][target] in ("yes", "likely", "container", "partial", "conditional")
        and ("*" in wanted or target in wanted)
    ]


def test_every_kind_of_restriction_that_a_graph_decides_has_graphs_made_for_it() -> None:
    used = {
        restriction["check"]["kind"]
        for _, entry in _entries()
        for restriction in entry["restrictions"]
    }
    assert used - UNDECIDED <= set(MAKERS)


@pytest.mark.parametrize(("table", "entry", "restriction"), list(_restrictions()))
def test_a_restriction_is_told_where_it_is_broken_and_only_there(
    table: str, entry: dict[str, Any], restriction: dict[str, Any]
) -> None:
    good = make(entry["tf_op"], restriction["check"], good=True)
    bad = make(entry["tf_op"], restriction["check"], good=False)
    assert good is not None
    assert bad is not None
    assert holds(restriction["check"], good.context()) is True
    assert holds(restriction["check"], bad.context()) is False
    for target in _asked(table, entry, restriction):
        lifted = bool(restriction.get("mode")) and target == "tftrt-2.x"
        least = Status.REFUSES if restriction["severity"] == "error" else Status.CAVEAT
        verdict = JUDGES[table](target, bad.context())
        allowed = Status.CAVEAT if lifted else least
        assert WORST_FIRST.index(verdict.status) <= WORST_FIRST.index(allowed), verdict
        assert verdict.reason
        assert verdict.source
        others = [
            other["text"] for other in entry["restrictions"] if other["id"] != restriction["id"]
        ]
        told = JUDGES[table](target, good.context()).reason
        assert told != restriction["text"] or told in others


@pytest.mark.parametrize("table", sorted(JUDGES))
def test_the_verdict_on_an_op_agrees_with_its_entry(table: str) -> None:
    for entry in facts(table)["ops"]:
        for target in TARGETS[table]:
            status = entry["targets"][target]
            context = Made(entry["tf_op"], operands={0: tensor(0), 1: tensor(1)}).context()
            verdict = JUDGES[table](target, context)
            where = (entry["tf_op"], target, status, verdict)
            if status == "no":
                assert verdict.status is Status.REFUSES, where
            elif status == "unknown":
                assert verdict.status is Status.UNKNOWN, where
            elif status == "removed":
                assert verdict.status is Status.VANISHES, where
            elif verdict.status is Status.REFUSES:
                assert entry["restrictions"] or table == "tftrt" or entry.get("dtypes"), where
            if verdict.status in (Status.REFUSES, Status.UNKNOWN, Status.CAVEAT):
                assert verdict.reason, where


@pytest.mark.parametrize("table", ["uff", "onnx"])
def test_what_the_table_calls_unsupported_is_refused_with_its_reason(table: str) -> None:
    for entry in facts(table)["unsupported"]:
        for target in TARGETS[table]:
            context = Made(entry["tf_op"]).context()
            verdict = JUDGES[table](target, context)
            if table == "uff" and verdict.status is Status.CAVEAT:
                assert "mends it" in verdict.reason, entry["tf_op"]
                continue
            assert verdict.status is Status.REFUSES, (entry["tf_op"], target)
            assert verdict.reason


@pytest.mark.parametrize("table", sorted(JUDGES))
def test_the_table_names_its_sources(table: str) -> None:
    for section in ("ops", "unsupported"):
        for entry in facts(table).get(section, ()):
            assert entry["source"], entry["tf_op"]
            assert all(isinstance(source, str) for source in entry["source"])


@pytest.mark.parametrize("target", catalogue(), ids=lambda target: target.id)
def test_a_target_has_a_page(target: Any) -> None:
    lines = dict(target.page.lines)
    assert lines["Since"]
    assert lines["Needs"]
    assert lines["Source"]
    assert target.summary.endswith(".")
