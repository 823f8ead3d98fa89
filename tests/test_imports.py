"""The window's process stays light: who may import what is checked in fresh interpreters."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys

import pytest

import surgeon_gui

HEAVY = ("tensorflow", "tensorrt", "tensorrt_rtx", "pycuda", "cuda", "keras")


def _loaded(statement: str) -> set[str]:
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def _modules() -> list[str]:
    walked = pkgutil.walk_packages(surgeon_gui.__path__, "surgeon_gui.")
    skipped = ("surgeon_gui.ui", "surgeon_gui.__main__", "surgeon_gui.proto.generate")
    return [found.name for found in walked if not found.name.startswith(skipped)]


def test_every_module_outside_ui_imports_without_qt_tensorflow_and_tensorrt() -> None:
    loaded = _loaded("\n".join(f"import {name}" for name in _modules()))
    assert not loaded & {*HEAVY, "PySide6", "pyqtgraph"}


def test_the_window_imports_neither_tensorflow_nor_tensorrt() -> None:
    loaded = _loaded("import surgeon_gui.ui.application")
    assert "PySide6" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("name", ["surgeon_gui.graph.open", "surgeon_gui.cli.app"])
def test_opening_a_graph_and_asking_for_help_do_not_load_the_window(name: str) -> None:
    assert "PySide6" not in _loaded(f"import {name}")
