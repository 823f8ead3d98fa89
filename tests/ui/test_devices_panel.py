"""The device panel: what is here, in words, and the plugin libraries."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from surgeon_gui.jobs.outcome import Succeeded
from surgeon_gui.jobs.spec import DevicesResult, FlavourInfo, GpuInfo, PluginInfo
from surgeon_gui.settings import Settings
from surgeon_gui.ui.panels.devices import DevicesPanel, summary
from surgeon_gui.ui.theme import LIGHT
from tests.ui.conftest import Answers

L4 = GpuInfo(0, "NVIDIA L4", "sm89", 24 << 30)
RTX = FlavourInfo("rtx", "TensorRT for RTX 1.7.1", "1.7.1", builds_for=("sm86", "sm89"))
LREL = PluginInfo("LReLU_TRT", "1", "", (("negSlope", "FLOAT32"),))
PLAIN = FlavourInfo("tensorrt", "TensorRT 10.16", "10.16", takes_plugins=True, plugins=(LREL,))


@pytest.fixture
def panel(qtbot: QtBot) -> DevicesPanel:
    made = DevicesPanel(Settings(), LIGHT, Answers())
    qtbot.addWidget(made)
    return made


def texts(panel: DevicesPanel) -> str:
    found = []
    pending = [panel.tree.topLevelItem(at) for at in range(panel.tree.topLevelItemCount())]
    while pending:
        item = pending.pop(0)
        assert item is not None
        found.append(f"{item.text(0)} | {item.text(1)}")
        pending += [item.child(at) for at in range(item.childCount())]
    return "\n".join(found)


def test_everything_found_is_shown(panel: DevicesPanel) -> None:
    found = DevicesResult((L4,), (RTX, PLAIN), driver="580.1", cuda="cuda-python")
    panel.job.ended.emit(Succeeded(found))
    shown = texts(panel)
    assert "NVIDIA L4 | sm89, 24 GiB" in shown
    assert "GPUs | driver 580.1" in shown
    assert "CUDA from Python | cuda-python" in shown
    assert "TensorRT for RTX 1.7.1 | builds for sm86, sm89" in shown
    assert "Plugins | takes none" in shown
    assert "LReLU_TRT 1 | negSlope: float32" in shown


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (DevicesResult((), ()), "not installed"),
        (DevicesResult((), (RTX,)), "No GPU here"),
        (DevicesResult((L4,), (RTX,), cuda="pycuda"), "builds and runs here"),
        (DevicesResult((L4,), (RTX,)), "need CUDA for Python"),
        (
            DevicesResult((L4,), (FlavourInfo("rtx", "RTX", "1", obstacles=("no",)),)),
            "does not run on the GPU here",
        ),
    ],
)
def test_a_sentence_says_what_the_machine_can_do(found: DevicesResult, words: str) -> None:
    assert words in summary(found)


def test_libraries_are_added_and_removed(panel: DevicesPanel, qtbot: QtBot, tmp_path: Path) -> None:
    chosen: list[Settings] = []
    panel.settings_changed.connect(chosen.append)
    answers = panel._chooser
    assert isinstance(answers, Answers)
    answers.path = tmp_path / "libmine.so"
    with qtbot.waitSignal(panel.job.ended, timeout=60_000):
        panel.add_button.click()
    assert list(chosen[-1].plugins) == [str(tmp_path / "libmine.so")]
    assert f"libmine.so | {tmp_path / 'libmine.so'}, which is not there" in texts(panel)
    assert "code" in answers.asked[0]
    libraries = panel.tree.topLevelItem(panel.tree.topLevelItemCount() - 1)
    assert libraries is not None
    item = libraries.child(0)
    assert item is not None
    panel.tree.setCurrentItem(item)
    with qtbot.waitSignal(panel.job.ended, timeout=60_000):
        panel.remove_button.click()
    assert list(chosen[-1].plugins) == []


def test_a_worker_looks_at_this_machine(panel: DevicesPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.found, timeout=60_000):
        panel.refresh()
    assert panel.result is not None
    assert panel.words.text() == summary(panel.result)


def test_the_first_look_needs_no_button(panel: DevicesPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.found, timeout=60_000):
        panel.show()
    assert panel.result is not None
    panel.hide()
    panel.show()
    assert not panel.job.is_running
