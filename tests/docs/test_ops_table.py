"""The page of ops is what the converters and the fact tables say now."""

from __future__ import annotations

import pytest

from docs.make_ops_table import NOT_TENSORFLOW, PAGE, page
from surgeon_gui.targets.tables import entries


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Run `python -m docs.make_ops_table`."


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
