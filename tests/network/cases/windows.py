"""Cases of layers that slide a window."""

from __future__ import annotations

from typing import Any

from surgeon_gui.network.layers import (
    LRN,
    Convolution,
    Deconvolution,
    PaddingMode,
    Pooling,
    PoolingType,
)
from tests.network import references
from tests.network.cases.case import Case, Feed, case, random

Pads = list[tuple[int, int]]


def _convolution(
    name: str,
    shape: tuple[int, ...],
    kernel: tuple[int, ...],
    *,
    stride: tuple[int, ...],
    pads: Pads,
    dilation: tuple[int, ...] | None = None,
    groups: int = 1,
    bias: bool = True,
    dims: tuple[int, ...] | None = None,
    **parameters: Any,
) -> Case:
    """`pads` is what the padding comes to; parameters may say it otherwise (`padding_mode`)."""
    x, weights = random(*shape), random(*kernel, seed=1)
    offsets = random(kernel[0], seed=2) if bias else None
    gaps = dilation or (1,) * len(stride)
    parameters.setdefault("pre_padding", tuple(pre for pre, _ in pads))
    parameters.setdefault("post_padding", tuple(post for _, post in pads))
    kind = Convolution(
        num_output_maps=kernel[0],
        kernel_size=kernel[2:],
        stride=stride,
        dilation=gaps,
        num_groups=groups,
        kernel=weights,
        bias=offsets,
        **parameters,
    )
    expected = references.convolution(
        x, weights, offsets, stride=stride, pads=pads, dilation=gaps, groups=groups
    )
    return case(name, kind, [Feed(x, dims)], expected)


def _same(
    shape: tuple[int, int], window: int, stride: int, *, dilation: int = 1, lower: bool = False
) -> Pads:
    return [references.same_padding(size, window, stride, dilation, lower=lower) for size in shape]


def _mode(mode: PaddingMode) -> dict[str, Any]:
    return {"padding_mode": mode, "pre_padding": (0, 0), "post_padding": (0, 0)}


CONVOLUTIONS = (
    _convolution("conv", (2, 3, 7, 6), (4, 3, 3, 3), stride=(1, 1), pads=[(1, 1), (1, 1)]),
    _convolution(
        "conv_without_bias",
        (1, 3, 7, 6),
        (4, 3, 1, 1),
        stride=(1, 1),
        pads=[(0, 0), (0, 0)],
        bias=False,
    ),
    _convolution(
        "conv_asymmetric", (1, 2, 8, 9), (3, 2, 3, 4), stride=(2, 3), pads=[(0, 1), (2, 0)]
    ),
    _convolution(
        "conv_dilated",
        (1, 2, 9, 9),
        (3, 2, 3, 3),
        stride=(1, 1),
        pads=[(2, 1), (0, 3)],
        dilation=(2, 3),
    ),
    _convolution(
        "conv_depthwise",
        (1, 4, 6, 6),
        (8, 1, 3, 3),
        stride=(2, 2),
        pads=[(0, 1), (0, 1)],
        groups=4,
    ),
    _convolution(
        "conv_grouped", (1, 4, 5, 5), (6, 2, 3, 3), stride=(1, 1), pads=[(1, 1), (1, 1)], groups=2
    ),
    _convolution(
        "conv_3d", (1, 2, 4, 5, 6), (3, 2, 2, 3, 3), stride=(1, 2, 2), pads=[(0, 1), (1, 1), (1, 0)]
    ),
    _convolution(
        "conv_same_upper",
        (1, 2, 7, 8),
        (3, 2, 3, 3),
        stride=(2, 2),
        pads=_same((7, 8), 3, 2),
        **_mode(PaddingMode.SAME_UPPER),
    ),
    _convolution(
        "conv_same_lower_dilated",
        (1, 2, 8, 8),
        (3, 2, 4, 4),
        stride=(1, 1),
        dilation=(2, 2),
        pads=_same((8, 8), 4, 1, dilation=2, lower=True),
        **_mode(PaddingMode.SAME_LOWER),
    ),
    _convolution(
        "conv_same_upper_dynamic",
        (1, 2, 7, 8),
        (3, 2, 3, 3),
        stride=(2, 2),
        pads=_same((7, 8), 3, 2),
        dims=(1, 2, -1, -1),
        **_mode(PaddingMode.SAME_UPPER),
    ),
    _convolution(
        "conv_dynamic_batch",
        (3, 2, 6, 6),
        (3, 2, 3, 3),
        stride=(1, 1),
        pads=[(1, 1), (1, 1)],
        dims=(-1, 2, 6, 6),
    ),
    _convolution(
        "conv_round_up",
        (1, 2, 8, 8),
        (3, 2, 3, 3),
        stride=(2, 2),
        pads=[(0, 1), (1, 0)],
        padding_mode=PaddingMode.EXPLICIT_ROUND_UP,
        pre_padding=(0, 1),
        post_padding=(0, 0),
    ),
)


def _kernel_tensor() -> Case:
    x, kernel = random(1, 2, 5, 5), random(3, 2, 3, 3, seed=1)
    kind = Convolution(
        num_output_maps=3,
        kernel_size=(3, 3),
        stride=(1, 1),
        pre_padding=(0, 0),
        post_padding=(0, 0),
        dilation=(1, 1),
        kernel=None,
    )
    expected = references.convolution(
        x, kernel, None, stride=(1, 1), pads=[(0, 0), (0, 0)], dilation=(1, 1)
    )
    return case("conv_kernel_tensor", kind, [x, Feed(kernel, fixed=True)], expected)


def _deconvolution(
    name: str, shape: tuple[int, ...], kernel: tuple[int, ...], pads: Pads, groups: int = 1
) -> Case:
    x, weights = random(*shape), random(*kernel, seed=1)
    stride = (2,) * len(pads)
    kind = Deconvolution(
        num_output_maps=kernel[1] * groups,
        kernel_size=kernel[2:],
        stride=stride,
        pre_padding=tuple(pre for pre, _ in pads),
        post_padding=tuple(post for _, post in pads),
        dilation=(1,) * len(pads),
        num_groups=groups,
        kernel=weights,
    )
    expected = references.deconvolution(x, weights, stride=stride, pads=pads, groups=groups)
    return case(name, kind, [x], expected)


def _pool(
    name: str,
    kind: PoolingType,
    pads: Pads,
    *,
    shape: tuple[int, ...] = (1, 3, 7, 8),
    window: tuple[int, ...] = (3, 3),
    stride: tuple[int, ...] = (2, 2),
    exclude: bool = True,
    **parameters: Any,
) -> Case:
    x = random(*shape)
    parameters.setdefault("pre_padding", tuple(pre for pre, _ in pads))
    parameters.setdefault("post_padding", tuple(post for _, post in pads))
    layer = Pooling(
        type=kind,
        window_size=window,
        stride=stride,
        average_count_excludes_padding=exclude,
        **parameters,
    )
    if kind is PoolingType.MAX:
        expected = references.max_pool(x, window, stride, pads)
    else:
        expected = references.average_pool(x, window, stride, pads, exclude=exclude)
    return case(name, layer, [x], expected)


MAX, AVERAGE = PoolingType.MAX, PoolingType.AVERAGE
POOLS = (
    _pool("max_pool", MAX, [(1, 1), (1, 0)]),
    _pool("max_pool_of_negatives_asymmetric", MAX, [(0, 1), (2, 1)]),
    _pool("max_pool_same_upper", MAX, _same((7, 8), 3, 2), **_mode(PaddingMode.SAME_UPPER)),
    _pool(
        "max_pool_same_lower",
        MAX,
        _same((7, 8), 3, 2, lower=True),
        **_mode(PaddingMode.SAME_LOWER),
    ),
    _pool(
        "max_pool_round_up",
        MAX,
        [(0, 0), (0, 1)],
        padding_mode=PaddingMode.EXPLICIT_ROUND_UP,
        pre_padding=(0, 0),
        post_padding=(0, 0),
    ),
    _pool("max_pool_padded_by_its_window", MAX, [(2, 3), (3, 0)]),
    _pool(
        "max_pool_3d",
        MAX,
        [(0, 1), (1, 0), (1, 1)],
        shape=(1, 2, 4, 5, 6),
        window=(2, 3, 2),
        stride=(2, 1, 2),
    ),
    _pool("average_pool_excluding", AVERAGE, [(1, 1), (0, 1)]),
    _pool("average_pool_counting", AVERAGE, [(1, 1), (0, 1)], exclude=False),
    _pool(
        "average_pool_same_upper",
        AVERAGE,
        _same((7, 8), 3, 2),
        **_mode(PaddingMode.SAME_UPPER),
    ),
    _pool("average_pool_global", AVERAGE, [(0, 0), (0, 0)], window=(7, 8), stride=(1, 1)),
)


def _lrn(name: str, channels: int, window: int, alpha: float, beta: float, k: float) -> Case:
    x = random(2, channels, 3, 4, low=-20, high=20)
    kind = LRN(window_size=window, alpha=alpha, beta=beta, k=k)
    return case(name, kind, [x], references.lrn(x, window, alpha, beta, k), tolerance=1e-4)


CASES: tuple[Case, ...] = (
    *CONVOLUTIONS,
    _kernel_tensor(),
    _deconvolution("deconv", (1, 3, 4, 5), (3, 2, 3, 3), [(0, 0), (0, 0)]),
    _deconvolution("deconv_asymmetric", (2, 3, 4, 5), (3, 2, 4, 3), [(1, 2), (0, 1)]),
    _deconvolution("deconv_grouped", (1, 4, 4, 4), (4, 3, 2, 2), [(0, 0), (0, 0)], groups=2),
    _deconvolution("deconv_3d", (1, 2, 3, 3, 3), (2, 2, 2, 2, 2), [(0, 1), (0, 0), (1, 0)]),
    *POOLS,
    _lrn("lrn_alexnet", 8, 5, 1e-4, 0.75, 2.0),
    _lrn("lrn_strong", 4, 3, 0.9, 0.5, 1.0),
)
