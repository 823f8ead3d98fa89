"""Marks and their summaries."""

from __future__ import annotations

import pytest

from surgeon_gui.view.overlay import Mark, Overlay, summarize


def test_the_worst_mark_and_its_count_stand_for_a_group() -> None:
    overlay = Overlay(
        {
            "a": Mark("takes"),
            "b": Mark("cured", "A rule cures it."),
            "c": Mark("refuses", "There is no such layer."),
            "d": Mark("refuses", "There is no such layer."),
        }
    )
    summary = overlay.summary(["a", "b", "c", "d", "not marked"])
    assert (summary.worst, summary.count, summary.converts) == ("refuses", 2, 0.25)
    assert summary.is_drawn


def test_what_is_taken_wears_no_badge() -> None:
    assert not Mark("takes").is_drawn
    assert not Mark("vanishes").is_drawn
    assert not Overlay({"a": Mark("takes")}).summary(["a"]).is_drawn


def test_no_marks_have_no_worst() -> None:
    summary = summarize({})
    assert summary.worst is None
    assert not summary.is_drawn


def test_a_status_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="perhaps"):
        Mark("perhaps")
