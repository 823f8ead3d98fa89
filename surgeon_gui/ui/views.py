"""What is remembered of a file: the view it was left in and its bookmarks; Qt-free.

One small JSON file per graph, in the folder `files` of the configuration, named by a hash of the
graph's path, so that windows of different files never write the same one.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from surgeon_gui.errors import SaveError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.settings import config_dir

logger = logging.getLogger(__name__)

MOST_FILES = 300
MOST_EXPANDED = 5000
"""More open namespaces than this are not worth remembering: nobody opened them one by one."""


@dataclass(frozen=True)
class View:
    """What the canvas shows.

    Attributes:
        expanded: the open namespaces, as `path/`.
        zoom: pixels a unit of the picture takes.
        x, y: the place in the middle.
    """

    expanded: tuple[str, ...] = ()
    zoom: float = 1.0
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Bookmark:
    """A place to come back to: nodes and namespaces, or, without any, a view.

    Attributes:
        title: what the list calls it.
        items: nodes and `namespace/`.
        view: what the canvas showed.
    """

    title: str
    items: tuple[str, ...] = ()
    view: View = field(default_factory=View)


@dataclass(frozen=True)
class FileMemory:
    """Of one graph.

    Attributes:
        view: how it was left; None when it was left as it opens.
        bookmarks: in the user's order.
    """

    view: View | None = None
    bookmarks: tuple[Bookmark, ...] = ()


def memory_path(path: Path) -> Path:
    """Return where the memory of a graph is kept."""
    name = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:24]
    return config_dir() / "files" / f"{name}.json"


def load_memory(path: Path) -> FileMemory:
    """Return what is remembered of a graph; a file that is absent or damaged is nothing."""
    kept = memory_path(path)
    try:
        return _memory(json.loads(kept.read_text("utf-8")))
    except FileNotFoundError:
        return FileMemory()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        logger.warning("What was remembered of %s cannot be read: %s", path, error)
        return FileMemory()


def save_memory(path: Path, memory: FileMemory) -> None:
    """Write it; where there is nothing to remember, no file stays.

    Raises:
        SaveError: the file cannot be written.
    """
    kept = memory_path(path)
    if memory == FileMemory():
        kept.unlink(missing_ok=True)
        return
    text = json.dumps({"path": str(path.absolute()), **asdict(memory)}, indent=1)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError("The folder cannot be made.", where=str(kept.parent)) from error
    write_atomically(kept, [text.encode()])
    _forget_oldest(kept.parent)


def _forget_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime)
    for file in files[:-MOST_FILES]:
        file.unlink(missing_ok=True)


def _memory(table: dict[str, Any]) -> FileMemory:
    view = table.get("view")
    return FileMemory(
        _view(view) if view else None,
        tuple(
            Bookmark(str(each["title"]), tuple(map(str, each["items"])), _view(each["view"]))
            for each in table.get("bookmarks", ())
        ),
    )


def _view(table: dict[str, Any]) -> View:
    return View(
        tuple(map(str, table["expanded"])),
        float(table["zoom"]),
        float(table["x"]),
        float(table["y"]),
    )
