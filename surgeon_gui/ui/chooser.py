"""Asking for a path: one object, so that a test can stand in for the person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

OPEN_FILTERS = (
    "Graphs (*.pb *.pbtxt *.uff)",
    "Sources to freeze (*.keras *.h5 *.meta *.index)",
    "All files (*)",
)


class PathChooser:
    """Shows file dialogs that do not block; what was chosen comes as a call.

    Args:
        native: whether the desktop's own dialog is used.
    """

    def __init__(self, *, native: bool = True) -> None:
        self._native = native

    def open_file(
        self,
        parent: QWidget,
        title: str,
        folder: str,
        filters: tuple[str, ...],
        chosen: Callable[[Path], object],
    ) -> None:
        """Ask for a file that exists."""
        dialog = self._dialog(parent, title, folder, filters)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: chosen(Path(name)))
        dialog.open()

    def open_folder(
        self, parent: QWidget, title: str, folder: str, chosen: Callable[[Path], object]
    ) -> None:
        """Ask for a folder that exists."""
        dialog = self._dialog(parent, title, folder, ())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: chosen(Path(name)))
        dialog.open()

    def save_file(
        self,
        parent: QWidget,
        title: str,
        suggestion: Path,
        filters: tuple[str, ...],
        chosen: Callable[[Path], object],
    ) -> None:
        """Ask where to write; the dialog itself asks before a file is replaced."""
        dialog = self._dialog(parent, title, str(suggestion.parent), filters)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suggestion.suffix.removeprefix("."))
        dialog.selectFile(suggestion.name)
        dialog.fileSelected.connect(lambda name: chosen(Path(name)))
        dialog.open()

    def _dialog(
        self, parent: QWidget, title: str, folder: str, filters: tuple[str, ...]
    ) -> QFileDialog:
        dialog = QFileDialog(parent, title, folder)
        dialog.setNameFilters(list(filters))
        if not self._native:
            dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.finished.connect(dialog.deleteLater)
        return dialog
