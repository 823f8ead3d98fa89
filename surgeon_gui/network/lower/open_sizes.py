"""Dimensions left open: which sizes a graph is lowered at, and what is made of the results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Shape, TensorType
from surgeon_gui.network.ir import Dims, Network
from surgeon_gui.network.lower.open_merge import merge, merge_types, refusal
from surgeon_gui.network.lower.open_values import share_weights
from surgeon_gui.network.lower.result import Lowering, layers_of
from surgeon_gui.network.lower.value import Growing

BATCHES = (23, 29)
"""Of a graph whose batch alone is open: primes that are hardly ever dimensions of anything else."""

_SMALL_BATCHES = (5, 7, 11, 17, 13, 19)
"""Of a graph with other open dimensions, whose constants may grow with each of them."""

_COLOURS = (-1, 1, 3, 4)
"""Channels of an image as it is fed; -1: not known."""

_SIZES: dict[int, Dims] = {
    # Every bit is set and clear, in them and in the numbers before them: windows with a stride of
    # 2, one after the other, meet odd and even sizes.
    1: (225, 192, 255, 298, 341, 319),
    32: (192, 224, 288, 384, 320, 352),
    128: (256, 384, 512, 768, 640, 896),
    0: (33, 48, 22, 63, 42, 17),
}
"""Sizes tried together, by what all are multiples of; 0: small ones of any kind."""


@dataclass(frozen=True)
class _Plan:
    """Sizes to try together.

    Attributes:
        grain: key of `_SIZES`.
        shared: whether the same axis of different inputs has one size.
    """

    grain: int
    shared: bool


Attempt = Callable[[Mapping[str, Shape], Growing], Lowering]
"""Lowers a graph at known shapes; layers compute what grows, even from constants."""


def lower_open(
    attempt: Attempt,
    shapes: Mapping[str, Shape],
    padded_same: Collection[str],
    *,
    loops: bool = False,
) -> Lowering:
    """Lower a graph some of whose inputs have dimensions of -1.

    The batch, the first dimension, is the same of all inputs. Other dimensions are thought to vary
    each on its own; where the graph refuses that, together with those of other inputs. A graph that
    takes no odd sizes is tried at multiples of 32 and 128.

    Args:
        attempt: lowers it at known shapes.
        shapes: of the inputs.
        padded_same: nodes whose padding is SAME.
        loops: whether there are any; how often they run may be an open dimension, and hundreds of
            turns, one after the other at every size, take long.
    """
    spatial = [
        (name, axis)
        for name, shape in shapes.items()
        for axis, dim in enumerate(shape.dims or ())
        if dim < 0 and axis
    ]
    if not spatial:
        return _or_growing(partial(_at_batches, attempt, shapes, padded_same))
    growing = _growing_at(attempt, shapes, spatial) if loops else {}
    for plan in _plans(spatial) if growing else ():
        lowering = _merged(attempt, list(_tries(shapes, spatial, plan)), padded_same, growing)
        if lowering.network is not None:
            return lowering
    failed: Lowering | None = None
    for plan in _plans(spatial):
        lowering = _at_sizes(attempt, plan, list(_tries(shapes, spatial, plan)), padded_same)
        if lowering.network is not None:
            if plan.grain < 2:
                return lowering
            takes_any = failed is not None and bool(failed.tried)
            return _noted(lowering, spatial, plan.grain, takes_any=takes_any)
        # Small sizes leave nothing of a deep network: the reason is then the size.
        if failed is None or (plan.grain and not failed.tried):
            failed = lowering
    assert failed is not None
    return failed


def _plans(spatial: Sequence[tuple[str, int]]) -> Iterator[_Plan]:
    several = len({name for name, _ in spatial}) > 1
    for grain in _SIZES:
        yield _Plan(grain, shared=False)
        if several:
            yield _Plan(grain, shared=True)


def _tries(
    shapes: Mapping[str, Shape], spatial: Sequence[tuple[str, int]], plan: _Plan
) -> Iterator[dict[str, Dims]]:
    """Yield the shapes of one try after the other; closed inputs are left out."""
    keys = dict.fromkeys((("" if plan.shared else name), axis) for name, axis in spatial)
    places = {key: place for place, key in enumerate(keys)}
    sizes = _SIZES[plan.grain]
    for turn, batch in enumerate(_SMALL_BATCHES):
        tried = {}
        for name, shape in shapes.items():
            dims = list(shape.dims or ())
            if min(dims, default=0) >= 0:
                continue
            # An image without a batch has its height there; more channels are a sequence's.
            image = len(dims) == 3 and dims[1] < 0 and dims[2] in _COLOURS
            for axis, dim in enumerate(dims):
                if dim < 0 and not axis:
                    dims[axis] = sizes[(turn + len(places)) % len(sizes)] if image else batch
                elif dim < 0:
                    place = places["" if plan.shared else name, axis]
                    # Each dimension takes the sizes in another order.
                    stride = place // len(sizes) + 1
                    dims[axis] = sizes[(turn * stride + place) % len(sizes)]
            tried[name] = tuple(dims)
        yield tried


def _at_sizes(
    attempt: Attempt,
    plan: _Plan,
    tries: Sequence[Mapping[str, Dims]],
    padded_same: Collection[str],
) -> Lowering:
    return _or_growing(partial(_merged, attempt, tries, padded_same))


def _or_growing(lowered: Callable[[Growing], Lowering]) -> Lowering:
    """Lower with constants of every size folded; where no merge follows them, have layers."""
    folded = lowered({})
    if folded.network is not None or not folded.tried:
        return folded
    computed = lowered(_growing(folded.types))
    return folded if computed.network is None else computed


def _growing(types: Mapping[TensorRef, TensorType]) -> Growing:
    shapes = {ref: kind.shape.dims or () for ref, kind in types.items()}
    return {ref: dims for ref, dims in shapes.items() if -1 in dims}


def _growing_at(
    attempt: Attempt, shapes: Mapping[str, Shape], spatial: Sequence[tuple[str, int]]
) -> Growing:
    """Return what grows, from two small sizes alone; nothing if they do not suit."""
    tries = list(_tries(shapes, spatial, _Plan(0, shared=True)))[-2:]
    try:
        return _growing(merge_types([_lowered(attempt, tried, None).types for tried in tries]))
    except Unsupported:
        return {}


def _merged(
    attempt: Attempt,
    tries: Sequence[Mapping[str, Dims]],
    padded_same: Collection[str],
    growing: Growing,
) -> Lowering:
    """Lower at every size and merge; without a network but with `tried` only the merge failed."""
    lowerings: list[Lowering] = []
    for shapes in tries:
        like = lowerings[0].network if lowerings else None
        lowerings.append(_lowered(attempt, shapes, like, growing))
        if lowerings[-1].network is None:
            return replace(lowerings[-1], problems=tuple(_told(lowerings[-1].problems, shapes)))
    first = lowerings[0]
    networks = [item.network for item in lowerings if item.network is not None]
    merged: Mapping[TensorRef, TensorType] = {}
    try:
        merged = merge_types([item.types for item in lowerings])
        network = merge(networks, padded_same)
    except Unsupported as problem:
        tried = tuple(tries) if merged else ()
        return replace(first, network=None, types=merged, problems=(problem,), tried=tried)
    made = layers_of(network)
    return replace(first, network=network, types=merged, layers_of=made, tried=tuple(tries))


def _lowered(
    attempt: Attempt,
    shapes: Mapping[str, Dims],
    like: Network | None,
    growing: Growing = MappingProxyType({}),
) -> Lowering:
    """Lower at these shapes; weights that `like` has too are held once."""
    lowering = attempt({name: Shape(dims) for name, dims in shapes.items()}, growing)
    if like is None or lowering.network is None:
        return lowering
    return replace(lowering, network=share_weights(like, lowering.network))


def _told(problems: Sequence[Unsupported], tried: Mapping[str, Dims]) -> Iterator[Unsupported]:
    shapes = ", ".join(f"{name} {'x'.join(map(str, dims))}" for name, dims in tried.items())
    for item in problems:
        yield refusal(item.node, f"It does not suit every size ({shapes} was tried): {item.reason}")


def _noted(
    lowering: Lowering, spatial: Sequence[tuple[str, int]], grain: int, *, takes_any: bool
) -> Lowering:
    """Say at which sizes the network is right; `takes_any`: the graph itself is not so choosy."""
    text = f"Its open dimensions were only found to work at multiples of {grain}."
    if takes_any:
        text += (
            " The graph takes other sizes too, but the network computes other numbers there: keep "
            "its profile to such sizes."
        )
    notes = {name: text for name, _ in spatial}
    return replace(lowering, notes={**notes, **lowering.notes})


def _at_batches(
    attempt: Attempt,
    shapes: Mapping[str, Shape],
    padded_same: Collection[str],
    growing: Growing,
) -> Lowering:
    """Lower at several batches and merge; without a network but with `tried` the merge failed."""

    def tried(batch: int) -> dict[str, Dims]:
        return {
            name: (batch, *shape.dims[1:])
            for name, shape in shapes.items()
            if shape.dims and shape.dims[0] < 0
        }

    def at(batch: int, like: Network | None = None) -> Lowering:
        known = {name: shape.dims or () for name, shape in shapes.items()}
        return _lowered(attempt, {**known, **tried(batch)}, like, growing)

    single = at(1)
    if single.network is None:
        return single
    # Only what became of the nodes is wanted of it, not its weights.
    single = replace(single, network=None)
    one = at(BATCHES[0])
    other = at(BATCHES[1], one.network)
    problems: tuple[Unsupported, ...] = one.problems or other.problems
    if one.network is not None and other.network is not None:
        types: Mapping[TensorRef, TensorType] = {}
        sizes = tuple(tried(batch) for batch in (1, 2))
        try:
            types = merge_types([one.types, other.types])
            _check_evenly(single.types, one.types, other.types)
            network = merge((one.network, other.network), padded_same)
        except Unsupported as problem:
            failed = replace(single, problems=(problem,))
            return replace(failed, types=types, tried=sizes) if types else failed
        made = layers_of(network)
        return replace(one, network=network, types=types, layers_of=made, tried=sizes)
    told = tuple(
        refusal(
            item.node,
            f"It suits no other batch than 1 ({BATCHES[0]} was tried): {item.reason}",
        )
        for item in problems
    )
    return replace(single, problems=told)


def _check_evenly(*types: Mapping[TensorRef, TensorType]) -> None:
    """Make sure that the shapes at a batch of 1 follow from those at `BATCHES`.

    Raises:
        Unsupported: one does not.
    """
    first, second = BATCHES
    for ref in types[1]:
        shapes = [found[ref].shape.dims for found in types if ref in found]
        known = [dims for dims in shapes if dims is not None]
        even = len(known) == 3 and len({len(dims) for dims in known}) == 1
        if not even or any(
            (b - a) * (first - 1) != (a - s) * (second - first)
            for s, a, b in zip(*known, strict=True)
        ):
            raise refusal(ref.node, "Its shape does not follow the batch evenly.")
