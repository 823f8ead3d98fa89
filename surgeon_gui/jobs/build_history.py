"""The builds made so far: with what settings, how they ended, and how long the next may take."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from surgeon_gui.errors import ProtocolError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.jobs.codec import decode, encode
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.settings import config_dir

logger = logging.getLogger(__name__)

KEPT = 50
"""Builds kept, the newest."""

BUILT, FAILED, CANCELLED = "built", "failed", "cancelled"

_NOT_COMPARED = ("network", "engine", "provenance")


@dataclass(frozen=True)
class BuildRecord:
    """One build.

    Args:
        spec: what was asked for.
        model: the graph's file, empty for one in no file.
        started: date and time, ISO 8601 in UTC.
        outcome: `built`, `failed` or `cancelled`.
        seconds: it took, from the click on.
        bytes: size of the plan, 0 without one.
        layers: given to TensorRT.
        tensorrt: its version.
        gpus: the plan is for.
        message: why it failed.
        log: the folder with the worker's log.
    """

    spec: BuildSpec
    model: str
    started: str
    outcome: str
    seconds: float
    bytes: int = 0
    layers: int = 0
    tensorrt: str = ""
    gpus: tuple[str, ...] = ()
    message: str = ""
    log: Path | None = None


def load_builds() -> tuple[BuildRecord, ...]:
    """Return the builds kept, the newest first; those that cannot be read are left out."""
    try:
        data = json.loads(_path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        logger.warning("The list of builds cannot be read: %s", error)
        return ()
    found = []
    for item in data if isinstance(data, list) else ():
        try:
            found.append(decode(BuildRecord, item))
        except ProtocolError as error:
            logger.warning("A build in the list cannot be read: %s", error)
    return tuple(found)


def keep_build(record: BuildRecord) -> tuple[BuildRecord, ...]:
    """Add a build to the list and return it, the newest first.

    Raises:
        SaveError: it cannot be written.
    """
    return _write((record, *load_builds())[:KEPT])


def forget_build(record: BuildRecord) -> tuple[BuildRecord, ...]:
    """Take a build off the list and return the others.

    Raises:
        SaveError: it cannot be written.
    """
    return _write(tuple(item for item in load_builds() if item != record))


def _write(records: tuple[BuildRecord, ...]) -> tuple[BuildRecord, ...]:
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([encode(item) for item in records], indent=1, allow_nan=False)
    write_atomically(path, [text.encode()])
    return records


def _path() -> Path:
    return config_dir() / "builds.json"


def estimate(spec: BuildSpec, model: str, records: Sequence[BuildRecord]) -> float | None:
    """Return the seconds a build may take: as the last one like it, None where there was none.

    One of the same model counts as like it, the more so the more of its settings are the same.
    """
    built = [item for item in records if item.outcome == BUILT and item.model == model]
    if not model or not built:
        return None
    # `min` takes the first of equals, which is the newest.
    return min(built, key=lambda item: len(differences(spec, item.spec))).seconds


def differences(one: BuildSpec, other: BuildSpec) -> tuple[tuple[str, str, str], ...]:
    """Return the settings two builds differ in: name, of the first, of the second."""
    return tuple(
        (field.name.replace("_", " "), _words(mine), _words(theirs))
        for field in fields(BuildSpec)
        if field.name not in _NOT_COMPARED
        and (mine := getattr(one, field.name)) != (theirs := getattr(other, field.name))
    )


def compared(one: BuildRecord, other: BuildRecord) -> tuple[tuple[str, str, str], ...]:
    """Return what two builds differ in, results and settings: name, of the first, of the second."""
    rows = [
        ("model", Path(one.model).name, Path(other.model).name),
        ("outcome", one.outcome, other.outcome),
        ("TensorRT", one.tensorrt, other.tensorrt),
        ("for", ", ".join(one.gpus), ", ".join(other.gpus)),
        ("size", _size(one.bytes), _size(other.bytes)),
        ("layers", str(one.layers), str(other.layers)),
        ("seconds", f"{one.seconds:.1f}", f"{other.seconds:.1f}"),
        *differences(one.spec, other.spec),
        ("engine", str(one.spec.engine), str(other.spec.engine)),
    ]
    return tuple(row for row in rows if row[1] != row[2])


def _size(count: int) -> str:
    return f"{count / 2**20:.2f} MiB" if count else "–"


def _words(value: Any) -> str:
    if value is None or value == ():
        return "TensorRT's own" if value is None else "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(_words, value))
    if hasattr(value, "optimum"):
        corners = (value.minimum, value.optimum, value.maximum)
        return f"{value.input} " + ":".join("x".join(map(str, corner)) for corner in corners)
    return str(value)


def again(record: BuildRecord) -> BuildSpec | None:
    """Return what builds the same once more, None where the network's file is gone."""
    return record.spec if record.spec.network.is_file() else None
