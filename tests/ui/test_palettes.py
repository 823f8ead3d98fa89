"""Contrast as WCAG 2.1 defines it, and what dichromats see, measured on every theme."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QFrame, QToolButton
from pytestqt.qtbot import QtBot

from surgeon_gui.graph.values import Array
from surgeon_gui.settings import Settings
from surgeon_gui.ui.palettes import PLAIN_THEMES, THEMES, chosen_theme
from surgeon_gui.ui.style import dress_application, mix
from surgeon_gui.ui.theme import DARK, LIGHT, Theme

STATUSES = ("takes", "caveat", "cured", "refuses", "unknown")

# Machado, Oliveira, Fernandes 2009, table 1, severity 1.0; on linear RGB.
DICHROMATS = {
    "protanope": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranope": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanope": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_TO_XYZ = np.array(
    (
        (0.4124564, 0.3575761, 0.1804375),
        (0.2126729, 0.7151522, 0.0721750),
        (0.0193339, 0.119192, 0.9503041),
    )
)
_WHITE = np.array((0.95047, 1.0, 1.08883))


def linear(color: str) -> Array:
    shown = QColor(color)
    channels = np.array((shown.redF(), shown.greenF(), shown.blueF()))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """The ratio of WCAG 2.1, 1 to 21."""
    light = sorted(float(linear(color) @ (0.2126, 0.7152, 0.0722)) for color in (first, second))
    return (light[1] + 0.05) / (light[0] + 0.05)


def lab(color: Array) -> Array:
    xyz = _TO_XYZ @ np.clip(color, 0.0, 1.0) / _WHITE
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array((116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])))


def seen_apart(colors: Mapping[str, str]) -> tuple[float, str]:
    """The least distance of two colours in CIELAB to any of the three, and which they are."""
    return min(
        (
            float(
                np.linalg.norm(lab(eye @ linear(colors[one])) - lab(eye @ linear(colors[other])))
            ),
            f"{one} and {other} to a {name}",
        )
        for name, matrix in DICHROMATS.items()
        for eye in (np.array(matrix),)
        for one, other in itertools.combinations(colors, 2)
    )


def least(theme: Theme) -> float:
    return 7.0 if theme.has_contrast else 4.5


def card(theme: Theme, status: str) -> str:
    tint = 0.18 if theme.is_dark else 0.10
    return mix(theme.color("window"), theme.color(status), tint)


def writing(theme: Theme) -> dict[str, tuple[str, str]]:
    """Every pair of writing and surface the window has."""
    surfaces = {name: getattr(theme, name) for name in ("window", "canvas", "sunken", "node")}
    surfaces["selected row"] = theme.accent_soft
    surfaces["hover"] = mix(theme.color("window"), theme.color("text"), 0.05)
    surfaces["pressed"] = mix(theme.color("window"), theme.color("text"), 0.10)
    surfaces |= {f"group {depth}": fill for depth, fill in enumerate(theme.group, 1)}
    surfaces |= {f"card {status}": card(theme, status) for status in ("accent", *STATUSES)}
    pairs = {
        f"{ink} on {name}": (getattr(theme, ink), surface)
        for ink in ("text", "muted")
        for name, surface in surfaces.items()
    }
    for ink in ("accent", "produces", "consumes", *STATUSES):
        for surface in ("window", "canvas", "node"):
            pairs[f"{ink} on {surface}"] = (getattr(theme, ink), getattr(theme, surface))
    for status in STATUSES:
        pairs[f"{status} on its card"] = (getattr(theme, status), card(theme, status))
    pairs["on_accent"] = (theme.on_accent, theme.accent)
    for category, head in theme.categories.items():
        pairs[f"head of {category}"] = (theme.on_head(category).name(), head)
    return pairs


@pytest.mark.parametrize("name", THEMES)
def test_all_writing_can_be_read(name: str) -> None:
    theme = THEMES[name]
    poor = {
        what: round(contrast(*pair), 2)
        for what, pair in writing(theme).items()
        if contrast(*pair) < least(theme)
    }
    assert not poor


@pytest.mark.parametrize("name", [name for name in THEMES if name.startswith("safe-")])
def test_safe_colours_stay_apart_for_every_eye(name: str) -> None:
    theme = THEMES[name]
    categories = {key: value for key, value in theme.categories.items() if key != "data"}
    distance, pair = seen_apart(categories)
    assert distance >= 10, pair
    distance, pair = seen_apart({status: getattr(theme, status) for status in STATUSES})
    assert distance >= 10, pair


def test_the_measure_of_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_standard_colours_are_not_safe_which_is_why_there_are_others() -> None:
    categories = dict(THEMES["light"].categories)
    del categories["data"]
    assert seen_apart(categories)[0] < 10


@pytest.mark.parametrize("name", PLAIN_THEMES)
def test_settings_choose_the_theme(qtbot: QtBot, name: str) -> None:
    settings = dataclasses.replace(Settings(), theme=name)
    assert chosen_theme(settings).name == name
    assert chosen_theme(dataclasses.replace(settings, colors="safe")).name == f"safe-{name}"
    assert chosen_theme(settings).is_dark == name.endswith("dark")


def test_the_settings_offer_exactly_the_themes_there_are() -> None:
    choices = next(
        field.metadata["choices"] for field in dataclasses.fields(Settings) if field.name == "theme"
    )
    assert choices == ("system", *PLAIN_THEMES)


def test_another_theme_leaves_the_style_where_it_is(qapp: QApplication) -> None:
    dress_application(LIGHT)
    style, gone = qapp.style(), list[None]()
    style.destroyed.connect(lambda: gone.append(None))
    panel = QFrame()
    panel.setStyleSheet("QFrame { border: 1px solid red; }")
    inside = QToolButton(panel)
    for theme in (DARK, LIGHT) * 3:
        dress_application(theme)
        assert qapp.palette().window().color() == theme.palette().window().color()
        assert inside.palette().buttonText().color() == theme.palette().buttonText().color()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert qapp.style() is style
    assert not gone
