"""Whether an engine file can run on this machine, told before TensorRT is asked."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surgeon_gui.engine.devices import Device, Devices
from surgeon_gui.engine.flavours import MODULES, RTX_CAPABILITIES
from surgeon_gui.engine.plan import PlanHeader
from surgeon_gui.jobs.message import flavour_title

_PACKAGES = {
    "rtx": ("tensorrt-rtx", "tensorrt_rtx"),
    "tensorrt": ("tensorrt", "tensorrt-cu12", "tensorrt-cu13"),
}


@dataclass(frozen=True)
class Obstacle:
    """Why an engine does not run here, and what to do."""

    reason: str
    hint: str


def installed_versions() -> dict[str, str]:
    """Return the version of each TensorRT that is installed, by flavour; imports none of them."""
    found = {}
    for flavour in MODULES:
        for package in _PACKAGES[flavour]:
            try:
                found[flavour] = importlib.metadata.version(package)
            except importlib.metadata.PackageNotFoundError:
                continue
            break
    return found


def gpu_obstacle(
    flavour: str, gpus: Sequence[str], device: Device | None, problem: str | None = None
) -> Obstacle | None:
    """Return why a plan does not run on a GPU, None where it does as far as can be told.

    Args:
        flavour: of the plan.
        gpus: compute capabilities it was built for; empty where that is not known.
        device: the GPU, None without one.
        problem: why there is none.
    """
    title = flavour_title(flavour)
    if device is None:
        return Obstacle(
            problem or "There is no NVIDIA GPU here to run this engine on.",
            "Copy the engine to a machine with a GPU; building and verifying work without one.",
        )
    here = device.capability
    if flavour == "rtx" and here not in RTX_CAPABILITIES:
        return Obstacle(
            f"{title} does not run on the {device.name} ({here}).",
            f"It runs on {', '.join(RTX_CAPABILITIES)}. "
            f"For this GPU, build the graph with `tensorrt`.",
        )
    named = [gpu for gpu in gpus if gpu != "current"]
    if named and here not in named:
        return Obstacle(
            f"This engine was built for {', '.join(named)}; the {device.name} is {here}.",
            f"Build it again with --gpu {here}.",
        )
    return None


def version_obstacle(
    header: PlanHeader, versions: Mapping[str, str], *, version_compatible: bool = False
) -> Obstacle | None:
    """Return why no installed TensorRT reads a plan, None where one does as far as can be told.

    Args:
        header: the plan's.
        versions: installed version by flavour.
        version_compatible: it was built to run with later versions too.
    """
    title = flavour_title(header.flavour)
    have = versions.get(header.flavour)
    if have is None:
        return Obstacle(
            f"{title} is not installed here, and only it runs this engine.",
            "Install it with: pip install "
            + ("'surgeon-gui[rtx]'." if header.flavour == "rtx" else "tensorrt."),
        )
    wanted = header.version
    if wanted is None or version_compatible or _parts(have) == _parts(wanted):
        return None
    return Obstacle(
        f"This engine was built with {title} {wanted}; installed is {have}.",
        "Build it again, or install that version.",
    )


def obstacles(
    header: PlanHeader,
    gpus: Sequence[str],
    here: Devices,
    versions: Mapping[str, str],
    *,
    version_compatible: bool = False,
    device: int = 0,
) -> tuple[Obstacle, ...]:
    """Return all that keeps an engine from running on a GPU of this machine."""
    chosen = here.devices[device] if device < len(here.devices) else None
    found = (
        version_obstacle(header, versions, version_compatible=version_compatible),
        gpu_obstacle(header.flavour, gpus, chosen, here.problem),
    )
    return tuple(item for item in found if item is not None)


def _parts(version: str) -> list[str]:
    """Return major, minor and patch; what follows is the build's own number."""
    return version.split(".")[:3]
