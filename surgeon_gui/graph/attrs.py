"""Reading a node's attributes with TensorFlow's defaults where they are absent."""

from __future__ import annotations

from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import DType, Shape


def whole(node: Node, key: str, default: int = 0) -> int:
    """Return an integer attribute."""
    value = node.attrs.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def wholes(node: Node, key: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Return a list of integers."""
    value = node.attrs.get(key)
    if not isinstance(value, tuple):
        return default
    return tuple(item for item in value if isinstance(item, int)) or default


def real(node: Node, key: str, default: float = 0.0) -> float:
    """Return a float attribute; a whole number counts as one."""
    value = node.attrs.get(key)
    return float(value) if isinstance(value, (int, float)) else default


def flag(node: Node, key: str, default: bool = False) -> bool:
    """Return a bool attribute."""
    value = node.attrs.get(key)
    return value if isinstance(value, bool) else default


def word(node: Node, key: str, default: str = "") -> str:
    """Return a bytes attribute as text."""
    value = node.attrs.get(key)
    return value.decode(errors="replace") if isinstance(value, bytes) else default


def dtype(node: Node, *keys: str, default: DType = DType.INVALID) -> DType:
    """Return the first dtype attribute that is there; reference dtypes as what they refer to."""
    for key in keys:
        value = node.attrs.get(key)
        if isinstance(value, DType):
            return DType(value.value - 100) if value.value > 100 else value
    return default


def dtypes(node: Node, key: str) -> tuple[DType, ...]:
    """Return a list of dtypes."""
    value = node.attrs.get(key)
    if not isinstance(value, tuple):
        return ()
    return tuple(item for item in value if isinstance(item, DType))


def shape(node: Node, key: str) -> Shape:
    """Return a shape attribute, unknown where it is absent."""
    value = node.attrs.get(key)
    return value if isinstance(value, Shape) else Shape(None)


def shapes(node: Node, key: str) -> tuple[Shape, ...]:
    """Return a list of shapes."""
    value = node.attrs.get(key)
    if not isinstance(value, tuple):
        return ()
    return tuple(item for item in value if isinstance(item, Shape))
