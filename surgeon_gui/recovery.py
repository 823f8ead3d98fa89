"""Autosave: the edits made so far as a script in the cache, and what earlier runs left there.

A file is an ordinary surgery script whose first line names the model, so it can be replayed with
`surgeon edit` as well. Its name holds the process that writes it: while that one lives, the file is
nobody else's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.script import script_to_toml
from surgeon_gui.errors import SurgeonError
from surgeon_gui.settings import cache_dir

logger = logging.getLogger(__name__)

_MARK = "# edits of "
KEPT_DAYS = 30
"""After so long nobody wants the edits back."""


def autosave_dir() -> Path:
    return cache_dir() / "autosave"


@dataclass(frozen=True)
class Leftover:
    """Edits an earlier run did not save.

    Attributes:
        file: the script.
        model: the graph they were made on.
        saved: when they were written.
    """

    file: Path
    model: Path
    saved: datetime

    def discard(self) -> None:
        """Delete the file; nothing happens when it cannot be."""
        _remove(self.file)


class Autosave:
    """Keeps the present edits in a file of its own.

    Args:
        folder: where; the cache's when left out.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._written: tuple[Path, tuple[Edit, ...]] | None = None

    @property
    def file(self) -> Path:
        return (self._folder or autosave_dir()) / f"{os.getpid()}.toml"

    def save(self, model: Path | None, edits: Sequence[Edit]) -> Path | None:
        """Write the edits; without any, the file goes. Return the file when there is one.

        A failure is logged: losing the autosave must not disturb the work it protects.
        """
        if model is None or not edits:
            self.forget()
            return None
        present = (model, tuple(edits))
        if self._written == present and self.file.exists():
            return self.file
        try:
            text = f"{_MARK}{model.absolute()}\n{script_to_toml(edits)}"
            self.file.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.file.with_suffix(".new")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(self.file)
        except (OSError, SurgeonError) as problem:
            logger.warning("The edits cannot be autosaved: %s", problem)
            return None
        self._written = present
        return self.file

    def forget(self) -> None:
        """Remove the file: the edits are saved, or not wanted."""
        self._written = None
        _remove(self.file)


def leftovers(folder: Path | None = None) -> tuple[Leftover, ...]:
    """Return what runs that ended left, the newest first; what is too old is removed."""
    found = []
    now = datetime.now(UTC)
    for file in sorted((folder or autosave_dir()).glob("*.toml")):
        if not file.stem.isdigit() or _is_running(int(file.stem)):
            continue
        try:
            with file.open(encoding="utf-8") as stream:
                first = stream.readline().rstrip("\n")
            saved = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except (OSError, UnicodeDecodeError) as problem:
            logger.warning("An autosave cannot be read: %s", problem)
            continue
        if not first.startswith(_MARK) or (now - saved).days > KEPT_DAYS:
            _remove(file)
            continue
        found.append(Leftover(file, Path(first.removeprefix(_MARK)), saved))
    return tuple(sorted(found, key=lambda each: each.saved, reverse=True))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as problem:
        logger.warning("%s cannot be removed: %s", file, problem)
