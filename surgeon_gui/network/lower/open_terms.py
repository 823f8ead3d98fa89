"""Sizes that follow other sizes: finding the arithmetic, and writing it as shape tensors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd, prod

import numpy as np

from surgeon_gui.network import layers
from surgeon_gui.network.ir import Kind, Tensor
from surgeon_gui.network.layers import ElementWiseOperation

Sizes = tuple[int, ...]
"""What a number was at each try."""

_DIVISORS = (2, 3, 4)
_MOST = 128
"""Into how many parts graphs divide their inputs."""

_ENOUGH = 4
"""Tries that a rounded division must fit; fewer fit too much."""


@dataclass(frozen=True)
class Dim:
    """One dimension of a tensor, and its sizes."""

    tensor: str
    axis: int
    sizes: Sizes

    @property
    def varies(self) -> bool:
        return len(set(self.sizes)) > 1


@dataclass(frozen=True)
class Term:
    """(product of dimensions * times + plus) // over."""

    factors: tuple[Dim, ...] = ()
    times: int = 1
    plus: int = 0
    over: int = 1


def constant(value: int) -> Term:
    return Term(times=0, plus=value)


def find_term(
    wanted: Sizes, near: Sequence[Dim], equals: Mapping[Sizes, Dim], ends: Sequence[Dim]
) -> Term | None:
    """Return the arithmetic that gives `wanted` at every try, the simplest first; None: none does.

    Args:
        wanted: the number at each try.
        near: dimensions of the tensor at hand, the most likely first.
        equals: dimensions of all tensors, by their sizes.
        ends: dimensions of the network's inputs.
    """
    if len(set(wanted)) == 1:
        return constant(wanted[0])
    near, ends = ([dim for dim in dims if dim.varies] for dims in (near, ends))
    return next(_candidates(wanted, near, equals, ends), None)


def _candidates(
    wanted: Sizes, near: Sequence[Dim], equals: Mapping[Sizes, Dim], ends: Sequence[Dim]
) -> Iterator[Term]:
    # From the inputs where that can be: so vectors of many layers are one.
    for dim in ends:
        if term := _linear(wanted, (dim,)):
            yield term
    if wanted in equals:
        yield Term((equals[wanted],))
    for dim in near:
        if term := _linear(wanted, (dim,)):
            yield term
    for dims in (near, ends):
        for count in range(2, len(dims) + 1):
            for factors in itertools.combinations(dims, count):
                if term := _linear(wanted, factors):
                    yield term
    for dim in (*near, *ends):
        if term := _share(wanted, dim):
            yield term
    if len(wanted) >= _ENOUGH:
        for dim in (*near, *ends):
            if term := _divided(wanted, dim):
                yield term


def _linear(wanted: Sizes, factors: tuple[Dim, ...] | Sequence[Dim]) -> Term | None:
    """Return wanted = product * times + plus, if that holds at every try."""
    products = [prod(sizes) for sizes in zip(*(dim.sizes for dim in factors), strict=True)]
    low, high = min(range(len(products)), key=products.__getitem__), products.index(max(products))
    if products[low] == products[high]:
        return None
    times, rest = divmod(wanted[high] - wanted[low], products[high] - products[low])
    plus = wanted[low] - times * products[low]
    fits = all(
        product * times + plus == size for product, size in zip(products, wanted, strict=True)
    )
    # A product with an offset is no size that graphs compute.
    if rest or not times or not fits or (len(factors) > 1 and plus):
        return None
    return Term(tuple(factors), times, plus)


def _share(wanted: Sizes, dim: Dim) -> Term | None:
    """Return wanted = size * times / over without a rest, if that holds at every try."""
    common = gcd(wanted[0], dim.sizes[0])
    times, over = wanted[0] // common, dim.sizes[0] // common
    pairs = zip(wanted, dim.sizes, strict=True)
    if over > _MOST or any(size * over != source * times for size, source in pairs):
        return None
    return Term((dim,), times, 0, over)


def _divided(wanted: Sizes, dim: Dim) -> Term | None:
    """Return wanted = (size * times + plus) // over, where no other `plus` would do."""
    for over in _DIVISORS:
        for times in (item for item in range(1, 2 * over) if gcd(item, over) == 1):
            gaps = [
                size * over - times * source for size, source in zip(wanted, dim.sizes, strict=True)
            ]
            if max(gaps) == min(gaps) + over - 1:
                return Term((dim,), times, max(gaps), over)
    return None


@dataclass(frozen=True)
class Ratio:
    """size * times + plus, or 1 over that."""

    dim: Dim
    times: float
    plus: float
    inverse: bool


_CLOSE = 1e-5
"""Relative difference that float32 may leave."""


def find_ratio(wanted: Sequence[float], dims: Sequence[Dim]) -> Ratio | None:
    """Return how a fraction follows a size, as the width of a step does; None: it does not.

    Args:
        wanted: the number at each try.
        dims: sizes it may follow.
    """
    if len(wanted) < _ENOUGH or 0 in wanted:
        return None
    for dim, inverse in itertools.product([dim for dim in dims if dim.varies], (True, False)):
        numbers = np.array([1 / item if inverse else item for item in wanted])
        times, plus = (float(item) for item in np.polyfit(dim.sizes, numbers, 1))
        fitted = np.array(dim.sizes) * times + plus
        if np.allclose(fitted, numbers, rtol=_CLOSE, atol=0):
            return Ratio(dim, times, plus, inverse)
    return None


Append = Callable[[Kind, Sequence[str], str], Tensor]
"""Adds a layer that reads tensors; the last argument says what for, in a word."""


class ShapeArithmetic:
    """Writes vectors of sizes as shape tensors; what two vectors share is computed once."""

    def __init__(self) -> None:
        self._shapes: dict[str, Tensor] = {}
        self._vectors: dict[tuple[Term, ...], Tensor] = {}

    def vector(self, terms: Sequence[Term], append: Append, hint: str) -> Tensor:
        """Return the int64 vector of these numbers."""
        key = tuple(terms)
        if key not in self._vectors:
            self._vectors[key] = self._written(key, append, hint)
        return self._vectors[key]

    def _written(self, terms: tuple[Term, ...], append: Append, hint: str) -> Tensor:
        if not any(term.factors for term in terms):
            return _numbers([term.plus for term in terms], append, hint)
        value = self._in_place(terms, append) or self._picked(terms, append, hint)
        for op, numbers, neutral, name in (
            (ElementWiseOperation.PROD, [term.times for term in terms], 1, "factors"),
            (ElementWiseOperation.SUM, [term.plus for term in terms], 0, "offsets"),
            (ElementWiseOperation.FLOOR_DIV, [term.over for term in terms], 1, "divisors"),
        ):
            if any(number != neutral for number in numbers):
                other = _numbers(numbers, append, f"{hint}_{name}")
                made = f"{hint}_{op.value.lower()}"
                value = append(layers.ElementWise(op=op), [value.name, other.name], made)
        return value

    def _in_place(self, terms: tuple[Term, ...], append: Append) -> Tensor | None:
        """Return the shape of the one tensor whose dimensions stand where they are wanted."""
        dims = [(place, dim) for place, term in enumerate(terms) for dim in term.factors]
        name = dims[0][1].tensor
        if any(dim.tensor != name or dim.axis != place for place, dim in dims):
            return None
        shape = self._shape(name, append)
        return shape if shape.shape == (len(terms),) else None

    def _picked(self, terms: tuple[Term, ...], append: Append, hint: str) -> Tensor:
        """Return each term's product of dimensions, and anything for a constant."""
        starts: dict[str, int] = {}
        parts: list[Tensor] = []
        length = 0
        for name in dict.fromkeys(dim.tensor for term in terms for dim in term.factors):
            parts.append(self._shape(name, append))
            starts[name] = length
            length += parts[-1].shape[0]
        most = max(len(term.factors) for term in terms)
        if any(0 < len(term.factors) < most for term in terms):
            parts.append(_numbers([1], append, f"{hint}_one"))
        joined = parts[0]
        if len(parts) > 1:
            kind = layers.Concatenation(axis=0)
            joined = append(kind, [part.name for part in parts], f"{hint}_of")
        picked: Tensor | None = None
        for rank in range(most):
            places = [_place(term, rank, starts, length) for term in terms]
            indices = _numbers(places, append, f"{hint}_places")
            found = append(layers.Gather(axis=0), [joined.name, indices.name], f"{hint}_dims")
            if picked is not None:
                product = layers.ElementWise(op=ElementWiseOperation.PROD)
                found = append(product, [picked.name, found.name], f"{hint}_product")
            picked = found
        assert picked is not None
        return picked

    def _shape(self, tensor: str, append: Append) -> Tensor:
        if tensor not in self._shapes:
            self._shapes[tensor] = append(layers.Shape(), [tensor], "shape")
        return self._shapes[tensor]


def _numbers(values: Sequence[int], append: Append, hint: str) -> Tensor:
    return append(layers.Constant(weights_=np.array(values, np.int64)), [], hint)


def _place(term: Term, rank: int, starts: Mapping[str, int], one: int) -> int:
    """Return where a term's factor lies; for a missing one the 1 behind all."""
    if rank < len(term.factors):
        return starts[term.factors[rank].tensor] + term.factors[rank].axis
    return one if term.factors else 0
