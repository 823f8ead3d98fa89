"""What an engine file is: from its first bytes, its card, and TensorRT's inspector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from surgeon_gui.engine.cuda import open_cuda
from surgeon_gui.engine.devices import Devices, find_devices
from surgeon_gui.engine.fits import installed_versions, obstacles
from surgeon_gui.engine.flavours import Flavour, load_flavour
from surgeon_gui.engine.load import load_engine
from surgeon_gui.engine.plan import read_plan_header
from surgeon_gui.engine.plugins import load_plugins
from surgeon_gui.errors import EngineError, RunFailed
from surgeon_gui.jobs.engine_card import missing_card, nodes_of, read_card
from surgeon_gui.jobs.engine_spec import EngineLayer, EngineResult, EngineSpec, Trouble
from surgeon_gui.jobs.report import Report


def about(spec: EngineSpec, report: Report) -> EngineResult:
    """Return what an engine file is, and what keeps it from running here.

    Raises:
        OpenError: it cannot be read or is no engine.
    """
    report.progress("Looking at the file")
    here = find_devices()
    known = told_by_file(spec.engine, here, installed_versions())
    if known.obstacles or not here.devices:
        return known
    report.progress("Loading the engine")
    try:
        flavour = load_flavour(known.flavour)
        with open_cuda(0):
            load_plugins(flavour, spec.plugins)
            gpus = known.card.gpus if known.card is not None else ()
            loaded = load_engine(spec.engine, flavour, here.devices[0], gpus)
            names = known.card.layers if known.card is not None else {}
            layers = inspected(loaded.engine, flavour, names)
    except RunFailed as error:
        return replace(known, obstacles=(Trouble(error.message, error.hint or ""),))
    except EngineError as error:
        return replace(known, layers_problem=error.message)
    return replace(known, layers=layers)


def told_by_file(path: Path, here: Devices, versions: Mapping[str, str]) -> EngineResult:
    """Return what header and card tell, and what of this machine does not fit.

    Raises:
        OpenError: it cannot be read or is no engine.
    """
    header = read_plan_header(path)
    card = read_card(path)
    found = obstacles(
        header,
        card.gpus if card else (),
        here,
        versions,
        version_compatible=card is not None and card.settings.version_compatible,
    )
    return EngineResult(
        flavour=header.flavour,
        tensorrt=header.version or (card.tensorrt if card else None),
        bytes=header.bytes,
        card=card,
        obstacles=tuple(Trouble(item.reason, item.hint) for item in found),
        layers_problem="Its layers are told by TensorRT on a GPU it runs on." if found else None,
        card_problem="" if card is not None else missing_card(path),
    )


def inspected(
    engine: Any, flavour: Flavour, origins: Mapping[str, tuple[str, ...]]
) -> tuple[EngineLayer, ...]:
    """Return an engine's layers as its inspector tells them.

    Args:
        engine: the ICudaEngine.
        flavour: its TensorRT.
        origins: GraphDef nodes by layer of the network.

    Raises:
        EngineError: what the inspector says cannot be read.
    """
    inspector = engine.create_engine_inspector()
    form = flavour.get("LayerInformationFormat", "JSON")
    try:
        told = json.loads(inspector.get_engine_information(form))["Layers"]
    except (ValueError, KeyError, TypeError) as error:
        raise EngineError("TensorRT does not tell the layers of this engine.") from error
    return tuple(_layer(item, origins) for item in told)


def _layer(told: object, origins: Mapping[str, tuple[str, ...]]) -> EngineLayer:
    if not isinstance(told, dict):  # Built without details: a name alone.
        return EngineLayer(str(told), nodes=nodes_of(str(told), origins))
    name = str(told.get("Name", ""))
    details = "\n".join(
        f"{key}: {value if isinstance(value, str) else json.dumps(value)}"
        for key, value in told.items()
        if key not in ("Name", "LayerType")
    )
    return EngineLayer(name, str(told.get("LayerType", "")), details, nodes_of(name, origins))
