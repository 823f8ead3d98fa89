"""Commands: one table makes the menus, the toolbar and the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from surgeon_gui.ui.icons import icon
from surgeon_gui.ui.theme import Theme

Key = QKeySequence.StandardKey | str | None


@dataclass(frozen=True)
class Command:
    """Something the user can do.

    Attributes:
        id: unique, `file.open`.
        title: as the menu says it.
        run: does it.
        key: its shortcut.
        icon: name of its icon.
        enabled: whether it can be done now; None is always.
        tip: the tooltip and status text.
        checked: for a switch, whether it is on.
    """

    id: str
    title: str
    run: Callable[[], object]
    key: Key = None
    icon: str = ""
    enabled: Callable[[], bool] | None = None
    tip: str = ""
    checked: Callable[[], bool] | None = None


@dataclass(frozen=True)
class MenuSpec:
    """A menu: command ids, `-` for a line, or a nested menu."""

    title: str
    items: tuple[str | MenuSpec, ...]
    fill: Callable[[QMenu], object] | None = field(default=None)
    """Fills a menu whose entries are only known when it opens."""


class Actions(QObject):
    """The commands as Qt's actions."""

    def __init__(self, owner: QWidget, theme: Theme) -> None:
        super().__init__(owner)
        self._owner = owner
        self._theme = theme
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.refresh)

    def add(self, commands: Iterable[Command]) -> None:
        """File commands; each becomes an action of the window, so its shortcut works anywhere."""
        for command in commands:
            if command.id in self._commands:
                raise ValueError(f"{command.id} is there twice")
            action = QAction(command.title, self)
            action.setObjectName(command.id)
            if command.key is not None:
                action.setShortcut(QKeySequence(command.key))
            action.setToolTip(self._tip(command, action))
            action.setStatusTip("")
            action.setCheckable(command.checked is not None)
            action.triggered.connect(lambda _checked=False, run=command.run: run())
            self._owner.addAction(action)
            self._commands[command.id] = command
            self._actions[command.id] = action
        self.set_theme(self._theme)
        self.refresh()

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def commands(self) -> tuple[Command, ...]:
        return tuple(self._commands.values())

    def refresh(self) -> None:
        """Enable what can be done now."""
        self._soon.stop()
        for command_id, command in self._commands.items():
            action = self._actions[command_id]
            if command.enabled is not None:
                action.setEnabled(command.enabled())
            if command.checked is not None:
                action.setChecked(command.checked())

    def refresh_soon(self) -> None:
        """The same after this event, once for all that changes in it."""
        self._soon.start()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for command_id, command in self._commands.items():
            if command.icon:
                self._actions[command_id].setIcon(icon(command.icon, theme))

    def fill_bar(self, bar: QMenuBar, menus: Iterable[MenuSpec]) -> None:
        for spec in menus:
            self.fill(bar.addMenu(spec.title), spec)

    def fill(self, menu: QMenu, spec: MenuSpec) -> None:
        """Put a menu's entries in."""
        menu.setToolTipsVisible(False)
        fill = spec.fill
        if fill is not None:
            menu.aboutToShow.connect(lambda: fill(menu))
        for item in spec.items:
            if isinstance(item, MenuSpec):
                self.fill(menu.addMenu(item.title), item)
            elif item == "-":
                menu.addSeparator()
            else:
                menu.addAction(self._actions[item])

    @staticmethod
    def _tip(command: Command, action: QAction) -> str:
        words = command.tip or command.title.replace("&", "").removesuffix("…")
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        return f"{words}  ({keys})" if keys else words
