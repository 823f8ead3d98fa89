"""CUDA through pycuda, whose objects free themselves and whose errors are exceptions."""

from __future__ import annotations

import ctypes
import importlib
import itertools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from surgeon_gui.errors import RunFailed

T = TypeVar("T")

_NON_BLOCKING = 1
"""CU_STREAM_NON_BLOCKING: such a stream does not wait for the default one."""


class PycudaBinding:
    """See `Binding`. Keeps pycuda's objects by the numbers that stand for them.

    Args:
        driver: the module `pycuda.driver`.
        device: as CUDA counts.
    """

    name = "pycuda"
    has_graphs = False

    def __init__(self, driver: Any, device: int) -> None:
        self._cuda = driver
        self._objects: dict[int, Any] = {}
        self._numbers = itertools.count(1)
        self._try("cuInit", driver.init)
        # TensorRT works in the primary context; memory of another one would mean nothing to it.
        chosen = self._try("cuDeviceGet", lambda: driver.Device(device))
        self._context = self._try("cuCtxCreate", chosen.retain_primary_context)
        self._context.push()

    def _try(self, function: str, work: Callable[[], T]) -> T:
        try:
            return work()
        except self._cuda.Error as error:
            text = str(error).strip()
            hint = None
            if isinstance(error, self._cuda.MemoryError) or "out of memory" in text:
                hint = "Use a smaller batch, or close other programs that use the GPU."
            raise RunFailed(f"CUDA: {text}.", where=function, hint=hint) from error

    def memory(self) -> tuple[int, int]:
        free, total = self._try("cuMemGetInfo", self._cuda.mem_get_info)
        return int(free), int(total)

    def malloc(self, size: int) -> int:
        allocation = self._try("cuMemAlloc", lambda: self._cuda.mem_alloc(size))
        self._objects[int(allocation)] = allocation
        return int(allocation)

    def free(self, address: int) -> None:
        self._try("cuMemFree", self._objects.pop(address).free)

    def malloc_host(self, size: int) -> int:
        array = self._try("cuMemHostAlloc", lambda: self._cuda.pagelocked_empty(size, np.uint8))
        address = int(array.ctypes.data)
        self._objects[address] = array
        return address

    def free_host(self, address: int) -> None:
        self._try("cuMemFreeHost", self._objects.pop(address).base.free)

    def copy_to_device(self, target: int, source: int, size: int, stream: int) -> None:
        memory = (ctypes.c_char * size).from_address(source)
        queue = self._objects[stream]
        self._try("cuMemcpyHtoDAsync", lambda: self._cuda.memcpy_htod_async(target, memory, queue))

    def copy_to_host(self, target: int, source: int, size: int, stream: int) -> None:
        memory = (ctypes.c_char * size).from_address(target)
        queue = self._objects[stream]
        self._try("cuMemcpyDtoHAsync", lambda: self._cuda.memcpy_dtoh_async(memory, source, queue))

    def create_stream(self) -> int:
        stream = self._try("cuStreamCreate", lambda: self._cuda.Stream(_NON_BLOCKING))
        self._objects[int(stream.handle)] = stream
        return int(stream.handle)

    def synchronize(self, stream: int) -> None:
        self._try("cuStreamSynchronize", self._objects[stream].synchronize)

    def destroy_stream(self, stream: int) -> None:
        # pycuda destroys a stream with the last reference to it.
        del self._objects[stream]

    def create_event(self) -> int:
        event = self._try("cuEventCreate", self._cuda.Event)
        # Events do not tell their handle; these numbers are below any address.
        number = next(self._numbers)
        self._objects[number] = event
        return number

    def record(self, event: int, stream: int) -> None:
        queue = self._objects[stream]
        self._try("cuEventRecord", lambda: self._objects[event].record(queue))

    def wait(self, event: int) -> None:
        self._try("cuEventSynchronize", self._objects[event].synchronize)

    def elapsed(self, start: int, end: int) -> float:
        first, last = self._objects[start], self._objects[end]
        return float(self._try("cuEventElapsedTime", lambda: last.time_since(first)))

    def destroy_event(self, event: int) -> None:
        del self._objects[event]

    def begin_capture(self, stream: int) -> None:
        raise _no_graphs()

    def end_capture(self, stream: int) -> int:
        raise _no_graphs()

    def launch(self, graph: int, stream: int) -> None:
        raise _no_graphs()

    def destroy_graph(self, graph: int) -> None:
        raise _no_graphs()

    def close(self) -> None:
        """Leave the device."""
        self._objects.clear()
        self._context.pop()
        self._context.detach()


def open_pycuda(device: int) -> PycudaBinding:
    """Return the binding.

    Raises:
        ImportError: pycuda is not installed, or there is no driver.
        RunFailed: there is no such GPU.
    """
    return PycudaBinding(importlib.import_module("pycuda.driver"), device)


def _no_graphs() -> RunFailed:
    return RunFailed(
        "pycuda has no CUDA graphs.", hint="Install cuda-python: pip install 'surgeon-gui[gpu]'."
    )
