"""One execution context with its stream and memory: what runs, once or many times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from surgeon_gui.engine.cuda import Cuda, CudaGraph, DeviceBuffer, PinnedArray
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.load import Engine
from surgeon_gui.engine.tensors import Dims, Interface, IoTensor
from surgeon_gui.errors import RunFailed
from surgeon_gui.graph.values import Array


class Lane:
    """A context of its own; lanes of one engine run side by side.

    Args:
        loaded: the engine.
        interface: the way to its tensors.
        cuda: where memory comes from; it outlives the lane.
        feeds: an array per input, of its dtype and a shape the engine takes.
        profile: which optimization profile.
        cuda_graph: run as one CUDA graph where TensorRT does that itself.

    Raises:
        RunFailed: TensorRT or CUDA refuses; mostly too little memory.
    """

    def __init__(
        self,
        loaded: Engine,
        interface: Interface,
        cuda: Cuda,
        feeds: Mapping[str, Array],
        *,
        profile: int = 0,
        cuda_graph: bool = False,
    ) -> None:
        self._interface = interface
        self._cuda = cuda
        self._flavour = loaded.flavour
        self.stream = cuda.stream()
        self.context = _context(loaded, cuda_graph and has_graph_strategy(loaded.flavour))
        if profile and not self.context.set_optimization_profile_async(profile, self.stream.handle):
            raise RunFailed(f"TensorRT refuses the optimization profile {profile}.")
        self.stream.synchronize()
        self._inputs: dict[str, tuple[PinnedArray, DeviceBuffer | None]] = {}
        self._outputs: dict[str, _Output] = {}
        self._graph: CudaGraph | None = None
        for tensor in interface.tensors:
            if tensor.is_input:
                self._add_input(tensor, feeds[tensor.name])
        for tensor in interface.tensors:
            if not tensor.is_input:
                shape = interface.shape(self.context, tensor.name)
                self._outputs[tensor.name] = self._add_output(tensor, shape)

    def _add_input(self, tensor: IoTensor, array: Array) -> None:
        self._interface.set_shape(self.context, tensor.name, tuple(array.shape))
        host = self._cuda.pinned(array.shape, array.dtype)
        host.array[...] = array
        device = None if tensor.on_host else self._cuda.buffer(host.size)
        memory = host if device is None else device
        self._interface.bind(self.context, tensor.name, memory.handle)
        self._inputs[tensor.name] = (host, device)

    def _add_output(self, tensor: IoTensor, shape: Dims) -> _Output:
        output = _Output(self._cuda, _numpy(tensor))
        if min(shape, default=0) < 0:
            output.allocator = _allocator(self._flavour, output)
            if not self.context.set_output_allocator(tensor.name, output.allocator):
                raise RunFailed("TensorRT refuses to size this output itself.", where=tensor.name)
            return output
        output.shape = shape
        if tensor.on_host:
            output.host = self._cuda.pinned(shape, output.dtype)
            address = output.host.handle
        else:
            address = output.grow(int(np.prod(shape, dtype=np.int64)) * output.dtype.itemsize)
        self._interface.bind(self.context, tensor.name, address)
        return output

    def refill(self, feeds: Mapping[str, Array]) -> None:
        """Take other values for the inputs, of the same shapes."""
        for name, (host, _) in self._inputs.items():
            host.array[...] = feeds[name]

    def send(self) -> None:
        """Queue the copies of all inputs to the GPU."""
        for host, device in self._inputs.values():
            if device is not None:
                self.stream.copy_to_device(device, host)

    def enqueue(self) -> None:
        """Queue one run."""
        if self._graph is not None:
            self._graph.launch(self.stream)
        else:
            self._interface.enqueue(self.context, self.stream.handle)

    def capture(self) -> None:
        """Make every run from now on one launch of a CUDA graph; a run has been done before.

        Raises:
            RunFailed: the engine does something that cannot be captured.
        """
        handle = self.stream.handle
        self._graph = self.stream.capture(lambda: self._interface.enqueue(self.context, handle))

    def drop_graph(self) -> None:
        """Run layer by layer again, as a profiler needs it."""
        if self._graph is not None:
            self._graph.close()
            self._graph = None

    def fetch(self) -> dict[str, PinnedArray]:
        """Queue the copies of all outputs from the GPU; they are there after `synchronize`.

        Where TensorRT sizes an output while it runs, the run has to be over before.
        """
        if any(output.allocator is not None for output in self._outputs.values()):
            self.stream.synchronize()
        found = {}
        for name, output in self._outputs.items():
            if output.buffer is not None:
                if output.host is None or output.host.array.shape != output.shape:
                    output.replace_host()
                assert output.host is not None
                self.stream.copy_to_host(output.host, output.buffer)
            elif output.host is None:
                output.replace_host()
            assert output.host is not None
            found[name] = output.host
        return found


class _Output:
    """An output's memory; TensorRT may tell its size only while running."""

    def __init__(self, cuda: Cuda, dtype: np.dtype[Any]) -> None:
        self._cuda = cuda
        self.dtype = dtype
        self.shape: Dims = (0,)
        self.buffer: DeviceBuffer | None = None
        self.host: PinnedArray | None = None
        self.allocator: Any = None

    def grow(self, size: int) -> int:
        """Return the address of at least `size` bytes."""
        if self.buffer is None or self.buffer.size < size:
            if self.buffer is not None:
                self.buffer.close()
            self.buffer = self._cuda.buffer(size)
        return self.buffer.handle

    def resize(self, shape: Dims) -> None:
        """Take the shape this run came to."""
        self.shape = shape

    def replace_host(self) -> None:
        """Make room on the host for the present shape."""
        if self.host is not None:
            self.host.close()
        self.host = self._cuda.pinned(self.shape, self.dtype)


def has_graph_strategy(flavour: Flavour) -> bool:
    """Whether TensorRT captures CUDA graphs itself when asked, as that for RTX does."""
    return flavour.has("CudaGraphStrategy", "WHOLE_GRAPH_CAPTURE")


def _context(loaded: Engine, own_graph: bool) -> Any:
    if own_graph:
        config = loaded.engine.create_runtime_config()
        strategy = loaded.flavour.get("CudaGraphStrategy", "WHOLE_GRAPH_CAPTURE")
        config.cuda_graph_strategy = strategy
        context = loaded.engine.create_execution_context(config)
    else:
        context = loaded.engine.create_execution_context()
    if context is None:
        raise RunFailed(
            "TensorRT cannot make room to run this engine.",
            hint="Close other programs that use the GPU, or use fewer streams.",
        )
    return context


def _allocator(flavour: Flavour, output: _Output) -> Any:
    """Return an IOutputAllocator that sizes `output`."""

    def reallocate(
        _self: Any, _name: str, _memory: Any, size: int, _alignment: int, *_stream: Any
    ) -> int:
        return output.grow(size)

    def notify(_self: Any, _name: str, shape: Any) -> None:
        output.resize(tuple(shape))

    base = flavour.get("IOutputAllocator")
    made: Callable[[], Any] = type(
        "OutputAllocator",
        (base,),
        {
            "reallocate_output": reallocate,
            "reallocate_output_async": reallocate,
            "notify_shape": notify,
        },
    )
    return made()


def _numpy(tensor: IoTensor) -> np.dtype[Any]:
    dtype = tensor.dtype.numpy
    if dtype is None:
        raise RunFailed(f"There are no arrays of {tensor.dtype.text} here.", where=tensor.name)
    return np.dtype(dtype)
