"""Keras applications with random weights as frozen graphs, made once into `benchmarks/.cache`."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import in_fresh_process

CACHE = Path(__file__).parent / ".cache"
TRIVIAL = "trivial"
_SIZE = 224
"""Of the images, where an application leaves their size open."""


def frozen(name: str, cache: Path = CACHE) -> Path:
    """Return the frozen graph of that name, made in a process of its own when it is missing."""
    path = cache / f"{name}.pb"
    if not path.exists():
        cache.mkdir(exist_ok=True)
        in_fresh_process("benchmarks.convert", "freeze", name, str(path))
    return path


def freeze(name: str, path: Path, *, open_batch: bool = False) -> dict[str, float]:
    """Write a Keras application, or a graph of one Relu, as a frozen GraphDef.

    The input is `input`, of the application's default size.

    Args:
        name: of a class in `keras.applications`, or `trivial`.
        path: the file.
        open_batch: leave the batch unknown; else it is 1.

    Returns:
        The file's bytes, and the application's parameters.
    """
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    if name == TRIVIAL:
        function = tf.function(tf.nn.relu).get_concrete_function(
            tf.TensorSpec((1, 8), tf.float32, name="input")
        )
        return {"bytes": path.write_bytes(function.graph.as_graph_def().SerializeToString())}
    model = getattr(tf.keras.applications, name)(weights=None)
    sizes = tuple(_SIZE if size is None else int(size) for size in model.input_shape[1:])
    shape = (None if open_batch else 1, *sizes)
    _enliven(model, tf, (1, *sizes))
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(
        tf.TensorSpec(shape, tf.float32, name="input")
    )
    written = path.write_bytes(_constant(function, tf).SerializeToString())
    return {"bytes": written, "parameters": model.count_params()}


def _constant(function: Any, tf: Any) -> Any:
    """Return a traced function's GraphDef with its variables, float32 all, as constants.

    TensorFlow's own `convert_variables_to_constants_v2` makes the same graph and takes twenty times
    the file for it: 13 GB for a VGG16.
    """
    definition = function.graph.as_graph_def()
    variables = {id(variable.handle): variable for variable in function.graph.variables}
    captured = {inner.op.name: outer for outer, inner in function.graph.captures}
    for node in definition.node:
        if node.name in captured:
            outer = captured[node.name]
            value = tf.make_tensor_proto(variables.get(id(outer), outer).numpy())
            name = node.name
            node.Clear()
            node.name, node.op = name, "Const"
            node.attr["dtype"].type = value.dtype
            node.attr["value"].tensor.CopyFrom(value)
    resource, number = tf.resource.as_datatype_enum, tf.float32.as_datatype_enum
    for inner in definition.library.function:
        for argument in inner.signature.input_arg:
            if argument.type == resource:
                argument.type = number
        inner.arg_attr.clear()
    bodies = (inner.node_def for inner in definition.library.function)
    for node in itertools.chain(definition.node, *bodies):
        if node.op == "ReadVariableOp":
            node.op = "Identity"
            node.attr["T"].type = node.attr["dtype"].type
            del node.attr["dtype"]
        elif node.op.endswith("PartitionedCall"):
            types = node.attr["Tin"].list.type
            types[:] = [number if kind == resource else kind for kind in types]
        # Inside functions a tensor is named after its op's output.
        node.input[:] = [
            re.sub("(ReadVariableOp[^:]*):value:", r"\1:output:", x) for x in node.input
        ]
    _prune(definition, [tensor.op.name for tensor in function.outputs])
    return definition


def _prune(definition: Any, outputs: list[str]) -> None:
    """Remove the nodes that no output needs, such as gradients' copies of activations."""
    inputs = {node.name: node.input for node in definition.node}
    needed: set[str] = set()
    waiting = list(outputs)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [item.lstrip("^").partition(":")[0] for item in inputs[name]]
    for place in range(len(definition.node) - 1, -1, -1):
        if definition.node[place].name not in needed:
            del definition.node[place]


def _enliven(model: Any, tf: Any, shape: tuple[int, ...]) -> None:
    """Give every weight numbers that matter: as Keras starts them, signals die on the way.

    Kernels keep the variance of what they read; the last one makes logits of about 1.
    """
    rng = np.random.default_rng(0)
    for weight in model.weights:
        dims = tuple(weight.shape)
        role = weight.path.rpartition("/")[2]
        if "kernel" in role and len(dims) > 1:
            outputs = 1 if "depthwise" in role else dims[-1]
            inputs = np.prod(dims) / (dims[-2] if "depthwise" in role else outputs)
            values = rng.normal(0, np.sqrt(2 / inputs), dims)
        elif role in ("gamma", "moving_variance"):
            values = rng.uniform(0.8, 1.2, dims)
        elif role in ("beta", "bias", "moving_mean"):
            values = rng.normal(0, 0.1, dims)
        else:
            continue
        weight.assign(values.astype(np.float32))
    last = next(layer for layer in reversed(model.layers) if layer.weights)
    features = tf.keras.Model(model.input, last.input)
    image = rng.uniform(-1, 1, shape).astype(np.float32)
    size = float(np.sqrt(np.sum(np.square(features(image, training=False)))))
    kernel = last.weights[0]
    kernel.assign(rng.normal(0, 1 / size, tuple(kernel.shape)).astype(np.float32))
