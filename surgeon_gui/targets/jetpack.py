"""Which JetPack ships which TensorRT; the facts are in `data/jetpack.json` with their sources."""

from __future__ import annotations

from surgeon_gui.targets.plugins import facts

NONE = "none known"


def jetpack_words(*lines: str) -> str:
    """Return the JetPacks with a TensorRT of these lines: `4.6 (TensorRT 8.0.1), 4.6.1 (8.2.1)`.

    Args:
        lines: beginnings of versions: `5.1`, `8`, `10`.
    """
    found = [
        (str(entry["jetpack"]), str(entry["tensorrt"]))
        for entry in facts("jetpack")["releases"]
        if any(_is_of(entry["tensorrt"], line) for line in lines)
    ]
    if not found:
        return NONE
    return ", ".join(
        f"{jetpack} ({'TensorRT ' if index == 0 else ''}{tensorrt})"
        for index, (jetpack, tensorrt) in enumerate(found)
    )


def jetpack_source(*lines: str) -> str:
    """Return where the JetPacks of these lines are read, or nothing."""
    found = [
        str(entry["source"])
        for entry in facts("jetpack")["releases"]
        if any(_is_of(entry["tensorrt"], line) for line in lines)
    ]
    return "; ".join(dict.fromkeys(found))


def _is_of(version: str, line: str) -> bool:
    return version == line or version.startswith(f"{line}.")
