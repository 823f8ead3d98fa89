"""Registries that fill themselves: a decorator, and a walk over a package to import its modules."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Maps names to what the modules of `package` registered with the decorator.

    The package is imported at first look-up, so adding an entry is adding a function (or a file).

    Args:
        package: dotted name of the package whose modules register entries.
    """

    def __init__(self, package: str) -> None:
        self._package = package
        self._entries: dict[str, T] = {}
        self._loaded = False
        self._loading = False
        self._lock = threading.RLock()

    def register(self, *names: str) -> Callable[[T], T]:
        """Return a decorator that files its target under `names`; a second entry is an error."""

        def decorate(entry: T) -> T:
            for name in names:
                if name in self._entries:
                    raise ValueError(f"{name} is registered twice in {self._package}")
                self._entries[name] = entry
            return entry

        return decorate

    def _load(self) -> dict[str, T]:
        if not self._loaded:
            # Another thread that looks something up must wait for the last module.
            with self._lock:
                if not self._loading:
                    self._loading = True
                    try:
                        self._walk()
                        self._loaded = True
                    finally:
                        self._loading = False
        return self._entries

    def _walk(self) -> None:
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")

    def __getitem__(self, name: str) -> T:
        return self._load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())
