"""What a layout must hold whatever is laid out."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.view.layout import LONGEST_EDGE, Layouts, layout
from surgeon_gui.view.pace import completed
from surgeon_gui.view.sketch import Layout, Sketch, Wire

_BOX = (100.0, 40.0)


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    count = draw(st.integers(1, 24))
    size = st.tuples(st.integers(20, 260), st.integers(24, 300))
    sizes = [(float(w), float(h)) for w, h in draw(st.lists(size, min_size=count, max_size=count))]
    box = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(box, box), max_size=50, unique=True))
    wires = [Wire(a, b) for a, b in pairs if a != b]
    weak = frozenset(draw(st.sets(box, max_size=4)))
    return Sketch(tuple(sizes), tuple(wires), weak=weak)


@st.composite
def bordered_sketches(draw: st.DrawFn) -> Sketch:
    inner = draw(sketches())
    count = len(inner.sizes)
    tops = draw(st.integers(0, 3))
    bottoms = draw(st.integers(0, 3))
    box = st.integers(0, count - 1)
    wires = list(inner.wires)
    wires += [Wire(count + at, draw(box), 0.0) for at in range(tops)]
    wires += [Wire(draw(box), count + tops + at, None, 0.0) for at in range(bottoms)]
    return Sketch(
        inner.sizes + ((0.0, 0.0),) * (tops + bottoms),
        tuple(wires),
        frozenset(range(count, count + tops)),
        frozenset(range(count + tops, count + tops + bottoms)),
        inner.weak,
    )


def boxes(sketch: Sketch, found: Layout) -> list[tuple[float, float, float, float]]:
    return [
        (x, y, x + w, y + h) for x, y, (w, h) in zip(found.xs, found.ys, sketch.sizes, strict=True)
    ]


@given(st.one_of(sketches(), bordered_sketches()))
def test_no_box_overlaps_another(sketch: Sketch) -> None:
    placed = boxes(sketch, layout(sketch))
    for at, a in enumerate(placed):
        for b in placed[:at]:
            apart = (
                a[2] <= b[0] + 1e-6
                or b[2] <= a[0] + 1e-6
                or a[3] <= b[1] + 1e-6
                or b[3] <= a[1] + 1e-6
            )
            assert apart, (a, b)


@given(st.one_of(sketches(), bordered_sketches()))
def test_every_edge_joins_the_borders_of_its_boxes(sketch: Sketch) -> None:
    found = layout(sketch)
    placed = boxes(sketch, found)
    for index, (wire, route) in enumerate(zip(sketch.wires, found.routes, strict=True)):
        if index in found.portals:
            continue
        for box, (x, y) in ((wire.source, route[:2]), (wire.target, route[-2:])):
            left, top, right, bottom = placed[box]
            assert left - 1e-6 <= x <= right + 1e-6
            assert min(abs(y - top), abs(y - bottom)) < 1e-6


@given(sketches())
def test_edges_of_an_acyclic_graph_point_down(sketch: Sketch) -> None:
    wires = tuple(wire for wire in sketch.wires if wire.source < wire.target)
    found = layout(Sketch(sketch.sizes, wires, weak=sketch.weak))
    for wire, route in zip(wires, found.routes, strict=True):
        ys = route[1::2]
        assert all(a <= b + 1e-6 for a, b in itertools.pairwise(ys))
        assert found.ys[wire.source] < found.ys[wire.target]


@given(sketches())
def test_only_edges_in_cycles_point_up(sketch: Sketch) -> None:
    reaches: dict[int, set[int]] = {box: {box} for box in range(len(sketch.sizes))}
    for _ in sketch.sizes:
        for wire in sketch.wires:
            reaches[wire.source] |= reaches[wire.target]
    found = layout(sketch)
    for wire, route in zip(sketch.wires, found.routes, strict=True):
        if route[-1] < route[1]:
            assert wire.source in reaches[wire.target]


@given(st.one_of(sketches(), bordered_sketches()))
def test_no_edge_runs_through_a_box(sketch: Sketch) -> None:
    found = layout(sketch)
    placed = boxes(sketch, found)
    for wire, route in zip(sketch.wires, found.routes, strict=True):
        points = list(zip(route[::2], route[1::2], strict=True))
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            middle = ((x0 + x1) / 2, (y0 + y1) / 2)
            for box, (left, top, right, bottom) in enumerate(placed):
                if box in (wire.source, wire.target):
                    continue
                inside = left + 1 < middle[0] < right - 1 and top + 1 < middle[1] < bottom - 1
                assert not inside, (wire, box)


@given(st.one_of(sketches(), bordered_sketches()))
def test_the_layout_holds_everything_and_starts_at_the_origin(sketch: Sketch) -> None:
    found = layout(sketch)
    placed = boxes(sketch, found)
    assert min(box[0] for box in placed) >= -1e-6
    assert min(box[1] for box in placed) >= -1e-6
    assert max(box[2] for box in placed) <= found.width + 1e-6
    assert max(box[3] for box in placed) <= found.height + 1e-6


@given(st.one_of(sketches(), bordered_sketches()))
def test_the_same_sketch_gives_the_same_layout(sketch: Sketch) -> None:
    assert layout(sketch) == layout(sketch)


def test_equal_sketches_share_one_layout() -> None:
    layouts = Layouts()
    first = completed(layouts.get(Sketch((_BOX, _BOX), (Wire(0, 1),))))
    assert completed(layouts.get(Sketch((_BOX, _BOX), (Wire(0, 1),)))) is first
    assert len(layouts) == 1


def test_a_chain_is_a_straight_line() -> None:
    count = 12
    sizes = tuple((80.0 + 10 * (at % 4), 40.0) for at in range(count))
    found = layout(Sketch(sizes, tuple(Wire(at, at + 1) for at in range(count - 1))))
    middles = {round(x + width / 2, 6) for x, (width, _) in zip(found.xs, sizes, strict=True)}
    assert len(middles) == 1


def test_the_main_line_stays_straight_beside_branches() -> None:
    """A residual block: the long way is the trunk, the short cut bends."""
    wires = (Wire(0, 1), Wire(1, 2), Wire(2, 3), Wire(0, 3), Wire(3, 4), Wire(1, 5), Wire(5, 3))
    found = layout(Sketch((_BOX,) * 6, wires))
    assert len({found.xs[box] for box in (0, 1, 2, 3, 4)}) == 1


def test_constants_do_not_push_the_main_line_aside() -> None:
    wires = (*(Wire(at, at + 1) for at in range(4)), *(Wire(5 + at, 1 + at) for at in range(4)))
    found = layout(Sketch((_BOX,) * 9, wires, weak=frozenset(range(5, 9))))
    assert len({found.xs[box] for box in range(5)}) == 1


def test_a_few_long_edges_run_among_the_boxes_and_cross_nothing() -> None:
    count = LONGEST_EDGE + 20
    wires = (*(Wire(at, at + 1) for at in range(count - 1)), Wire(0, count - 5), Wire(5, count - 1))
    found = layout(Sketch((_BOX,) * count, wires))
    assert found.crossings == 0
    assert all(
        y >= before for route in found.routes for before, y in itertools.pairwise(route[1::2])
    )


def test_many_very_long_edges_go_round_by_side_lanes() -> None:
    count, long = 200, 20
    wires = [Wire(at, at + 1) for at in range(count - 1)]
    wires += [Wire(at, count - long + at) for at in range(long)]
    found = layout(Sketch((_BOX,) * count, tuple(wires)))
    lanes = {max(route[::2]) for route in found.routes[-long:]}
    assert min(lanes) > max(found.xs) + _BOX[0]
    assert len(lanes) == long
    assert all(route[1] < route[-1] for route in found.routes[-long:])


def test_branches_alike_stand_on_both_sides_of_the_main_line() -> None:
    wires = (Wire(0, 1), Wire(1, 2), Wire(2, 3), Wire(2, 4), Wire(2, 5))
    found = layout(Sketch((_BOX,) * 6, wires))
    left, middle, right = sorted(found.xs[3:])
    assert middle == found.xs[2] == found.xs[0]
    assert middle - left == right - middle


def test_loops_close_upwards() -> None:
    found = layout(Sketch((_BOX,) * 3, (Wire(0, 1), Wire(1, 2), Wire(2, 1, back=True))))
    assert found.routes[2][1] > found.routes[2][-1]
    assert found.ys[0] < found.ys[1] < found.ys[2]


def test_three_hundred_inputs_of_one_box_do_not_cross() -> None:
    count = 300
    found = layout(Sketch((_BOX,) * (count + 1), tuple(Wire(at, count) for at in range(count))))
    assert found.crossings == 0
    arrivals = [route[-2] for route in found.routes]
    assert len(set(arrivals)) == count


def test_far_edges_of_a_crowded_box_are_cut_to_stubs() -> None:
    chain = tuple(Wire(at, at + 1) for at in range(11))
    fan = tuple(Wire(0, at) for at in range(2, 12))
    found = layout(Sketch((_BOX,) * 12, chain + fan))
    assert len(found.portals) == 10
    assert [box for box, _ in found.stubs] == [0]
    for index in found.portals:
        x, _, end_x, end_y = found.routes[index]
        target = (chain + fan)[index].target
        assert x == end_x
        assert end_y == found.ys[target]


def test_single_boxes_without_edges_are_packed_not_lined_up() -> None:
    found = layout(Sketch((_BOX,) * 100))
    assert found.width < 2500
    assert found.height < 2500


def test_an_empty_sketch_has_no_size() -> None:
    found = layout(Sketch(()))
    assert (found.width, found.height) == (0.0, 0.0)


def test_a_branch_does_not_take_the_main_line_over() -> None:
    """Two equal branches that meet again: the way out is below the way in, block after block."""
    wires: list[Wire] = []
    for at in range(0, 12, 3):
        wires += [
            Wire(at, at + 1),
            Wire(at, at + 2),
            Wire(at + 1, at + 3),
            Wire(at + 2, at + 3),
        ]
    found = layout(Sketch((_BOX,) * 13, tuple(wires)))
    assert len({found.xs[box] for box in range(0, 13, 3)}) == 1
