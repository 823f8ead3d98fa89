"""Where jobs live on disk: a folder each, old ones pruned."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from surgeon_gui.errors import SaveError
from surgeon_gui.settings import cache_dir

logger = logging.getLogger(__name__)

KEEP_JOBS = 40
KEEP_SECONDS = 14 * 24 * 3600
KEEP_BYTES = 4 << 30
_OWNER = "owner.pid"


def new_job_directory(kind: str, root: Path | None = None) -> Path:
    """Make and return a folder for a job of this kind; prune old ones.

    Args:
        kind: the spec's kind, the folder's name ends in it.
        root: the folder of all jobs; the user's cache folder by default.

    Raises:
        SaveError: the folder cannot be made.
    """
    home = root or cache_dir() / "jobs"
    try:
        home.mkdir(parents=True, exist_ok=True)
        prune(home)
        stamp = time.strftime("%Y%m%d-%H%M%S-")
        directory = Path(tempfile.mkdtemp(prefix=stamp, suffix=f"-{kind}", dir=home))
        (directory / _OWNER).write_text(str(os.getpid()))
    except OSError as error:
        raise SaveError(
            f"A job's folder cannot be made: {error.strerror or error}.",
            where=str(home),
            hint="Free some space, or set SURGEON_HOME to a folder that can be written.",
        ) from error
    return directory


def prune(
    root: Path,
    *,
    keep: int = KEEP_JOBS,
    seconds: float = KEEP_SECONDS,
    size: int = KEEP_BYTES,
) -> list[Path]:
    """Delete job folders that are too old or too many, or past `size` bytes in sum; return them.

    The newest are kept. A folder whose client still runs is left alone.
    """
    folders = [path for path in root.iterdir() if path.is_dir() and path.name[:8].isdigit()]
    folders.sort(key=lambda path: path.name, reverse=True)
    oldest = time.time() - seconds
    total = 0
    doomed = []
    for position, folder in enumerate(folders):
        total += _size(folder)
        outdated = folder.stat().st_mtime < oldest
        if (position >= keep or outdated or total > size) and not _is_owned(folder):
            doomed.append(folder)
    for folder in doomed:
        _delete(folder)
    return doomed


@contextlib.contextmanager
def job_directory(kind: str, root: Path | None = None) -> Iterator[Path]:
    """Yield a new folder for a job, which goes when all went well and stays for study otherwise.

    Raises:
        SaveError: the folder cannot be made.
    """
    directory = new_job_directory(kind, root)
    try:
        yield directory
    except BaseException:
        release(directory)
        raise
    _delete(directory)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _delete(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        logger.warning("The job folder %s cannot be deleted: %s", folder, error)


def release(directory: Path) -> None:
    """Say that the job is over: its folder may be pruned when it is old."""
    try:
        (directory / _OWNER).unlink(missing_ok=True)
    except OSError as error:
        logger.debug("the job folder %s cannot be released: %s", directory, error)


def _is_owned(folder: Path) -> bool:
    try:
        return psutil.pid_exists(int((folder / _OWNER).read_text()))
    except (OSError, ValueError):
        return False
