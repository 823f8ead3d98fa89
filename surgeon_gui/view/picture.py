"""The picture: what is drawn where, and how the arrangements of nested groups make it up."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from surgeon_gui.view.labels import Labels
from surgeon_gui.view.lift import Link, Port
from surgeon_gui.view.pace import BATCH, Pace
from surgeon_gui.view.sketch import Layout
from surgeon_gui.view.tree import ROOT, Tree


@dataclass(frozen=True, slots=True)
class Strand:
    """One drawn edge, or the piece of one at one level.

    Attributes:
        links: the graph's edges it stands for.
        is_control: whether all of them are control edges.
        has_arrow: whether it ends at its target, not at the border of an open group.
        label: what is written beside it; empty for nothing.
        is_label_low: whether that stands at its end, since others start where it does.
        is_portal: whether only a stub is drawn, of a wire that would be lost among others.
        source: for a portal the item it comes from.
    """

    links: tuple[Link, ...]
    is_control: bool = False
    has_arrow: bool = True
    label: str = ""
    is_label_low: bool = False
    is_portal: bool = False
    source: int = ROOT


@dataclass(slots=True)
class Arrangement:
    """The inside of an open group.

    Attributes:
        layout: of its children, then its ports.
        routes: per strand its points, from and to the border where it crosses it; the origin is
            the upper left corner of the content.
        strands: what is drawn along them.
        width, height: of the whole box.
        left, top: of the content in the box.
        in_dx, out_dx: where ports are, from the middle of the box.
    """

    layout: Layout
    routes: tuple[tuple[float, ...], ...]
    strands: tuple[Strand, ...]
    width: float
    height: float
    left: float
    top: float
    in_dx: dict[Port, float] = field(default_factory=dict)
    out_dx: dict[Port, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything to be painted, in scene coordinates.

    Attributes:
        items: the boxes; outer ones before those inside them.
        rects: left, top, width and height of each box.
        is_open: whether the box is an open group.
        strands: the edges.
        routes: per edge its points, relative to its origin.
        origins: per edge.
        width, height: of the whole.
    """

    items: tuple[int, ...] = ()
    rects: tuple[tuple[float, float, float, float], ...] = ()
    is_open: tuple[bool, ...] = ()
    strands: tuple[Strand, ...] = ()
    routes: tuple[tuple[float, ...], ...] = ()
    origins: tuple[tuple[float, float], ...] = ()
    width: float = 0.0
    height: float = 0.0


def put_together(
    tree: Tree, labels: Labels, arranged: Mapping[int, Arrangement], opened: Set[int]
) -> Pace[Picture]:
    """Return the picture of the open groups in view, in steps.

    Args:
        tree: the items.
        labels: sizes of nodes and closed groups.
        arranged: the arrangement of every open group in view.
        opened: the open groups.
    """
    items: list[int] = []
    rects: list[tuple[float, float, float, float]] = []
    is_open_at: list[bool] = []
    strands: list[Strand] = []
    routes: list[tuple[float, ...]] = []
    origins: list[tuple[float, float]] = []
    root = arranged[ROOT]
    pending = [(ROOT, 0.0, 0.0)]
    drawn = 0
    for group, left, top in pending:
        outer = arranged[group]
        if len(items) > drawn + BATCH:
            drawn = len(items)
            yield 1.0
        left, top = left + outer.left, top + outer.top
        xs, ys = outer.layout.xs, outer.layout.ys
        for at, child in enumerate(tree.group(group).children):
            x, y = left + xs[at], top + ys[at]
            is_open = child in opened
            if is_open:
                inner = arranged[child]
                rects.append((x, y, inner.width, inner.height))
                pending.append((child, x, y))
            else:
                label = labels.get(child)
                rects.append((x, y, label.width, label.height))
            items.append(child)
            is_open_at.append(is_open)
        strands.extend(outer.strands)
        routes.extend(outer.routes)
        origins.extend([(left, top)] * len(outer.strands))
    return Picture(
        tuple(items),
        tuple(rects),
        tuple(is_open_at),
        tuple(strands),
        tuple(routes),
        tuple(origins),
        root.width,
        root.height,
    )
