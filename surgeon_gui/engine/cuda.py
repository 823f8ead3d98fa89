"""CUDA memory, streams, events, copies and graphs: the same whichever Python binding is there.

A `Binding` speaks to cuda-python or pycuda, in plain numbers. `Cuda` hands out objects that free
what they hold once, in any order, and frees what is left when it is closed itself.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from surgeon_gui.engine.cuda_pycuda import open_pycuda
from surgeon_gui.engine.cuda_runtime import open_runtime
from surgeon_gui.errors import RunFailed
from surgeon_gui.graph.values import Array


class Binding(Protocol):
    """One thread's way to CUDA. Addresses and handles are numbers; sizes are bytes, times ms.

    Every method raises RunFailed with CUDA's own words.
    """

    name: str
    has_graphs: bool

    def memory(self) -> tuple[int, int]:
        """Return free and total memory of the device."""

    def malloc(self, size: int) -> int:
        """Return the address of new device memory."""

    def free(self, address: int) -> None:
        """Give device memory back."""

    def malloc_host(self, size: int) -> int:
        """Return the address of new page-locked host memory."""

    def free_host(self, address: int) -> None:
        """Give page-locked memory back."""

    def copy_to_device(self, target: int, source: int, size: int, stream: int) -> None:
        """Copy from host memory once the stream comes to it."""

    def copy_to_host(self, target: int, source: int, size: int, stream: int) -> None:
        """Copy from device memory once the stream comes to it."""

    def create_stream(self) -> int:
        """Return a new stream."""

    def synchronize(self, stream: int) -> None:
        """Wait for all the stream was given."""

    def destroy_stream(self, stream: int) -> None:
        """End a stream."""

    def create_event(self) -> int:
        """Return a new event."""

    def record(self, event: int, stream: int) -> None:
        """Let the event happen once the stream comes to it."""

    def wait(self, event: int) -> None:
        """Wait until the event has happened."""

    def elapsed(self, start: int, end: int) -> float:
        """Return the time between two events that happened."""

    def destroy_event(self, event: int) -> None:
        """End an event."""

    def begin_capture(self, stream: int) -> None:
        """Note what the stream is given from now on instead of doing it."""

    def end_capture(self, stream: int) -> int:
        """Return the executable graph of what was noted."""

    def launch(self, graph: int, stream: int) -> None:
        """Do what a graph holds."""

    def destroy_graph(self, graph: int) -> None:
        """End a graph."""

    def close(self) -> None:
        """Leave the device."""


class Resource:
    """Something of CUDA's that is given back once: by `close`, or with the `Cuda` it came from."""

    def __init__(self, owner: Cuda, handle: int, give_back: Callable[[int], None]) -> None:
        self._owner = owner
        self._give_back = give_back
        self.handle = handle
        owner.held[id(self)] = self

    def close(self) -> None:
        """Give it back; a second time does nothing."""
        if self._owner.held.pop(id(self), None) is not None:
            self._give_back(self.handle)


class DeviceBuffer(Resource):
    """Memory on the GPU; `handle` is its address.

    Args:
        size: in bytes; a buffer of none still has an address.
    """

    def __init__(self, owner: Cuda, size: int) -> None:
        self.size = size
        binding = owner.binding
        super().__init__(owner, binding.malloc(max(size, 1)), binding.free)


class PinnedArray(Resource):
    """An array in page-locked host memory, which copies need to be asynchronous.

    Attributes:
        array: numpy's view of the memory; not to be used after `close`.
    """

    def __init__(self, owner: Cuda, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
        binding = owner.binding
        self.size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        room = max(self.size, 1)
        super().__init__(owner, binding.malloc_host(room), binding.free_host)
        memory = memoryview((ctypes.c_char * room).from_address(self.handle)).cast("B")
        self.array: Array = np.ndarray(tuple(shape), dtype, buffer=memory)


class Stream(Resource):
    """A queue of work for the GPU."""

    def __init__(self, owner: Cuda) -> None:
        super().__init__(owner, owner.binding.create_stream(), owner.binding.destroy_stream)

    def copy_to_device(self, target: DeviceBuffer, source: PinnedArray) -> None:
        """Queue a copy of the whole array."""
        self._owner.binding.copy_to_device(target.handle, source.handle, source.size, self.handle)

    def copy_to_host(self, target: PinnedArray, source: DeviceBuffer) -> None:
        """Queue a copy that fills the whole array."""
        self._owner.binding.copy_to_host(target.handle, source.handle, target.size, self.handle)

    def synchronize(self) -> None:
        """Wait until all of it is done."""
        self._owner.binding.synchronize(self.handle)

    def capture(self, work: Callable[[], None]) -> CudaGraph:
        """Return what `work` queues on this stream as a graph; nothing of it is done now."""
        binding = self._owner.binding
        binding.begin_capture(self.handle)
        try:
            work()
        except BaseException:
            self._abandon_capture()
            raise
        return CudaGraph(self._owner, binding.end_capture(self.handle))

    def _abandon_capture(self) -> None:
        """End a capture that failed, so that the stream can be used again."""
        binding = self._owner.binding
        try:
            binding.destroy_graph(binding.end_capture(self.handle))
        except RunFailed:
            # What made the work fail has spoilt the capture too, and is already on its way.
            return


class Event(Resource):
    """A point in a stream that has a time."""

    def __init__(self, owner: Cuda) -> None:
        super().__init__(owner, owner.binding.create_event(), owner.binding.destroy_event)

    def record(self, stream: Stream) -> None:
        """Happen once the stream comes to it."""
        self._owner.binding.record(self.handle, stream.handle)

    def wait(self) -> None:
        """Return once it has happened."""
        self._owner.binding.wait(self.handle)

    def since(self, start: Event) -> float:
        """Return the milliseconds from `start` to this; both have happened."""
        return self._owner.binding.elapsed(start.handle, self.handle)


class CudaGraph(Resource):
    """Work that is queued with one call."""

    def __init__(self, owner: Cuda, handle: int) -> None:
        super().__init__(owner, handle, owner.binding.destroy_graph)

    def launch(self, stream: Stream) -> None:
        """Queue all of it."""
        self._owner.binding.launch(self.handle, stream.handle)


class Cuda:
    """CUDA on one device, for one thread; a context manager.

    Attributes:
        binding: what speaks to CUDA.
        held: what was handed out and not given back yet.
    """

    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        self.held: dict[int, Resource] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back all that is left, the youngest first, and leave the device.

        Raises:
            RunFailed: CUDA refuses, mostly because an earlier kernel failed; the rest is still
                tried.
        """
        failures = []
        for resource in reversed(list(self.held.values())):
            try:
                resource.close()
            except RunFailed as error:
                failures.append(error)
        self.binding.close()
        if failures:
            raise failures[0]

    def memory(self) -> tuple[int, int]:
        """Return free and total bytes of the device."""
        return self.binding.memory()

    def buffer(self, size: int) -> DeviceBuffer:
        """Return new device memory of `size` bytes."""
        return DeviceBuffer(self, size)

    def pinned(self, shape: Sequence[int], dtype: np.dtype[Any]) -> PinnedArray:
        """Return a new page-locked array; its content is undefined."""
        return PinnedArray(self, shape, dtype)

    def stream(self) -> Stream:
        """Return a new stream."""
        return Stream(self)

    def event(self) -> Event:
        """Return a new event."""
        return Event(self)


OPENERS: dict[str, Callable[[int], Binding]] = {
    "cuda-python": open_runtime,
    "pycuda": open_pycuda,
}
"""The bindings, the preferred first; each raises ImportError where it is not installed."""


def open_cuda(device: int = 0, binding: str | None = None) -> Cuda:
    """Return CUDA on the device with this number.

    Args:
        device: as CUDA counts.
        binding: `cuda-python` or `pycuda`; None takes the first that is installed.

    Raises:
        RunFailed: neither binding is installed, there is no driver or no such GPU.
    """
    wanted = OPENERS if binding is None else {binding: OPENERS[binding]}
    missing = []
    for opener in wanted.values():
        try:
            return Cuda(opener(device))
        except (ImportError, OSError) as error:
            missing.append(str(error))
    raise RunFailed(
        f"CUDA cannot be reached from Python: {'; '.join(missing)}.",
        hint="Install it with: pip install 'surgeon-gui[gpu]'. It also needs NVIDIA's driver.",
    )
