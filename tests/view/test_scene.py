"""From open groups to a picture."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.view.labels import Metrics
from surgeon_gui.view.lift import MOST_PORTS
from surgeon_gui.view.picture import Picture
from surgeon_gui.view.scene import Scene
from surgeon_gui.view.tree import ROOT, tree_from_graph
from tests.helpers.shared import data_path, shared_models
from tests.view.graphs import crowd, loop, network, node, odd_names, placeholder

_REAL = [
    data_path("mobilenet_v1_0.25_128_frozen.pb"),
    data_path("cifar_small.pb"),
    *shared_models("*.pb"),
]


def scene_of(graph: Graph, *opened: str) -> Scene:
    scene = Scene(tree_from_graph(graph), Metrics())
    groups = (scene.tree.find_group(name) for name in opened)
    scene.set_expanded(group for group in groups if group is not None)
    return scene


def all_open(graph: Graph) -> Scene:
    scene = Scene(tree_from_graph(graph), Metrics())
    scene.set_expanded(~at for at in range(1, len(scene.tree.groups)))
    return scene


def names(scene: Scene, picture: Picture) -> list[str]:
    return [scene.tree.name(item) for item in picture.items]


def assert_well_placed(scene: Scene, picture: Picture) -> None:
    """No two siblings overlap, and every box lies in the one it belongs to."""
    place = dict(zip(picture.items, picture.rects, strict=True))
    by_parent: dict[int, list[tuple[float, float, float, float]]] = {}
    for item, (x, y, w, h) in place.items():
        parent = scene.tree.parent(item)
        if parent != ROOT:
            px, py, pw, ph = place[parent]
            assert px <= x
            assert py <= y
            assert x + w <= px + pw + 1e-6
            assert y + h <= py + ph + 1e-6
        by_parent.setdefault(parent, []).append((x, y, x + w, y + h))
    for boxes in by_parent.values():
        boxes.sort()
        for at, a in enumerate(boxes):
            for b in boxes[at + 1 :]:
                if b[0] >= a[2] - 1e-6:
                    break
                assert a[3] <= b[1] + 1e-6 or b[3] <= a[1] + 1e-6


def assert_edges_reach_their_ends(scene: Scene, picture: Picture) -> None:
    """A strand with an arrow ends at the border of the box in view that holds its target."""
    place = dict(zip(picture.items, picture.rects, strict=True))
    shown = {
        item for item, is_open in zip(picture.items, picture.is_open, strict=True) if not is_open
    }
    for strand, points, (x, y) in zip(
        picture.strands, picture.routes, picture.origins, strict=True
    ):
        if not strand.has_arrow:
            continue
        target = strand.links[0].target
        box = target
        for outer in scene.tree.ancestors(target):
            if outer in shown:
                box = outer
        left, top, width, height = place[box]
        end_x, end_y = x + points[-2], y + points[-1]
        assert left - 1e-6 <= end_x <= left + width + 1e-6
        assert min(abs(end_y - top), abs(end_y - top - height)) < 1e-6


def test_closed_namespaces_are_single_boxes() -> None:
    scene = scene_of(network())
    picture = scene.picture()
    assert names(scene, picture) == ["input", "net/", "probabilities"]
    assert len(picture.strands) == 2


def test_opening_shows_the_children_in_place() -> None:
    scene = scene_of(network(), "net", "net/block_1")
    picture = scene.picture()
    assert "net/block_1/Conv2D" in names(scene, picture)
    assert "net/block_2/Conv2D" not in names(scene, picture)
    assert_well_placed(scene, picture)
    assert_edges_reach_their_ends(scene, picture)


def test_an_edge_into_an_open_group_is_one_line_to_the_node() -> None:
    scene = scene_of(network(), "net", "net/block_1")
    picture = scene.picture()
    place = dict(zip(names(scene, picture), picture.rects, strict=True))
    pieces = [
        (points[0] + x, points[1] + y, points[-2] + x, points[-1] + y)
        for strand, points, (x, y) in zip(
            picture.strands, picture.routes, picture.origins, strict=True
        )
        if strand.links[0].source == scene.tree.find("input")
    ]
    pieces.sort(key=lambda piece: piece[1])
    assert len(pieces) == 3
    for upper, lower in itertools.pairwise(pieces):
        assert upper[2:] == pytest.approx(lower[:2])
    assert pieces[-1][3] == pytest.approx(place["net/block_1/Conv2D"][1])


def test_the_main_line_is_straight_through_open_groups() -> None:
    scene = all_open(network())
    picture = scene.picture()
    middles = {
        round(x + width / 2, 3)
        for item, (x, _, width, _) in zip(picture.items, picture.rects, strict=True)
        if item >= 0
    }
    assert len(middles) == 1


def test_closing_gives_the_picture_from_before() -> None:
    scene = scene_of(network(), "net")
    before = scene.picture()
    net, block = scene.tree.find_group("net"), scene.tree.find_group("net/block_2")
    assert net is not None
    assert block is not None
    scene.set_expanded([net, block])
    assert scene.picture() != before
    scene.set_expanded([net])
    assert scene.picture() == before


def test_opening_one_group_arranges_only_it_and_those_around_it() -> None:
    scene = scene_of(network(), "net", "net/block_1")
    scene.picture()
    net, one, two = map(scene.tree.find_group, ("net", "net/block_1", "net/block_2"))
    assert net is not None
    assert one is not None
    assert two is not None
    untouched = scene.arrangement(one)
    scene.set_expanded([net, one, two])
    scene.picture()
    assert scene.arrangement(one) is untouched


def test_equal_blocks_share_one_layout() -> None:
    scene = all_open(network())
    scene.picture()
    # The root, `net`, and one for both blocks.
    assert len(scene.layouts) == 3


def test_loops_are_drawn_upwards_and_stay_in_place() -> None:
    scene = all_open(loop())
    picture = scene.picture()
    assert_well_placed(scene, picture)
    assert_edges_reach_their_ends(scene, picture)
    upwards = [
        strand
        for strand, points in zip(picture.strands, picture.routes, strict=True)
        if points[-1] < points[1]
    ]
    tree = scene.tree
    assert {tree.name(strand.links[0].source) for strand in upwards} == {"while/NextIteration"}


def test_control_edges_are_told_from_data() -> None:
    graph = Graph(
        (placeholder("a", 1), node("b", "Relu", "a"), node("c", "Relu", "b", controls=["a"]))
    )
    scene = scene_of(graph)
    kinds = {
        (scene.tree.name(strand.links[0].source), scene.tree.name(strand.links[0].target)): (
            strand.is_control
        )
        for strand in scene.picture().strands
    }
    assert kinds == {("a", "b"): False, ("b", "c"): False, ("a", "c"): True}


def test_edges_between_closed_groups_are_one_with_a_count() -> None:
    nodes = [placeholder(f"left/in_{at}", 1) for at in range(3)]
    nodes += [node(f"right/out_{at}", "Relu", f"left/in_{at}") for at in range(3)]
    picture = scene_of(Graph(tuple(nodes))).picture()
    assert [strand.label for strand in picture.strands] == ["×3"]
    assert len(picture.strands[0].links) == 3


def test_producers_beyond_a_number_share_a_port() -> None:
    count = MOST_PORTS + 1
    nodes = [placeholder(f"left/in_{at}", 1) for at in range(count)]
    nodes += [node(f"right/out_{at}", "Relu", f"left/in_{at}") for at in range(count)]
    scene = all_open(Graph(tuple(nodes)))
    picture = scene.picture()
    right = scene.tree.find_group("right")
    assert right is not None
    assert len(scene.lift.level(right).ins) == 1
    assert_edges_reach_their_ends(scene, picture)


def test_a_graph_of_one_node_is_that_node() -> None:
    scene = scene_of(Graph((placeholder("x", 1),)))
    assert names(scene, scene.picture()) == ["x"]


def test_an_empty_graph_gives_an_empty_picture() -> None:
    assert scene_of(Graph()).picture().items == ()


def test_an_op_with_three_hundred_inputs_is_laid_out() -> None:
    scene = all_open(crowd())
    picture = scene.picture()
    assert_well_placed(scene, picture)
    assert_edges_reach_their_ends(scene, picture)


def test_odd_names_do_not_disturb() -> None:
    scene = all_open(odd_names())
    picture = scene.picture()
    assert_well_placed(scene, picture)
    for item in picture.items:
        label = scene.labels.get(item)
        assert label.head.isprintable()
        assert all(row.left.isprintable() for row in label.rows)
        assert label.width <= 400


def test_little_at_top_level_opens_by_itself() -> None:
    scene = Scene(tree_from_graph(network()), Metrics())
    assert {scene.tree.name(item) for item in scene.first_expansion()} == {"net/"}


@pytest.mark.parametrize("path", _REAL, ids=lambda path: path.stem)
def test_real_graphs_are_well_placed_when_all_is_open(path: Path) -> None:
    scene = all_open(open_graph(path))
    picture = scene.picture()
    assert_well_placed(scene, picture)
    assert_edges_reach_their_ends(scene, picture)


@pytest.mark.parametrize("path", _REAL[:2], ids=lambda path: path.stem)
def test_the_same_graph_gives_the_same_picture(path: Path) -> None:
    first, second = all_open(open_graph(path)), all_open(open_graph(path))
    assert first.picture() == second.picture()


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Nodes in random namespaces with random edges, back ones and control edges too."""
    count = draw(st.integers(1, 30))
    part = st.sampled_from("abc")
    paths = draw(st.lists(st.lists(part, max_size=3).map("/".join), min_size=count, max_size=count))
    titles = [f"{path}/n{at}" if path else f"n{at}" for at, path in enumerate(paths)]
    one = st.integers(0, count - 1)
    nodes = []
    for title in titles:
        inputs = [titles[at] for at in draw(st.lists(one, max_size=3))]
        waits = {titles[at] for at in draw(st.lists(one, max_size=1))}
        op = draw(st.sampled_from(["Relu", "AddN", "Const", "Identity"]))
        if op == "Const":
            inputs = []
        nodes.append(node(title, op, *inputs, controls=sorted(waits)))
    return Graph(tuple(nodes))


@given(graphs(), st.data())
def test_any_graph_with_anything_open_is_well_placed(graph: Graph, data: st.DataObject) -> None:
    scene = Scene(tree_from_graph(graph), Metrics())
    groups = [~at for at in range(1, len(scene.tree.groups))]
    if groups:
        scene.set_expanded(data.draw(st.sets(st.sampled_from(groups))))
    picture = scene.picture()
    assert_well_placed(scene, picture)
    assert_edges_reach_their_ends(scene, picture)


def test_only_next_iteration_closes_a_loop_of_two_variables() -> None:
    """The second variable's Merge is above its Switch, though the counter's loop comes first."""
    nodes = [placeholder("x", 1), placeholder("y", 1)]
    for at, source in enumerate(("x", "y")):
        nodes += [
            node(f"w/Enter_{at}", "Enter", source),
            node(f"w/Merge_{at}", "Merge", f"w/Enter_{at}", f"w/Next_{at}"),
        ]
    nodes += [
        node("w/Less", "Less", "w/Merge_0", "w/Enter_0"),
        node("w/LoopCond", "LoopCond", "w/Less"),
    ]
    for at in range(2):
        nodes += [
            node(f"w/Switch_{at}", "Switch", f"w/Merge_{at}", "w/LoopCond"),
            node(f"w/Body_{at}", "Neg", f"w/Switch_{at}:1"),
            node(f"w/Next_{at}", "NextIteration", f"w/Body_{at}"),
        ]
    scene = all_open(Graph(tuple(nodes)))
    picture = scene.picture()
    upwards = {
        scene.tree.name(strand.links[0].source)
        for strand, points in zip(picture.strands, picture.routes, strict=True)
        if points[-1] < points[1]
    }
    assert upwards == {"w/Next_0", "w/Next_1"}


def test_a_group_says_how_much_of_each_kind_is_inside() -> None:
    scene = Scene(tree_from_graph(network()), Metrics())
    block = scene.tree.find_group("net/block_1")
    assert block is not None
    kinds, shares = zip(*scene.kinds(block), strict=True)
    assert kinds == ("convolution", "activation", "arithmetic")
    assert shares == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert sum(share for _, share in scene.kinds(ROOT)) == pytest.approx(1.0)
