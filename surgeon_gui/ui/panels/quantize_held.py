"""The samples that the error of eight bits is measured on, where they are samples of their own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QLineEdit, QWidget

from surgeon_gui.errors import UsageError
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, row

_BETWEEN = "; "
_FILES = ("Samples (*.npz *.npy *.py)", "All files (*)")


class ValidationField:
    """A field for files and folders of samples.

    Attributes:
        paths: the field; empty takes the first of the samples that the ranges come from.
        widget: it and its buttons.
    """

    def __init__(self, chooser: PathChooser) -> None:
        self._chooser = chooser
        self.paths = QLineEdit()
        self.paths.setAccessibleName("Validation data")
        self.paths.setPlaceholderText("the same samples")
        self.paths.setToolTip(
            "Other samples to measure the error on: .npz, .npy, a folder, or a script with "
            "samples(), separated by semicolons; labels among them give the accuracy"
        )
        file = button("Add…", self._add_file, tip="Add a file of samples to measure on")
        folder = button("Folder…", self._add_folder, tip="Add a folder of samples to measure on")
        self.widget: QWidget = row(self.paths, file, folder, spacing=4)

    def set_theme(self, theme: Theme) -> None:
        self.paths.setFont(theme.mono_font)

    def choice(self) -> tuple[Path, ...]:
        """Return the files and folders; none where the field is empty.

        Raises:
            UsageError: one of them is not there.
        """
        names = [part.strip() for part in self.paths.text().split(";") if part.strip()]
        for name in names:
            if not Path(name).exists():
                raise UsageError("There is no such file or folder.", where=name)
        return tuple(Path(name).absolute() for name in names)

    def _add_file(self) -> None:
        window = self.widget.window()
        self._chooser.open_file(window, "Validation data", "", _FILES, self._take)

    def _add_folder(self) -> None:
        self._chooser.open_folder(self.widget.window(), "Validation data", "", self._take)

    def _take(self, path: Path) -> None:
        before = self.paths.text().strip()
        self.paths.setText(f"{before}{_BETWEEN}{path}" if before else str(path))
