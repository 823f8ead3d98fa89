"""Engines that stay on the GPU and run whenever they are asked, as the segments of a hybrid do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from surgeon_gui.engine.cuda import Cuda, open_cuda
from surgeon_gui.engine.devices import Device, find_devices
from surgeon_gui.engine.fits import gpu_obstacle
from surgeon_gui.engine.flavours import load_flavour
from surgeon_gui.engine.lane import Lane
from surgeon_gui.engine.load import Engine, load_engine
from surgeon_gui.engine.plan import read_plan_header
from surgeon_gui.engine.tensors import interface_of
from surgeon_gui.errors import RunFailed
from surgeon_gui.graph.values import Array
from surgeon_gui.jobs.engine_card import read_card


class ResidentEngine:
    """One engine with its memory for one set of input shapes; other shapes get new memory.

    Args:
        loaded: the engine.
        cuda: where memory comes from; it outlives this object.
    """

    def __init__(self, loaded: Engine, cuda: Cuda) -> None:
        self._loaded = loaded
        self._cuda = cuda
        self._interface = interface_of(loaded.engine, loaded.flavour)
        self._lane: Lane | None = None
        self._shapes: dict[str, tuple[int, ...]] = {}

    def __call__(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs for the inputs, by the engine's names.

        Raises:
            RunFailed: TensorRT or CUDA refuses, or an input is missing.
        """
        names = [tensor.name for tensor in self._interface.tensors if tensor.is_input]
        missing = next((name for name in names if name not in feeds), None)
        if missing is not None:
            raise RunFailed("This input of the engine has no value.", where=missing)
        shapes = {name: tuple(feeds[name].shape) for name in names}
        if self._lane is None or shapes != self._shapes:
            self._lane = Lane(self._loaded, self._interface, self._cuda, feeds)
            self._shapes = shapes
        else:
            self._lane.refill(feeds)
        self._lane.send()
        self._lane.enqueue()
        hosts = self._lane.fetch()
        self._lane.stream.synchronize()
        return {name: host.array.copy() for name, host in hosts.items()}


class ResidentEngines:
    """Loads plans onto one GPU; a plan asked for twice is read once.

    Args:
        cuda: CUDA on that GPU.
        device: the GPU.
    """

    def __init__(self, cuda: Cuda, device: Device) -> None:
        self._cuda = cuda
        self._device = device
        self._engines: dict[Path, Engine] = {}

    def open(self, path: Path) -> ResidentEngine:
        """Load the plan in a file.

        Raises:
            OpenError: the file cannot be read.
            RunFailed: it does not run on this GPU; the message says why.
        """
        loaded = self._engines.get(path)
        if loaded is None:
            header = read_plan_header(path)
            card = read_card(path)
            gpus = card.gpus if card is not None else ()
            flavour = load_flavour(header.flavour)
            loaded = self._engines[path] = load_engine(path, flavour, self._device, gpus)
        return ResidentEngine(loaded, self._cuda)


@contextmanager
def resident_engines(flavours: tuple[str, ...] = ("rtx", "tensorrt")) -> Iterator[ResidentEngines]:
    """Open the first GPU for engines of one of these flavours.

    Raises:
        RunFailed: there is no GPU, or none of the flavours runs on it.
    """
    found = find_devices()
    device = found.devices[0] if found.devices else None
    obstacles = [gpu_obstacle(flavour, (), device, found.problem) for flavour in flavours]
    if device is None or all(obstacle is not None for obstacle in obstacles):
        first = obstacles[0] if obstacles else None
        reason = first.reason if first else "There is no GPU here."
        raise RunFailed(reason, hint=first.hint if first else None)
    with open_cuda(device.index) as cuda:
        yield ResidentEngines(cuda, device)
