"""The tables of a divided graph: its segments, and what stays in TensorFlow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableView

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.hybrid.plan import Division
from surgeon_gui.targets.partition import Segment, Suggestion
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table, stretch_names
from surgeon_gui.ui.theme import Theme

_SHOWN = 3
_CURED = 2


@dataclass(frozen=True)
class SegmentRow:
    """A segment, and how many layers its network has; None where it is built at run time."""

    segment: Segment
    layers: int | None


@dataclass(frozen=True)
class StayingRow:
    """Nodes that stay in TensorFlow for one reason, and what curing them would bring."""

    nodes: tuple[str, ...]
    ops: str
    reason: str
    suggestion: Suggestion | None = None


class _Segments(RowsModel[SegmentRow]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        segment = row.segment
        if role == Qt.ItemDataRole.DisplayRole:
            layers = "at run time" if row.layers is None else f"{row.layers:,}"
            words = (segment.name, f"{segment.size:,}", layers, _names(segment.inputs))
            return (*words, _names(segment.outputs))[index.column()]
        if role == Qt.ItemDataRole.FontRole and index.column() in (0, 3, 4):
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ToolTipRole and index.column() >= 3:
            return "\n".join(map(str, segment.inputs if index.column() == 3 else segment.outputs))
        return None


class _Staying(RowsModel[StayingRow]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            words = (f"{len(row.nodes):,}", row.ops, cure_words(row.suggestion), row.reason)
            return words[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            more = len(row.nodes) - 12
            listed = "\n".join(row.nodes[:12]) + (f"\nand {more} more" if more > 0 else "")
            cure = row.suggestion.rule if row.suggestion is not None else None
            rule = f"\n\nThe rule {cure} cures them." if cure else ""
            return f"{row.reason}{rule}\n\n{listed}"
        if role == Qt.ItemDataRole.FontRole and index.column() == 1:
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 2:
            return self.theme.status("cured")
        return None


class SegmentsTable(QTableView):
    """Shows the segments in the order they can run."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.model_ = _Segments(("Segment", "Nodes", "Layers", "Reads", "Makes"), theme)
        set_up_table(self, self.model_, "Segments", (120, 56, 84))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        stretch_names(self, 3, 4)

    def show_division(self, division: Division | None) -> None:
        """Show the segments of a division; none for None."""
        segments = division.partition.segments if division is not None else ()
        layers = division.layers if division is not None else {}
        self.model_.show([SegmentRow(item, layers.get(item.name)) for item in segments])

    def set_theme(self, theme: Theme) -> None:
        self.model_.theme = theme
        self.viewport().update()

    def nodes_at(self, row: int) -> tuple[str, ...]:
        return self.model_.rows[row].segment.nodes


class StayingTable(QTableView):
    """Shows what stays in TensorFlow by reason, first what a cure would bring most for."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.model_ = _Staying(("Nodes", "Ops", "Cured", "Why they stay in TensorFlow"), theme)
        set_up_table(self, self.model_, "What stays in TensorFlow", (56, 180, 150))
        stretch_names(self, 3)

    def show_division(self, division: Division | None) -> None:
        """Show what a division leaves; nothing for None."""
        rows = staying(division) if division is not None else []
        self.model_.show(rows)
        self.setColumnHidden(_CURED, all(row.suggestion is None for row in rows))

    def set_theme(self, theme: Theme) -> None:
        self.model_.theme = theme
        self.viewport().update()

    def row_at(self, row: int) -> StayingRow:
        return self.model_.rows[row]


def staying(division: Division) -> list[StayingRow]:
    """Return the remaining nodes by reason; those with a suggestion come first."""
    partition = division.partition
    cured: dict[str, Suggestion] = {
        name: item for item in division.suggestions for name in item.nodes
    }
    groups: dict[tuple[str, int], list[str]] = {}
    for name, reason in partition.remaining.items():
        suggestion = cured.get(name)
        groups.setdefault((reason, id(suggestion) if suggestion else 0), []).append(name)
    rows = []
    for (reason, _), names in groups.items():
        counted = Counter(partition.graph[name].op for name in names).most_common()
        ops = ", ".join(op for op, _ in counted[:_SHOWN]) + (" …" if len(counted) > _SHOWN else "")
        rows.append(StayingRow(tuple(names), ops, reason, cured.get(names[0])))
    order = {id(item): place for place, item in enumerate(division.suggestions)}
    last = len(order)
    rows.sort(key=lambda row: (order.get(id(row.suggestion), last), -len(row.nodes)))
    return rows


def cure_words(suggestion: Suggestion | None) -> str:
    """Return what a cure would bring, short; empty without one."""
    if suggestion is None:
        return ""
    plural = "" if suggestion.segments == 1 else "s"
    return f"{suggestion.segments} segment{plural}, {suggestion.converted:,} nodes"


def _names(refs: Sequence[TensorRef]) -> str:
    more = len(refs) - _SHOWN
    return ", ".join(map(str, refs[:_SHOWN])) + (f" and {more} more" if more > 0 else "")
