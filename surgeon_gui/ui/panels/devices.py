"""The device panel: GPUs, CUDA and TensorRTs of this machine, and the plugin libraries to load.

A worker looks; this process imports none of it.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from surgeon_gui.jobs.outcome import Cancelled, Outcome, Succeeded
from surgeon_gui.jobs.spec import DevicesResult, DevicesSpec, FlavourInfo
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.settings import Settings
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.jobs import JobRunner
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, set_role

logger = logging.getLogger(__name__)

_LIBRARIES = ("Plugin libraries (*.so *.dll)", "All files (*)")


class DevicesPanel(QWidget):
    """Shows what engines can be built and run with here.

    Signals:
        settings_changed(object): the new `Settings`, when plugin libraries were added or removed.
        found(object): a `DevicesResult`.
    """

    settings_changed = Signal(object)
    found = Signal(object)

    def __init__(self, settings: Settings, theme: Theme, chooser: PathChooser) -> None:
        super().__init__()
        self.setAccessibleName("Devices")
        self._settings = settings
        self._chooser = chooser
        self.result: DevicesResult | None = None
        self.job = JobRunner(self)
        self.words = label("", wrap=True, copyable=True)
        self.refresh_button = button("Refresh", self.refresh, tip="Look at this machine again")
        self.add_button = button(
            "Add plugin library…",
            self._add,
            tip="A library is code that builds and runs will load: add only what you trust",
        )
        self.remove_button = button("Remove", self._remove, tip="Load the selected library no more")
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Devices")
        self.tree.setHeaderLabels(["What", "Found"])
        self.tree.setColumnWidth(0, 320)
        self.tree.setUniformRowHeights(True)
        self.tree.currentItemChanged.connect(lambda _now, _before: self._enable())
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 12, 8)
        bar.setSpacing(8)
        for each in (self.refresh_button, self.add_button, self.remove_button):
            bar.addWidget(each)
        bar.addWidget(self.words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.tree, 1)
        self.job.ended.connect(self._ended)
        self.set_theme(theme)
        self._looked = False
        self._fill()
        self._enable()

    def set_theme(self, theme: Theme) -> None:
        self.tree.setFont(theme.ui_font)

    def use_settings(self, settings: Settings) -> None:
        """Load these settings' libraries from now on."""
        self._settings = settings
        self._fill()

    def refresh(self) -> None:
        """Let a worker look."""
        if self.job.is_running:
            return
        self._say("Looking…", "muted")
        spec = DevicesSpec(tuple(map(Path, self._settings.plugins)))
        python = self._settings.worker_python or sys.executable
        self._looked = True
        self.job.start(spec, new_job_directory("devices"), python=python, timeout=120.0)
        self._enable()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._looked:
            self.refresh()

    def stop(self) -> None:
        """End the worker, before the window goes."""
        self.job.close()

    def _ended(self, outcome: Outcome) -> None:
        if isinstance(outcome, Succeeded) and isinstance(outcome.result, DevicesResult):
            self.result = outcome.result
            self._say(summary(outcome.result), "")
            self._fill()
            self.found.emit(outcome.result)
        elif not isinstance(outcome, Succeeded | Cancelled):
            self._say(str(outcome.error()), "refuses")
            logger.error("%s", outcome.error())
        self._enable()

    def _fill(self) -> None:
        self.tree.clear()
        found = self.result
        if found is not None:
            gpus = self._branch("GPUs", found.problem or f"driver {found.driver or 'unknown'}")
            for gpu in found.gpus:
                size = f"{gpu.memory_bytes / 2**30:.0f} GiB"
                _leaf(gpus, gpu.name, f"{gpu.capability}, {size}")
            self._branch("CUDA from Python", found.cuda or found.cuda_problem or "not found")
            for flavour in found.flavours:
                self._show_flavour(flavour)
            if not found.flavours:
                self._branch("TensorRT", "not installed; pip install 'surgeon-gui[rtx]'")
        libraries = self._branch("Plugin libraries", "" if self._settings.plugins else "none")
        for path in self._settings.plugins:
            missing = "" if Path(path).is_file() else ", which is not there"
            item = _leaf(libraries, Path(path).name, path + missing)
            item.setData(0, Qt.ItemDataRole.UserRole, path)
        self.tree.expandToDepth(0)

    def _show_flavour(self, flavour: FlavourInfo) -> None:
        words = "; ".join(flavour.obstacles) or (
            f"builds for {', '.join(flavour.builds_for)}"
            if flavour.builds_for
            else "builds for the GPU of this machine"
        )
        branch = self._branch(flavour.title, flavour.problem or words)
        if not flavour.takes_plugins:
            _leaf(branch, "Plugins", "takes none; custom operations are decomposed or replaced")
            return
        plugins = _leaf(branch, "Plugins", str(len(flavour.plugins)))
        for plugin in flavour.plugins:
            fields = ", ".join(f"{name}: {kind.lower()}" for name, kind in plugin.fields)
            space = f"{plugin.namespace}::" if plugin.namespace else ""
            _leaf(plugins, f"{space}{plugin.name} {plugin.version}", fields)

    def _branch(self, title: str, words: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem(self.tree, [title, words])
        item.setToolTip(1, words)
        return item

    def _selected_library(self) -> str | None:
        item = self.tree.currentItem()
        path = item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None
        return path if isinstance(path, str) else None

    def _add(self) -> None:
        self._chooser.open_file(
            self.window(),
            "Add a plugin library: it is code, add only what you trust",
            "",
            _LIBRARIES,
            lambda path: self._choose((*self._settings.plugins, str(path.absolute()))),
        )

    def _remove(self) -> None:
        gone = self._selected_library()
        self._choose(tuple(path for path in self._settings.plugins if path != gone))

    def _choose(self, plugins: tuple[str, ...]) -> None:
        self._settings = replace(self._settings, plugins=tuple(dict.fromkeys(plugins)))
        self.settings_changed.emit(self._settings)
        self._fill()
        self._enable()
        self.refresh()

    def _say(self, words: str, role: str) -> None:
        self.words.setText(words)
        set_role(self.words, role)

    def _enable(self) -> None:
        self.refresh_button.setEnabled(not self.job.is_running)
        self.remove_button.setEnabled(self._selected_library() is not None)


def summary(found: DevicesResult) -> str:
    """Return in a sentence what this machine can do."""
    if not found.flavours:
        return "TensorRT is not installed: networks can be verified, not built."
    names = ", ".join(flavour.title for flavour in found.flavours)
    if not found.gpus:
        return f"No GPU here: {names} builds for named GPUs, nothing can be run."
    able = [flavour.title for flavour in found.flavours if not flavour.obstacles]
    if not able:
        return f"{names} does not run on the GPU here; `tensorrt` may."
    if found.cuda is None:
        return f"{', '.join(able)} builds here; runs also need CUDA for Python."
    return f"{', '.join(able)} builds and runs here."


def _leaf(parent: QTreeWidgetItem, title: str, words: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem(parent, [title, words])
    item.setToolTip(1, words)
    return item
