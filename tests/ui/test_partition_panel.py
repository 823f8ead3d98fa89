"""The partition panel: divide, colour, collapse, cure, and the bundle's build and verification."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.hybrid.bundle import is_bundle, read_bundle, segment_path
from surgeon_gui.jobs.hybrid_spec import BundleBuildSpec
from surgeon_gui.targets.segments import ENGINE_OP
from tests.ui.conftest import Driver

HYBRID = """
x = Placeholder() {dtype=f32, shape=[2, 4]}
w = Const() {value=f32[4]{1,2,3,4}}
block/a = Mul(x, w)
block/b = Tanh(block/a)
block/c = Exp(block/b)
s = Lgamma(block/c) {T=f32}
d = Neg(s)
e = Abs(d)
f = Add(e, w)
"""


@pytest.fixture
def opened(driver: Driver, tmp_path: Path) -> Driver:
    path = tmp_path / "hybrid.pb"
    save_graphdef(parse_text(HYBRID), path)
    driver.window.resize(1400, 900)
    driver.open(path)
    driver.window.bottom_dock.pages.show_page("partition")
    return driver


def divide(driver: Driver) -> None:
    driver.click(driver.window.partition.divide_button)
    driver.bot.waitUntil(lambda: driver.window.partition.division is not None, timeout=20_000)
    driver.settle()


def test_dividing_shows_segments_and_what_stays(opened: Driver) -> None:
    panel = opened.window.partition
    assert not panel.save_button.isEnabled()
    divide(opened)
    assert "7 of 9 nodes" in panel.words.text()
    assert "the divided graph has 4" in panel.words.text()
    assert [row.segment.name for row in panel.segments.model_.rows] == [
        "TRTEngineOp_0",
        "TRTEngineOp_1",
    ]
    first = panel.staying.row_at(0)
    assert first.nodes == ("s",)
    assert first.suggestion is not None
    assert first.suggestion.segments == 1
    assert opened.window.overlays.chosen == "segments"
    assert panel.tables.current() == "segments"


def test_a_row_is_shown_in_the_graph(opened: Driver) -> None:
    divide(opened)
    panel = opened.window.partition
    index = panel.staying.model_.index(0, 2)
    panel.staying.activated.emit(index)
    opened.settle()
    assert opened.window.session.selection == ("s",)


def test_a_selection_can_stay_in_tensorflow(opened: Driver) -> None:
    panel = opened.window.partition
    opened.window.session.select(("block/",))
    opened.click(panel.keep_button)
    assert panel.denied.text() == "block/*"
    divide(opened)
    assert [row.segment.nodes for row in panel.segments.model_.rows] == [("d", "e", "f")]


def test_collapsing_is_one_edit_that_can_be_undone(opened: Driver) -> None:
    divide(opened)
    window = opened.window
    document = window.session.document
    assert document is not None
    opened.click(window.partition.collapse_button)
    opened.bot.waitUntil(lambda: document.index == 1, timeout=10_000)
    opened.settle()
    graph = window.session.graph
    assert graph is not None
    assert [node.op for node in graph].count(ENGINE_OP) == 2
    assert window.partition.division is None
    window.session.undo()
    assert window.session.graph == document.original


def test_another_target_forgets_the_division(opened: Driver) -> None:
    divide(opened)
    opened.window.session.set_target("tftrt-1.14")
    assert opened.window.partition.division is None
    assert "TF-TRT" in opened.window.partition.target.text()


def test_a_graph_without_segments_says_why(opened: Driver) -> None:
    panel = opened.window.partition
    panel.smallest.setValue(50)
    divide(opened)
    assert "Nothing" in panel.words.text()
    assert panel.hint.text()
    assert panel.tables.current() == "staying"
    assert not panel.collapse_button.isEnabled()


@pytest.mark.slow
@pytest.mark.tensorrt
@pytest.mark.tensorflow
def test_the_bundle_is_made_built_and_verified(
    opened: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, folder = opened.window, tmp_path / "bundle"

    def choose(parent: QWidget, title: str, start: str, chosen: Callable[[Path], object]) -> None:
        chosen(folder)

    monkeypatch.setattr(opened.answers, "open_folder", choose)
    divide(opened)
    panel = window.partition
    opened.click(panel.save_button)
    opened.bot.waitUntil(lambda: is_bundle(folder), timeout=20_000)
    opened.settle()
    assert str(folder) in panel.words.text()
    opened.click(panel.build_button)
    opened.bot.waitUntil(lambda: "engines are built" in panel.words.text(), timeout=60_000)
    for segment in read_bundle(folder).segments:
        assert segment_path(folder, segment.name, ".engine").is_file()
    opened.click(panel.verify_button)
    opened.bot.waitUntil(lambda: "equals TensorFlow" in panel.words.text(), timeout=90_000)


def test_beside_other_files_a_bundle_gets_its_own_folder(
    opened: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "graph.pb").write_bytes(b"the user's own")

    def choose(parent: QWidget, title: str, start: str, chosen: Callable[[Path], object]) -> None:
        chosen(tmp_path)

    monkeypatch.setattr(opened.answers, "open_folder", choose)
    divide(opened)
    opened.click(opened.window.partition.save_button)
    opened.bot.waitUntil(lambda: is_bundle(tmp_path / "hybrid.hybrid"), timeout=20_000)
    opened.settle()
    assert (tmp_path / "graph.pb").read_bytes() == b"the user's own"


def test_what_engines_shall_be_is_asked_for(opened: Driver, tmp_path: Path) -> None:
    options = opened.window.partition.engines
    spec = BundleBuildSpec(tmp_path)
    assert options.put_into(spec) == spec
    options.precision.setCurrentText("fp16")
    assert options.put_into(spec).precision == "fp16"
    options.precision.setCurrentText("int8")
    with pytest.raises(UsageError, match="Choose samples"):
        options.put_into(spec)
    options.samples.setText(str(tmp_path / "x.npz"))
    with pytest.raises(UsageError, match="no such file"):
        options.put_into(spec)
    (tmp_path / "x.npz").touch()
    assert options.put_into(spec).data == (tmp_path / "x.npz",)


def test_engines_to_keep_ready_are_in_the_bundle(opened: Driver, tmp_path: Path) -> None:
    panel = opened.window.partition
    panel.engines.cached.setValue(3)
    divide(opened)
    panel.make(tmp_path / "bundle")
    opened.bot.waitUntil(lambda: is_bundle(tmp_path / "bundle"), timeout=20_000)
    opened.settle()
    assert read_bundle(tmp_path / "bundle").maximum_cached_engines == 3


@pytest.mark.tensorflow
def test_a_tensorflow_without_tf_trt_says_so(opened: Driver, tmp_path: Path) -> None:
    panel = opened.window.partition
    opened.answers.path = tmp_path / "converted.pb"
    opened.click(panel.tftrt_button)
    opened.bot.waitUntil(lambda: "has no TF-TRT" in panel.words.text(), timeout=90_000)
    assert "2.17" in panel.hint.text()
