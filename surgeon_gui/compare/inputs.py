"""Inputs to compare runs on: drawn at random, or read from `.npz` files."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from surgeon_gui.errors import OpenError, SaveError, UsageError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, DType, TensorType

MAX_INDEX = 10
"""Random integers stay below it: they are mostly indices into tables of unknown length."""

_HOW_TO_WRITE = "Write it with numpy.savez(path, **{'input': array})."

Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]

DISTRIBUTIONS: dict[str, Draw] = {
    "uniform": lambda random, shape: random.uniform(-1, 1, shape),
    "unit": lambda random, shape: random.uniform(0, 1, shape),
    "normal": lambda random, shape: random.standard_normal(shape),
    "pixels": lambda random, shape: random.integers(0, 256, shape).astype(np.float64),
    "zeros": lambda _random, shape: np.zeros(shape),
    "ones": lambda _random, shape: np.ones(shape),
}
"""How random floats are drawn: in [-1, 1), in [0, 1), Gaussian, whole in [0, 255], or constant."""


def random_inputs(
    types: Mapping[str, TensorType], seed: int = 0, distribution: str = "uniform"
) -> dict[str, Array]:
    """Return an array per input, the same for the same name, type, seed and distribution.

    Floats are drawn as `distribution` says, uint8 in [0, 255] as in images, other integers in
    [0, 10), bools fair. A scalar float is 1 and a scalar bool False: such inputs are nearly always
    a keep probability or an is-training switch, and inference is what is compared. An unknown
    batch (the first dimension) is 1.

    Args:
        types: dtype and shape by input.
        seed: another one gives other values.
        distribution: one of `DISTRIBUTIONS`.

    Raises:
        UsageError: an input's rank or another dimension is unknown, it takes strings, or there is
            no such distribution.
    """
    draw = DISTRIBUTIONS.get(distribution)
    if draw is None:
        raise UsageError(
            f"There is no distribution {distribution!r}.",
            where="distribution",
            hint=f"Choose one of {', '.join(DISTRIBUTIONS)}.",
        )
    return {name: _random(name, kind, seed, draw) for name, kind in types.items()}


def _random(name: str, kind: TensorType, seed: int, draw: Draw) -> Array:
    shape = fixed_shape(name, kind)
    dtype = kind.dtype.numpy
    if dtype is None or kind.dtype is DType.STRING:
        raise UsageError(
            f"There are no random values for an input of dtype {kind.dtype.text}.",
            where=name,
            hint="Give the inputs in an .npz file.",
        )
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    if kind.dtype is DType.BOOL:
        return random.integers(0, 2, shape).astype(np.bool_) if shape else np.zeros((), np.bool_)
    if dtype.kind in "iu":
        return random.integers(0, 256 if dtype == np.uint8 else MAX_INDEX, shape).astype(dtype)
    if not shape:
        return np.ones((), dtype)
    if dtype.kind == "c":
        parts = draw(random, (2, *shape))
        return np.asarray(parts[0] + 1j * parts[1]).astype(dtype)
    return draw(random, shape).astype(np.float32).astype(dtype)


def fixed_shape(name: str, kind: TensorType) -> tuple[int, ...]:
    """Return the input's shape with an unknown batch taken as 1.

    Raises:
        UsageError: the rank or another dimension is unknown.
    """
    dims = kind.shape.dims
    if dims is None or any(dim < 0 for dim in dims[1:]):
        guess = [1 if position == 0 else 224 for position in range(len(dims or ()))]
        known = zip(dims or (), guess, strict=True)
        example = "x".join(str(have if have >= 0 else size) for have, size in known)
        example = example or f"1x224x224x3, or {name}=scalar"
        raise UsageError(
            f"The shape of this input is not known: {kind.shape}.",
            where=name,
            hint=f"Give it, for example: --shape {name}={example}",
        )
    return tuple(1 if dim < 0 else dim for dim in dims)


def load_npz(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Return the arrays of an `.npz` file by tensor name; `name:0` counts as `name`.

    Raises:
        OpenError: there is no such file, it is no `.npz`, or it holds Python objects.
    """
    where = os.fspath(path)
    try:
        with open(where, "rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if isinstance(archive, np.lib.npyio.NpzFile):
                return {str(TensorRef.parse(name)): archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise OpenError("There is no such file.", where=where) from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise OpenError(
            "This is no .npz file of plain arrays, or it is damaged.",
            where=where,
            hint=_HOW_TO_WRITE,
        ) from error
    raise OpenError("This is a single array without a name.", where=where, hint=_HOW_TO_WRITE)


def load_arrays(path: str | os.PathLike[str], inputs: Sequence[str]) -> dict[str, Array]:
    """Return the arrays of an `.npz` file, or that of an `.npy` file for the only input.

    Args:
        path: the file.
        inputs: names of the inputs there are.

    Raises:
        OpenError: there is no such file, or it holds something else.
        UsageError: a single array for several inputs.
    """
    where = os.fspath(path)
    if not where.lower().endswith(".npy"):
        return load_npz(path)
    if len(inputs) != 1:
        raise UsageError(
            f"An .npy file holds one array, and there are {len(inputs)} inputs.",
            where=where,
            hint="Give an .npz file with an array per input.",
        )
    try:
        return {inputs[0]: np.load(where, allow_pickle=False)}
    except FileNotFoundError as error:
        raise OpenError("There is no such file.", where=where) from error
    except (OSError, ValueError, EOFError) as error:
        raise OpenError(
            "This is no .npy file of a plain array, or it is damaged.",
            where=where,
            hint="Write it with numpy.save(path, array).",
        ) from error


def save_npz(path: str | os.PathLike[str], arrays: Mapping[str, Array]) -> None:
    """Write the arrays under their names; the file appears complete or not at all.

    `.npy` knows numpy's own dtypes only, so bfloat16 and float8 are written as float32, which holds
    them exactly, and strings as fixed-width bytes.

    Raises:
        SaveError: the disk is full or not writable.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.part")
    try:
        # numpy.savez takes names as keyword arguments, where `file` is taken.
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, _plain(array), allow_pickle=False)
        temporary.replace(target)
    except OSError as error:
        raise SaveError(
            f"The arrays cannot be written: {error.strerror or error}.",
            where=str(target),
            hint="Choose another folder or free some space.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _plain(array: Array) -> Array:
    if array.dtype.kind == "O":
        items = [item.encode() if isinstance(item, str) else bytes(item) for item in array.flat]
        return np.array(items, dtype=np.bytes_).reshape(array.shape)
    if array.dtype.kind == "V":
        return array.astype(np.float32)
    return np.asarray(array)
