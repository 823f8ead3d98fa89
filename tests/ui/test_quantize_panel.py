"""The quantize panel: calibrate, edit a range, keep a layer, colour, and build."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.jobs.quantize_spec import (
    NO_NOISE_DB,
    LayerNoise,
    OutputNoise,
    QuantizeResult,
    sqnr_text,
)
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.network.quantize.ranges import load_ranges
from surgeon_gui.network.store import save_network
from surgeon_gui.pipeline import network_of
from surgeon_gui.ui.panels.quantize import QuantizePanel
from surgeon_gui.ui.panels.quantize_work import summary
from tests.ui.conftest import Driver

GRAPH = """
x = Placeholder() {dtype=f32, shape=[1, 8, 8, 3]}
w = Const() {value=f32[3,3,3,4]{0.1}}
a = Conv2D(x, w) {strides=[1,1,1,1], padding="SAME"}
r = Relu(a)
v = Const() {value=f32[3,3,4,4]{0.05}}
i = Identity(r) {T=f32}
b = Conv2D(i, v) {strides=[1,1,1,1], padding="SAME"}
y = Tanh(b)
"""


@pytest.fixture
def opened(driver: Driver, tmp_path: Path) -> Driver:
    path = tmp_path / "net.pb"
    save_graphdef(parse_text(GRAPH), path)
    driver.window.resize(1400, 900)
    driver.open(path)
    driver.window.bottom_dock.pages.show_page("quantize")
    driver.window.quantize.count.setValue(4)
    return driver


def calibrated(driver: Driver) -> QuantizePanel:
    panel = driver.window.quantize
    driver.click(panel.calibrate_button)
    driver.bot.waitUntil(lambda: panel.result is not None, timeout=60_000)
    return panel


def test_calibrating_shows_layers_ranges_and_colours(opened: Driver) -> None:
    panel = opened.window.quantize
    panel.sensitivity.setChecked(True)
    assert not panel.build_button.isEnabled()
    calibrated(opened)
    assert "2 of 2 layers" in panel.words.text()
    assert "random" in panel.hint.text()
    assert len(panel.layers.model_.rows) == 2
    assert {row.name for row in panel.tensors.model_.rows} >= {"r"}
    assert opened.window.overlays.chosen == "quantization"
    assert panel.build_button.isEnabled()
    assert panel.curve.widget.isVisibleTo(panel)


def test_a_layer_that_is_ticked_stays_in_float(opened: Driver) -> None:
    panel = calibrated(opened)
    model = panel.layers.model_
    name = model.rows[0].layer
    state = Qt.CheckState.Checked.value
    assert model.setData(model.index(0, 3), state, Qt.ItemDataRole.CheckStateRole)
    panel.result = None
    opened.click(panel.again_button)
    opened.bot.waitUntil(lambda: panel.result is not None, timeout=60_000)
    assert "1 of 2 layers" in panel.words.text()
    assert panel.layers.kept() == (name,)


def test_a_range_can_be_typed_and_saved(opened: Driver, tmp_path: Path) -> None:
    panel = calibrated(opened)
    model = panel.tensors.model_
    name = model.rows[0].name
    assert not model.setData(model.index(0, 1), "nonsense")
    assert not model.setData(model.index(0, 1), "-1")
    assert model.setData(model.index(0, 1), "0.25")
    target = tmp_path / "ranges.cache"
    opened.answers.path = target
    opened.click(panel.save_button)
    opened.settle()
    assert load_ranges(target).reach[name] == pytest.approx(0.25)
    model.setData(model.index(0, 1), "0.5")
    panel.load(target)
    assert panel.tensors.reach()[name] == pytest.approx(0.25)


def test_ranges_go_with_the_rule_set_to_the_next_graph(opened: Driver, tmp_path: Path) -> None:
    panel = calibrated(opened)
    model = panel.tensors.model_
    name = model.rows[0].name
    model.setData(model.index(0, 1), "0.25")
    assert not panel.build_button.isEnabled()  # What was rounded is not what the table says.
    (tmp_path / "ours.toml").write_text('[[item]]\nrule = "strip-identity"\n')
    opened.answers.path = tmp_path / "ours.toml"
    opened.click(panel.save_button)
    opened.settle()
    opened.open(tmp_path / "net.pb")
    assert not panel.again_button.isEnabled()
    opened.window.session.apply(ApplyRules((str(tmp_path / "ours.toml"),)))
    opened.settle()
    assert panel.tensors.reach()[name] == 0.25
    panel.result = None
    opened.click(panel.again_button)
    opened.bot.waitUntil(lambda: panel.result is not None, timeout=60_000)
    assert panel.tensors.reach()[name] == 0.25
    assert panel.build_button.isEnabled()


def test_a_rule_set_that_changes_nothing_brings_its_ranges(opened: Driver, tmp_path: Path) -> None:
    panel, window = opened.window.quantize, opened.window
    path = tmp_path / "ours.toml"
    path.write_text('[[item]]\nrule = "strip-assert"\n[ranges.reach]\n"a/transpose" = 1\nr = 0.5\n')
    session = window.session
    assert session.document is not None
    window.rules.load(path)
    opened.settle()
    assert panel.tensors.reach() == {"a/transpose": 1.0, "r": 0.5}
    # Another document has nothing to do with them, until they are applied to it.
    opened.open(tmp_path / "net.pb")
    assert panel.tensors.reach() == {}
    session.apply(ApplyRules((str(path),)))
    opened.settle()
    assert session.document.edits == ()
    assert panel.tensors.reach() == {"a/transpose": 1.0, "r": 0.5}
    # Nor does a later set without ranges take them away.
    session.apply(ApplyRules(("strip-noop",)))
    opened.settle()
    build = window.build
    build.rounding.set_precision("int8")
    spec = BuildSpec(tmp_path / "float.network", tmp_path / "x.engine", precision="int8")
    graph = session.graph
    assert graph is not None
    save_network(network_of(graph), spec.network)
    made = build.rounding.choice().put_into(spec, tmp_path, session.rules_in_use)
    assert made.network.name == "rounded.network"
    # What is measured here is not replaced by a set that is loaded later.
    calibrated(opened)
    before = panel.tensors.reach()
    window.rules.load(path)
    opened.settle()
    assert panel.tensors.reach() == before


def test_errors_are_measured_on_validation_data(opened: Driver, tmp_path: Path) -> None:
    panel = opened.window.quantize
    random = np.random.default_rng(0)
    images, labels = random.uniform(-1, 1, (6, 8, 8, 3)), np.zeros(6, np.int64)
    np.savez(tmp_path / "held.npz", x=images.astype(np.float32), labels=labels)
    panel.held.paths.setText(str(tmp_path / "absent.npz"))
    opened.click(panel.calibrate_button)
    assert "no such file" in panel.words.text()
    panel.held.paths.clear()
    opened.answers.path = tmp_path / "held.npz"
    opened.click(panel.held.widget.findChildren(QPushButton)[0])
    assert panel.held.choice() == (tmp_path / "held.npz",)
    calibrated(opened)
    # Only that file has labels: the random samples the ranges come from have none.
    assert panel.result is not None
    assert panel.result.accuracy_float is not None
    assert "Accuracy" in panel.hint.text()


def test_a_script_makes_the_samples(opened: Driver, tmp_path: Path) -> None:
    script = tmp_path / "samples.py"
    script.write_text(
        "import numpy as np\n"
        "def samples():\n"
        "    for number in range(3):\n"
        "        yield {'x': np.full((1, 8, 8, 3), number, np.float32)}\n"
    )
    panel = opened.window.quantize
    panel.feeding.kind.setCurrentIndex(panel.feeding.kind.findData("script"))
    opened.click(panel.calibrate_button)
    assert "Choose the script" in panel.words.text()
    panel.feeding.script.setText(str(script))
    calibrated(opened)
    assert panel.result is not None
    assert panel.result.samples == 3
    assert max(panel.tensors.reach().values()) >= 2.0


def test_an_edit_forgets_what_was_found(opened: Driver) -> None:
    panel = calibrated(opened)
    opened.window.session.select(("y",))
    opened.run("edit.remove")
    assert panel.result is None
    assert not panel.again_button.isEnabled()


def test_what_does_not_fit_is_told(opened: Driver, tmp_path: Path) -> None:
    panel = opened.window.quantize
    panel.feeding.kind.setCurrentIndex(panel.feeding.kind.findData("arrays"))
    opened.click(panel.calibrate_button)
    assert "Choose the file" in panel.words.text()
    (tmp_path / "bad.json").write_text("{}")
    panel.load(tmp_path / "bad.json")
    assert "neither ranges" in panel.words.text()


@pytest.mark.slow
@pytest.mark.tensorrt
def test_the_rounded_network_is_built(opened: Driver, tmp_path: Path) -> None:
    panel = calibrated(opened)
    engine = tmp_path / "net.int8.engine"
    opened.answers.path = engine
    opened.click(panel.build_button)
    opened.bot.waitUntil(lambda: "is built" in panel.words.text(), timeout=60_000)
    assert engine.stat().st_size > 0


def test_what_loses_nothing_is_called_exact() -> None:
    layer = LayerNoise("conv", ("conv",), NO_NOISE_DB, None, False)
    result = QuantizeResult(
        network=None,
        ranges=Path("ranges.json"),
        collector="max",
        samples=4,
        rounded=1,
        layers=(layer,),
        outputs=(OutputNoise("scores", 0.0, NO_NOISE_DB, 1.0),),
        noise=0.0,
    )
    assert summary(result)[0] == "1 of 1 layers compute in eight bits; the outputs are exact."
    assert sqnr_text(NO_NOISE_DB) == "exact"
    assert sqnr_text(31.44) == "31.4 dB"
