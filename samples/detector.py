"""Detection: a small SSD in the namespaces of TensorFlow's Object Detection API."""

from __future__ import annotations

from samples.maker import INT, Maker
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.values import AttrValue, DType

_SCALES = (0.2, 0.95)
_RATIOS = (1.0, 2.0, 0.5, 3.0, 0.33)
_SIDES = (("y", 1, (-1, 1)), ("x", 2, (1, -1)))


def _preprocessor(make: Maker, data: str, size: int) -> str:
    """Return the picture resized and scaled to -1 to 1."""
    wanted = make.const("Preprocessor/ResizeImage/size", [size, size], INT)
    attrs: dict[str, AttrValue] = {"align_corners": False, "half_pixel_centers": False}
    name = "Preprocessor/ResizeImage/ResizeBilinear"
    data = make.op(name, "ResizeBilinear", data, wanted, attrs=attrs)
    data = make.op("Preprocessor/mul", "Mul", make.const("Preprocessor/mul/x", 2 / 255), data)
    return make.op("Preprocessor/sub", "Sub", data, make.const("Preprocessor/sub/y", 1.0))


def _relu6_conv(make: Maker, name: str, data: str, channels: int, width: int, stride: int) -> str:
    out = make.convolve(name, data, channels, width, 3, stride)
    return make.op(f"{name}/Relu6", "Relu6", make.batch_norm(f"{name}/BatchNorm", out, width))


def _sizes(layer: int, layers: int) -> list[tuple[float, float]]:
    """Return heights and widths of one cell's anchors: three in the first layer, then six."""
    low, high = _SCALES
    step = (high - low) / max(layers - 1, 1)
    scale = low + step * layer
    if layer == 0:
        shapes = [(0.1, 1.0), (scale, 2.0), (scale, 0.5)]
    else:
        beyond = 1.0 if layer == layers - 1 else scale + step
        shapes = [(scale, ratio) for ratio in _RATIOS] + [((scale * beyond) ** 0.5, 1.0)]
    return [(one / ratio**0.5, one * ratio**0.5) for one, ratio in shapes]


def _anchors(make: Maker, layer: int, layers: int, features: str) -> str:
    """Return corners f32[cells * anchors, 4], made of the feature map's shape as the graph runs."""
    scope = f"MultipleGridAnchorGenerator/layer_{layer}"
    centers = []
    for word, axis, shape in _SIDES:
        side = make.dimension(f"{scope}/{word}", features, axis)
        start = make.const(f"{scope}/{word}/range/start", 0, INT)
        delta = make.const(f"{scope}/{word}/range/delta", 1, INT)
        cells = make.untyped(
            f"{scope}/{word}/range", "Range", start, side, delta, attrs={"Tidx": INT}
        )
        cells = make.cast(f"{scope}/{word}/ToFloat", cells, INT)
        half = make.const(f"{scope}/{word}/add/y", 0.5)
        middle = make.op(f"{scope}/{word}/add", "Add", cells, half)
        many = make.cast(f"{scope}/{word}/ToFloat_1", side, INT)
        middle = make.op(f"{scope}/{word}/div", "RealDiv", middle, many)
        wanted = make.const(f"{scope}/{word}/shape", shape, INT)
        centers.append(
            make.op(f"{scope}/{word}/Reshape", "Reshape", middle, wanted, attrs={"Tshape": INT})
        )
    # Each coordinate over the whole grid: the other one times 0 gives it the missing dimension.
    zero = make.const(f"{scope}/zero", 0.0)
    grid = []
    for word, mine, other in (("y", *centers), ("x", *reversed(centers))):
        nothing = make.op(f"{scope}/grid_{word}/mul", "Mul", other, zero)
        grid.append(make.op(f"{scope}/grid_{word}/add", "Add", mine, nothing))
    attrs: dict[str, AttrValue] = {"N": 2, "axis": 2}
    center = make.op(f"{scope}/stack", "Pack", *grid, attrs=attrs)
    flat = make.const(f"{scope}/centers/shape", [-1, 1, 2], INT)
    center = make.op(f"{scope}/centers", "Reshape", center, flat, attrs={"Tshape": INT})
    half_sizes = [[(height / 2, width / 2) for height, width in _sizes(layer, layers)]]
    half = make.const(f"{scope}/half_sizes", half_sizes)
    corners = make.concat(
        f"{scope}/corners",
        make.op(f"{scope}/sub", "Sub", center, half),
        make.op(f"{scope}/add", "Add", center, half),
        axis=2,
    )
    four = make.const(f"{scope}/Reshape/shape", [-1, 4], INT)
    return make.op(f"{scope}/Reshape", "Reshape", corners, four, attrs={"Tshape": INT})


def _split(make: Maker, name: str, data: str) -> list[str]:
    axis = make.const(f"{name}/split_dim", 1, INT)
    make.op(name, "Split", axis, data, attrs={"num_split": 4})
    return [name, *(f"{name}:{port}" for port in (1, 2, 3))]


def _decode(make: Maker, codes: str, anchors: str) -> str:
    """Return boxes f32[n, 4] of codes (y, x over 10; height, width over 5) and anchors."""
    scope = "Postprocessor/Decode"

    def op(word: str, kind: str, *inputs: str) -> str:
        return make.op(f"{scope}/{word}", kind, *inputs)

    offsets = _split(make, f"{scope}/codes", codes)
    top, left, bottom, right = _split(make, f"{scope}/anchors", anchors)
    half = make.const(f"{scope}/half", 0.5)
    ends: dict[str, list[str]] = {"low": [], "high": []}
    for word, low, high, shift, stretch in (
        ("y", top, bottom, offsets[0], offsets[2]),
        ("x", left, right, offsets[1], offsets[3]),
    ):
        side = op(f"{word}/size", "Sub", high, low)
        center = op(f"{word}/center", "Add", low, op(f"{word}/half", "Mul", side, half))
        shift = op(f"{word}/div", "RealDiv", shift, make.const(f"{scope}/{word}/div/y", 10.0))
        stretch = op(f"{word}/div_1", "RealDiv", stretch, make.const(f"{scope}/{word}/five", 5.0))
        center = op(f"{word}/add", "Add", op(f"{word}/mul", "Mul", shift, side), center)
        side = op(f"{word}/mul_1", "Mul", op(f"{word}/Exp", "Exp", stretch), side)
        reach = op(f"{word}/mul_2", "Mul", side, half)
        ends["low"].append(op(f"{word}/low", "Sub", center, reach))
        ends["high"].append(op(f"{word}/high", "Add", center, reach))
    return make.concat(f"{scope}/boxes", *ends["low"], *ends["high"], axis=1)


def _postprocessor(make: Maker, codes: str, logits: str, anchors: str) -> None:
    """Add decoding, scores and non-maximum suppression, and the four outputs of the API."""
    scope = "Postprocessor"
    codes = make.op(f"{scope}/Squeeze", "Squeeze", codes, attrs={"squeeze_dims": (0, 2)})
    boxes = _decode(make, codes, anchors)
    scores = make.op(f"{scope}/convert_scores", "Sigmoid", logits)
    scores = make.op(f"{scope}/Squeeze_1", "Squeeze", scores, attrs={"squeeze_dims": (0,)})
    begin = make.const(f"{scope}/Slice/begin", [0, 1], INT)
    size = make.const(f"{scope}/Slice/size", [-1, -1], INT)
    scores = make.op(f"{scope}/Slice", "Slice", scores, begin, size, attrs={"Index": INT})
    axis = make.const(f"{scope}/Max/axis", [1], INT)
    best = make.op(f"{scope}/Max", "Max", scores, axis, attrs={"keep_dims": False, "Tidx": INT})
    axis = make.const(f"{scope}/ArgMax/dimension", 1, INT)
    attrs: dict[str, AttrValue] = {"Tidx": INT, "output_type": INT}
    kind = make.op(f"{scope}/ArgMax", "ArgMax", scores, axis, attrs=attrs)
    kind = make.cast(f"{scope}/ToFloat", kind, INT)
    limits = [
        make.const(f"{scope}/NonMaxSuppression/max_output_size", 20, INT),
        make.const(f"{scope}/NonMaxSuppression/iou_threshold", 0.6),
        make.const(f"{scope}/NonMaxSuppression/score_threshold", 0.3),
    ]
    kept = make.op(
        f"{scope}/NonMaxSuppression/NonMaxSuppressionV3",
        "NonMaxSuppressionV3",
        boxes,
        best,
        *limits,
        attrs={"T_threshold": DType.FLOAT32},
    )
    zero = make.const(f"{scope}/Gather/axis", 0, INT)
    gather: dict[str, AttrValue] = {
        "Tparams": DType.FLOAT32,
        "Tindices": INT,
        "Taxis": INT,
        "batch_dims": 0,
    }
    for suffix, source, output in (
        ("", boxes, "detection_boxes"),
        ("_1", best, "detection_scores"),
        ("_2", kind, "detection_classes"),
    ):
        got = make.untyped(f"{scope}/Gather{suffix}", "GatherV2", source, kept, zero, attrs=gather)
        if output == "detection_classes":
            got = make.op("add", "Add", got, make.const("add/y", 1.0))
        make.op(output, "Identity", got)
    count = make.op(f"{scope}/Size", "Size", kept, attrs={"out_type": INT}, dtype=INT)
    make.op("num_detections", "Identity", make.cast(f"{scope}/ToFloat_1", count, INT))


def detector(
    seed: int = 17, *, size: int = 64, widths: tuple[int, ...] = (8, 16, 24, 32), classes: int = 4
) -> Graph:
    """Return a single-shot detector with anchors, decoding and non-maximum suppression.

    Input `image_tensor` u8[1, ?, ?, 3]. Outputs `detection_boxes` f32[n, 4] (top, left, bottom,
    right), `detection_scores`, `detection_classes` f32[n] and `num_detections`, where n depends on
    the picture. Before the postprocessing `concat` f32[1, boxes, 1, 4] and `concat_1`
    f32[1, boxes, classes + 1] hold what the two feature maps predict.
    """
    make = Maker(seed)
    data = make.placeholder("image_tensor", 1, -1, -1, 3, dtype=DType.UINT8)
    data = _preprocessor(make, make.cast("Cast", data, DType.UINT8), size)
    channels = 3
    maps: list[tuple[str, int]] = []
    for layer, width in enumerate(widths):
        data = _relu6_conv(make, f"FeatureExtractor/Conv2d_{layer}", data, channels, width, 2)
        channels = width
        maps.append((data, width))
    maps = maps[-2:]
    boxes: list[str] = []
    scores: list[str] = []
    anchors: list[str] = []
    for layer, (features, width) in enumerate(maps):
        cell = len(_sizes(layer, len(maps)))
        for kind, parts, tail in (
            ("BoxEncodingPredictor", boxes, (1, 4)),
            ("ClassPredictor", scores, (classes + 1,)),
        ):
            name = f"BoxPredictor_{layer}/{kind}"
            filters = cell * tail[-1]
            out = make.bias(name, make.convolve(name, features, width, filters, 1), filters)
            parts.append(make.reshape(f"BoxPredictor_{layer}/{kind}", out, -1, *tail))
        anchors.append(_anchors(make, layer, len(maps), features))
    codes = make.concat("concat", *boxes, axis=1)
    logits = make.concat("concat_1", *scores, axis=1)
    every = make.concat("MultipleGridAnchorGenerator/Concatenate/concat", *anchors, axis=0)
    _postprocessor(make, codes, logits, every)
    return make.graph()
