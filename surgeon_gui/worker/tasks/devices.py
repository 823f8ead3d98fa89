"""Look at the GPUs, the CUDA bindings and the TensorRTs of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from surgeon_gui.errors import EngineError, RunFailed
from surgeon_gui.graph.creators import FoundCreator, note_creators
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import DevicesResult, DevicesSpec, FlavourInfo, GpuInfo, PluginInfo
from surgeon_gui.worker.registry import task

if TYPE_CHECKING:
    from surgeon_gui.engine.devices import Devices
    from surgeon_gui.engine.flavours import Flavour


@task("devices")
def look(spec: DevicesSpec, report: Report) -> DevicesResult:
    """Return what there is; what is missing has its reason."""
    from surgeon_gui.engine.cuda import open_cuda
    from surgeon_gui.engine.devices import find_devices
    from surgeon_gui.engine.flavours import installed_flavours

    report.progress("Looking for GPUs")
    found = find_devices()
    cuda, trouble = None, None
    try:
        with open_cuda() as opened:
            cuda = opened.binding.name
    except RunFailed as error:
        trouble = str(error)
    report.progress("Looking for TensorRT")
    flavours = tuple(_described(flavour, found, spec.plugins) for flavour in installed_flavours())
    note_creators(
        FoundCreator(plugin.name, plugin.version, plugin.namespace, plugin.fields, flavour.version)
        for flavour in flavours
        for plugin in flavour.plugins
    )
    return DevicesResult(
        gpus=tuple(
            GpuInfo(item.index, item.name, item.capability, item.memory_bytes)
            for item in found.devices
        ),
        flavours=flavours,
        driver=found.driver,
        problem=found.problem,
        cuda=cuda,
        cuda_problem=trouble,
    )


def _described(flavour: Flavour, here: Devices, libraries: tuple[Path, ...]) -> FlavourInfo:
    from surgeon_gui.engine.fits import gpu_obstacle
    from surgeon_gui.engine.plugins import list_creators, load_plugins, takes_plugins

    takes, problem = takes_plugins(flavour), None
    try:
        load_plugins(flavour, libraries if takes else ())
    except EngineError as error:
        problem = str(error)
    obstacles = [(device, gpu_obstacle(flavour.id, (), device)) for device in here.devices]
    return FlavourInfo(
        id=flavour.id,
        title=flavour.title,
        version=flavour.version,
        builds_for=flavour.targets,
        obstacles=tuple(f"{device.name}: {found.reason}" for device, found in obstacles if found),
        takes_plugins=takes,
        plugins=tuple(
            PluginInfo(item.name, item.version, item.namespace, item.fields)
            for item in (list_creators(flavour) if takes else ())
        ),
        problem=problem,
    )
