"""Samples to calibrate with: from arrays, image files, a script, or drawn at random."""

from __future__ import annotations

import dataclasses
import runpy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from surgeon_gui.compare.images import ENDINGS, ImageFeed, image_arrays
from surgeon_gui.compare.inputs import load_arrays, random_inputs
from surgeon_gui.errors import ScriptError, UsageError
from surgeon_gui.graph.values import Array, TensorType
from surgeon_gui.jobs.quantize_spec import QuantizeSpec

LABELS = "labels"
"""The array of class numbers beside the inputs."""

_ARRAYS = (".npz", ".npy")

Batch = Mapping[str, Array]


class Samples:
    """Batches of the size the network takes; can be gone through again and again.

    Args:
        spec: which files, or how many random samples.
        types: dtype and shape of the network's inputs; the first dimension is the batch.

    Raises:
        UsageError: nothing was given, or it does not fit the inputs.
    """

    def __init__(self, spec: QuantizeSpec, types: Mapping[str, TensorType]) -> None:
        self._spec = spec
        self._types = types
        sizes = {kind.shape.dims[0] for kind in types.values() if kind.shape.dims}
        # A batch that is left open is gone through sample by sample.
        self.batch = max(1, *sizes) if sizes else 1
        files = [path for path in spec.data for path in _files(path)]
        self._arrays = [path for path in files if path.suffix.lower() in _ARRAYS]
        self._scripts = [path for path in files if path.suffix == ".py"]
        images = [path for path in files if path.suffix.lower() in ENDINGS]
        self._feed = spec.images
        if images:
            feed = spec.images or ImageFeed(())
            self._feed = dataclasses.replace(feed, paths=(*feed.paths, *images))
        if not (self._arrays or self._scripts or self._feed or spec.random):
            raise UsageError(
                "There is nothing to calibrate with.",
                where="data",
                hint="Give .npz or .npy files, images or a script; or draw random samples.",
            )

    def __iter__(self) -> Iterator[Batch]:
        for path in self._arrays:
            yield from self._split(load_arrays(path, tuple(self._types)), str(path))
        for path in self._scripts:
            for found in _run(path):
                yield from self._split(found, str(path))
        if self._feed is not None:
            yield from self._images(self._feed)
        for number in range(-(-self._spec.random // self.batch)):
            yield random_inputs(self._types, self._spec.seed + number)

    def _split(self, arrays: Mapping[str, Array], where: str) -> Iterator[Batch]:
        missing = next((name for name in self._types if name not in arrays), None)
        if missing is not None:
            raise UsageError(
                f"There is no array for the input {missing}.",
                where=where,
                hint=f"It holds {', '.join(arrays) or 'nothing'}.",
            )
        wanted = {name: np.asarray(arrays[name]) for name in self._types}
        for name, array in wanted.items():
            dims = self._types[name].shape.dims or ()
            if array.ndim != len(dims) or not _fit(array.shape[1:], dims[1:]):
                raise UsageError(
                    f"The array of {name} is {list(array.shape)}; samples of "
                    f"{list(dims[1:])} along its first dimension are needed.",
                    where=where,
                )
        count = min(len(array) for array in wanted.values() if array.ndim)
        labels = arrays.get(LABELS)
        for start in range(0, count - self.batch + 1, self.batch):
            stop = start + self.batch
            batch = {
                name: array[start:stop] if array.ndim else array for name, array in wanted.items()
            }
            yield batch if labels is None else {**batch, LABELS: labels[start:stop]}

    def _images(self, feed: ImageFeed) -> Iterator[Batch]:
        paths = [file for path in feed.paths for file in _files(path)]
        paths = [path for path in paths if path.suffix.lower() in ENDINGS]
        for start in range(0, len(paths), self.batch):
            part = dataclasses.replace(feed, paths=tuple(paths[start : start + self.batch]))
            found = image_arrays(part, self._types)
            rest = {name: kind for name, kind in self._types.items() if name not in found}
            yield {**found, **random_inputs(rest, self._spec.seed)}

    def first(self, count: int) -> list[Batch]:
        """Return the first batches, of at least `count` samples where there are so many; 0: all."""
        found: list[Batch] = []
        for batch in self:
            found.append(batch)
            if 0 < count <= len(found) * self.batch:
                break
        return found

    @property
    def total(self) -> int | None:
        """How many batches there are, where that is known without looking."""
        if self._arrays or self._scripts:
            return None
        images = 0 if self._feed is None else sum(len(_files(path)) for path in self._feed.paths)
        return -(-images // self.batch) + -(-self._spec.random // self.batch)


def _fit(have: Sequence[int], wanted: Sequence[int]) -> bool:
    """Whether dimensions are those wanted, of which -1 is any."""
    return all(dim in (-1, size) for size, dim in zip(have, wanted, strict=True))


def _files(path: Path) -> Sequence[Path]:
    return sorted(item for item in path.iterdir() if item.is_file()) if path.is_dir() else [path]


def _run(path: Path) -> Iterator[Mapping[str, Array]]:
    """Run a script and yield what its `samples` does; it is code, and runs in the worker only."""
    try:
        samples = runpy.run_path(str(path)).get("samples")
    except Exception as error:  # Whatever a user's script raises is the script's fault.
        raise _failed(path, error) from error
    if not callable(samples):
        raise ScriptError(
            "The script has no function samples().",
            where=str(path),
            hint="Let it yield mappings of input names to arrays.",
        )
    try:
        yield from samples()
    except Exception as error:
        raise _failed(path, error) from error


def _failed(path: Path, error: Exception) -> ScriptError:
    return ScriptError(f"The script failed: {type(error).__name__}: {error}", where=str(path))
