"""A .uff file in the window: shown as it is, judged, edited, saved, and held against its parser."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtWidgets import QMessageBox

from surgeon_gui.edits.nodes import RenameNode
from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.uff.reader import open_uff
from surgeon_gui.ui.machine import Flavour, Machine
from tests.helpers.shared import data_path
from tests.ui.conftest import Driver
from tests.ui.test_panels import rows

LENET = data_path("golden-uff/lenet/expected.uff")


def test_it_shows_operations_orders_types_and_where_it_came_from(
    driver: Driver, tmp_path: Path
) -> None:
    path = tmp_path / "lenet.uff"
    shutil.copy(LENET, path)
    shutil.copy(data_path("golden-uff/lenet/graph.pb"), path.with_suffix(".pb"))
    driver.open(path)
    session = driver.window.session
    assert session.graph is not None
    driver.bot.waitUntil(lambda: "Made from" in rows(driver))
    assert rows(driver)["Made from"] == str(path.with_suffix(".pb"))
    convolution = next(node.name for node in session.graph if node.op == "Conv")
    session.select((convolution,))
    driver.settle()
    driver.bot.waitUntil(lambda: "inputs_orders" in rows(driver))
    assert "N+C" in rows(driver)["inputs_orders"]
    assert "+CK" in rows(driver)["inputs_orders"]
    assert session.lowering is not None
    assert session.lowering.network is not None
    assert session.support is not None
    assert session.support.supported


def test_it_is_edited_and_saved_as_uff(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "lenet.uff"
    shutil.copy(LENET, path)
    driver.open(path)
    session = driver.window.session
    document = session.document
    assert document is not None
    name = next(node.name for node in document.graph if node.op == "Activation")
    document.apply(RenameNode(name, "renamed"))
    driver.settle()
    driver.run("file.save")
    assert document.is_clean
    assert "renamed" in {node.id for node in open_uff(path).nodes}
    driver.answers.path = tmp_path / "lenet.pb"
    driver.run("file.save-as")
    assert driver.answers.path.stat().st_size > 0


CLIPPED = """
    x = Placeholder() {shape=[?, 4, 4, 3], dtype=f32}
    zero = Const() {value=f32{0}}
    low = Maximum(x, zero)
    outputs(low)
    """


def test_export_asks_when_the_chosen_parser_will_refuse_nodes(
    driver: Driver, tmp_path: Path
) -> None:
    save_graph(parse_text(CLIPPED), tmp_path / "clipped.pb")
    driver.open(tmp_path / "clipped.pb")
    window = driver.window
    window.session.set_target("uff-5.1")
    driver.settle()
    driver.answers.path = tmp_path / "clipped.uff"
    driver.run("export.uff")
    box = window.findChild(QMessageBox, "refused")
    assert box is not None
    assert "will refuse this node" in box.text()
    assert "low (Maximum)" in box.informativeText()
    assert not driver.answers.path.exists()
    driver.click(next(each for each in box.buttons() if each.text().startswith("Export")))
    driver.settle()
    assert driver.answers.path.exists()


def test_export_asks_nothing_when_the_parser_takes_all(driver: Driver, tmp_path: Path) -> None:
    driver.open(data_path("cifar_small.pb"))
    driver.window.session.set_target("uff-8")
    driver.settle()
    driver.answers.path = tmp_path / "cifar.uff"
    driver.run("export.uff")
    assert driver.window.findChild(QMessageBox, "refused") is None
    assert driver.answers.path.exists()


def test_nvidias_parser_can_be_chosen_where_it_is_installed(driver: Driver) -> None:
    panel = driver.window.build
    old = Flavour("tensorrt", "TensorRT", "8.6.1")
    panel.set_machine(Machine(flavours=(Flavour("rtx", "TensorRT for RTX", "1.7.1"),)))
    assert panel.route.findData("uff") < 0
    panel.set_machine(Machine(flavours=(old,)))
    panel.route.setCurrentIndex(panel.route.findData("uff"))
    panel.set_machine(Machine(flavours=(Flavour("tensorrt", "TensorRT", "10.3.0"),)))
    assert panel.route.currentData() == "direct"
