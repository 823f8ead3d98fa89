"""The colours of overlays: a scale for numbers, a palette for kinds, and writing that suits them.

The scale runs evenly in lightness (in OKLab, by B. Ottosson), from what hardly stands out of the
canvas to what stands out most: pale yellow to navy on light ones, navy to yellow on dark ones. That
order can be told without seeing hues. The kinds are those of Okabe and Ito, "Color Universal
Design".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtGui import QColor

from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.coloring import OTHER, KindTints, NumberTints, Tints

STEPS = 64
_LIGHT = ("#f6edb2", "#7fc6a4", "#2f8ba0", "#2a4f8c", "#172253")
_DARK = ("#2c4180", "#2f7d95", "#45a98b", "#a6cf6b", "#fdec6e")
_KINDS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
_OTHER = "#8a919c"
_WHITE, _BLACK = QColor("#ffffff"), QColor("#000000")

_Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Paint:
    """How a head or a closed group is painted.

    Attributes:
        fill: its colour.
        writing: the colour of words on it.
        is_pale: whether `fill` is light.
    """

    fill: QColor
    writing: QColor
    is_pale: bool


class TintInk:
    """The overlay colours of one theme."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.scale = tuple(map(_paint, scale_colors(_DARK if theme.is_dark else _LIGHT)))
        self._kinds = tuple(_paint(QColor(name)) for name in _KINDS)
        self._other = _paint(QColor(_OTHER))
        self._heads: dict[str, Paint] = {}

    def node(self, tints: Tints | None, item: int, category: str) -> Paint:
        """How a node's head is painted: by the overlay, or by its kind of op where there is none.

        A node the overlay says nothing of is as pale as a constant.
        """
        if tints is None:
            return self._head(category)
        return self.of(tints, item) or self._head("constant")

    def of(self, tints: Tints, item: int) -> Paint | None:
        """How the overlay paints an item; None where it says nothing of it."""
        if isinstance(tints, NumberTints):
            share = tints.share(item)
            return None if share is None else self.scale[round(share * (STEPS - 1))]
        place = tints.place(item)
        return None if place is None else self.kind(tints, place)

    def kind(self, tints: KindTints, place: int) -> Paint:
        """The colour of one of the kinds."""
        name = tints.kinds[place]
        if name == "vanishes" and tints.coloring.are_verdicts:
            return self._head("constant")
        if tints.coloring.are_verdicts:
            return _paint(self._theme.status(name))
        if place >= len(self._kinds) or name == OTHER:
            return self._other
        return self._kinds[place]

    def _head(self, category: str) -> Paint:
        found = self._heads.get(category)
        if found is None:
            theme = self._theme
            found = self._heads[category] = Paint(
                theme.category(category), theme.on_head(category), category in theme.pale
            )
        return found


def scale_colors(anchors: tuple[str, ...], steps: int = STEPS) -> list[QColor]:
    """Return colours even in lightness through `anchors`, which get ever lighter or ever darker."""
    points = [_oklab(QColor(name)) for name in anchors]
    first, last = points[0][0], points[-1][0]
    found = []
    for step in range(steps):
        lightness = first + (last - first) * step / (steps - 1) if step < steps - 1 else last
        for before, after in pairwise(points):
            if min(before[0], after[0]) <= lightness <= max(before[0], after[0]):
                part = (lightness - before[0]) / (after[0] - before[0])
                _, a0, b0 = before
                _, a1, b1 = after
                found.append(_color((lightness, a0 + (a1 - a0) * part, b0 + (b1 - b0) * part)))
                break
    return found


def luminance(color: QColor) -> float:
    """Return the relative luminance of a colour, 0 to 1 (WCAG 2.1)."""
    red, green, blue = map(_linear, (color.redF(), color.greenF(), color.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _paint(fill: QColor) -> Paint:
    light = luminance(fill)
    # Where black and white stand out alike.
    is_pale = light > 0.179
    return Paint(fill, _BLACK if is_pale else _WHITE, is_pale)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _encoded(part: float) -> float:
    part = min(max(part, 0.0), 1.0)
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _oklab(color: QColor) -> _Triple:
    red, green, blue = map(_linear, (color.redF(), color.greenF(), color.blueF()))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _color(lab: _Triple) -> QColor:
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return QColor.fromRgbF(
        _encoded(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _encoded(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _encoded(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )
