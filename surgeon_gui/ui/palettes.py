"""The other themes: high contrast, and colours that people who are colour-blind tell apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from surgeon_gui.settings import Settings
from surgeon_gui.ui.theme import DARK, LIGHT, Theme

CONTRAST_LIGHT = dataclasses.replace(
    LIGHT,
    name="contrast-light",
    canvas="#ffffff",
    sunken="#ffffff",
    line="#5a5a5a",
    text="#000000",
    muted="#2e3238",
    accent="#0a3fa8",
    accent_soft="#dbe6ff",
    node_line="#000000",
    group=("#f6f7f9", "#eff1f4", "#e8ebf0", "#e1e5eb", "#dadfe7"),
    group_line="#3c3c3c",
    edge="#26292e",
    produces="#00512a",
    consumes="#7a3a00",
    takes="#00512a",
    caveat="#663d00",
    cured="#0a3fa8",
    refuses="#8a0f0f",
    unknown="#3a3f47",
    hit="#9c5f00",
    track="#9aa1ab",
    categories=MappingProxyType(
        {
            "convolution": "#1d4b8c",
            "normalisation": "#0f5a36",
            "activation": "#86281f",
            "arithmetic": "#25545f",
            "pooling": "#004f5c",
            "shape": "#3a434f",
            "data": "#3a434f",
            "constant": "#d5dae2",
            "control": "#5f4400",
            "plugin": "#583593",
            "other": "#4a515c",
        }
    ),
    on_pale="#000000",
    has_contrast=True,
)

CONTRAST_DARK = dataclasses.replace(
    DARK,
    name="contrast-dark",
    window="#000000",
    canvas="#000000",
    sunken="#000000",
    line="#9aa0a8",
    text="#ffffff",
    muted="#dfe3e8",
    accent="#9cc2ff",
    accent_soft="#0f2c5c",
    on_accent="#000000",
    node="#0b0d10",
    node_line="#e8ebef",
    group=("#0d1014", "#13171c", "#191e25", "#20262e", "#272e38"),
    group_line="#b6bcc6",
    edge="#dfe3e8",
    produces="#7fe0a8",
    consumes="#ffc074",
    takes="#7fe0a8",
    caveat="#ffd166",
    cured="#a9caff",
    refuses="#ffa59b",
    unknown="#dfe3e8",
    hit="#ffe066",
    track="#5a6370",
    categories=MappingProxyType(
        {
            "convolution": "#8db9f5",
            "normalisation": "#7ed4a8",
            "activation": "#f5a199",
            "arithmetic": "#9bd3e3",
            "pooling": "#63d2de",
            "shape": "#bcc5d1",
            "data": "#bcc5d1",
            "constant": "#2b333e",
            "control": "#e8c473",
            "plugin": "#cdb2f7",
            "other": "#a5aebb",
        }
    ),
    on_category="#000000",
    on_pale="#ffffff",
    has_contrast=True,
)

# Hues from Okabe and Ito, "Color Universal Design", made lighter or darker until black or white
# writing has a contrast of 7 on them and simulated dichromats still tell any two apart.
_SAFE_CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "convolution": "#005a8e",
        "normalisation": "#16b486",
        "activation": "#933e00",
        "arithmetic": "#56b4e9",
        "pooling": "#f0e442",
        "shape": "#454545",
        "data": "#454545",
        "constant": "#e3e7ee",
        "control": "#e69f00",
        "plugin": "#b28cff",
        "other": "#a8a8a8",
    }
)
_SAFE_PALE = frozenset(_SAFE_CATEGORIES) - {"convolution", "activation", "shape", "data"}
_SAFE_MARKS: Mapping[str, tuple[str, str, str, str, str]] = MappingProxyType(
    {
        "light": ("#00775a", "#7d5700", "#0067a8", "#9c1c3c", "#5c6576"),
        "dark": ("#2cc79a", "#f0e442", "#6bbcf4", "#ff8f5a", "#b4bac4"),
        "contrast-light": ("#005a42", "#664600", "#004a9a", "#8c0a24", "#40464f"),
        "contrast-dark": ("#46dcb0", "#f5ec6b", "#8fd0ff", "#ffa57a", "#d5d9df"),
    }
)


def safe_for_all(theme: Theme) -> Theme:
    """Return the theme with colours that stay apart for people who are colour-blind."""
    takes, caveat, cured, refuses, unknown = _SAFE_MARKS[theme.name]
    return dataclasses.replace(
        theme,
        name=f"safe-{theme.name}",
        takes=takes,
        caveat=caveat,
        cured=cured,
        refuses=refuses,
        unknown=unknown,
        produces=cured,
        consumes=caveat,
        categories=_SAFE_CATEGORIES,
        on_category="#ffffff",
        on_pale="#000000",
        pale=_SAFE_PALE,
    )


_PLAIN = (LIGHT, DARK, CONTRAST_LIGHT, CONTRAST_DARK)
PLAIN_THEMES = tuple(theme.name for theme in _PLAIN)
THEMES: Mapping[str, Theme] = MappingProxyType(
    {theme.name: theme for theme in (*_PLAIN, *map(safe_for_all, _PLAIN))}
)


def chosen_theme(settings: Settings) -> Theme:
    """Return the theme the settings ask for, following the system where they say so."""
    name = settings.theme if settings.theme in PLAIN_THEMES else system_theme_name()
    return THEMES[name if settings.colors == "standard" else f"safe-{name}"]


def system_theme_name() -> str:
    """Return which plain theme fits the system's colour scheme and contrast."""
    hints = QGuiApplication.styleHints()
    shade = "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"
    wanted = hints.accessibility().contrastPreference()
    return f"contrast-{shade}" if wanted == Qt.ContrastPreference.HighContrast else shade
