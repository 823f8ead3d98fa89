"""Nodes TensorFlow runs as Python functions: how a segment's engine sits in a TensorFlow graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.reference.tensorflow_import import import_tensorflow

Function = Callable[..., Sequence[Array]]
"""Takes an array per input and returns one per output."""


class PythonOps:
    """Functions TensorFlow can call in this process, as long as this object lives."""

    def __init__(self) -> None:
        self._tf = import_tensorflow()
        # TensorFlow forgets a function once the graph it was made in is gone.
        self._graph = self._tf.Graph()

    def replace(
        self, node: Node, function: Function, reads: Sequence[DType], makes: Sequence[DType]
    ) -> Node:
        """Return the node that calls `function` in the place of `node`.

        Args:
            node: whose name, inputs and controls are kept.
            function: what it computes; an exception stops TensorFlow's run.
            reads: dtypes of the inputs.
            makes: dtypes of the outputs.
        """

        def call(*arrays: Array) -> list[Array]:
            found = function(*arrays)
            kinds = [dtype.numpy for dtype in makes]
            return [
                np.ascontiguousarray(value, kind) if np.ndim(value) else np.asarray(value, kind)
                for value, kind in zip(found, kinds, strict=True)
            ]

        with self._graph.as_default():
            inputs = [self._tf.compat.v1.placeholder(int(dtype.value)) for dtype in reads]
            outputs = self._tf.numpy_function(call, inputs, [int(dtype.value) for dtype in makes])
        token = outputs[0].op.get_attr("token")
        attrs = {"token": token, "Tin": tuple(reads), "Tout": tuple(makes)}
        return node.replace(op="PyFunc", attrs=attrs)
