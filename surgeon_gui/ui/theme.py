"""Colours and fonts of the whole window, light and dark; `palettes` has the others.

A `Theme` is a value: widgets ask it for colours by their meaning (`theme.accent`,
`theme.category("convolution")`) and never name one themselves. Writing has a contrast of at least
4.5 on every surface it stands on (WCAG 2.1, 1.4.3); a test measures it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

# Fonts taken when the system names none of its own (a bare X server, a container).
_UI_FONTS = ("Inter", "Noto Sans", "Cantarell", "Ubuntu", "Segoe UI", "Helvetica Neue")
_MONO_FONTS = ("JetBrains Mono", "Noto Sans Mono", "Cascadia Mono", "Menlo", "Consolas")
_NO_SYSTEM_FONTS = frozenset({"DejaVu Sans", "Sans Serif", "Bitstream Vera Sans", "Sans"})
_NO_SYSTEM_MONO = frozenset({"DejaVu Sans Mono", "monospace", "Monospace", "Noto Mono", "Courier"})


_STATUS_COLORS = {
    "vanishes": "takes",
    "added": "takes",
    "removed": "refuses",
    "changed": "caveat",
}


@lru_cache(maxsize=4096)
def _color(text: str) -> QColor:
    return QColor(text)


@dataclass(frozen=True)
class Theme:
    """The palette; every colour is `#rrggbb`.

    Attributes:
        name: unique; ends in `light` or `dark`.
        window: background of docks, bars and menus.
        canvas: background of the graph.
        sunken: background of fields and of what lies behind.
        line: borders and separators.
        text, muted: writing, and writing of lesser weight.
        accent, accent_soft: the one accent colour; its pale form behind selected rows.
        on_accent: writing on the accent.
        node, node_line: body and border of a node.
        group: fill of a namespace, by depth (the last repeats).
        group_line: border of a namespace.
        edge: an edge; `produces` and `consumes` where the selection reads from and feeds.
        takes, caveat, cured, refuses, unknown: verdict marks.
        hit: ring of a search hit.
        categories: head of a node by `graph.ops.category`.
        on_category: writing on a head.
        on_pale: writing on the head of a category in `pale`.
        pale: the categories with a light head.
        has_contrast: whether it is one for people who need more contrast.
    """

    name: str
    window: str
    canvas: str
    sunken: str
    line: str
    text: str
    muted: str
    accent: str
    accent_soft: str
    on_accent: str
    node: str
    node_line: str
    group: tuple[str, ...]
    group_line: str
    edge: str
    produces: str
    consumes: str
    takes: str
    caveat: str
    cured: str
    refuses: str
    unknown: str
    hit: str
    track: str
    categories: Mapping[str, str]
    on_category: str
    on_pale: str
    pale: frozenset[str] = frozenset({"constant"})
    has_contrast: bool = False

    @property
    def is_dark(self) -> bool:
        return self.name.endswith("dark")

    def color(self, name: str, alpha: float = 1.0) -> QColor:
        """Return the colour of the attribute `name`, as Qt wants it."""
        value = getattr(self, name)
        if not isinstance(value, str):
            raise TypeError(f"{name} is no single colour")
        if alpha >= 1.0:
            return _color(value)
        color = QColor(_color(value))
        color.setAlphaF(alpha)
        return color

    def category(self, category: str) -> QColor:
        """Return the head colour of an op category; unknown categories look like `other`."""
        return _color(self.categories.get(category, self.categories["other"]))

    def on_head(self, category: str) -> QColor:
        """Return the colour of writing on that category's head."""
        return _color(self.on_pale if category in self.pale else self.on_category)

    def group_fill(self, depth: int) -> QColor:
        """Return the fill of a namespace at `depth`, 1 for the outermost."""
        return _color(self.group[min(max(depth, 1), len(self.group)) - 1])

    def status(self, status: str) -> QColor:
        """Return the colour of a verdict or difference; some share one."""
        return self.color(_STATUS_COLORS.get(status, status))

    @cached_property
    def ui_font(self) -> QFont:
        """The system's font for interfaces, or a readable one where it has none."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        return _readable(font, _NO_SYSTEM_FONTS, _UI_FONTS)

    @cached_property
    def mono_font(self) -> QFont:
        """The font of names, shapes and values."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        found = _readable(font, _NO_SYSTEM_MONO, _MONO_FONTS)
        found.setStyleHint(QFont.StyleHint.Monospace)
        found.setFixedPitch(True)
        return found

    def palette(self) -> QPalette:
        """Return the palette for the Fusion style."""
        palette = QPalette()
        role = QPalette.ColorRole
        for which, name in (
            (role.Window, "window"),
            (role.WindowText, "text"),
            (role.Base, "node"),
            (role.AlternateBase, "sunken"),
            (role.Text, "text"),
            (role.Button, "window"),
            (role.ButtonText, "text"),
            (role.BrightText, "refuses"),
            (role.ToolTipBase, "window"),
            (role.ToolTipText, "text"),
            (role.Highlight, "accent"),
            (role.HighlightedText, "on_accent"),
            (role.Link, "accent"),
            (role.PlaceholderText, "muted"),
            (role.Light, "node"),
            (role.Midlight, "sunken"),
            (role.Mid, "line"),
            (role.Dark, "group_line"),
            (role.Shadow, "line"),
            (role.Accent, "accent"),
        ):
            palette.setColor(which, self.color(name))
        for which in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, which, self.color("muted", 0.6))
        return palette


def _readable(font: QFont, poor: frozenset[str], wanted: tuple[str, ...]) -> QFont:
    """Return `font`, in the first installed family of `wanted` if its own is only a stopgap."""
    if font.family() not in poor:
        return QFont(font)
    installed = set(QFontDatabase.families())
    for family in wanted:
        if family in installed:
            better = QFont(family)
            better.setPointSizeF(font.pointSizeF() if font.pointSizeF() > 0 else 10.0)
            return better
    return QFont(font)


LIGHT = Theme(
    name="light",
    window="#ffffff",
    canvas="#fbfcfe",
    sunken="#f4f6fa",
    line="#dfe3ec",
    text="#1c2430",
    muted="#535c6d",
    accent="#2463e0",
    accent_soft="#dfe9fd",
    on_accent="#ffffff",
    node="#ffffff",
    node_line="#c9d0dd",
    group=("#eff2f8", "#e8ecf5", "#e2e8f3", "#dce4f0", "#d6deed"),
    group_line="#c3cbdb",
    edge="#6b7488",
    produces="#237747",
    consumes="#a85a0c",
    takes="#237747",
    caveat="#955800",
    cured="#2563d9",
    refuses="#c23b2e",
    unknown="#5c6576",
    hit="#e0a100",
    track="#d3d9e4",
    categories=MappingProxyType(
        {
            "convolution": "#3b6fb6",
            "normalisation": "#2e7d57",
            "activation": "#a2463f",
            "arithmetic": "#4a7c8c",
            "pooling": "#27808a",
            "shape": "#5b6674",
            "data": "#5b6674",
            "constant": "#e3e7ee",
            "control": "#8a6a2f",
            "plugin": "#7a5bb0",
            "other": "#6b7482",
        }
    ),
    on_category="#ffffff",
    on_pale="#414b5a",
)

DARK = Theme(
    name="dark",
    window="#1d2127",
    canvas="#191d22",
    sunken="#16191e",
    line="#303742",
    text="#e7ebf0",
    muted="#a9b1be",
    accent="#6a99f7",
    accent_soft="#253a5e",
    on_accent="#0e1523",
    node="#252b33",
    node_line="#3a4350",
    group=("#20262e", "#252d37", "#2b343f", "#313b48", "#374250"),
    group_line="#3b4653",
    edge="#8f98a6",
    produces="#5cc48b",
    consumes="#f0a24b",
    takes="#5cc48b",
    caveat="#e5ad45",
    cured="#7aa7fe",
    refuses="#f07d71",
    unknown="#a9b1be",
    hit="#f2c94c",
    track="#3d4754",
    categories=MappingProxyType(
        {
            "convolution": "#3f74bd",
            "normalisation": "#34835d",
            "activation": "#b4544c",
            "arithmetic": "#44788a",
            "pooling": "#2a8089",
            "shape": "#667283",
            "data": "#667283",
            "constant": "#3d4653",
            "control": "#8f6f35",
            "plugin": "#8365bd",
            "other": "#616b79",
        }
    ),
    on_category="#ffffff",
    on_pale="#c3cbd7",
)


# What the application is asked to find out whether it has its style yet.
_STYLED = "surgeon-styled"


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Give the whole application the Fusion style in this theme's colours and font.

    The style is set once: to set it again, Qt would take apart and polish every widget there is.
    Colours and font change without it.
    """
    if application.property(_STYLED) is None:
        application.setStyle("Fusion")
        application.setProperty(_STYLED, True)
    application.setPalette(theme.palette())
    application.setFont(theme.ui_font)
