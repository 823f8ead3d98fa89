"""An engine that runs: the real classes' names and argument counts, numpy or CuPy inside.

Its network takes `x` (float32, batch x 4) and `k` (int32 scalar read on the host, in the versions
with named tensors) and gives `y = max(2x + 1, 0)` and `picked`, the values of y above 1, whose
number only the run tells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from surgeon_gui.engine.flavours import Flavour
from tests.engine.fake_cuda import FakeRuntime
from tests.engine.standin import VERSIONS, arguments_of, module_of, surface

LAYERS = {"conv + relu": 0.75, "pick": 0.25}
"""Milliseconds that each layer says it takes."""


class Memory(Protocol):
    """Where the arrays are that addresses stand for."""

    def launch(self, stream: int, work: Callable[[Any], None]) -> None:
        """Give a stream `work`, which is called with numpy or what is like it."""

    def array(self, address: int, shape: tuple[int, ...], dtype: str) -> Any:
        """Return the array at an address."""

    def synchronize(self, stream: int) -> None:
        """Wait for a stream."""


class HostMemory:
    """The memory of a fake runtime."""

    def __init__(self, runtime: FakeRuntime) -> None:
        self._runtime = runtime

    def launch(self, stream: int, work: Callable[[Any], None]) -> None:
        self._runtime.enqueue(stream, lambda: work(np))

    def array(self, address: int, shape: tuple[int, ...], dtype: str) -> Any:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return np.frombuffer(self._runtime.view(address, size), dtype).reshape(shape)

    def synchronize(self, stream: int) -> None:
        self._runtime.cudaStreamSynchronize(stream)


@dataclass(frozen=True)
class _External:
    """A stream made elsewhere, in CUDA's protocol for them."""

    handle: int

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self.handle


class CardMemory:
    """The memory of the GPU, through CuPy."""

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy

    def launch(self, stream: int, work: Callable[[Any], None]) -> None:
        with self._stream(stream):
            work(self._cupy)

    def array(self, address: int, shape: tuple[int, ...], dtype: str) -> Any:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        memory = self._cupy.cuda.UnownedMemory(address, size, None)
        pointer = self._cupy.cuda.MemoryPointer(memory, 0)
        return self._cupy.ndarray(shape, dtype, pointer)

    def synchronize(self, stream: int) -> None:
        self._stream(stream).synchronize()

    def _stream(self, handle: int) -> Any:
        """Return CuPy's stream of a handle; the way to it changed with CuPy 14."""
        streams = self._cupy.cuda
        if hasattr(streams.Stream, "from_external"):
            return streams.Stream.from_external(_External(handle))
        return streams.ExternalStream(handle)


@dataclass
class Design:
    """What the engine is like.

    Attributes:
        implicit: an implicit batch, as old engines have.
        picking: it has the output whose size is unknown.
        poisoned: y holds NaN and infinity.
        failing: runs are refused.
    """

    implicit: bool = False
    picking: bool = False
    poisoned: bool = False
    failing: bool = False
    runs: list[tuple[int, ...]] = field(default_factory=list)


def _checked(version: str, cls: str, members: dict[str, Any]) -> dict[str, Any]:
    """Return the members this version has, functions refusing a wrong number of arguments."""
    known = surface(version)["classes"][cls]
    kept = {}
    for name, member in members.items():
        if name not in known:
            continue
        kept[name] = member
        if callable(member):
            kept[name] = _counted(name, member, known[name])
    return kept


def _counted(name: str, function: Callable[..., Any], signature: str) -> Callable[..., Any]:
    allowed = arguments_of(signature) if ") ->" in signature else None

    def call(self: Any, *arguments: Any) -> Any:
        if allowed is not None and not allowed[0] <= len(arguments) <= allowed[1]:
            raise TypeError(f"{name} takes {allowed} arguments, not {len(arguments)}")
        return function(self, *arguments)

    return call


def _settable(version: str, cls: str) -> Callable[[Any, str, Any], None]:
    known = surface(version)["classes"][cls]

    def set_attribute(self: Any, name: str, value: Any) -> None:
        if name not in known:
            raise AttributeError(f"{cls} has no {name}")
        self.__dict__[name] = value

    return set_attribute


def fake_engine(version: str, memory: Memory, design: Design) -> Any:
    """Return an ICudaEngine of `version`."""
    trt = module_of(version)
    names = ["x", "y"] if design.implicit else ["x", "k", "y"] + ["picked"] * design.picking
    shapes = {"x": (-1, 4), "k": (), "y": (-1, 4), "picked": (-1,)}

    def context(*_config: Any) -> Any:
        return _context(version, memory, design)

    members: dict[str, Any] = {
        "num_io_tensors": len(names),
        "num_bindings": len(names),
        "max_batch_size": 8,
        "has_implicit_batch_dimension": design.implicit,
        "get_tensor_name": lambda _, index: names[index],
        "get_tensor_mode": lambda _, name: (
            trt.TensorIOMode.INPUT if name in "xk" else trt.TensorIOMode.OUTPUT
        ),
        "get_tensor_dtype": lambda _, name: (
            trt.DataType.INT32 if name == "k" else trt.DataType.FLOAT
        ),
        "get_tensor_shape": lambda _, name: shapes[name],
        "get_tensor_location": lambda _, name: (
            trt.TensorLocation.HOST if name == "k" else trt.TensorLocation.DEVICE
        ),
        "get_tensor_profile_shape": lambda _, name, profile: [(1, 4), (2, 4), (8, 4)],
        "get_binding_name": lambda _, index: names[index],
        "get_binding_shape": lambda _, index: (4,),
        "get_binding_dtype": lambda _, index: trt.DataType.FLOAT,
        "binding_is_input": lambda _, index: names[index] == "x",
        "create_execution_context": lambda _, *config: context(*config),
        "create_runtime_config": lambda _: SimpleNamespace(),
    }
    return type("ICudaEngine", (), _checked(version, "ICudaEngine", members))()


def _context(version: str, memory: Memory, design: Design) -> Any:
    shape: dict[str, tuple[int, ...]] = {}
    places: dict[str, int] = {}
    allocators: dict[str, Any] = {}

    def set_shape(_self: Any, name: str, dims: tuple[int, ...]) -> bool:
        shape[name] = tuple(dims)
        return True

    def get_shape(_self: Any, name: str) -> tuple[int, ...]:
        return {"y": shape["x"], "picked": (-1,)}[name]

    def set_address(_self: Any, name: str, address: int) -> bool:
        places[name] = address
        return True

    def set_allocator(_self: Any, name: str, allocator: Any) -> bool:
        allocators[name] = allocator
        return True

    def enqueue(self: Any, stream: int) -> bool:
        if design.failing:
            return False
        dims = shape["x"]
        design.runs.append(dims)

        def work(xp: Any) -> None:
            x = memory.array(places["x"], dims, "float32")
            y = memory.array(places["y"], dims, "float32")
            xp.multiply(x, np.float32(2), out=y)
            xp.add(y, np.float32(1), out=y)
            xp.maximum(y, np.float32(0), out=y)
            if design.poisoned:
                y[0, 0], y[0, 1] = np.nan, np.inf
            if "picked" in allocators:
                kept = y[y > 1]
                allocator = allocators["picked"]
                at = allocator.reallocate_output("picked", 0, kept.size * 4, 256)
                memory.array(at, kept.shape, "float32")[...] = kept
                allocator.notify_shape("picked", kept.shape)

        memory.launch(stream, work)
        profiler = self.__dict__.get("profiler")
        if profiler is not None:
            memory.synchronize(stream)
            for name, milliseconds in LAYERS.items():
                profiler.report_layer_time(name, milliseconds)
        return True

    def enqueue_numbered(self: Any, batch: int, bindings: list[int], stream: int) -> bool:
        shape["x"] = (batch, 4)
        places["x"], places["y"] = bindings
        return enqueue(self, stream)

    members = {
        "set_input_shape": set_shape,
        "get_tensor_shape": get_shape,
        "set_tensor_address": set_address,
        "set_output_allocator": set_allocator,
        "set_optimization_profile_async": lambda _, profile, stream: profile == 0,
        "execute_async_v3": enqueue,
        "execute_async": enqueue_numbered,
    }
    made = _checked(version, "IExecutionContext", members)
    made["__setattr__"] = _settable(version, "IExecutionContext")
    return type("IExecutionContext", (), made)()


def fake_flavour(
    version: str,
    memory: Memory,
    design: Design,
    *,
    complaint: str | None = None,
    diagnosis: int | None = None,
) -> Flavour:
    """Return a flavour whose Runtime makes the fake engine of any plan.

    Args:
        version: whose names it has.
        memory: where the engine's arrays are.
        design: what the engine is like.
        complaint: what the logger is told instead of an engine being made.
        diagnosis: bits of the RTX runtime's opinion of the plan.
    """
    real = module_of(version)

    def deserialize(self: Any, plan: bytes) -> Any:
        if complaint is not None:
            severity = SimpleNamespace(name="ERROR")
            self.logger.log(severity, complaint)
            return None
        return fake_engine(version, memory, design)

    def validity(self: Any, plan: bytes) -> tuple[Any, int]:
        if diagnosis is None:
            return real.EngineValidity.VALID, 0
        return real.EngineValidity.INVALID, diagnosis

    members = _checked(
        version,
        "Runtime",
        {"deserialize_cuda_engine": deserialize, "get_engine_validity": validity},
    )

    def start(self: Any, logger: Any) -> None:
        self.logger = logger

    runtime = type("Runtime", (), {**members, "__init__": start})
    module = SimpleNamespace(**{**vars(real), "Runtime": runtime})
    return Flavour(VERSIONS[version], version, module)
