"""Icons by name, in the theme's colours; one family (Phosphor, from qtawesome)."""

from __future__ import annotations

from functools import lru_cache

import qtawesome
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QPixmap

from surgeon_gui.ui.theme import Theme

STATUS_ICONS = {
    "takes": "check-circle",
    "vanishes": "minus-circle",
    "caveat": "warning",
    "cured": "wrench",
    "refuses": "x",
    "unknown": "question",
    "added": "plus",
    "removed": "minus",
    "changed": "mdi6.tilde",
}


@lru_cache(maxsize=512)
def _icon(name: str, color: str, disabled: str) -> QIcon:
    # Phosphor has no tilde.
    full = name if "." in name else f"ph.{name}"
    icon: QIcon = qtawesome.icon(full, color=color, color_disabled=disabled)
    return icon


def icon(name: str, theme: Theme, color: str = "text") -> QIcon:
    """Return the icon `name` in the theme's colour of that name, paler when disabled."""
    pale = theme.color("muted").lighter(140 if not theme.is_dark else 70).name()
    return _icon(name, theme.color(color).name(), pale)


def status_icon(status: str, theme: Theme) -> QIcon:
    """Return the mark of a verdict; its shape tells it apart in grey too."""
    return _icon(STATUS_ICONS[status], theme.status(status).name(), theme.status(status).name())


@lru_cache(maxsize=128)
def _pixmap(name: str, color: str, size: int, ratio: float) -> QPixmap:
    return _icon(name, color, color).pixmap(QSize(size, size), ratio)


def status_pixmap(status: str, theme: Theme, size: int = 16, ratio: float = 1.0) -> QPixmap:
    """Return the mark of a verdict as a picture of `size` device-independent pixels."""
    return _pixmap(STATUS_ICONS[status], theme.status(status).name(), size, ratio)
