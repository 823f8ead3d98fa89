from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.errors import OpenError
from surgeon_gui.jobs.op_docs import (
    ArgumentDoc,
    OpDoc,
    OpDocsResult,
    OpDocsSpec,
    op_docs_to_json,
    read_op_docs,
)
from surgeon_gui.jobs.run import run_job
from surgeon_gui.reference.op_docs import entries

DOC = OpDoc("Relu", "Rectifies.", "More.", (ArgumentDoc("x", "T"),), (), (), "use Relu6")


def test_an_entry_is_one_line_without_what_the_definition_says() -> None:
    section = (
        "  input: A `Tensor`. Must be one of the following types: `half`, `float32`.\n"
        "    A 4-D tensor of\n    images.\n"
        "  axis: An `int`. Where.\n"
        "  name: A name for the operation (optional).\n"
    )
    assert entries(section) == {
        "input": "A 4-D tensor of images.",
        "axis": "Where.",
        "name": "A name for the operation (optional).",
    }


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "docs.json"
    path.write_bytes(op_docs_to_json((DOC,), "2.99"))
    docs = read_op_docs(path)
    assert (docs.version, len(docs)) == ("2.99", 1)
    assert docs.get("Relu") == DOC
    assert docs.get("Elu") is None


@pytest.mark.parametrize("content", ["", "{}", '{"ops": [{"op": "x"}], "tensorflow": "2"}'])
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "docs.json"
    path.write_text(content)
    with pytest.raises(OpenError, match="cannot be read"):
        read_op_docs(path)


@pytest.mark.tensorflow
def test_a_worker_writes_down_what_tensorflow_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorflow")
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))
    result = run_job(OpDocsSpec(tmp_path / "deep" / "docs.json"), timeout=120)
    assert isinstance(result, OpDocsResult)
    docs = read_op_docs(result.path)
    assert len(docs) == result.ops > 1000
    conv = docs.get("Conv2D")
    assert conv is not None
    assert "2-D convolution" in conv.summary
    assert [each.name for each in conv.inputs] == ["input", "filter"]
    attributes = {each.name: each for each in conv.attributes}
    assert attributes["strides"].type == "list(int)"
    assert attributes["strides"].default is None
    assert attributes["dilations"].default == "[1, 1, 1, 1]"
    assert attributes["padding"].type == "string: SAME, VALID, EXPLICIT"
    assert "sliding window" in attributes["strides"].words
