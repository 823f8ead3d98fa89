"""What to put into a report of a fault: versions, machine, settings, last messages; Qt-free.

Private names stay out: a path is cut to its last part, and the graph is told by its size only.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
import re
from collections import Counter
from dataclasses import dataclass

import surgeon_gui
from surgeon_gui.graph.model import Graph
from surgeon_gui.settings import Settings
from surgeon_gui.ui.machine import Machine

LOG_LINES = 40
OPTIONAL = (
    *("tensorflow", "tf-keras", "tensorrt", "tensorrt-cu12", "tensorrt-cu13"),
    *("tensorrt-rtx", "cuda-python", "pycuda"),
)
_ABSOLUTE = re.compile(
    r"(?<![^\s'\"=(\[])(?:[A-Za-z]:)?(?:[\\/][^\s\\/:'\"]+)+[\\/]([^\s\\/:'\"]+)"
)
_CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True)
class Part:
    """A package the program stands on."""

    name: str
    version: str
    licence: str


def parts() -> tuple[Part, ...]:
    """Return what the program needs, and what of the optional is there, with licences."""
    required = [
        re.split(r"[\s<>=!~\[;(]", line, maxsplit=1)[0]
        for line in importlib.metadata.requires("surgeon-gui") or ()
        if "extra ==" not in line
    ]
    found = []
    for name in (*sorted(required, key=str.lower), *OPTIONAL):
        try:
            about = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found.append(Part(about["Name"], about["Version"], licence_of(about)))
    return tuple(found)


def licence_of(about: importlib.metadata.PackageMetadata) -> str:
    """Return a package's licence in a few words, from whichever field states it."""
    for stated in about.get_all("License-Expression") or ():
        return str(stated)
    for line in about.get_all("Classifier") or ():
        if line.startswith(_CLASSIFIER):
            return str(line.removeprefix(_CLASSIFIER))
    first = str((about.get_all("License") or ("",))[0]).strip().partition("\n")[0]
    return first if 0 < len(first) <= 60 else "see the package"


def diagnostics(
    settings: Settings, machine: Machine, qt: str, graph: Graph | None, target: str, log: str
) -> str:
    """Return the report.

    Args:
        settings: those that differ from the defaults are told.
        machine: GPUs and TensorRTs.
        qt: Qt's version and platform.
        graph: what is on show.
        target: the target's id.
        log: the last messages.
    """
    changed = {
        field.name: getattr(settings, field.name)
        for field in dataclasses.fields(settings)
        if getattr(settings, field.name) != field.default
    }
    lines = [
        f"Graph Surgeon {surgeon_gui.__version__}",
        f"Python {platform.python_version()} on {platform.platform()}, {platform.machine()}",
        f"Qt {qt}",
        f"Machine: {machine.words(settings.gpus)}",
        "",
        "Packages:",
        *(f"  {part.name} {part.version}" for part in parts()),
        "",
        "Settings that differ from the defaults:",
        *(f"  {name} = {without_paths(repr(value))}" for name, value in changed.items()),
        *([] if changed else ["  none"]),
        "",
        f"Target: {target}",
        f"Graph: {_graph_words(graph)}",
        "",
        "Last messages:",
        without_paths(log),
    ]
    return "\n".join(lines)


def without_paths(text: str) -> str:
    """Return the text with every absolute path cut to `…/name`."""
    return _ABSOLUTE.sub(r"…/\1", text)


def _graph_words(graph: Graph | None) -> str:
    if graph is None:
        return "none"
    ops = Counter(node.op for node in graph).most_common(12)
    return f"{len(graph)} nodes; " + ", ".join(f"{op} {count}" for op, count in ops)
