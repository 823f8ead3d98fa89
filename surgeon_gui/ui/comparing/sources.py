"""What can be compared: the states of the document, its file, and other files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from surgeon_gui.document import Document, Revision
from surgeon_gui.graph.model import Graph
from surgeon_gui.opening import open_view
from surgeon_gui.uff.graph import is_uff_graph
from surgeon_gui.uff.restore import tensorflow_form


@dataclass(frozen=True, eq=False)
class Source:
    """One side of a comparison: a state of the document, or a file.

    Attributes:
        title: as the combo box says it.
        revision: the state; None for the present one, which is another after each edit.
        path: the file, where it is one.
    """

    title: str
    revision: Revision | None = None
    path: Path | None = None

    @property
    def is_present(self) -> bool:
        """Whether it follows the document."""
        return self.revision is None and self.path is None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Source):
            return NotImplemented
        return self.revision is other.revision and self.path == other.path

    def __hash__(self) -> int:
        return hash((id(self.revision), self.path))


PRESENT = Source("Now")


def file_source(path: Path) -> Source:
    return Source(path.name, path=path)


def revision_source(document: Document, revision: Revision) -> Source:
    """Return a state of the document, numbered as the history lists it."""
    number = document.revisions.index(revision)
    return Source(f"{number} · {revision.title}" if number else "Opened", revision)


def sources_of(document: Document | None, files: Iterable[Path]) -> list[Source]:
    """Return everything that can be chosen, the present state first.

    Args:
        document: whose states they are.
        files: files chosen before.
    """
    found = [PRESENT]
    if document is not None:
        found.extend(revision_source(document, revision) for revision in document.revisions)
        if document.path is not None and document.path.is_file():
            found.append(Source(f"On disk: {document.path.name}", path=document.path))
    known = {source.path for source in found}
    found.extend(file_source(path) for path in files if path not in known)
    return found


def graph_of(source: Source, document: Document) -> Graph | Path:
    """Return a source's graph, or the file it is to be read from."""
    if source.path is not None:
        return source.path
    return source.revision.graph if source.revision is not None else document.graph


def open_both(one: Graph | Path, other: Graph | Path) -> tuple[Graph, Graph]:
    """Return two graphs that can be compared: both as they are, or as TensorFlow's.

    A shown UFF file is compared with another by UFF's operations, and with anything else by the
    TensorFlow graph it stands for.

    Raises:
        OpenError: a file is missing, damaged or of another kind.
        ConvertError: a UFF file stands for no TensorFlow graph.
    """
    first, second = (open_view(side) if isinstance(side, Path) else side for side in (one, other))
    if is_uff_graph(first) == is_uff_graph(second):
        return first, second
    return tensorflow_form(first), tensorflow_form(second)
