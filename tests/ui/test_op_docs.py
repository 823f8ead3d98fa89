"""TensorFlow's documentation in the inspector, with a worker that stands in for TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from surgeon_gui.errors import JobFailed
from surgeon_gui.jobs.op_docs import ArgumentDoc, OpDoc, OpDocsResult, OpDocsSpec, op_docs_to_json
from surgeon_gui.jobs.outcome import Failed, Outcome, Succeeded
from surgeon_gui.jobs.protocol import Failure
from surgeon_gui.settings import Settings
from surgeon_gui.ui.op_docs import State, docs_path
from surgeon_gui.ui.samples import samples_dir
from tests.ui.conftest import Driver

BOXES = samples_dir() / "boxes3d.pb"
CONV = OpDoc(
    "Conv2D",
    "Computes a 2-D convolution of `input`.",
    "1. Flattens the filter.",
    (ArgumentDoc("input", "T: float32", None, "A 4-D tensor."),),
    (),
    (ArgumentDoc("padding", "string: SAME, VALID", "SAME", "The padding <algorithm>."),),
    "use another",
)


def answer(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, outcome: Callable[[Path], Outcome]
) -> None:
    """Let the worker's job end at once with an outcome."""
    job = driver.window.inspector.op_docs.job

    def start(spec: OpDocsSpec, _directory: Path, **_rest: Any) -> None:
        job.ended.emit(outcome(spec.path))

    monkeypatch.setattr(job, "start", start)


def written(path: Path) -> Outcome:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(op_docs_to_json((CONV,), "2.99"))
    return Succeeded(OpDocsResult(path, "2.99", 1))


def convolution(driver: Driver) -> None:
    driver.open(BOXES)
    graph = driver.window.session.graph
    assert graph is not None
    name = next(node.name for node in graph if node.op == "Conv2D")
    driver.window.session.select((name,))
    driver.settle()


def test_documentation_is_asked_for_once_and_shown(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(driver, monkeypatch, written)
    convolution(driver)
    view = driver.window.inspector.doc
    assert view.ask.isVisible()
    assert not view.words.isVisible()
    driver.click(view.ask)
    driver.settle()
    assert "2-D convolution" in view.words.text()
    assert "Flattens" not in view.words.text()
    driver.click(view.more)
    for word in ("Flattens", "A 4-D tensor.", "SAME", "&lt;algorithm&gt;", "use another"):
        assert word in view.words.text()
    driver.click(view.more)
    assert "Flattens" not in view.words.text()
    driver.window.session.select(("input_1",))
    driver.settle()
    assert "has no op Placeholder" in view.words.text()
    driver.window.session.select(())
    assert not view.isVisible()


def test_what_was_written_is_there_at_the_next_start(
    make_driver: Callable[[], Driver], home: Path
) -> None:
    written(docs_path(Settings()))
    driver = make_driver()
    convolution(driver)
    assert driver.window.inspector.op_docs.state is State.KNOWN
    assert "2-D convolution" in driver.window.inspector.doc.words.text()


def test_a_python_without_tensorflow_says_so(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = JobFailed("TensorFlow is not installed in the worker's Python.", hint="Install it.")
    failure = Failure.from_error(error)
    answer(driver, monkeypatch, lambda path: Failed(failure, path.parent))
    convolution(driver)
    driver.click(driver.window.inspector.doc.ask)
    text = driver.window.inspector.doc.words.text()
    assert "not installed" in text
    assert "Install it." in text


def test_a_damaged_file_can_be_asked_for_again(
    make_driver: Callable[[], Driver], home: Path
) -> None:
    path = docs_path(Settings())
    path.parent.mkdir(parents=True)
    path.write_text("{")
    driver = make_driver()
    convolution(driver)
    assert driver.window.inspector.doc.ask.isVisible()
