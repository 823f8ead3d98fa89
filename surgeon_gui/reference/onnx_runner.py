"""An ONNX model, run by ONNX Runtime on the CPU."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import onnx
import onnxruntime

from surgeon_gui.errors import ConvertError, JobFailed, UsageError
from surgeon_gui.graph.values import Array, DType, Shape, TensorType
from surgeon_gui.network.to_onnx.writer import PLUGIN_DOMAIN

_DTYPES = {
    "tensor(float)": DType.FLOAT32,
    "tensor(double)": DType.FLOAT64,
    "tensor(float16)": DType.FLOAT16,
    "tensor(bfloat16)": DType.BFLOAT16,
    "tensor(int8)": DType.INT8,
    "tensor(int16)": DType.INT16,
    "tensor(int32)": DType.INT32,
    "tensor(int64)": DType.INT64,
    "tensor(uint8)": DType.UINT8,
    "tensor(uint16)": DType.UINT16,
    "tensor(uint32)": DType.UINT32,
    "tensor(uint64)": DType.UINT64,
    "tensor(bool)": DType.BOOL,
    "tensor(string)": DType.STRING,
}


# It folds zeros padded before a pool into the pool's own padding, where they count for nothing:
# the largest of negative numbers is then below zero.
_WRONG_OPTIMIZERS = ["Pad_Fusion"]


class OnnxRunner:
    """A session on one model.

    Args:
        model: the model; changed only by what `extra` adds to its outputs.
        extra: names of inner tensors to make fetchable.
        optimised: let ONNX Runtime fuse and fold; off, every node is computed as it is written.

    Raises:
        ConvertError: ONNX Runtime refuses the model, or it holds a TensorRT plugin; `where` is the
            node where that is known.
    """

    def __init__(
        self, model: onnx.ModelProto, *, extra: Iterable[str] = (), optimised: bool = False
    ) -> None:
        _refuse_plugins(model)
        outputs = {item.name for item in model.graph.output}
        for name in extra:
            if name not in outputs:
                outputs.add(name)
                model.graph.output.append(onnx.ValueInfoProto(name=name))
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        levels = onnxruntime.GraphOptimizationLevel
        options.graph_optimization_level = (
            levels.ORT_ENABLE_ALL if optimised else levels.ORT_DISABLE_ALL
        )
        try:
            data = model.SerializeToString()
            del model
            self._session = onnxruntime.InferenceSession(
                data,
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=_WRONG_OPTIMIZERS,
            )
        except Exception as error:  # ONNX Runtime's errors share no base class.
            too_new = "IR version" in str(error)
            raise ConvertError(
                f"ONNX Runtime refuses the network: {_words(error)}",
                where=_where(str(error)),
                hint="Upgrade onnxruntime, or export the file here." if too_new else None,
            ) from error

    def inputs(self) -> dict[str, TensorType]:
        """Return the model's inputs; named dimensions are unknown ones."""
        return {item.name: _type(item) for item in self._session.get_inputs()}

    def outputs(self) -> tuple[str, ...]:
        """Names of all that can be fetched: the model's outputs, then the extra ones."""
        return tuple(item.name for item in self._session.get_outputs())

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str] | None = None
    ) -> dict[str, Array]:
        """Return the fetched tensors (all outputs by default) by name.

        Raises:
            UsageError: an input is missing, or of another dtype or shape.
            JobFailed: ONNX Runtime stopped; `where` is the node where it says so.
        """
        prepared = {name: _fitting(name, feeds, kind) for name, kind in self.inputs().items()}
        names = list(self.outputs() if fetches is None else fetches)
        try:
            arrays = self._session.run(names, prepared)
        except Exception as error:  # ONNX Runtime's errors share no base class.
            raise JobFailed(
                f"ONNX Runtime stopped: {_words(error)}", where=_where(str(error))
            ) from error
        return dict(zip(names, map(np.asarray, arrays), strict=True))


def _refuse_plugins(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        if node.domain == PLUGIN_DOMAIN:
            raise ConvertError(
                f"{node.op_type} is a TensorRT plugin: only TensorRT computes it, on a GPU.",
                where=node.name or None,
                hint="Choose its inputs as outputs to compare them, or run the engine.",
            )


def _type(item: onnxruntime.NodeArg) -> TensorType:
    dims = tuple(dim if isinstance(dim, int) else -1 for dim in item.shape)
    return TensorType(_DTYPES.get(item.type, DType.INVALID), Shape(dims))


def _fitting(name: str, feeds: Mapping[str, Array], kind: TensorType) -> Array:
    array = feeds.get(name)
    if array is None:
        raise UsageError(
            "This input of the network has no value.",
            where=name,
            hint=f"Give an array named {name} among the inputs.",
        )
    dims = kind.shape.dims or ()
    if len(dims) != array.ndim or any(
        dim not in (-1, have) for dim, have in zip(dims, array.shape, strict=True)
    ):
        raise UsageError(
            f"The array is {Shape(tuple(array.shape))}, the network's input is {kind.shape}.",
            where=name,
        )
    wanted = kind.dtype.numpy
    if wanted is None or array.dtype == wanted:
        return array
    if not np.can_cast(array.dtype, wanted, "same_kind"):
        raise UsageError(
            f"The array is {array.dtype}, the network's input is {kind.dtype.text}.", where=name
        )
    return array.astype(wanted)


def _where(text: str) -> str | None:
    found = re.search(r"[Nn]ode\.? ?(?:\(|Name: ?')([^)']+)", text)
    return found[1] if found else None


def _words(error: Exception) -> str:
    """Return the message without ONNX Runtime's error class, number and source position."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error).strip())
    text = re.sub(r"\S+\.(?:cc|h):\d+ [^\n]*?\) ", "", text)
    return text.splitlines()[0] if text else type(error).__name__
