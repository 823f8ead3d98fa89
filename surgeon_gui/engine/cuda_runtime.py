"""CUDA through cuda-python's runtime module: answers are tuples that begin with an error."""

from __future__ import annotations

import importlib
from typing import Any

from surgeon_gui.errors import RunFailed

_MODULES = ("cuda.bindings.runtime", "cuda.cudart")
"""Where the runtime lives in cuda-python since 12.6, and before."""

_HINTS = {
    "cudaErrorInsufficientDriver": "Install or update NVIDIA's driver.",
    "cudaErrorNoDevice": "Runs need an NVIDIA GPU; everything else works without one.",
    "cudaErrorMemoryAllocation": "Use a smaller batch, or close other programs that use the GPU.",
    "cudaErrorInvalidDevice": "Choose one of the GPUs that are listed.",
    "cudaErrorSystemNotReady": "Restart the machine, or NVIDIA's fabric manager on a server.",
}


class RuntimeBinding:
    """See `Binding`.

    Args:
        runtime: the module.
        device: as CUDA counts.
    """

    name = "cuda-python"
    has_graphs = True

    def __init__(self, runtime: Any, device: int) -> None:
        self._cuda = runtime
        self._call("cudaSetDevice", device)

    def _call(self, function: str, *arguments: Any) -> Any:
        """Call a function and return what follows the error; one value stands alone."""
        error, *values = getattr(self._cuda, function)(*arguments)
        if error != self._cuda.cudaError_t.cudaSuccess:
            raise self._failure(function, error)
        return values[0] if len(values) == 1 else tuple(values)

    def _failure(self, function: str, error: Any) -> RunFailed:
        name = _text(self._cuda.cudaGetErrorName(error)[1])
        words = _text(self._cuda.cudaGetErrorString(error)[1])
        # An error stays with the thread until it is asked for; the next launch would report it.
        self._cuda.cudaGetLastError()
        return RunFailed(f"CUDA: {words} ({name}).", where=function, hint=_HINTS.get(name))

    def memory(self) -> tuple[int, int]:
        free, total = self._call("cudaMemGetInfo")
        return int(free), int(total)

    def malloc(self, size: int) -> int:
        return int(self._call("cudaMalloc", size))

    def free(self, address: int) -> None:
        self._call("cudaFree", address)

    def malloc_host(self, size: int) -> int:
        return int(self._call("cudaMallocHost", size))

    def free_host(self, address: int) -> None:
        self._call("cudaFreeHost", address)

    def copy_to_device(self, target: int, source: int, size: int, stream: int) -> None:
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._call("cudaMemcpyAsync", target, source, size, kind, stream)

    def copy_to_host(self, target: int, source: int, size: int, stream: int) -> None:
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._call("cudaMemcpyAsync", target, source, size, kind, stream)

    def create_stream(self) -> int:
        # Not the blocking kind: that one waits for whatever a library queues on the default stream.
        flag = self._cuda.cudaStreamNonBlocking
        return int(self._call("cudaStreamCreateWithFlags", flag))

    def synchronize(self, stream: int) -> None:
        self._call("cudaStreamSynchronize", stream)

    def destroy_stream(self, stream: int) -> None:
        self._call("cudaStreamDestroy", stream)

    def create_event(self) -> int:
        return int(self._call("cudaEventCreate"))

    def record(self, event: int, stream: int) -> None:
        self._call("cudaEventRecord", event, stream)

    def wait(self, event: int) -> None:
        self._call("cudaEventSynchronize", event)

    def elapsed(self, start: int, end: int) -> float:
        return float(self._call("cudaEventElapsedTime", start, end))

    def destroy_event(self, event: int) -> None:
        self._call("cudaEventDestroy", event)

    def begin_capture(self, stream: int) -> None:
        mode = self._cuda.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._call("cudaStreamBeginCapture", stream, mode)

    def end_capture(self, stream: int) -> int:
        graph = self._call("cudaStreamEndCapture", stream)
        try:
            return int(self._call("cudaGraphInstantiate", graph, 0))
        finally:
            self._call("cudaGraphDestroy", graph)

    def launch(self, graph: int, stream: int) -> None:
        self._call("cudaGraphLaunch", graph, stream)

    def destroy_graph(self, graph: int) -> None:
        self._call("cudaGraphExecDestroy", graph)

    def close(self) -> None:
        """Leave the device; its context belongs to the process and stays."""


def open_runtime(device: int) -> RuntimeBinding:
    """Return the binding.

    Raises:
        ImportError: cuda-python is not installed.
        RunFailed: there is no driver or no such GPU.
    """
    for name in _MODULES:
        try:
            runtime = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        return RuntimeBinding(runtime, device)
    raise ModuleNotFoundError("cuda-python is not installed")


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
