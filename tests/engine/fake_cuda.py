"""A CUDA runtime without a GPU: the functions of `cuda.bindings.runtime` that are used.

Device memory is host memory. Work given to a stream is done when something waits for it, not
before, so that a missing wait shows as wrong numbers.
"""

from __future__ import annotations

import ctypes
import itertools
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

OK, OUT_OF_MEMORY, INVALID = 0, 2, 1

_WORDS = {
    OUT_OF_MEMORY: ("cudaErrorMemoryAllocation", "out of memory"),
    INVALID: ("cudaErrorInvalidValue", "invalid argument"),
    35: ("cudaErrorInsufficientDriver", "CUDA driver version is insufficient"),
    100: ("cudaErrorNoDevice", "no CUDA-capable device is detected"),
}


class FakeRuntime:
    """The module. One GPU with `total` bytes; every queued work takes 1 ms.

    Attributes:
        live: what was made and not given back, by handle, with its kind.
    """

    cudaError_t = SimpleNamespace(cudaSuccess=OK)
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)
    cudaStreamNonBlocking = 1

    def __init__(self, total: int = 1 << 30, *, error: int = OK) -> None:
        self.total = total
        self.error = error
        self.live: dict[int, str] = {}
        self.made = 0
        self.clock = 0.0
        self.noted: Callable[[], None] | None = None
        self._memory: dict[int, Any] = {}
        self._queues: dict[int, deque[Callable[[], None]]] = {}
        self._captures: dict[int, list[Callable[[], None]]] = {}
        self._times: dict[int, float] = {}
        self._graphs: dict[int, list[Callable[[], None]]] = {}
        self._numbers = itertools.count(1000)

    def _new(self, kind: str, handle: int | None = None) -> int:
        number = next(self._numbers) if handle is None else handle
        self.live[number] = kind
        self.made += 1
        return number

    def _end(self, handle: int, kind: str) -> tuple[int]:
        if self.live.get(handle) != kind:
            return (INVALID,)
        del self.live[handle]
        return (OK,)

    def enqueue(self, stream: int, work: Callable[[], None], milliseconds: float = 1.0) -> None:
        """Give a stream work, as a kernel launch does."""

        def timed() -> None:
            work()
            self.clock += milliseconds

        if stream in self._captures:
            self._captures[stream].append(timed)
        else:
            self._queues[stream].append(timed)

    def view(self, address: int, size: int) -> Any:
        """Return the memory at an address, which must have been allocated."""
        for start, memory in self._memory.items():
            if start <= address and address + size <= start + len(memory):
                return (ctypes.c_char * size).from_address(address)
        raise AssertionError(f"no memory of {size} bytes at {address}")

    def cudaSetDevice(self, device: int) -> tuple[int]:
        return (self.error or (OK if device == 0 else 101),)

    def cudaGetLastError(self) -> tuple[int]:
        return (OK,)

    def cudaGetErrorName(self, error: int) -> tuple[int, bytes]:
        return OK, _WORDS.get(error, ("cudaErrorInvalidDevice", ""))[0].encode()

    def cudaGetErrorString(self, error: int) -> tuple[int, bytes]:
        return OK, _WORDS.get(error, ("", "invalid device ordinal"))[1].encode()

    def cudaMemGetInfo(self) -> tuple[int, int, int]:
        used = sum(len(self._memory[at]) for at, kind in self.live.items() if kind == "device")
        return OK, self.total - used, self.total

    def _allocate(self, size: int, kind: str) -> tuple[int, int | None]:
        if kind == "device" and size > self.cudaMemGetInfo()[1]:
            return OUT_OF_MEMORY, None
        memory = ctypes.create_string_buffer(b"\xab" * size, size)
        address = ctypes.addressof(memory)
        self._memory[address] = memory
        return OK, self._new(kind, address)

    def _release(self, address: int, kind: str) -> tuple[int]:
        done = self._end(address, kind)
        if done == (OK,):
            del self._memory[address]
        return done

    def cudaMalloc(self, size: int) -> tuple[int, int | None]:
        return self._allocate(size, "device")

    def cudaFree(self, address: int) -> tuple[int]:
        return self._release(address, "device")

    def cudaMallocHost(self, size: int) -> tuple[int, int | None]:
        return self._allocate(size, "host")

    def cudaFreeHost(self, address: int) -> tuple[int]:
        return self._release(address, "host")

    def cudaMemcpyAsync(
        self, target: int, source: int, size: int, kind: int, stream: int
    ) -> tuple[int]:
        self.view(target, size)
        self.view(source, size)
        self.enqueue(stream, lambda: void(ctypes.memmove(target, source, size)), 0.25)
        return (OK,)

    def cudaStreamCreateWithFlags(self, flags: int) -> tuple[int, int]:
        stream = self._new("stream")
        self._queues[stream] = deque()
        return OK, stream

    def cudaStreamSynchronize(self, stream: int) -> tuple[int]:
        if stream in self._captures:
            return (INVALID,)
        queue = self._queues[stream]
        while queue:
            queue.popleft()()
        return (OK,)

    def cudaStreamDestroy(self, stream: int) -> tuple[int]:
        self.cudaStreamSynchronize(stream)
        return self._end(stream, "stream")

    def cudaEventCreate(self) -> tuple[int, int]:
        return OK, self._new("event")

    def cudaEventRecord(self, event: int, stream: int) -> tuple[int]:
        def happen() -> None:
            self._times[event] = self.clock

        self._times.pop(event, None)
        self.enqueue(stream, happen, 0.0)
        return (OK,)

    def cudaEventSynchronize(self, event: int) -> tuple[int]:
        for stream in self._queues:
            if event in self._times:
                break
            self.cudaStreamSynchronize(stream)
        return (OK if event in self._times else INVALID,)

    def cudaEventElapsedTime(self, start: int, end: int) -> tuple[int, float]:
        return OK, self._times[end] - self._times[start]

    def cudaEventDestroy(self, event: int) -> tuple[int]:
        return self._end(event, "event")

    def cudaStreamBeginCapture(self, stream: int, mode: int) -> tuple[int]:
        self._captures[stream] = []
        return (OK,)

    def cudaStreamEndCapture(self, stream: int) -> tuple[int, int]:
        graph = self._new("graph")
        self._graphs[graph] = self._captures.pop(stream)
        return OK, graph

    def cudaGraphInstantiate(self, graph: int, flags: int) -> tuple[int, int]:
        made = self._new("executable")
        self._graphs[made] = list(self._graphs[graph])
        return OK, made

    def cudaGraphDestroy(self, graph: int) -> tuple[int]:
        return self._end(graph, "graph")

    def cudaGraphExecDestroy(self, graph: int) -> tuple[int]:
        return self._end(graph, "executable")

    def cudaGraphLaunch(self, graph: int, stream: int) -> tuple[int]:
        self._queues[stream].extend(self._graphs[graph])
        return (OK,)


def void(_value: object) -> None:
    """Drop a value, where a function must return nothing."""
