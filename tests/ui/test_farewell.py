"""What is large is let go of some at a time."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field

from pytestqt.qtbot import QtBot

from surgeon_gui.ui.farewell import let_go


class _Part:
    """Something that tells when it is gone."""


@dataclass
class _Holder:
    parts: list[_Part] = field(default_factory=list)


def test_what_a_large_thing_held_is_gone_in_the_end(qtbot: QtBot) -> None:
    holder = _Holder([_Part() for _ in range(5000)])
    first, last = (weakref.ref(holder.parts[at]) for at in (0, -1))
    let_go(holder.parts)
    del holder
    assert first() is not None
    qtbot.waitUntil(lambda: first() is None and last() is None, timeout=20_000)


def test_what_others_hold_stays(qtbot: QtBot) -> None:
    kept = [_Part() for _ in range(1000)]
    gone = [_Part() for _ in range(1000)]
    told = weakref.ref(gone[0])
    let_go((kept, gone))
    del gone
    qtbot.waitUntil(lambda: told() is None, timeout=20_000)
    assert len(kept) == 1000
