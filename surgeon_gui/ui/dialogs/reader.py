"""The documentation that came with the program, to read without a network."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QSplitter,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.errors import OpenError
from surgeon_gui.ui.widgets import button, row

SECTIONS = (("tutorials", "Tutorials"), ("howto", "How-to"), ("reference", "Reference"))
"""Folders of pages and what they are called; the pages beside them come first."""

# A picture keeps clear of the scroll bar and of the page's margin.
_PICTURE_MARGIN = 40


def docs_dir() -> Path:
    """Return the folder of the pages: beside the installed code, or in the source tree.

    Raises:
        OpenError: they did not come along.
    """
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "data" / "docs", package.parent / "docs"):
        if (folder / "index.md").is_file():
            return folder
    raise OpenError("The documentation did not come with the program.", where=str(package))


def title_of(page: Path) -> str:
    """Return a page's first heading."""
    with page.open(encoding="utf-8") as lines:
        return next((line[2:].strip() for line in lines if line.startswith("# ")), page.stem)


class Page(QTextBrowser):
    """Markdown whose pictures are never wider than it is."""

    def loadResource(self, kind: int, name: QUrl | str) -> object:  # Qt's name
        found = super().loadResource(kind, name)
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return found
        picture = QImage(self.source().resolved(QUrl(name)).toLocalFile())
        room = max(self.viewport().width() - _PICTURE_MARGIN, 1)
        if picture.width() <= room:
            return picture
        ratio = self.devicePixelRatioF()
        smooth = picture.scaled(
            QSize(round(room * ratio), round(picture.height() * ratio)),
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        smooth.setDevicePixelRatio(ratio)
        return smooth


class Reader(QDialog):
    """A list of pages, and the one that is read.

    Args:
        folder: where the pages are.
        parent: the window.
    """

    def __init__(self, folder: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("docs")
        self.setWindowTitle("Documentation")
        self.setAccessibleName("Documentation")
        self.resize(1080, 760)
        self.page = Page()
        self.page.setAccessibleName("Page")
        self.page.setOpenExternalLinks(True)
        self.contents = QTreeWidget()
        self.contents.setAccessibleName("Contents")
        self.contents.setHeaderHidden(True)
        self.contents.setRootIsDecorated(False)
        self.contents.setIndentation(12)
        self._items: dict[str, QTreeWidgetItem] = {}
        self._list(folder)
        self.contents.currentItemChanged.connect(lambda item, _old: self._chosen(item))
        self.page.sourceChanged.connect(self._followed)
        split = QSplitter()
        split.addWidget(self.contents)
        split.addWidget(self.page)
        split.setSizes([290, 790])
        split.setChildrenCollapsible(False)
        back = button("Back", self.page.backward, kind="button")
        back.setEnabled(False)
        self.page.backwardAvailable.connect(back.setEnabled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(split, 1)
        layout.addWidget(row(back, None, button("Close", self.accept, kind="primary")))
        self.finished.connect(lambda _result: self.deleteLater())
        self._first = folder / "index.md"

    def begin(self) -> None:
        """Open on the first page, once the width of pictures is known."""
        self.open()
        self.show_page(self._first)

    def show_page(self, path: Path) -> None:
        self.page.setSource(
            QUrl.fromLocalFile(str(path)), QTextDocument.ResourceType.MarkdownResource
        )

    def _list(self, folder: Path) -> None:
        first = folder / "index.md"
        others = sorted(set(folder.glob("*.md")) - {first}, key=title_of)
        for path in (first, *others):
            self.contents.addTopLevelItem(self._item(path))
        for name, title in SECTIONS:
            section = QTreeWidgetItem([title])
            bold = self.contents.font()
            bold.setBold(True)
            section.setFont(0, bold)
            section.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for path in sorted((folder / name).glob("*.md"), key=title_of):
                section.addChild(self._item(path))
            self.contents.addTopLevelItem(section)
        self.contents.expandAll()

    def _item(self, path: Path) -> QTreeWidgetItem:
        item = QTreeWidgetItem([title_of(path)])
        item.setData(0, Qt.ItemDataRole.UserRole, str(path))
        self._items[str(path)] = item
        return item

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        path = item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None
        if path and path != self.page.source().toLocalFile():
            self.show_page(Path(path))

    def _followed(self, url: QUrl) -> None:
        item = self._items.get(str(Path(url.toLocalFile())))
        if item is not None:
            self.contents.setCurrentItem(item)
