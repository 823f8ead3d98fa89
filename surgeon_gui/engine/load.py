"""A plan made into an engine, or the reason in words why it cannot be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surgeon_gui.engine.devices import Device
from surgeon_gui.engine.fits import Obstacle, gpu_obstacle
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.log import collected, logger_for
from surgeon_gui.errors import OpenError, RunFailed


@dataclass(frozen=True)
class Engine:
    """An engine ready to run.

    Attributes:
        flavour: the TensorRT it runs in.
        engine: the ICudaEngine.
        runtime: what it came from, which must outlive it.
    """

    flavour: Flavour
    engine: Any
    runtime: Any


_REASONS: tuple[tuple[str, str, str], ...] = (
    (
        r"magicTag|magic tag|plan\.header\.size|blobSize|stdArchiveReader|Serialization assertion"
        r"|header is corrupt",
        "This engine is damaged or was cut off",
        "Copy it again, or build it again.",
    ),
    (
        r"[Vv]ersion tag|not compatible with this version|different version|safe_version|VERSION",
        "Another version of TensorRT built this engine",
        "Build it again, or install the version that built it.",
    ),
    (
        r"compute capability|incompatible device|different (?:model|device)|platform|target GPU",
        "This engine was built for another GPU",
        "Build it again for this one.",
    ),
    (
        r"find plugin|getPluginCreator|getCreator|Plugin not found",
        "This engine needs a plugin that is not loaded",
        "Add the plugin library that has it.",
    ),
    (
        r"out of memory|OutOfMemory|allocat",
        "There is too little memory on the GPU for this engine",
        "Close other programs that use the GPU, or build with a smaller batch.",
    ),
    (
        r"error 35|insufficient|cudaErrorNoDevice|error 100",
        "CUDA does not work here",
        "Install or update NVIDIA's driver.",
    ),
)
"""A sentence and a remedy by what TensorRT says."""

_BITS = {
    "MALFORMED_ENGINE": 0,
    "VERSION_MISMATCH": 1,
    "UNSUPPORTED_CC": 2,
    "INSUFFICIENT_GPU_MEMORY": 4,
    "OLD_CUDA_DRIVER": 5,
    "OLD_CUDA_RUNTIME": 5,
    "CUDA_ERROR": 5,
}
"""Row of `_REASONS` by TensorRT for RTX's own diagnosis."""


def load_engine(
    path: Path, flavour: Flavour, device: Device | None, gpus: Sequence[str] = ()
) -> Engine:
    """Return the engine in a file; CUDA's device has been chosen.

    Args:
        path: the plan.
        flavour: the TensorRT it is for.
        device: the GPU it shall run on, None where it is not known.
        gpus: compute capabilities it was built for; empty where that is not known.

    Raises:
        OpenError: the file cannot be read.
        RunFailed: TensorRT does not take it; message and hint say why and what to do.
    """
    obstacle = gpu_obstacle(flavour.id, gpus, device) if device is not None else None
    if obstacle is not None:
        raise RunFailed(obstacle.reason, where=str(path), hint=obstacle.hint)
    try:
        plan = path.read_bytes()
    except OSError as error:
        raise OpenError(
            f"The engine cannot be read: {error.strerror or error}.", where=str(path)
        ) from error
    with collected() as said:
        try:
            runtime = flavour.module.Runtime(logger_for(flavour.module))
            found = _diagnosis(runtime, flavour, plan)
            engine = runtime.deserialize_cuda_engine(plan) if found is None else None
        except (TypeError, RuntimeError) as error:
            said.errors.append(str(error).strip())
            engine, found = None, None
    if engine is None:
        obstacle = found or explained(said.errors)
        raise RunFailed(obstacle.reason, where=str(path), hint=obstacle.hint)
    return Engine(flavour, engine, runtime)


def explained(messages: Sequence[str]) -> Obstacle:
    """Return TensorRT's messages on a plan it refuses as one reason with a remedy."""
    text = " ".join(messages)
    for pattern, reason, hint in _REASONS:
        if re.search(pattern, text):
            return Obstacle(f"{reason}: {text}", hint)
    return Obstacle(
        f"TensorRT does not take this engine: {text or 'it gives no reason'}.", "Build it again."
    )


def _diagnosis(runtime: Any, flavour: Flavour, plan: bytes) -> Obstacle | None:
    """Ask TensorRT for RTX what is wrong with a plan; other flavours say it while loading."""
    if not flavour.has("EngineValidity"):
        return None
    validity, bits = runtime.get_engine_validity(plan)
    if validity != flavour.module.EngineValidity.INVALID:
        return None
    for name, row in _BITS.items():
        if int(bits) & int(getattr(flavour.module.EngineInvalidityDiagnostics, name)):
            _, reason, hint = _REASONS[row]
            return Obstacle(f"{reason} ({name}).", hint)
    # Without a driver it says invalid and no reason; loading tells.
    return None
