"""TensorFlow's own TF-TRT, where the TensorFlow that is installed still has it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from surgeon_gui.errors import JobFailed
from surgeon_gui.reference.tensorflow_import import import_tensorflow


def convert_with_tftrt(
    graph: bytes,
    outputs: Sequence[str],
    *,
    minimum_segment_size: int = 3,
    max_batch_size: int = 1,
    precision_mode: str = "FP32",
    is_dynamic_op: bool = False,
) -> bytes:
    """Return the GraphDef TF-TRT makes of a frozen one.

    Args:
        graph: the serialized GraphDef.
        outputs: names of the nodes that stay, so that they can be fetched.
        minimum_segment_size: nodes below which a segment stays in TensorFlow.
        max_batch_size: the largest batch of the engines.
        precision_mode: `FP32`, `FP16` or `INT8`.
        is_dynamic_op: build engines when their shapes are met.

    Raises:
        JobFailed: this TensorFlow has no TF-TRT, or TF-TRT stopped; the message says which.
    """
    tf = import_tensorflow()
    # The converter of frozen graphs refuses to work in TensorFlow 2's mode.
    tf.compat.v1.disable_v2_behavior()
    convert = _module(tf)
    options: dict[str, Any] = {
        "input_graph_def": tf.compat.v1.GraphDef.FromString(graph),
        "minimum_segment_size": minimum_segment_size,
        "max_batch_size": max_batch_size,
        "precision_mode": precision_mode,
        "is_dynamic_op": is_dynamic_op,
    }
    known = inspect.signature(convert.TrtGraphConverter.__init__).parameters
    # The same list; TensorFlow 2.4 gave it another name.
    kept = "nodes_denylist" if "nodes_denylist" in known else "nodes_blacklist"
    options[kept] = list(outputs)
    try:
        converter = convert.TrtGraphConverter(**options)
        made: bytes = converter.convert().SerializeToString()
    except (RuntimeError, ValueError, TypeError, tf.errors.OpError) as error:
        raise _stopped(tf, error) from error
    return made


def _module(tf: Any) -> Any:
    try:
        from tensorflow.python.compiler.tensorrt import trt_convert
    except ImportError as error:
        raise _absent(tf) from error
    return trt_convert


def _absent(tf: Any) -> JobFailed:
    return JobFailed(
        f"TensorFlow {tf.__version__} here has no TF-TRT.",
        hint="TensorFlow 1.7 to 2.17 have it where they were built with TensorRT, as NVIDIA's "
        "containers are. Give such a Python as the worker's in the settings.",
    )


def _stopped(tf: Any, error: Exception) -> JobFailed:
    words = str(error).strip().splitlines() or [type(error).__name__]
    if "TensorRT support" in words[0] or "tf.experimental.tensorrt" in words[0]:
        return _absent(tf)
    return JobFailed(f"TF-TRT stopped: {words[0].rstrip('.')}.")
