"""From a tree and the set of open groups to a picture: boxes and edges with their places.

Groups open in place: an open group is a box around the layout of its children. When a group opens
or closes, only it and the groups around it are arranged again; all others keep theirs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from surgeon_gui.graph.ops import category
from surgeon_gui.view.labels import (
    KINDS,
    LIKE,
    OPEN_HEAD,
    Label,
    Labels,
    Metrics,
    TensorTypes,
    kind_of,
)
from surgeon_gui.view.layout import Layouts
from surgeon_gui.view.lift import Lift, Link, Port
from surgeon_gui.view.pace import BATCH, FEW, Pace, at_share, completed
from surgeon_gui.view.picture import Arrangement, Picture, Strand, put_together
from surgeon_gui.view.sketch import Layout, Sketch, Wire
from surgeon_gui.view.tree import ROOT, Tree

SIDE = 16.0
FOOT = 16.0
# With fewer things than this at top level a graph says nothing yet, so more is opened.
_FEW_BOXES = 4
_MANY_BOXES = 16
_INPUTS = frozenset({"Placeholder", "PlaceholderV2", "_Arg"})


class Scene:
    """What of a tree is open, and the picture of it.

    Args:
        tree: what can be drawn.
        metrics: the fonts' widths.
        types: what is known of the tensors.
        layouts: those of an earlier scene, to be used again where parts are still the same.
    """

    def __init__(
        self,
        tree: Tree,
        metrics: Metrics,
        types: TensorTypes | None = None,
        layouts: Layouts | None = None,
    ) -> None:
        self.tree = tree
        self.lift = Lift(tree)
        self.labels = Labels(tree, metrics, types)
        self.layouts = layouts or Layouts()
        self._metrics = metrics
        self._inputs: list[int] | None = None
        self._open: set[int] = {ROOT}
        self._arranged: dict[int, Arrangement] = {}
        self._kinds: dict[int, tuple[tuple[str, float], ...]] = {}

    @property
    def expanded(self) -> frozenset[int]:
        """The open groups, the root not counted; some may lie in closed ones."""
        return frozenset(self._open - {ROOT})

    def is_open(self, item: int) -> bool:
        return item in self._open

    def set_types(self, types: TensorTypes | None) -> tuple[object, ...]:
        """Take other tensor types; everything is arranged anew, as boxes may change their size.

        Returns:
            What is of no use any more; to free it at once takes time where much is open.
        """
        before = self.labels, self._arranged
        self.labels, self._arranged = Labels(self.tree, self._metrics, types), {}
        return before

    def set_expanded(self, groups: Iterable[int]) -> bool:
        """Open exactly these groups; return whether that changes anything."""
        wanted = {ROOT, *(group for group in groups if group < 0)}
        changed = wanted ^ self._open
        self._open = wanted
        forgotten = set[int]()
        for group in changed if self._arranged else ():
            while group not in forgotten:
                forgotten.add(group)
                self._arranged.pop(group, None)
                group = self.tree.group(group).parent
        return bool(changed)

    def first_expansion(self) -> frozenset[int]:
        """The groups to open so that a graph with little at top level shows something."""
        tree = self.tree
        shown = list(tree.group(ROOT).children)
        opened: set[int] = set()
        while len(shown) < _FEW_BOXES:
            groups = [item for item in shown if item < 0]
            fits = [
                item
                for item in groups
                if len(shown) - 1 + len(tree.group(item).children) <= _MANY_BOXES
            ]
            if not fits:
                break
            # What is folded for its likeness tells least.
            chosen = min(fits, key=lambda item: bool(tree.group(item).series))
            opened.add(chosen)
            shown.remove(chosen)
            shown.extend(tree.group(chosen).children)
        return frozenset(opened)

    def shown(self) -> list[int]:
        """The open groups in view, outer before inner."""
        found, groups = [ROOT], self.tree.groups
        for group in found:
            found += self._open.intersection(groups[~group].children)
        return found

    def work(self) -> Pace[Picture]:
        """Arrange what is not yet, in steps, and return the picture of what is open."""
        yield from self._find_inputs()
        pending = [group for group in self.shown() if group not in self._arranged]
        yield 0.0
        total = max(len(pending), 1)
        for done, group in enumerate(reversed(pending), start=1):
            arranging = self._arrange(group)
            self._arranged[group] = yield from at_share((done - 1) / total, arranging)
            yield done / total
        return (yield from put_together(self.tree, self.labels, self._arranged, self._open))

    def picture(self) -> Picture:
        """Return the picture of what is open now."""
        return completed(self.work())

    def arrangement(self, group: int) -> Arrangement:
        """The arrangement of an open group; `work` has made it."""
        return self._arranged[group]

    def kinds(self, group: int) -> tuple[tuple[str, float], ...]:
        """The kinds of op drawn inside a group and their shares, in the order of the legend."""
        found = self._kinds.get(group)
        if found is None:
            start, stop = self.tree.range_of(group)
            nodes = self.tree.graph.nodes
            ops = Counter([nodes[position].op for position in self.tree.nodes[start:stop]])
            counts: Counter[str] = Counter()
            for op, count in ops.items():
                counts[LIKE.get(kind_of(op), kind_of(op))] += count
            found = self._kinds[group] = tuple(
                (kind, counts[kind] / counts.total()) for kind in KINDS if kind in counts
            )
        return found

    # One group

    def _arrange(self, group: int) -> Pace[Arrangement]:
        tree = self.tree
        level = yield from self.lift.level_steps(group)
        children = tree.group(group).children
        sizes = []
        for child in children:
            sizes.append(self._size(child))
            if len(sizes) % FEW == 0:
                yield 0.0
        in_box = {port: len(sizes) + at for at, port in enumerate(level.ins)}
        out_box = {port: len(sizes) + len(in_box) + at for at, port in enumerate(level.outs)}
        sizes += [(0.0, 0.0)] * (len(in_box) + len(out_box))
        bundles = _Bundles(self, children)
        for number, ((a, b), links) in enumerate(level.inside.items()):
            back = (a, b) in level.back
            for link in links:
                bundles.add(a, b, link, back)
            if number % FEW == 0:
                yield 0.0
        for link, child in level.entering:
            port = level.in_port[link.source]
            bundles.add(in_box[port], child, link, port.back)
        for link, child in level.leaving:
            back = self.lift.is_back(group, link)
            bundles.add(child, out_box[level.out_port[link.source, back]], link, back)
        yield 0.0
        wires, strands = bundles.finished()
        yield 0.0
        sketch = Sketch(
            tuple(sizes),
            wires,
            frozenset(
                [box for port, box in in_box.items() if not port.back]
                + [box for port, box in out_box.items() if port.back]
            ),
            frozenset(
                [box for port, box in in_box.items() if port.back]
                + [box for port, box in out_box.items() if not port.back]
            ),
            frozenset(at for at, child in enumerate(children) if self._is_weak(child)),
            frozenset(at for at, child in enumerate(children) if self.has_input(child)),
        )
        layout = yield from self.layouts.get(sketch)
        arranged = self._boxed(group, layout, sketch, strands, in_box, out_box)
        return self._with_portals(arranged, sketch, children)

    def _boxed(
        self,
        group: int,
        layout: Layout,
        sketch: Sketch,
        strands: tuple[Strand, ...],
        in_box: dict[Port, int],
        out_box: dict[Port, int],
    ) -> Arrangement:
        if group == ROOT:
            return Arrangement(
                layout, layout.routes, strands, layout.width, layout.height, 0.0, 0.0
            )
        width = max(layout.width + 2 * SIDE, self._head_width(group))
        left = (width - layout.width) / 2
        foot = layout.height + FOOT

        def offset(box: int) -> float:
            return left + layout.xs[box] - width / 2

        ports = {*in_box.values(), *out_box.values()}
        routes = list(layout.routes)
        for index, wire in enumerate(sketch.wires):
            route = routes[index]
            if wire.source in ports and index not in layout.portals:
                border = foot if wire.source in sketch.bottoms else -OPEN_HEAD
                route = (route[0], border, *route)
            if wire.target in ports:
                border = foot if wire.target in sketch.bottoms else -OPEN_HEAD
                route = (*route, route[-2], border)
            routes[index] = route
        return Arrangement(
            layout,
            tuple(routes),
            strands,
            width,
            OPEN_HEAD + foot,
            left,
            OPEN_HEAD,
            {port: offset(box) for port, box in in_box.items()},
            {port: offset(box) for port, box in out_box.items()},
        )

    def _with_portals(
        self, arranged: Arrangement, sketch: Sketch, children: tuple[int, ...]
    ) -> Arrangement:
        """Tell at each portal where it comes from, and at each source how many there are."""
        layout = arranged.layout
        if not layout.portals:
            return arranged
        strands, routes = list(arranged.strands), list(arranged.routes)
        arriving = Counter(sketch.wires[index].target for index in layout.portals)
        links: dict[int, list[Link]] = {}
        for index in sorted(layout.portals):
            wire, strand = sketch.wires[index], strands[index]
            source = children[wire.source] if wire.source < len(children) else ROOT
            name = self.labels.short_name(strand.links[0].source if source == ROOT else source)
            strands[index] = replace(
                strand,
                label=f"← {name}" if arriving[wire.target] == 1 else "",
                is_label_low=True,
                is_portal=True,
                source=strand.links[0].source if source == ROOT else source,
            )
            links.setdefault(wire.source, []).extend(strand.links)
        for box, points in layout.stubs:
            text = f"→ {sum(sketch.wires[index].source == box for index in layout.portals)}"
            strands.append(Strand(tuple(links[box]), False, False, text, True, True))
            # From a port the piece starts at the border, beyond the head.
            at_border = box in sketch.tops
            routes.append((points[0], -OPEN_HEAD, *points) if at_border else points)
        return replace(arranged, strands=tuple(strands), routes=tuple(routes))

    def _head_width(self, group: int) -> float:
        return self.labels.get(group).width

    def _size(self, item: int) -> tuple[float, float]:
        if item < 0 and item in self._open:
            arranged = self._arranged[item]
            return arranged.width, arranged.height
        label: Label = self.labels.get(item)
        return label.width, label.height

    def _is_weak(self, item: int) -> bool:
        if item < 0:
            return False
        node = self.tree.graph.nodes[self.tree.nodes[item]]
        return category(node.op) == "constant"

    def inputs(self) -> list[int]:
        """The nodes by which data comes into the graph, ascending."""
        return completed(self._find_inputs())

    def _find_inputs(self) -> Pace[list[int]]:
        if self._inputs is None:
            nodes, found = self.tree.graph.nodes, list[int]()
            for at, position in enumerate(self.tree.nodes):
                if at % BATCH == 0:
                    yield 0.0
                if nodes[position].op in _INPUTS:
                    found.append(at)
            self._inputs = found
        return self._inputs

    def has_input(self, item: int) -> bool:
        """Whether data comes into the graph here."""
        start, stop = self.tree.range_of(item)
        inputs = self.inputs()
        return bisect_left(inputs, start) < bisect_left(inputs, stop)


class _Bundles:
    """Gathers the links of a level into wires: one per pair of places they run between."""

    def __init__(self, scene: Scene, children: tuple[int, ...]) -> None:
        self._scene, self._children = scene, children
        self._found: dict[tuple[int, int, Port | None, Port | None, bool], list[Link]] = {}

    def add(self, source: int, target: int, link: Link, back: bool) -> None:
        out_port = in_port = None
        group = self._open_group(source)
        if group is not None:
            out_port = self._scene.lift.level(group).out_port[link.source, back]
        group = self._open_group(target)
        if group is not None:
            in_port = self._scene.lift.level(group).in_port[link.source]
        self._found.setdefault((source, target, out_port, in_port, back), []).append(link)

    def _open_group(self, box: int) -> int | None:
        if box >= len(self._children):
            return None
        child = self._children[box]
        return child if child < 0 and self._scene.is_open(child) else None

    def finished(self) -> tuple[tuple[Wire, ...], tuple[Strand, ...]]:
        wires, strands = [], []
        starting = Counter(key[0] for key in self._found)
        ending = Counter(key[1] for key in self._found)
        for (source, target, out_port, in_port, back), links in self._found.items():
            out_group, in_group = self._open_group(source), self._open_group(target)
            source_dx = target_dx = None
            if out_group is not None and out_port is not None:
                source_dx = self._scene.arrangement(out_group).out_dx[out_port]
            if in_group is not None and in_port is not None:
                target_dx = self._scene.arrangement(in_group).in_dx[in_port]
            if source >= len(self._children):
                source_dx = 0.0
            if target >= len(self._children):
                target_dx = 0.0
            has_arrow = in_group is None and target < len(self._children)
            is_control = all(link.is_control for link in links)
            label = self._label(source, out_group, links)
            is_low = starting[source] > 1
            if is_low and (ending[target] > 1 or not has_arrow):
                label = ""
            wires.append(Wire(source, target, source_dx, target_dx, back, bool(label), is_control))
            strands.append(Strand(tuple(links), is_control, has_arrow, label, is_low))
        return tuple(wires), tuple(strands)

    def _label(self, source: int, out_group: int | None, links: list[Link]) -> str:
        """What leaves a closed group is not written anywhere else, so the edge says it."""
        if source >= len(self._children) or self._children[source] >= 0 or out_group is not None:
            return ""
        producers = {link.source for link in links if not link.is_control}
        if len(producers) > 1:
            return f"×{len(producers)}"
        return self._scene.labels.tensor(next(iter(producers))) if producers else ""
