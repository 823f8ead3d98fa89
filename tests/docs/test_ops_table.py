"""The page of ops is what the converters and the fact tables say now."""

from __future__ import annotations

import pytest

from docs.make_ops_table import NOT_TENSORFLOW, PAGE, README, known_ops, page, summary, with_summary
from surgeon_gui.targets.tables import entries


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Run `python -m docs.make_ops_table`."


def test_the_summary_in_the_readme_is_current_and_names_every_op_once() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_summary(text), "Run `python -m docs.make_ops_table`."
    rows = [line.strip("| ").split(" | ") for line in summary().splitlines()[2:]]
    named = [op for row in rows for op in row[2].split(", ")]
    ops = known_ops()
    assert sorted(named) == sorted(ops.converted | ops.folded | ops.refused)
    assert sum(int(row[1]) for row in rows) == len(named)


def test_every_op_of_tftrt_is_taken_or_refused_with_a_reason() -> None:
    rows = [line.strip("| ").split(" | ") for line in page().splitlines() if "| " in line]
    status = {cells[0]: cells[1] for cells in rows if len(cells) > 1}
    refused = {op for op in entries("tftrt") if status[op] != "yes"}
    assert refused <= {"ReadVariableOp", "VariableV2"}
    assert all(line.rstrip(" |").endswith(".") for line in page().splitlines() if "| no |" in line)


@pytest.mark.tensorflow
def test_only_names_tensorflow_does_not_have_are_left_out() -> None:
    from tensorflow.python.framework import op_def_registry

    listed = set(entries("onnx"))
    assert {op for op in listed if op_def_registry.get(op) is None} == NOT_TENSORFLOW
