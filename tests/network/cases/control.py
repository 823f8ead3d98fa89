"""Cases of layers that hold networks of their own."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Network, NetworkBuilder, Tensor
from surgeon_gui.network.layers import (
    Conditional,
    Constant,
    ElementWise,
    ElementWiseOperation,
    Identity,
    Loop,
    Reduce,
    ReduceOperation,
)
from tests.network.cases.case import Case, case, random

X = random(2, 3, low=0.5)
STEP = random(2, 3, seed=1, low=0.1, high=1.0)


def _begun() -> tuple[NetworkBuilder, list[Tensor]]:
    """A count, the sum so far, what is added each turn, and where it ends."""
    builder = NetworkBuilder()
    specs = [(DType.INT32, ()), (DType.FLOAT32, (2, 3)), (DType.FLOAT32, (2, 3))]
    specs.append((DType.FLOAT32, ()))
    names = ("count", "total", "step", "limit")
    inputs = [
        builder.add_input(name, dtype, shape)
        for name, (dtype, shape) in zip(names, specs, strict=True)
    ]
    return builder, inputs


def _condition() -> Network:
    builder, (_, total, _, limit) = _begun()
    reduce = Reduce(op=ReduceOperation.SUM, axes=(0, 1), keep_dims=False)
    (amount,) = builder.add(reduce, [total], name="amount")
    less = ElementWise(op=ElementWiseOperation.LESS)
    (go,) = builder.add(less, [amount, limit], name="go")
    builder.mark_output(go)
    return builder.build()


def _body() -> Network:
    builder, (count, total, step, _) = _begun()
    (one,) = builder.add(Constant(weights_=np.array(1, np.int32)), name="one")
    plus = ElementWise(op=ElementWiseOperation.SUM)
    (counted,) = builder.add(plus, [count, one], name="counted")
    (more,) = builder.add(plus, [total, step], name="more")
    builder.mark_output(counted)
    builder.mark_output(more)
    return builder.build()


def _loop(name: str, limit: float) -> Case:
    count, total = np.int32(0), X
    while total.sum() < limit:
        count, total = np.int32(count + 1), total + STEP
    feeds = [np.array(0, np.int32), X, STEP, np.array(limit, np.float32)]
    kind = Loop(condition=_condition(), body=_body())
    return case(name, kind, feeds, np.asarray(count), total)


def _swapped() -> Case:
    """What a turn returns is what it was given, the other way round."""

    def inputs(builder: NetworkBuilder) -> list[Tensor]:
        return [builder.add_input(name, DType.FLOAT32, ()) for name in ("small", "large")]

    checks, turns = NetworkBuilder(), NetworkBuilder()
    small, large = inputs(checks)
    (go,) = checks.add(ElementWise(op=ElementWiseOperation.LESS), [small, large], name="go")
    checks.mark_output(go)
    for tensor in reversed(inputs(turns)):
        turns.mark_output(*turns.add(Identity(), [tensor], name=f"{tensor.name}_now"))
    feeds = [np.array(1, np.float32), np.array(2, np.float32)]
    kind = Loop(condition=checks.build(), body=turns.build())
    return case("loop_swapping", kind, feeds, feeds[1], feeds[0])


def _branch(name: str, op: ElementWiseOperation, *, hands_on: bool) -> Network:
    """Combine both tensors; the second output is one of them as it is, or a constant."""
    builder = NetworkBuilder()
    left, right = (builder.add_input(f"{name}_{place}", DType.FLOAT32, (2, 3)) for place in "ab")
    builder.mark_output(*builder.add(ElementWise(op=op), [left, right], name=f"{name}_combined"))
    kind = Identity() if hands_on else Constant(weights_=STEP)
    inputs = [left] if hands_on else []
    builder.mark_output(*builder.add(kind, inputs, name=f"{name}_second"))
    return builder.build()


def _conditional(holds: bool) -> Case:
    then = _branch("then", ElementWiseOperation.SUM, hands_on=True)
    other = _branch("other", ElementWiseOperation.PROD, hands_on=False)
    expected = (X + STEP, X) if holds else (X * STEP, STEP)
    feeds = [np.array(holds), X, STEP]
    kind = Conditional(then=then, other=other)
    return case(f"conditional_{holds}".lower(), kind, feeds, *expected)


CASES: tuple[Case, ...] = (
    _loop("loop", 25),
    _loop("loop_never_entered", -1),
    _swapped(),
    _conditional(True),
    _conditional(False),
)
