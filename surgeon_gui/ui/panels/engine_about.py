"""What an engine file is: where it came from, whether it runs here, its layers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QSplitter, QTableView, QVBoxLayout, QWidget

from surgeon_gui.jobs.engine_spec import EngineLayer, EngineResult, EngineSpec
from surgeon_gui.jobs.message import TensorInfo, flavour_title
from surgeon_gui.jobs.outcome import Outcome, Succeeded
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.settings import Settings
from surgeon_gui.ui.jobs import JobRunner
from surgeon_gui.ui.scrolling import ScrollArea
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ElidedLabel, button, label, set_role

_SECONDS = 120.0


class _Layers(RowsModel[EngineLayer]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (found.name, found.type, ", ".join(found.nodes))[index.column()]
        if role == Qt.ItemDataRole.FontRole:
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ToolTipRole:
            return found.details or found.name
        return None


class EngineAbout(QWidget):
    """Lets a worker look at an engine file and shows what it is.

    Signals:
        followed(str): the user wants to see a node in the graph.
        runner_wanted(object, object): code shall be exported for the engine at this path, which
            has this card.
        known(object): the `EngineResult`.
    """

    followed = Signal(str)
    runner_wanted = Signal(object, object)
    known = Signal(object)

    def __init__(self, settings: Settings, theme: Theme) -> None:
        super().__init__()
        self._settings = settings
        self._theme = theme
        self._next: Path | None = None
        self._path: Path | None = None
        self.result: EngineResult | None = None
        self.job = JobRunner(self)
        self.words = label("", wrap=True, copyable=True)
        self.hint = label("", "muted", wrap=True, copyable=True)
        self.runner_button = button(
            "Export runner…", self._want_runner, tip="Python or C++ code that runs this engine"
        )
        self.facts = QGridLayout()
        self.facts.setHorizontalSpacing(12)
        self.facts.setVerticalSpacing(4)
        self.facts.setColumnStretch(1, 1)
        self._layers = _Layers(("Layer of the engine", "Kind", "Nodes"), theme)
        self.layers = QTableView()
        set_up_table(self.layers, self._layers, "Layers of the engine", (380, 180))
        self.layers.horizontalHeader().setStretchLastSection(True)
        self.layers.activated.connect(self._follow)
        self.layers.doubleClicked.connect(self._follow)
        inner = QWidget()
        lines = QVBoxLayout(inner)
        lines.setContentsMargins(8, 8, 8, 4)
        lines.setSpacing(6)
        lines.addWidget(self.words)
        lines.addWidget(self.hint)
        lines.addLayout(self.facts)
        lines.addWidget(self.runner_button)
        lines.addStretch(1)
        scrolled = ScrollArea(inner)
        scrolled.setFrameShape(ScrollArea.Shape.NoFrame)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(scrolled)
        split.addWidget(self.layers)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)
        self.layers.hide()
        self.runner_button.hide()
        self.job.ended.connect(self._ended)

    def set_theme(self, theme: Theme) -> None:
        self._theme = self._layers.theme = theme
        if self.result is not None:
            self._show(self.result)

    def use_settings(self, settings: Settings) -> None:
        self._settings = settings

    def look(self, path: Path) -> None:
        """Let a worker look at a file; the last one asked for is shown."""
        self._next = path
        if self.job.is_running:
            self.job.cancel()
        else:
            self._start()

    def stop(self) -> None:
        """End the worker, before the window goes."""
        self._next = None
        self.job.close()

    def _start(self) -> None:
        path, self._next = self._next, None
        if path is None:
            return
        self._path = path
        self.result = None
        self._say(f"Looking at {path.name}…", "muted")
        spec = EngineSpec(path, tuple(map(Path, self._settings.plugins)))
        python = self._settings.worker_python or sys.executable
        self.job.start(spec, new_job_directory("engine"), python=python, timeout=_SECONDS)

    def _ended(self, outcome: Outcome) -> None:
        if self._next is not None:
            self._start()
        elif isinstance(outcome, Succeeded) and isinstance(outcome.result, EngineResult):
            self.result = outcome.result
            self._show(outcome.result)
            self.known.emit(outcome.result)
        elif not isinstance(outcome, Succeeded):
            error = outcome.error()
            self._say(error.message, "refuses", error.hint or "")

    def _show(self, found: EngineResult) -> None:
        if found.runs_here:
            self._say("It runs on this machine.", "strong")
        else:
            reasons = " ".join(item.reason for item in found.obstacles)
            self._say(reasons, "refuses", " ".join(item.hint for item in found.obstacles))
        self._clear()
        for at, (name, words) in enumerate(_facts(self._path, found)):
            self.facts.addWidget(label(name, "muted"), at, 0)
            self.facts.addWidget(ElidedLabel(words, font=self._theme.mono_font), at, 1)
        self.runner_button.setVisible(found.card is not None)
        self._layers.show(found.layers)
        self.layers.setVisible(bool(found.layers))

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self.words.setText(words)
        set_role(self.words, role)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        if self.result is None:
            self._clear()
            self.layers.hide()
            self.runner_button.hide()

    def _clear(self) -> None:
        while (item := self.facts.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()

    def _want_runner(self) -> None:
        if self._path is not None and self.result is not None and self.result.card is not None:
            self.runner_wanted.emit(self._path, self.result.card)

    def _follow(self, index: QModelIndex) -> None:
        nodes = self._layers.rows[index.row()].nodes
        if nodes:
            self.followed.emit(nodes[0])


def _facts(path: Path | None, found: EngineResult) -> list[tuple[str, str]]:
    version = found.tensorrt or "version not known"
    rows = [
        ("File", f"{path.name if path else ''}, {found.bytes / 2**20:.2f} MiB"),
        ("Built by", f"{flavour_title(found.flavour)} {version}"),
    ]
    card = found.card
    if card is None:
        rows.append(("Card", f"{found.card_problem}, so its GPUs and tensors are not known."))
        return rows
    settings = card.settings
    rows += [
        ("For", f"{', '.join(card.gpus)}, {settings.precision}"),
        ("Inputs", ", ".join(map(_tensor, card.inputs))),
        ("Outputs", ", ".join(map(_tensor, card.outputs))),
        ("Built at", card.built_at),
        ("Network", f"SHA-256 {card.network_sha256}"),
        ("Plan", f"SHA-256 {card.sha256}"),
    ]
    source = card.provenance
    if source is not None:
        edits = source.script.count("[[edit]]")
        rows.append(("Made from", source.model))
        if source.model_sha256:
            rows.append(("", f"SHA-256 {source.model_sha256}"))
        rows.append(
            ("Surgery", f"{edits} edits" if edits else "see the card" if source.script else "none")
        )
        rows.append(("Verified", source.verdict))
    if found.layers_problem:
        rows.append(("Layers", found.layers_problem))
    return rows


def _tensor(info: TensorInfo) -> str:
    dims = ",".join("?" if dim < 0 else str(dim) for dim in info.shape)
    return f"{info.name} {info.dtype} [{dims}]"
