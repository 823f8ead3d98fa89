"""Non-maximum suppression keeps the boxes TensorFlow keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.engine.emit import create_network, emit
from surgeon_gui.engine.log import collected, logger_for
from surgeon_gui.engine.readback import read_network
from surgeon_gui.graph.values import Array
from surgeon_gui.network.check import same_network
from surgeon_gui.network.layers import NMS
from surgeon_gui.network.to_onnx import onnx_from_network
from tests.engine.rtx import new_builder, rtx
from tests.network.lower.harness import lowered, make, op, refused, run_network

pytestmark = pytest.mark.tensorflow


def boxes(*shape: int, seed: int = 0) -> Array:
    """Return boxes that often overlap, corners in any order."""
    generator = np.random.default_rng(seed)
    corners = generator.uniform(0, 0.7, (*shape, 2))
    sizes = generator.uniform(-0.3, 0.5, (*shape, 2))
    return np.concatenate([corners, corners + sizes], -1).astype(np.float32)


def scores(*shape: int, seed: int = 0) -> Array:
    """Return scores no two of which are the same."""
    count = int(np.prod(shape))
    order = np.random.default_rng(seed).permutation(count)
    return (order.reshape(shape) / count).astype(np.float32)


BOXES, SCORES = boxes(30), scores(30)
EDGES = np.array(
    [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0], [2, 2, 3, 3], [0.5, 0, 1, 1]],
    np.float32,
)
EDGE_SCORES = np.array([0.9, 0.8, 0.95, 0.7, -3.0, 0.5], np.float32)


def v3(most: int = 8, overlap: float = 0.4, score: float = 0.2) -> Any:
    return lambda b, s: op.NonMaxSuppressionV3(
        boxes=b, scores=s, max_output_size=most, iou_threshold=overlap, score_threshold=score
    )


def v5(padded: bool, sigma: float = 0.0, most: int = 12) -> Any:
    return lambda b, s: op.NonMaxSuppressionV5(
        boxes=b,
        scores=s,
        max_output_size=most,
        iou_threshold=0.3,
        score_threshold=0.1,
        soft_nms_sigma=sigma,
        pad_to_max_output_size=padded,
    )


def gathered(b: Any, s: Any) -> Any:
    kept = tf.image.non_max_suppression(b, s, 9, 0.35)
    return kept, tf.gather(b, kept), tf.gather(s, kept)


SINGLE: dict[str, Any] = {
    "version 1": lambda b, s: op.NonMaxSuppression(
        boxes=b, scores=s, max_output_size=6, iou_threshold=0.6
    ),
    "version 2": lambda b, s: op.NonMaxSuppressionV2(
        boxes=b, scores=s, max_output_size=40, iou_threshold=0.3
    ),
    "version 3": v3(),
    "version 3, all overlap": v3(overlap=0.0),
    "version 3, nothing left": v3(score=2.0),
    "version 3, any overlap": v3(overlap=1.0, most=100),
    "version 4": lambda b, s: op.NonMaxSuppressionV4(
        boxes=b, scores=s, max_output_size=12, iou_threshold=0.3, score_threshold=-5.0
    ),
    "version 4, padded": lambda b, s: op.NonMaxSuppressionV4(
        boxes=b,
        scores=s,
        max_output_size=25,
        iou_threshold=0.3,
        score_threshold=0.1,
        pad_to_max_output_size=True,
    ),
    "version 5": v5(False),
    "version 5, padded": v5(True),
    "version 5, padded by more than there are": v5(True, most=50),
    "boxes gathered": gathered,
}


def compare(build: Any, *arrays: Array) -> None:
    made = make(build, arrays)
    for simplify in (False, True):
        network = lowered(made, simplify=simplify)
        assert any(isinstance(layer.kind, NMS) for layer in network.layers)
        results = run_network(network, made.feeds)
        for tensor, got, want in zip(network.output_tensors, results, made.expected, strict=True):
            assert got.shape == want.shape
            assert all(dim in (-1, size) for dim, size in zip(tensor.shape, got.shape, strict=True))
            np.testing.assert_allclose(got, want, 1e-5, 1e-6)


@pytest.mark.parametrize("name", SINGLE)
def test_suppression_keeps_what_tensorflow_keeps(name: str) -> None:
    compare(SINGLE[name], BOXES, SCORES)
    compare(SINGLE[name], EDGES, EDGE_SCORES)


def combined(per_class: int, total: int, **options: Any) -> Any:
    def build(b: Any, s: Any) -> Any:
        return op.CombinedNonMaxSuppression(
            boxes=b,
            scores=s,
            max_output_size_per_class=per_class,
            max_total_size=total,
            iou_threshold=options.pop("iou_threshold", 0.4),
            score_threshold=options.pop("score_threshold", 0.15),
            **options,
        )

    return build


COMBINED: dict[str, tuple[Any, Array, Array]] = {
    "boxes of all classes": (combined(4, 9), boxes(2, 20, 1), scores(2, 20, 3)),
    "boxes of each class": (combined(4, 9), boxes(2, 20, 3), scores(2, 20, 3)),
    "one class": (combined(30, 5), boxes(1, 20, 1), scores(1, 20, 1)),
    "more places than boxes": (combined(7, 100), boxes(2, 5, 1), scores(2, 5, 2)),
    "padded per class": (
        combined(3, 100, pad_per_class=True),
        boxes(2, 9, 2, seed=4),
        scores(2, 9, 2),
    ),
    "unclipped": (combined(4, 9, clip_boxes=False), boxes(1, 9, 1) * 3, scores(1, 9, 4)),
    "clipped": (combined(4, 9), boxes(1, 9, 1) * 3 - 0.5, scores(1, 9, 4)),
    "nothing left": (combined(4, 9, score_threshold=2.0), boxes(1, 9, 1), scores(1, 9, 4)),
    "negative scores": (
        combined(4, 9, score_threshold=-0.5),
        boxes(1, 9, 1),
        scores(1, 9, 2) - np.float32(0.6),
    ),
}


@pytest.mark.parametrize("name", COMBINED)
def test_combined_suppression_keeps_what_tensorflow_keeps(name: str) -> None:
    build, data, levels = COMBINED[name]
    compare(build, data, levels)


@pytest.mark.tensorrt
@pytest.mark.parametrize("name", [*SINGLE, *COMBINED])
def test_tensorrt_is_given_the_layers_and_its_parser_reads_the_export(name: str) -> None:
    """TensorRT for RTX builds no NMS; which layers it was given can be checked."""
    if name in SINGLE:
        made = make(SINGLE[name], (BOXES, SCORES))
    else:
        build, *arrays = COMBINED[name]
        made = make(build, arrays)
    network = lowered(made)
    flavour = rtx()
    builder = new_builder(flavour)
    definition = create_network(builder, flavour)
    with collected() as said:
        emit(network, flavour, definition)
        assert same_network(network, read_network(definition, flavour)) == []
        parsed = create_network(builder, flavour)
        parser = flavour.module.OnnxParser(parsed, logger_for(flavour.module))
        assert parser.parse(onnx_from_network(network).SerializeToString())
    kinds = [parsed.get_layer(place).type.name for place in range(parsed.num_layers)]
    assert kinds.count("NMS") == 1
    assert said.errors == []


def test_soft_suppression_is_refused_in_words() -> None:
    (problem,) = refused(v5(True, sigma=0.5), BOXES, SCORES).problems
    assert "soft_nms_sigma" in problem.reason
    assert problem.remedy


def test_what_must_know_how_many_boxes_stay_is_refused_in_words() -> None:
    def build(b: Any, s: Any) -> Any:
        return tf.reduce_sum(tf.gather(b, v3()(b, s)), 1)

    (problem,) = refused(build, BOXES, SCORES).problems
    assert problem.node == "Sum"
    assert "depends on data" in problem.reason
    assert "pad_to_max_output_size" in str(problem.remedy)
