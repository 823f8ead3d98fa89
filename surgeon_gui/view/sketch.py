"""What is laid out, and what comes of it: boxes and edges with their places."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge of a sketch.

    Attributes:
        source, target: the boxes it joins.
        source_dx, target_dx: where it must leave and enter, from the middle of the box; None where
            the layout may choose.
        back: whether it closes a loop and is to run upwards.
        roomy: whether a label will stand where it leaves its source.
        is_minor: whether it is never part of the main line (control edges).
    """

    source: int
    target: int
    source_dx: float | None = None
    target_dx: float | None = None
    back: bool = False
    roomy: bool = False
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is to be laid out.

    Attributes:
        sizes: width and height of each box.
        wires: the edges.
        tops, bottoms: boxes of no height that stand for the places where edges come in at the top
            and go out at the bottom.
        weak: boxes that must not push the main line aside (constants).
        mains: boxes where the main line starts if there are no `tops` (inputs of the network).
    """

    sizes: tuple[tuple[float, float], ...]
    wires: tuple[Wire, ...] = ()
    tops: frozenset[int] = frozenset()
    bottoms: frozenset[int] = frozenset()
    weak: frozenset[int] = frozenset()
    mains: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands; the origin is the upper left corner.

    Attributes:
        width, height: of the whole.
        xs, ys: upper left corner of each box.
        routes: per wire its points `x0, y0, x1, y1, …` from source to target.
        crossings: how many pairs of edges cross.
        portals: wires that are not drawn through: `routes` has only their last piece. One that
            leads far from or to a box with many edges would only be lost among them.
        stubs: where portals leave: the box, and the points of the piece that shows it.
    """

    width: float = 0.0
    height: float = 0.0
    xs: tuple[float, ...] = ()
    ys: tuple[float, ...] = ()
    routes: tuple[tuple[float, ...], ...] = ()
    crossings: int = 0
    portals: frozenset[int] = frozenset()
    stubs: tuple[tuple[int, tuple[float, ...]], ...] = ()
