"""The card beside an engine: how it came about, so that it can be made again and be understood.

A plan tells nobody its GPUs, its inputs or the graph it came from. `X.engine.json` does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from surgeon_gui.errors import ProtocolError, SaveError
from surgeon_gui.jobs.message import Message, TensorInfo
from surgeon_gui.jobs.spec import BuildSpec, Provenance

FORMAT = 1

_BETWEEN = re.compile(r"\s\+\s|\.\.\.|[\[\](){},|]|\s*&&\s*")
"""What TensorRT puts between the names of layers it has fused."""


@dataclass(frozen=True)
class EngineCard(Message):
    """What is known of an engine.

    Args:
        format: of the card.
        sha256: of the plan the card belongs to.
        bytes: its size.
        flavour: `rtx` or `tensorrt`.
        tensorrt: the version that built it.
        gpus: compute capabilities it was built for.
        inputs: with -1 for unknown dimensions.
        outputs: likewise.
        layers: the GraphDef nodes by layer of the network that was built.
        settings: how it was built.
        network_sha256: of the network file.
        provenance: the graph it came from and what was done to it, where that is known.
        built_at: date and time, ISO 8601 in UTC.
    """

    kind: ClassVar[str] = "engine"

    sha256: str
    bytes: int
    flavour: str
    tensorrt: str
    gpus: tuple[str, ...]
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    settings: BuildSpec
    network_sha256: str
    built_at: str
    layers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    provenance: Provenance | None = None
    format: int = FORMAT


def card_path(engine: Path) -> Path:
    """Return where an engine's card is."""
    return engine.with_name(engine.name + ".json")


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def provenance_of(model: Path, script: str = "") -> Provenance:
    """Return where an engine comes from: the model's name and sum, and the surgery's script.

    A folder, or a file that is gone, has no sum.
    """
    try:
        digest = sha256_of(model) if model.is_file() else ""
    except OSError:
        digest = ""
    return Provenance(str(model.absolute()), digest, script)


def write_card(engine: Path, card: EngineCard) -> None:
    """Write the card beside its engine.

    Raises:
        SaveError: it cannot be written.
    """
    target = card_path(engine)
    temporary = target.with_name(f".{target.name}.part")
    try:
        text = json.dumps(card.to_json(), indent=1, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(target)
    except OSError as error:
        raise SaveError(
            f"The engine's card cannot be written: {error.strerror or error}.", where=str(target)
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def read_card(engine: Path) -> EngineCard | None:
    """Return the card of an engine; None without one, or where it is that of another plan."""
    try:
        data = json.loads(card_path(engine).read_text(encoding="utf-8"))
        card = EngineCard.from_json(data)
        fits = engine.stat().st_size == card.bytes and sha256_of(engine) == card.sha256
    except (OSError, ValueError, AttributeError, ProtocolError):
        return None
    return card if fits else None


def missing_card(engine: Path) -> str:
    """Return in a sentence why `read_card` found none."""
    path = card_path(engine)
    if not path.is_file():
        return "No card lies beside it"
    try:
        EngineCard.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError, ProtocolError):
        return "The card beside it cannot be read"
    return "The card beside it is of another engine"


def nodes_of(name: str, layers: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the GraphDef nodes of one of an engine's layers, by its name.

    TensorRT joins the names of layers it fuses: `conv1 + relu1`, `{ForeignNode[a...b]}`.
    """
    if name in layers:
        return layers[name]
    found: dict[str, None] = {}
    for part in _BETWEEN.split(name):
        found.update(dict.fromkeys(layers.get(part.strip(), ())))
    return tuple(found)
