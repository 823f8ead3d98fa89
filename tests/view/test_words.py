"""How numbers are written for people."""

from __future__ import annotations

import pytest

from surgeon_gui.view.words import count_text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (999, "999"), (49_826, "49 826"), (1_234_567, "1 234 567")]
)
def test_counts_have_their_thousands_apart(count: int, text: str) -> None:
    assert count_text(count).replace("\N{THIN SPACE}", " ") == text
