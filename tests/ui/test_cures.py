"""From what the target refuses to its cure: plan, ignoring, errors explained, pages, reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QPushButton, QWidget

from surgeon_gui.edits.ignore import Ignore
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.edits.script import load_script
from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.ui.dialogs.autofix import AutofixDialog
from surgeon_gui.ui.dialogs.explain import ExplainDialog
from surgeon_gui.ui.dialogs.target_page import TargetDialog
from tests.helpers.shared import ROOT
from tests.ui.conftest import Driver

BOXES = ROOT / "samples" / "boxes3d.pb"
LOG = """
[I] [TRT] Some info
[TensorRT] ERROR: UFFParser: Parser error: orientation/reshape/Reshape: Reshape: -1 dimension \
specified more than 1 time
AttributeError: 'NoneType' object has no attribute 'serialize'
"""


@pytest.fixture
def boxes(driver: Driver) -> Driver:
    driver.open(BOXES)
    driver.window.session.set_target("uff-8")
    driver.settle()
    return driver


def press(driver: Driver, holder: QWidget, text: str) -> None:
    found = [each for each in holder.findChildren(QPushButton) if each.text() == text]
    assert found, text
    driver.click(found[0])
    driver.settle()


def plan(driver: Driver) -> AutofixDialog:
    driver.run("rules.autofix")
    dialog = driver.window.findChildren(AutofixDialog)[-1]
    driver.bot.waitUntil(lambda: "Trying" not in dialog.title.text(), timeout=60_000)
    return dialog


def explained(driver: Driver) -> ExplainDialog:
    (dialog,) = driver.window.findChildren(ExplainDialog)
    driver.bot.waitUntil(lambda: bool(dialog.cards), timeout=30_000)
    return dialog


def test_a_detector_is_cured_by_its_rule_set_from_the_problems_list(driver: Driver) -> None:
    window = driver.window
    driver.open(ROOT / "samples" / "detector.pb")
    window.session.set_target("uff-8")
    driver.settle()

    def row_button(name: str) -> QPushButton:
        found = window.problems.findChildren(QPushButton)
        return next(each for each in found if each.accessibleName() == name)

    before = window.session.graph
    driver.click(row_button("Preview ssd-mobilenet-v1"))
    driver.settle()
    assert window.session.graph is before
    assert window.message.isVisible()
    press(driver, window.message, "Apply")
    after = window.session.graph
    assert after is not None
    assert after["NMS"].op == "NMS_TRT"
    assert window.session.support is not None
    assert window.session.support.supported
    driver.run("edit.undo")
    assert window.session.graph is before
    driver.click(row_button("Fix with ssd-mobilenet-v1"))
    driver.settle()
    assert window.session.graph == after


def test_ignored_problems_are_listed_apart_and_can_be_taken_back(
    boxes: Driver, tmp_path: Path
) -> None:
    problems, session = boxes.window.problems, boxes.window.session
    row = next(each for each in problems.rows() if not each.group.rule)
    count = len(problems.rows())
    press(boxes, row, "Ignore here")
    apart = [each for each in problems.rows() if each.is_ignored]
    assert [each.group.reason for each in apart] == [row.group.reason]
    assert len(problems.rows()) == count
    assert problems.rows()[-1] is apart[0]
    assert "ignored" in boxes.window.status.support.text()
    assert session.document is not None
    assert session.document.edits == (Ignore(row.group.nodes, row.group.cause),)
    boxes.answers.path = tmp_path / "script.toml"
    boxes.run("file.script")
    assert load_script(boxes.answers.path).edits == session.document.edits
    press(boxes, apart[0], "Take back")
    assert not any(each.is_ignored for each in problems.rows())


def test_why_says_what_decides_and_how_sure_that_is(boxes: Driver) -> None:
    row = next(each for each in boxes.window.problems.rows() if each.group.source)
    press(boxes, row, "Why")
    assert f"Source: {row.group.source}" in row.why_text()
    assert "Confidence: " in row.why_text()
    assert row.group.nodes[0] in row.why_text()
    press(boxes, row, "Why")
    assert row.why_text() == ""


def test_the_plan_shows_each_step_with_its_effect_and_changes_nothing_yet(boxes: Driver) -> None:
    document = boxes.window.session.document
    assert document is not None
    dialog = plan(boxes)
    assert "5 nodes are refused now, none afterwards" in dialog.title.text()
    model = dialog.table.model()
    shown = [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]
    assert [cells[1] for cells in shown] == [
        "explicit-reshape",
        "remove-dropout",
        "l2-normalize-decomposed",
    ]
    assert [cells[5] for cells in shown] == ["4", "3", "none"]
    assert document.index == 0
    dialog.reject()
    boxes.settle()
    assert document.index == 0


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_numbers_are_checked_before_the_plan_is_applied(boxes: Driver) -> None:
    dialog = plan(boxes)
    boxes.bot.waitUntil(lambda: "Checked" in dialog.check.words.text(), timeout=120_000)
    assert "all 3 outputs are equal to TensorFlow's" in dialog.check.words.text()
    dialog.reject()


def test_a_plan_that_clears_not_everything_says_what_remains(
    driver: Driver, tmp_path: Path
) -> None:
    graph = parse_text(
        """
        x = Placeholder() {dtype=f32, shape=[1,4]}
        i = StopGradient(x)
        r = LeakyRelu(i) {alpha=0.2}
        y = FrobnicateV7(r)
        """
    )
    save_graph(graph, tmp_path / "odd.pb")
    driver.open(tmp_path / "odd.pb")
    driver.window.session.set_target("uff-5.1")
    driver.settle()
    dialog = plan(driver)
    assert "1 afterwards" in dialog.title.text()
    assert "FrobnicateV7 at y" in dialog.left.text()
    assert dialog.left_title.isVisible()
    press(driver, dialog, "Apply")
    document = driver.window.session.document
    assert document is not None
    driver.bot.waitUntil(lambda: document.index == 1, timeout=30_000)
    assert document.edits == (ApplyRules(("leaky-relu-to-plugin",)),)
    driver.settle()
    none = plan(driver)
    assert none.title.text().startswith("No bundled rule")
    assert not none.apply_button.isEnabled()
    none.reject()


def test_a_pasted_log_leads_to_the_node_it_means(boxes: Driver) -> None:
    boxes.run("help.explain")
    dialog = boxes.window.findChildren(ExplainDialog)[0]
    dialog.text.insertPlainText(LOG)
    dialog = explained(boxes)
    first = dialog.cards[0].finding
    assert first.nodes == ("orientation/reshape/Reshape",)
    assert first.rule == "explicit-reshape"
    assert [card.finding.is_cause for card in dialog.cards] == [True, False]
    press(boxes, dialog.cards[0], "Show")
    assert boxes.window.session.selection == first.nodes
    press(boxes, dialog.cards[0], "Fix all alike")
    document = boxes.window.session.document
    assert document is not None
    boxes.bot.waitUntil(lambda: document.index == 1, timeout=30_000)
    dialog.close()


def test_a_dropped_log_is_explained(boxes: Driver, tmp_path: Path) -> None:
    path = tmp_path / "trtexec.log"
    path.write_text(LOG, encoding="utf-8")
    boxes.window.drops.take(path)
    dialog = explained(boxes)
    assert "Reshape: -1" in dialog.text.toPlainText()
    dialog.text.clear()
    boxes.bot.waitUntil(lambda: not dialog.cards, timeout=30_000)
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(path))])
    assert dialog.text.canInsertFromMimeData(dropped)
    dialog.text.insertFromMimeData(dropped)
    assert explained(boxes).cards
    dialog.close()


def test_a_log_nobody_knows_is_said_to_be_unknown(boxes: Driver) -> None:
    boxes.window.cures.explain("Everything is fine here.")
    (dialog,) = boxes.window.findChildren(ExplainDialog)
    boxes.bot.waitUntil(lambda: "Nothing in it is known" in dialog.words.text(), timeout=30_000)
    boxes.window.cures.explain(Path("/nowhere/to/be/found.log"))
    boxes.bot.waitUntil(lambda: "cannot be read" in dialog.words.text(), timeout=30_000)
    dialog.close()


def test_the_page_of_every_target_can_be_read_and_one_chosen(boxes: Driver) -> None:
    boxes.run("target.page")
    (dialog,) = boxes.window.findChildren(TargetDialog)
    assert dialog.target.id == "uff-8"
    assert not dialog.use_button.isEnabled()
    for at in range(dialog.list.count()):
        dialog.list.setCurrentRow(at)
        assert dialog.target.summary in dialog.page.accessibleName()
    ids = [dialog.list.item(at).toolTip() for at in range(dialog.list.count())]
    dialog.list.setCurrentRow(ids.index("onnx-trt-10"))
    press(boxes, dialog, "Check for this target")
    assert boxes.window.session.target.id == "onnx-trt-10"


def test_the_report_holds_picture_plan_and_what_was_done(boxes: Driver, tmp_path: Path) -> None:
    boxes.window.surgery.do(ApplyRules(("remove-dropout",)))
    boxes.settle()
    for name in ("report.html", "report.json"):
        boxes.answers.path = tmp_path / name
        boxes.run("export.report")
        boxes.bot.waitUntil((tmp_path / name).exists, timeout=60_000)
        boxes.settle()
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<svg" in page
    assert "remove-dropout" in page
    facts = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert facts["changes"][0]["rule"] == "remove-dropout"
    assert facts["fix"]["after"] == 0
    assert facts["target"] == "uff-8"
