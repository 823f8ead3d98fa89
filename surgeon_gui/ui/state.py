"""What the window remembers between runs: its shape, its docks, the files opened last."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QByteArray

from surgeon_gui.settings import config_dir, read_settings, setting, write_settings


@dataclass(frozen=True)
class WindowState:
    """Read and written whole; byte arrays are base64."""

    geometry: str = setting("Window", "Geometry", "Where the window was.", "")
    docks: str = setting("Window", "Docks", "How its docks were arranged.", "")
    width: int = setting("Window", "Width", "How wide it was when its docks were saved.", 0)
    recent: tuple[str, ...] = setting("Window", "Recent files", "Opened last, newest first.", ())
    folder: str = setting("Window", "Folder", "Where the last file was opened or saved.", "")
    rule_set: str = setting("Window", "Rule set", "The rule set loaded last.", "")

    def with_recent(self, path: Path, keep: int) -> WindowState:
        """Return the state with `path` first among the recent files."""
        name = str(path.absolute())
        others = [item for item in self.recent if item != name]
        return dataclasses.replace(self, recent=tuple([name, *others][:keep]))

    def without_recent(self, path: str) -> WindowState:
        return dataclasses.replace(self, recent=tuple(item for item in self.recent if item != path))


def state_path() -> Path:
    return config_dir() / "window.toml"


def load_state() -> WindowState:
    """Return what was remembered; a damaged file is all defaults."""
    return read_settings(WindowState, state_path()).settings


def save_state(state: WindowState) -> None:
    """Write the state.

    Raises:
        SaveError: the file cannot be written.
    """
    write_settings(state, state_path())


def to_text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")


def from_text(text: str) -> QByteArray:
    return QByteArray.fromBase64(QByteArray(text.encode("ascii")))
