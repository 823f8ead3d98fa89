"""An engine file is opened by the window: what it is, whether it runs here, code to run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.jobs.engine_card import EngineCard, sha256_of, write_card
from surgeon_gui.jobs.message import TensorInfo
from surgeon_gui.jobs.spec import BuildSpec, Provenance
from tests.ui.conftest import Driver


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    path = tmp_path / "net.engine"
    path.write_bytes(b"vtrt" + bytes(20) + b"\x01\x07\x01\x74" + bytes(100))
    card = EngineCard(
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        flavour="rtx",
        tensorrt="1.7.1.116",
        gpus=("sm75",),
        inputs=(TensorInfo("x", "float32", (1, 8, 8, 3)),),
        outputs=(TensorInfo("y", "float32", (1, 2)),),
        settings=BuildSpec(Path("/x.network"), path),
        network_sha256="aa",
        built_at="2026-01-01T00:00:00+00:00",
        provenance=Provenance("/models/net.pb", "bb", "[[edit]]\n"),
    )
    write_card(path, card)
    return path


def words_of(driver: Driver) -> str:
    facts = driver.window.run_.about.facts
    found = []
    for at in range(facts.count()):
        item = facts.itemAt(at)
        widget = item.widget() if item is not None else None
        if widget is not None:
            found.append(widget.accessibleName() or str(widget.property("text")))
    return "\n".join(found)


def test_an_engine_is_looked_at_beside_the_graph(driver: Driver, engine: Path) -> None:
    about = driver.window.run_.about
    driver.window.files.open(engine)
    driver.bot.waitUntil(lambda: about.result is not None, timeout=30_000)
    assert driver.window.bottom_dock.pages.current() == "run"
    assert driver.window.session.graph is None
    words = words_of(driver)
    for piece in (
        "TensorRT for RTX 1.7.1.116",
        "sm75, fp32",
        "/models/net.pb",
        "1 edits",
        "SHA-256",
    ):
        assert piece in words
    assert about.result is not None
    assert about.result.runs_here or about.words.text()


def test_code_for_it_is_exported_from_there(driver: Driver, engine: Path) -> None:
    window = driver.window
    window.files.open(engine)
    driver.bot.waitUntil(lambda: window.run_.about.result is not None, timeout=30_000)
    driver.answers.path = engine.with_name("run.cpp")
    window.run_.about.runner_button.click()
    driver.bot.waitUntil(lambda: engine.with_name("CMakeLists.txt").exists(), timeout=10_000)
    assert "net.engine" in engine.with_name("run.cpp").read_text()


def test_what_is_no_engine_is_said(driver: Driver, tmp_path: Path) -> None:
    bad = tmp_path / "bad.plan"
    bad.write_bytes(b"no engine at all, only words in a file")
    driver.window.files.open(bad)
    about = driver.window.run_.about
    driver.bot.waitUntil(lambda: "no TensorRT engine" in about.words.text(), timeout=30_000)
    assert not about.runner_button.isVisible()


def test_the_pages_about_engines_have_commands(driver: Driver) -> None:
    driver.run("engine.recent")
    assert driver.window.build.pages.current() == "recent"
    driver.run("engine.devices")
    assert driver.window.bottom_dock.pages.current() == "devices"
    driver.bot.waitUntil(lambda: not driver.window.devices.job.is_running, timeout=60_000)
