"""Rewrites of inputs and of single attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surgeon_gui.graph import attrs
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import AttrValue, DType, Shape
from surgeon_gui.rewrite.actions import action
from surgeon_gui.rewrite.attributes import plugin_attributes, value_from_toml
from surgeon_gui.rewrite.predicates import Place
from surgeon_gui.rewrite.replacement import Replacement, bypass, replaced_by
from surgeon_gui.rewrite.subject import Mismatch

_NONE: Mapping[str, Any] = {}


@action
def set_attributes(place: Place, *, to: Mapping[str, Any] = _NONE) -> Replacement | Mismatch:
    """Set attributes of the node, and change nothing else.

    Args:
        place: the match.
        to: the attributes as rule files write them.
    """
    root = place.node("root")
    try:
        wanted = {key: value_from_toml(value) for key, value in to.items()}
    except ValueError as problem:
        return Mismatch(root.name, f"{problem}.")
    if all(root.attrs.get(key) == value for key, value in wanted.items()):
        return Mismatch(root.name, "It has these attributes already.")
    return replaced_by(place, root.replace(attrs={**root.attrs, **wanted}))


@action
def float_input(place: Place) -> Replacement | Mismatch:
    """Give an input the dtype it is cast to, and drop the Cast."""
    source = place.node("input")
    wanted = attrs.dtype(place.node("root"), "DstT")
    return _fed(place, source.replace(attrs={**_lasting(source), "dtype": wanted}))


@action
def input_transpose(place: Place) -> Replacement | Mismatch:
    """Let an input have the order its Transpose gives it, and drop the Transpose."""
    source, perm = place.node("input"), place.value("perm")
    dims = attrs.shape(source, "shape").dims
    if perm is None or dims is None or len(dims) != perm.size:
        return Mismatch(place.match.root, "The input's rank or the order is unknown.")
    turned = Shape(tuple(dims[int(axis)] for axis in perm.reshape(-1)))
    return _fed(place, source.replace(attrs={**_lasting(source), "shape": turned}))


def _lasting(source: Node) -> dict[str, AttrValue]:
    """Attributes that hold though dtype or shape change."""
    return {key: value for key, value in source.attrs.items() if key != "_output_shapes"}


def _fed(place: Place, source: Node) -> Replacement | Mismatch:
    if place.subject.is_output(place.match.root):
        return Mismatch(place.match.root, "It is an output of the graph, so its name is kept.")
    return Replacement(place.tensor("input"), changed=(source,))


@action
def same_cast(place: Place) -> Replacement | Mismatch:
    """Drop a Cast whose result has the dtype of its input."""
    root = place.node("root")
    made, given = attrs.dtype(root, "DstT"), attrs.dtype(root, "SrcT")
    if made is DType.INVALID or made is not given:
        return Mismatch(root.name, f"It makes {made.text} of {given.text}.")
    return bypass(place, place.tensor("x"))


@action
def group_norm_plugin(place: Place) -> Replacement | Mismatch:
    """Make a group normalisation the plugin, with as many groups as its Reshape makes."""
    groups = (place.shape("grouped").dims or ())[3:4]
    eps = place.value("eps")
    if not groups or groups[0] < 1 or eps is None:
        return Mismatch(place.match.root, "The number of its groups is unknown.")
    fields: dict[str, AttrValue] = {"eps": float(eps.reshape(-1)[0]), "num_groups": groups[0]}
    root = place.node("root")
    made = Node(
        root.name,
        "GroupNormalizationPlugin",
        [place.tensor(name) for name in ("x", "gamma", "beta")],
        plugin_attributes(fields),
        controls=root.controls,
    )
    return replaced_by(place, made)
