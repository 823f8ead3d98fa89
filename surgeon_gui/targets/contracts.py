"""What cannot be built though every op is known: shapes that do not fit, plugins fed wrongly.

NVIDIA's parsers tell such things late and without a name (`nbInputDims == 3`, `index <
current_size`); here the node is named before anything is exported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.shapes import Types
from surgeon_gui.graph.values import AttrValue
from surgeon_gui.rewrite.attributes import SUFFIXES, plugin_field
from surgeon_gui.rewrite.plugins import Plugin, described_plugins, find_plugin
from surgeon_gui.targets.base import Status, Verdict
from surgeon_gui.targets.plugins import is_plugin_node

_OPTIONAL = {"EfficientNMS_TRT": 1, "ModulatedDeformConv2d": 1}
"""How many of the last inputs a plugin does without: anchors, bias."""

_DETECTORS = frozenset({"NMS_TRT", "NMSDynamic_TRT", "NMSOPT_TRT"})
_GRIDS = frozenset({"GridAnchor_TRT", "GridAnchorRect_TRT"})
_ANCHOR_INPUT = "https://github.com/jkjung-avt/tensorrt_demos/issues/65"
_CLASSES = "https://github.com/jkjung-avt/tensorrt_demos/issues/111"


def has_plugins(graph: Graph) -> bool:
    """Whether there is a node that may be a plugin of TensorRT."""
    return any(find_plugin(op) is not None for op in {node.op for node in graph})


def add_contracts(target_id: str, graph: Graph, types: Types, verdicts: dict[str, Verdict]) -> None:
    """Refuse what cannot work on any route.

    Args:
        target_id: the target judged for, `direct` for any whose own converters judge shapes.
        graph: the graph.
        types: what is known of its tensors.
        verdicts: a verdict per node; changed in place.
    """
    plugins = {op: find_plugin(op) for op in {node.op for node in graph}}
    for node in graph:
        if verdicts[node.name].status not in (Status.TAKES, Status.CAVEAT):
            continue
        plugin = plugins[node.op]
        found = None
        if node.op == "Reshape" and target_id != "direct":
            found = _reshape(node, types)
        elif plugin is not None and (node.op.endswith("_TRT") or is_plugin_node(node)):
            found = _plugin(_Place(graph, types, node, plugin), target_id)
        if found is not None:
            verdicts[node.name] = _joined(verdicts[node.name], found)


def _joined(said: Verdict, found: Verdict) -> Verdict:
    """Return what was found; two warnings are told together."""
    if not (said.status is found.status is Status.CAVEAT):
        return found
    remedy = " ".join(filter(None, (found.remedy, said.remedy)))
    return replace(said, reason=f"{said.reason} {found.reason}", remedy=remedy)


def _refuses(reason: str, remedy: str, source: str | None = None) -> Verdict:
    return Verdict(Status.REFUSES, reason, remedy, source=source)


def _reshape(node: Node, types: Types) -> Verdict | None:
    """Refuse a Reshape whose elements do not fit."""
    if len(node.inputs) != 2:
        return None
    given, target = types.shape(node.inputs[0]), types.value(node.inputs[1])
    if given.size is None or target is None:
        return None
    wanted = [int(dim) for dim in target.reshape(-1)]
    rest = math.prod(dim for dim in wanted if dim >= 0)
    fits = rest and given.size % rest == 0 if wanted.count(-1) == 1 else given.size == rest
    if fits or wanted.count(-1) > 1 or not given.size:
        return None
    return _refuses(
        f"{list(given.dims or ())} cannot be reshaped to {wanted}.",
        "Give the inputs the shape the graph was made for.",
    )


@dataclass(frozen=True)
class _Place:
    graph: Graph
    types: Types
    node: Node
    plugin: Plugin

    def field(self, name: str, node: Node | None = None) -> AttrValue | None:
        """Return a field of the plugin node, or of another."""
        for key, value in (node or self.node).attrs.items():
            if plugin_field(key) == name:
                return value
        return None


def _plugin(place: _Place, target_id: str) -> Verdict | None:
    checks: tuple[Callable[[_Place], Verdict | None], ...] = (_inputs, _fields)
    if place.node.op in _DETECTORS:
        checks = (_detector_inputs, _scores, _fields)
    elif place.node.op in _GRIDS:
        checks = (_grid, _fields)
        if target_id.startswith("uff-") and not place.node.inputs:
            return _refuses(
                "NVIDIA's parser fails on an anchor plugin that reads nothing "
                "(CHECK failed: index < current_size).",
                "Let it read any constant; the plugin does not look at it.",
                _ANCHOR_INPUT,
            )
    return next((found for check in checks if (found := check(place)) is not None), None)


def _inputs(place: _Place) -> Verdict | None:
    """Refuse a plugin that lost an input."""
    ports = [port.name for port in place.plugin.inputs]
    count = len(place.node.inputs)
    if count >= len(ports) - _OPTIONAL.get(place.node.op, 0):
        return None
    return _refuses(
        f"{place.node.op} reads {_listed(ports)}; this node reads {_counted(count)}.",
        "Give it what is missing.",
    )


def _detector_inputs(place: _Place) -> Verdict | None:
    count = len(place.node.inputs)
    if count == 3:
        return None
    return _refuses(
        f"{place.node.op} reads boxes, scores and anchors and nothing else; this node reads "
        f"{_counted(count)}.",
        "Remove what is left over." if count > 3 else "Give it what is missing.",
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _counted(count: int) -> str:
    words = {0: "nothing", 1: "one tensor", 2: "two tensors"}
    return words.get(count, f"{count} tensors")


def _fields(place: _Place) -> Verdict | None:
    """Warn of fields the plugin does not know, and of those it may need."""
    attrs = place.node.attrs
    known = {field.name for field in place.plugin.fields}
    odd = [key for key in attrs if key.endswith(SUFFIXES) and plugin_field(key) not in known]
    if odd and known:
        names = _listed([plugin_field(key) for key in odd])
        return Verdict(
            Status.CAVEAT,
            f"{place.node.op} has no field {names}; it will not look at it.",
            f"It has {', '.join(field.name for field in place.plugin.fields)}.",
        )
    # What a creator on this machine tells has no defaults, so nothing is known to be missing.
    described = place.plugin.name in described_plugins()
    missing = place.plugin.missing(attrs) if described else ()
    if missing:
        return Verdict(
            Status.CAVEAT,
            f"No value is given for {_listed(list(missing))}, and what {place.node.op} takes "
            "instead is not known.",
            "Set the fields.",
            confidence="medium",
        )
    return None


def _grid(place: _Place) -> Verdict | None:
    """Refuse anchors whose layers are not those of the feature maps."""
    layers, maps = place.field("numLayers"), place.field("featureMapShapes")
    if not isinstance(layers, int) or not isinstance(maps, tuple):
        return None
    sides = 2 if place.node.op == "GridAnchorRect_TRT" else 1
    if len(maps) == sides * layers:
        return None
    return _refuses(
        f"numLayers is {layers}, but featureMapShapes has {len(maps)} numbers.",
        f"It needs {sides} for each feature map.",
    )


def _scores(place: _Place) -> Verdict | None:
    """Refuse a detector whose boxes or scores are not as many as its anchors say."""
    classes, order = place.field("numClasses"), place.field("inputOrder")
    stated = order if isinstance(order, tuple) else (0, 1, 2)
    places = [item for item in stated if isinstance(item, int)]
    if not isinstance(classes, int) or sorted(places) != [0, 1, 2]:
        return None
    inputs = place.node.inputs
    scores = _elements(place, inputs[places[1]])
    anchors = _anchors(place, inputs[places[2]])
    if not anchors:
        return None
    boxes = _elements(place, inputs[places[0]])
    if boxes is not None and place.field("shareLocation") == 1 and boxes != 4 * anchors:
        return _refuses(
            f"{anchors} anchors have {4 * anchors} corners of boxes, but it reads {boxes}.",
            "Set featureMapShapes of the anchors to the sides of the feature maps, and inputOrder "
            "to the order in which it reads boxes, scores and anchors.",
            _CLASSES,
        )
    if scores is None or scores == anchors * classes:
        return None
    right, rest = divmod(scores, anchors)
    return _refuses(
        f"{anchors} anchors of {classes} classes have {anchors * classes} scores, but it reads "
        f"{scores}.",
        "Set featureMapShapes of the anchors to the sides of the feature maps."
        if rest or right < 2
        else f"Set numClasses, the background included, to {right}.",
        _CLASSES,
    )


def _elements(place: _Place, ref: TensorRef) -> int | None:
    """Return how many elements a tensor has for one image, also where a FlattenConcat makes it."""
    node = place.graph.get(ref.node)
    refs = node.inputs if node is not None and node.op == "FlattenConcat_TRT" else (ref,)
    total = 0
    for each in refs:
        shape = place.types.shape(each)
        if shape.size is None or not shape.dims:
            return None
        total += math.prod(shape.dims[1:])
    return total


def _anchors(place: _Place, ref: TensorRef) -> int | None:
    """Return how many anchors all outputs of a grid plugin have that are joined to a tensor."""
    node = place.graph.get(ref.node)
    if node is None or node.op != "ConcatV2":
        return None
    # Scripts for graphsurgeon state the axis as an attribute; else it is the last input.
    joined = node.inputs if "axis" in node.attrs else node.inputs[:-1]
    made: Mapping[str, Node | None] = {each.node: place.graph.get(each.node) for each in joined}
    (grid,) = made.values() if len(made) == 1 else (None,)
    if grid is None or grid.op not in _GRIDS:
        return None
    maps, ratios = place.field("featureMapShapes", grid), place.field("aspectRatios", grid)
    if not isinstance(maps, tuple) or not isinstance(ratios, tuple):
        return None
    sides = [side for side in maps if isinstance(side, int)]
    cells = [side * side for side in sides]
    if grid.op == "GridAnchorRect_TRT":
        cells = [high * wide for high, wide in zip(sides[::2], sides[1::2], strict=False)]
    # The first layer has three boxes a cell, the others one more than there are ratios.
    return sum(count * (len(ratios) + 1 if layer else 3) for layer, count in enumerate(cells))
