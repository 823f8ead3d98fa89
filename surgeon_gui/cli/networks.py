"""Models that are networks already: a `.network` file, or an `.onnx` file we exported.

They hold no TensorFlow graph, so surgery on them is bad usage; the rest of the verbs work.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from surgeon_gui.cli.options import Surgery, prepare
from surgeon_gui.errors import OpenError, SaveError, UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.spec import BuildSpec, VerifySpec
from surgeon_gui.network.ir import Network
from surgeon_gui.network.store import load_network
from surgeon_gui.network.to_onnx import save_onnx
from surgeon_gui.pipeline import Exported, check_opset_has_use

ENDINGS = (".network", ".onnx")


@dataclass(frozen=True)
class MadeTensor:
    """An input or output; -1 is an unknown dimension."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}


@dataclass(frozen=True)
class Made:
    """A network in a file.

    Attributes:
        path: the file.
        inputs, outputs: what it reads and computes.
        ops: layers (or ONNX nodes) per kind.
        network: what a `.network` file holds; None for `.onnx`.
    """

    path: Path
    inputs: tuple[MadeTensor, ...]
    outputs: tuple[MadeTensor, ...]
    ops: Counter[str]
    network: Network | None = None


def is_made(path: Path) -> bool:
    """Whether a model is a network by its name; a folder never is."""
    return path.suffix.lower() in ENDINGS and not path.is_dir()


def open_made(path: Path, surgery: Surgery) -> Made:
    """Return the network in a file.

    Raises:
        UsageError: some surgery is asked for.
        OpenError: the file is missing, damaged or of another kind.
    """
    if surgery != Surgery():
        raise UsageError(
            f"A {path.suffix} file holds a network, not a graph that could be changed.",
            where=str(path),
            hint="Use --output, --shape, --rules, --script and --preprocess on the graph it is of.",
        )
    if path.suffix.lower() == ".network":
        return _open_network(path)
    return _open_onnx(path)


def _open_network(path: Path) -> Made:
    network = load_network(path)
    inputs, outputs = (
        tuple(MadeTensor(tensor.name, tensor.dtype.text, tensor.shape) for tensor in tensors)
        for tensors in (network.inputs, network.output_tensors)
    )
    ops = Counter(layer.kind.type_name for layer in network.layers)
    return Made(path, inputs, outputs, ops, network)


def _open_onnx(path: Path) -> Made:
    try:
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise OpenError(
            f"The file cannot be read: {error.strerror or error}.", where=str(path)
        ) from error
    except DecodeError as error:
        raise OpenError(
            "This is no ONNX file, or it ends too early.", where=str(path), hint="Export it again."
        ) from error
    if not model.graph.output:
        raise OpenError("This ONNX file holds no network.", where=str(path))
    return Made(
        path,
        tuple(map(_onnx_tensor, model.graph.input)),
        tuple(map(_onnx_tensor, model.graph.output)),
        Counter(node.op_type for node in model.graph.node),
    )


def _onnx_tensor(value: onnx.ValueInfoProto) -> MadeTensor:
    kind = value.type.tensor_type
    dtype = DType.from_numpy(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))
    dims = tuple(dim.dim_value if dim.HasField("dim_value") else -1 for dim in kind.shape.dim)
    return MadeTensor(value.name, dtype.text, dims)


def inspect_made(made: Made, target: str) -> dict[str, Any]:
    """Return what `inspect` says; only `direct` has an opinion on a network.

    Raises:
        UsageError: another target is asked.
    """
    if target != "direct":
        raise UsageError(
            f"{target} judges graphs; this is a network already.",
            where=str(made.path),
            hint="Inspect the graph it was made from, or use --target direct.",
        )
    count = sum(made.ops.values())
    return {
        "model": str(made.path),
        "nodes": count,
        "inputs": [tensor.as_dict() for tensor in made.inputs],
        "outputs": [tensor.as_dict() for tensor in made.outputs],
        "ops": dict(made.ops.most_common()),
        "summary": f"{count} layer{'' if count == 1 else 's'}, converted already",
        "target": target,
        "supported": True,
        "problems": [],
    }


def export_made(made: Made, target: Path, opset: int | None = None) -> Exported:
    """Write a network as `.network` or `.onnx`, the latter in an operator set that may be chosen.

    Raises:
        UsageError: the ending is another, or an `.onnx` file should become a `.network`.
        SaveError: the file cannot be written.
    """
    if opset is not None:
        check_opset_has_use(target)
    ending, count = target.suffix.lower(), sum(made.ops.values())
    if ending == made.path.suffix.lower() and opset is None:
        _copy(made.path, target)
    elif made.network is not None and ending == ".onnx":
        save_onnx(made.network, target, opset=opset)
        count = len(made.network.layers)
    else:
        raise UsageError(
            f"A {made.path.suffix} file cannot become {target.suffix or 'a file without ending'}.",
            where=str(target),
            hint="Export it from the graph the network was made from.",
        )
    return Exported(target, ending[1:], target.stat().st_size, count)


def _copy(source: Path, target: Path) -> None:
    try:
        if not (target.exists() and source.samefile(target)):
            shutil.copyfile(source, target)
    except OSError as error:
        raise SaveError(
            f"The file cannot be written: {error.strerror or error}.",
            where=str(target),
            hint="Choose another folder or free some space.",
        ) from error


def verify_made(made: Made, original: Path | None, folder: Path, spec: VerifySpec) -> VerifySpec:
    """Write the original graph into `folder` and return `spec` comparing the network with it.

    Raises:
        UsageError: there is no original.
    """
    if original is None:
        raise UsageError(
            f"A {made.path.suffix} file has no graph for TensorFlow to run.",
            where=str(made.path),
            hint="Name the graph it was made from with --original.",
        )
    graph = prepare(original, Surgery()).original
    graph_file = folder / "original.pb"
    save_graphdef(graph, graph_file)
    shapes = {
        tensor.name: tensor.shape
        for tensor in made.inputs
        if tensor.name in graph and all(dim >= 0 for dim in tensor.shape)
    }
    return replace(spec, original=graph_file, network=made.path.absolute(), shapes=shapes)


def build_made(made: Made, spec: BuildSpec) -> BuildSpec:
    """Return `spec` building from the file itself; an `.onnx` goes through TensorRT's parser.

    Raises:
        UsageError: NVIDIA's UFF parser is asked for.
    """
    if spec.route == "uff":
        raise UsageError(
            f"The UFF route needs a graph or a .uff file, not {made.path.suffix}.",
            where="--route",
            hint="Leave --route out.",
        )
    route = "direct" if made.network is not None else "onnx"
    return replace(spec, network=made.path.absolute(), route=route)
