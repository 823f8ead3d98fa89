"""Matrix products and Einsum."""

from __future__ import annotations

from math import prod
from string import ascii_lowercase

from surgeon_gui.network import layers
from surgeon_gui.network.ir import Tensor
from surgeon_gui.network.layers import ElementWiseOperation, MatrixOperation, ReduceOperation
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

_MOST_PRODUCTS = 2**22
"""How many products of whole numbers are written down before they are added up."""


@converter("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def matmul(node: Call, b: Lower) -> Value:
    left, right = node.input(0), node.input(1)
    names = ("transpose_a", "transpose_b") if node.op == "MatMul" else ("adj_x", "adj_y")
    if min(left.rank, right.rank) < 2:
        raise node.refuse("A matrix product needs rank 2 or more on both sides.")
    if not left.dtype.is_floating:
        return _whole_product(node, b, *(node.flag(name, False) for name in names))
    rank = max(left.rank, right.rank)
    one, first = _factor(b, left, rank, node.flag(names[0], False))
    other, second = _factor(b, right, rank, node.flag(names[1], False))
    kind = layers.MatrixMultiply(op0=first, op1=second)
    return Value.of(b.add(kind, one, other), left.dtype)


def _whole_product(node: Call, b: Lower, turned_left: bool, turned_right: bool) -> Value:
    """Multiply each pair of whole numbers and add up: no TensorRT matrix product takes them."""
    left, right = (
        b.permute(value, (*range(value.rank - 2), value.rank - 1, value.rank - 2))
        if turned
        else value
        for value, turned in zip(node.inputs, (turned_left, turned_right), strict=True)
    )
    if left.shape[-1] != right.shape[-2]:
        raise node.refuse(f"{list(left.shape)} and {list(right.shape)} do not multiply.")
    if left.size * right.shape[-1] > _MOST_PRODUCTS:
        raise node.refuse(
            f"TensorRT has no matrix product of {left.dtype.text}.", "Cast both inputs to float32."
        )
    one = b.view(left, (*left.shape, 1))
    other = b.view(right, (*right.shape[:-2], 1, *right.shape[-2:]))
    each = b.elementwise(ElementWiseOperation.PROD, one, other, suffix="each")
    return b.reduce(ReduceOperation.SUM, each, (each.rank - 2,), False)


def product(b: Lower, left: Value, right: Value, *, suffix: str = "") -> Value:
    """Return the matrix product of two tensors of rank 2."""
    one, first = _factor(b, left, 2, False)
    other, second = _factor(b, right, 2, False)
    kind = layers.MatrixMultiply(op0=first, op1=second)
    return Value.of(b.add(kind, one, other, suffix=suffix), left.dtype)


def _factor(b: Lower, value: Value, rank: int, transposed: bool) -> tuple[Tensor, MatrixOperation]:
    """Return the tensor with leading 1s, and whether to transpose it."""
    value = b.view(value, (1,) * (rank - value.rank) + value.shape)
    swapped = (*range(rank - 2), rank - 1, rank - 2)
    if value.array is None and value.axes == swapped:
        tensor, transposed = b.tensor(value), not transposed
    else:
        tensor = b.logical(value)
    return tensor, MatrixOperation.TRANSPOSE if transposed else MatrixOperation.NONE


@converter("Einsum")
def einsum(node: Call, b: Lower) -> Value:
    """Layouts cost nothing: the labels are permuted instead of the tensors."""
    equation = node.text("equation").replace(" ", "")
    sources, arrow, target = _in_lower_case(equation).partition("->")
    terms = sources.split(",")
    if not arrow or len(terms) != len(node.inputs):
        raise node.refuse(f"The equation {equation} does not name its {len(node.inputs)} inputs.")
    terms, target = _without_ellipsis(node, terms, target)
    if (dense := _dense(node, b, terms, target)) is not None:
        return dense
    labels, tensors = [], []
    for term, value in zip(terms, node.inputs, strict=True):
        if len(term) != value.rank:
            raise node.refuse(f"{term} does not fit a tensor of rank {value.rank}.")
        if len(set(term)) != len(term):
            raise node.refuse(f"TensorRT takes no diagonal ({term}).")
        value = b.live(value)
        tensors.append(b.tensor(value))
        placed = [""] * value.rank
        for label, axis in zip(term, value.axes, strict=True):
            placed[axis] = label
        labels.append("".join(placed))
    kind = layers.Einsum(equation=f"{','.join(labels)}->{target}")
    return Value.of(b.add(kind, *tensors), node.input(0).dtype)


def _dense(node: Call, b: Lower, terms: list[str], target: str) -> Value | None:
    """Return a product with constant weights, `abc,cde->abde`, as a matrix product; None: no such.

    So TensorRT finds a dense layer, and it can be rounded to eight bits.
    """
    if len(terms) != 2 or node.input(1).array is None or node.input(0).array is not None:
        return None
    (left, right), (data, weights) = terms, node.inputs
    inner = "".join(label for label in right if label in left)
    kept, free = left.removesuffix(inner), right.removeprefix(inner)
    split = bool(inner) and left.endswith(inner) and right.startswith(inner)
    distinct = len(set(left)) == len(left) == data.rank and len(set(right)) == len(right)
    if not split or not distinct or len(right) != weights.rank or target != kept + free:
        return None
    if not data.dtype.is_floating or not kept:
        return None
    rows, outer = data.shape[: len(kept)], weights.shape[len(inner) :]
    depth, width = prod(weights.shape[: len(inner)]), prod(outer)
    one = b.logical(b.view(data, (*rows, depth)))
    matrix = b.view(weights, (*(1,) * (len(rows) - 1), depth, width))
    made = Value.of(b.add(layers.MatrixMultiply(), one, b.constant(matrix)), data.dtype)
    return b.view(made, (*rows, *outer))


def _in_lower_case(equation: str) -> str:
    """Name dimensions by small letters, the only ones TensorRT takes (Keras writes `BTNH,BSNH`)."""
    used = list(dict.fromkeys(filter(str.isalpha, equation)))
    free = (letter for letter in ascii_lowercase if letter not in used)
    names = {ord(label): next(free, label) for label in used if label.isupper()}
    return equation.translate(names)


def _without_ellipsis(node: Call, terms: list[str], target: str) -> tuple[list[str], str]:
    """Name the dimensions `...` stands for, from the right, with letters not used elsewhere."""
    free = [letter for letter in "zyxwvutsrqponmlkjihgfedcba" if letter not in "".join(terms)]
    widest = 0
    result = []
    for term, value in zip(terms, node.inputs, strict=True):
        if "..." not in term:
            result.append(term)
            continue
        count = value.rank - (len(term) - 3)
        widest = max(widest, count)
        names = "".join(reversed(free[:count]))
        result.append(term.replace("...", names))
    batch = "".join(reversed(free[:widest]))
    return result, target.replace("...", batch)
