"""The `.network` file: a zip of `network.json` and one `.npy` per weight array, no pickle.

In the JSON, values it has no form for are objects with one tag: `{"weights": 3}` is the array in
`weights/3.npy`, `{"enum": ["PaddingMode", "SAME_UPPER"]}`, `{"dtype": "float32"}`,
`{"tensor": ["float32", [1, 3]]}`,
`{"network": {…}}` for what a loop repeats, `{"bytes": base64}`, `{"float": "nan"}`. Lists are
tuples.
"""

from __future__ import annotations

import base64
import enum
import io
import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from surgeon_gui.errors import OpenError, SurgeonError, TruncatedFile
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Kind, Layer, Network, Source, Tensor, TensorSpec

FORMAT = "surgeon-network"
VERSION = 1

_CHUNK = 1 << 22
_KINDS: dict[str, type[Kind]] = {
    name: item
    for name, item in vars(layers).items()
    if isinstance(item, type) and issubclass(item, Kind)
}
_ENUMS: dict[str, type[enum.Enum]] = {
    name: item
    for name, item in vars(layers).items()
    if isinstance(item, type) and issubclass(item, enum.Enum)
}
_HEAD = "network.json"
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError, IndexError, EOFError)


def save_network(network: Network, path: str | Path) -> int:
    """Write `network` under a temporary name, then rename; return the bytes written.

    Raises:
        SaveError: writing failed; an older file is as it was.
    """
    return write_atomically(Path(path), _zip(network))


def load_network(path: str | Path) -> Network:
    """Read a `.network` file.

    Raises:
        OpenError: it is missing, something else, of a newer version, or damaged.
    """
    source = Path(path)
    try:
        with zipfile.ZipFile(source) as archive:
            return _decode(archive, source)
    except OSError as error:
        raise OpenError(
            f"The file cannot be read: {error.strerror or error}.", where=str(source)
        ) from error
    except zipfile.BadZipFile as error:
        raise _not_whole(source) from error


def _not_whole(source: Path) -> OpenError:
    with source.open("rb") as stream:
        head = stream.read(4)
    if head.startswith(b"PK"):
        return TruncatedFile(
            "This .network file is damaged or ends too early.",
            where=str(source),
            hint="Export it again.",
        )
    return OpenError(
        "This is no .network file.", where=str(source), hint="Export one from a graph."
    )


class _Pipe(io.RawIOBase):
    """What zipfile writes into; the pieces are handed on as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(self._pieces[-1])

    def drain(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces


def _zip(network: Network) -> Iterator[bytes]:
    arrays: list[Array] = []
    head = _encode(network, arrays)
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        # Without a date: the same network gives the same bytes, which engines are known by.
        archive.writestr(zipfile.ZipInfo(_HEAD), json.dumps(head, indent=1, allow_nan=False))
        for index, array in enumerate(arrays):
            with archive.open(f"weights/{index}.npy", "w", force_zip64=True) as entry:
                plain = _plain(array)
                np.lib.format.write_array_header_1_0(
                    entry, np.lib.format.header_data_from_array_1_0(plain)
                )
                data = plain.reshape(-1).view(np.uint8)
                for start in range(0, data.size, _CHUNK):
                    entry.write(data[start : start + _CHUNK].data)
                    yield from pipe.drain()
    yield from pipe.drain()


def _plain(array: Array) -> Array:
    """Return `array` contiguous, as a dtype `.npy` can name: bfloat16 and float8 as integers."""
    flat = array if array.flags.c_contiguous else array.copy(order="C")
    return flat.view(f"u{flat.itemsize}") if flat.dtype.kind == "V" else flat


def _encode(network: Network, arrays: list[Array]) -> dict[str, Any]:
    numbers: dict[int, int] = {}

    def value(item: Any) -> Any:
        if isinstance(item, np.ndarray):
            if id(item) not in numbers:
                numbers[id(item)] = len(arrays)
                arrays.append(item)
            return {"weights": numbers[id(item)], "dtype": DType.from_numpy(item.dtype).text}
        if isinstance(item, DType):
            return {"dtype": item.text}
        if isinstance(item, enum.Enum):
            return {"enum": [type(item).__name__, item.name]}
        if isinstance(item, TensorSpec):
            return {"tensor": [item.dtype.text, list(item.shape)]}
        if isinstance(item, Network):
            return {"network": described(item)}
        if isinstance(item, bytes):
            return {"bytes": base64.b64encode(item).decode("ascii")}
        if isinstance(item, tuple | list):
            return [value(part) for part in item]
        if isinstance(item, np.generic):
            return value(item.item())
        if isinstance(item, float) and not math.isfinite(item):
            return {"float": repr(item)}
        return item

    def tensor(item: Tensor) -> list[Any]:
        return [item.name, item.dtype.text, list(item.shape)]

    def described(item: Network) -> dict[str, Any]:
        return {
            "inputs": [tensor(part) for part in item.inputs],
            "layers": [
                {
                    "name": layer.name,
                    "kind": layer.kind.type_name,
                    "parameters": {
                        name: value(part) for name, part in layer.kind.parameters().items()
                    },
                    "inputs": list(layer.inputs),
                    "outputs": [tensor(part) for part in layer.outputs],
                    "origin": list(layer.origin),
                }
                for layer in item.layers
            ],
            "outputs": list(item.outputs),
            "sources": {
                name: [source.ref.node, source.ref.port, list(source.axes)]
                for name, source in item.sources.items()
            },
        }

    return {"format": FORMAT, "version": VERSION, **described(network)}


def _decode(archive: zipfile.ZipFile, source: Path) -> Network:
    try:
        head = json.loads(archive.read(_HEAD))
        _check_version(head, source)
        return _Reader(archive).network(head)
    except OpenError:
        raise
    except (*_DAMAGED, SurgeonError) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise OpenError(
            f"This .network file is damaged: {detail}.".replace("..", "."),
            where=str(source),
            hint="Export it again.",
        ) from error


def _check_version(head: dict[str, Any], source: Path) -> None:
    if head["format"] != FORMAT:
        raise OpenError("This zip holds no network.", where=str(source))
    if head["version"] > VERSION:
        raise OpenError(
            f"This .network file has version {head['version']}, newer than this program.",
            where=str(source),
            hint="Update the program, or export the network again.",
        )


class _Reader:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._arrays: dict[int, Array] = {}

    def network(self, head: dict[str, Any]) -> Network:
        inputs = tuple(_tensor(item) for item in head["inputs"])
        known = {tensor.name: tensor for tensor in inputs}
        made = []
        for item in head["layers"]:
            layer = self._layer(item, known)
            known.update((tensor.name, tensor) for tensor in layer.outputs)
            made.append(layer)
        for name in head["outputs"]:
            known[name]
        sources = {
            name: Source(TensorRef(node, port), tuple(axes))
            for name, (node, port, axes) in head["sources"].items()
        }
        return Network(inputs, tuple(made), tuple(head["outputs"]), sources)

    def _layer(self, item: dict[str, Any], known: dict[str, Tensor]) -> Layer:
        kind: Kind = _KINDS[item["kind"]](
            **{name: self._value(part) for name, part in item["parameters"].items()}
        )
        outputs = tuple(_tensor(part) for part in item["outputs"])
        specs = kind.check([known[name] for name in item["inputs"]])
        if [(spec.dtype, spec.shape) for spec in specs] != [(t.dtype, t.shape) for t in outputs]:
            raise ValueError(f"the outputs of {item['name']} do not fit its inputs")
        return Layer(item["name"], kind, tuple(item["inputs"]), outputs, tuple(item["origin"]))

    def _value(self, item: Any) -> Any:
        if isinstance(item, list):
            return tuple(self._value(part) for part in item)
        if not isinstance(item, dict):
            return item
        tag, content = next(iter(item.items()))
        if tag == "weights":
            return self._array(content, DType.from_text(item["dtype"]))
        if tag == "enum":
            name, member = content
            return _ENUMS[name][member]
        if tag == "dtype":
            return DType.from_text(content)
        if tag == "tensor":
            return TensorSpec(DType.from_text(content[0]), tuple(content[1]))
        if tag == "network":
            return self.network(content)
        if tag == "bytes":
            return base64.b64decode(content, validate=True)
        if tag == "float":
            return float(content)
        raise ValueError(f"unknown value {tag!r}")

    def _array(self, index: int, dtype: DType) -> Array:
        if index not in self._arrays:
            with self._archive.open(f"weights/{index}.npy") as entry:
                array = np.lib.format.read_array(entry, allow_pickle=False)
            wanted = dtype.numpy
            if wanted is not None and array.dtype != wanted:
                array = array.view(wanted)
            array.flags.writeable = False
            self._arrays[index] = array
        return self._arrays[index]


def _tensor(item: list[Any]) -> Tensor:
    name, dtype, shape = item
    return Tensor(DType.from_text(dtype), tuple(shape), name)
