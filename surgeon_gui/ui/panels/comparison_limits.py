"""What counts as equal in a comparison, and what keeps float32 where half precision is compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from surgeon_gui.compare.report import Tolerance
from surgeon_gui.comparing import precision_of, tolerance_for
from surgeon_gui.errors import UsageError
from surgeon_gui.network.precision import HALVES
from surgeon_gui.settings import Settings
from surgeon_gui.ui.panels.kept_nodes import KeptNodes
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import label, row


class ComparisonLimits(QWidget):
    """A form whose empty fields show what holds without them: the settings, or the precision's.

    Args:
        settings: what is usual.
        selected: tells the nodes that are selected.
    """

    def __init__(self, settings: Settings, selected: Callable[[], tuple[str, ...]]) -> None:
        super().__init__()
        self._settings = settings
        self._precisions: tuple[str, ...] = ()
        self.kept = KeptNodes(selected)
        self.max_rel = _field(
            "Largest relative difference",
            "The largest relative difference that counts as equal; empty for what is usual",
        )
        self.min_cosine = _field(
            "Least cosine", "The smallest cosine that counts as equal; empty for what is usual"
        )
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setHorizontalSpacing(12)
        self.form.setVerticalSpacing(6)
        self.form.addRow("In float32", self.kept)
        limits = (self.max_rel, label("relative", "muted"), self.min_cosine)
        self.form.addRow("Allow", row(*limits, label("cosine", "muted"), None))
        self.set_ways(())

    def set_theme(self, theme: Theme) -> None:
        self.kept.field.setFont(theme.mono_font)

    def use_settings(self, settings: Settings) -> None:
        """Take what is usual from these settings."""
        self._settings = settings
        self._show_usual()

    def set_ways(self, ways: Iterable[str]) -> None:
        """Show what goes with the ways the two sides are computed."""
        self._precisions = tuple(map(precision_of, ways))
        self.form.setRowVisible(self.kept, self.is_half)
        self._show_usual()

    @property
    def is_half(self) -> bool:
        """Whether a side computes in half precision."""
        return any(precision in HALVES for precision in self._precisions)

    def names(self) -> tuple[str, ...]:
        """Return the nodes that keep float32."""
        return self.kept.names() if self.is_half else ()

    def tolerance(self) -> Tolerance:
        """Return what counts as equal.

        Raises:
            UsageError: a field holds no number, or one that nothing can be.
        """
        return tolerance_for(
            self._settings,
            *self._precisions,
            max_rel=_number(self.max_rel, 0, math.inf),
            min_cosine=_number(self.min_cosine, -1, 1),
        )

    def _show_usual(self) -> None:
        usual = tolerance_for(self._settings, *self._precisions)
        self.max_rel.setPlaceholderText(f"{usual.max_rel:g}")
        self.min_cosine.setPlaceholderText(f"{usual.min_cosine:g}")


def _field(name: str, tip: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setToolTip(tip)
    made.setFixedWidth(84)
    return made


def _number(field: QLineEdit, low: float, high: float) -> float | None:
    """Return the number in a field, None where it is empty."""
    text = field.text().strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise UsageError(
            f"{text!r} is no number from {low:g} to {high:g}."
            if math.isfinite(high)
            else f"{text!r} is no number from {low:g} on.",
            where=field.accessibleName(),
        )
    return number
