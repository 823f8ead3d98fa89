"""The reach of each tensor, kept in a file: our own JSON, or TensorRT's calibration cache.

A calibration cache is text: a line that names the TensorRT and the calibrator, then a line
`tensor: scale` each, the scale a float32 in hexadecimal, big end first; a scale is the reach
divided by 127 (TensorRT 8.6, samples and IInt8Calibrator).
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.graphdef import write_atomically

FORMAT = "surgeon-ranges"
VERSION = 1
STEPS = 127
_CACHE_HEAD = re.compile(r"TRT-(?P<version>\d+)-(?P<kind>\w+Calibration\w*)")


@dataclass(frozen=True)
class Ranges:
    """How far tensors reach.

    Attributes:
        reach: tensor of the network → largest magnitude kept.
        largest: tensor → largest magnitude seen; equal to `reach` where nothing is clipped.
        collector: how they were chosen.
        samples: how many samples were run.
        notes: what is worth knowing, a sentence each.
        kept: layers that stay in float; TensorRT's calibration cache has no place for them.
    """

    reach: Mapping[str, float]
    largest: Mapping[str, float] = field(default_factory=dict)
    collector: str = ""
    samples: int = 0
    notes: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def with_reach(self, name: str, reach: float) -> Ranges:
        """Return the ranges with one tensor's reach set by hand."""
        return replace(self, reach={**self.reach, name: reach})

    def scale(self, name: str) -> float:
        """The step of the tensor's int8 grid."""
        return self.reach[name] / STEPS


def save_ranges(ranges: Ranges, path: Path) -> None:
    """Write ranges; a name ending in `.cache` takes TensorRT's form.

    Raises:
        SaveError: the file cannot be written.
    """
    text = _cache_text(ranges) if path.suffix == ".cache" else _json_text(ranges)
    write_atomically(path, [memoryview(text.encode())])


def load_ranges(path: Path) -> Ranges:
    """Read ranges in either form.

    Raises:
        OpenError: the file cannot be read or is neither.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OpenError(
            f"The ranges cannot be read: {error.strerror or error}.", where=str(path)
        ) from error
    except UnicodeDecodeError as error:
        raise _neither(path) from error
    found = _from_cache(text) if _CACHE_HEAD.match(text) else _from_json(text)
    if found is None:
        raise _neither(path)
    return found


def _neither(path: Path) -> OpenError:
    return OpenError(
        "These are neither ranges nor a calibration cache of TensorRT.",
        where=str(path),
        hint="Make ranges with: surgeon quantize MODEL --data SAMPLES.npz -o RANGES.json",
    )


def _json_text(ranges: Ranges) -> str:
    data = {
        "format": FORMAT,
        "version": VERSION,
        "collector": ranges.collector,
        "samples": ranges.samples,
        "notes": list(ranges.notes),
        "kept": list(ranges.kept),
        "tensors": {
            name: {"reach": reach, "largest": ranges.largest.get(name, reach)}
            for name, reach in ranges.reach.items()
        },
    }
    return json.dumps(data, indent=1, ensure_ascii=False)


def _from_json(text: str) -> Ranges | None:
    try:
        data = json.loads(text)
        if data["format"] != FORMAT or data["version"] != VERSION:
            return None
        reach = {name: float(item["reach"]) for name, item in data["tensors"].items()}
        largest = {name: float(item["largest"]) for name, item in data["tensors"].items()}
        found = Ranges(
            reach,
            largest,
            str(data["collector"]),
            int(data["samples"]),
            tuple(map(str, data["notes"])),
            tuple(map(str, data.get("kept", ()))),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if all(map(_is_reach, reach.values())) else None


def _is_reach(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _cache_text(ranges: Ranges) -> str:
    lines = ["TRT-8601-EntropyCalibration2"]
    for name in ranges.reach:
        lines.append(f"{name}: {struct.pack('>f', ranges.scale(name)).hex()}")
    return "\n".join(lines) + "\n"


def _from_cache(text: str) -> Ranges | None:
    head, *lines = text.splitlines()
    reach = {}
    for line in filter(str.strip, lines):
        name, colon, digits = line.rpartition(":")
        try:
            (scale,) = struct.unpack(">f", bytes.fromhex(digits.strip().zfill(8)))
        except (ValueError, struct.error):
            return None
        if not colon or not _is_reach(scale):
            return None
        reach[name.strip()] = scale * STEPS
    return Ranges(reach, dict(reach), collector=head.strip())
