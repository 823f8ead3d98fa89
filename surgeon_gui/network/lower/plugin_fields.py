"""What a plugin node says of itself: its fields, and how the images it reads lie.

Field names are those of the plugins' creators; graphsurgeon and UFF add the kind to the name
(`negSlope_u_float`). A plugin works on batch, channels, height, width; the tensors of the graph lie
as the layers that made them say.
"""

from __future__ import annotations

from surgeon_gui.graph.model import Node
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.value import Permutation, Value, inverse

FIRST = "NCHW"
LAST = "NHWC"

_MAKES_NO_IMAGE = frozenset(
    {"Reshape", "Squeeze", "ExpandDims", "Pack", "Unpack", "MatMul", "Shape"}
)


def attribute(node: Call, name: str) -> str | None:
    """Return the attribute that holds a plugin's field, None where there is none."""
    for found in node.node.attrs:
        if found == name or found.startswith(f"{name}_u_"):
            return found
    return None


def field(node: Call, name: str) -> str:
    """Return the attribute that holds a plugin's field.

    Raises:
        Unsupported: there is none.
    """
    found = attribute(node, name)
    if found is None:
        raise node.refuse(f"The plugin's field {name} is missing.", f"Set the attribute {name}.")
    return found


def number(node: Call, name: str, default: float | None = None) -> float:
    """Return a field's number; without a default it must be there."""
    found = attribute(node, name)
    return default if found is None and default is not None else node.number(field(node, name))


def integer(node: Call, name: str, default: int | None = None) -> int:
    """Return a field's whole number; without a default it must be there."""
    found = attribute(node, name)
    return default if found is None and default is not None else node.integer(field(node, name))


def numbers(node: Call, name: str, default: tuple[float, ...] | None = None) -> tuple[float, ...]:
    """Return a field's numbers; one number stands for a list of one."""
    if default is not None and attribute(node, name) is None:
        return default
    found = field(node, name)
    if isinstance(node.node.attrs[found], tuple):
        return node.floats(found)
    return (node.number(found),)


def integers(node: Call, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """Return a field's whole numbers; one number stands for a list of one."""
    return tuple(
        int(item)
        for item in numbers(node, name, None if default is None else tuple(map(float, default)))
    )


def layout(node: Call, b: Lower, index: int = 0) -> str | None:
    """Return how an input of rank 4 lies, `NHWC` or `NCHW`; None for what is no image.

    The nearest layer before it that has a data format tells; an input of the network lies as
    TensorFlow likes it best. What a reshape made is no image: it lies as it is.
    """
    if node.input(index).rank != 4:
        return None
    if "data_format" in node.node.attrs:
        return node.text("data_format")
    return _made_by(b.scope.get(node.node.inputs[index].node), b)


def _made_by(node: Node | None, b: Lower) -> str | None:
    turns: list[tuple[int, ...]] = []
    seen: set[str] = set()
    found: str | None = None
    while node is not None and node.name not in seen and node.op not in _MAKES_NO_IMAGE:
        seen.add(node.name)
        stated = node.attrs.get("data_format")
        if isinstance(stated, bytes):
            found = stated.decode()
            break
        if not node.inputs:
            found = LAST if node.op.startswith("Placeholder") else None
            break
        if node.op == "Transpose":
            order = b.values.get(node.inputs[1]) if len(node.inputs) > 1 else None
            if order is None or order.array is None or order.size != 4:
                return None
            turns.append(tuple(int(item) for item in order.array.reshape(-1)))
        node = b.scope.get(node.inputs[0].node)
    for order_ in reversed(turns):
        found = None if found is None else "".join(found[axis] for axis in order_)
    return found if found in (FIRST, LAST) else None


def channel_axis(node: Call, b: Lower) -> int:
    """Return the dimension of the first input that holds the channels."""
    return 1 if layout(node, b) == FIRST else node.input(0).rank - 1


def order_of(form: str | None, rank: int) -> Permutation:
    """Return the order of dimensions that gives batch, channels, spatial."""
    return (0, rank - 1, *range(1, rank - 1)) if form == LAST else tuple(range(rank))


def channels_first(node: Call, b: Lower, index: int = 0) -> tuple[Value, Permutation]:
    """Return an input as batch, channels, spatial, and the order that leads back.

    Raises:
        Unsupported: it is no image of rank 4.
    """
    value = b.live(node.input(index))
    if value.rank != 4:
        raise node.refuse(f"{node.op} works on images, this is of rank {value.rank}.")
    order = order_of(layout(node, b, index), 4)
    return b.permute(value, order), inverse(order)
