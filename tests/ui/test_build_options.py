"""The finer options of a build."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.spec import BuildSpec, ShapeRange
from surgeon_gui.network.ir import Network, NetworkBuilder
from surgeon_gui.network.layers import Activation, ActivationType
from surgeon_gui.ui.panels.build_options import BuildOptions

SPEC = BuildSpec(Path("/x.network"), Path("/x.engine"))


def network(*shape: int) -> Network:
    builder = NetworkBuilder()
    x = builder.add_input("image", DType.FLOAT32, shape)
    (y,) = builder.add(Activation(type=ActivationType.RELU), [x], name="relu")
    builder.mark_output(y)
    return builder.build()


@pytest.fixture
def options(qtbot: QtBot) -> BuildOptions:
    made = BuildOptions(0)
    qtbot.addWidget(made)
    return made


def test_untouched_it_changes_nothing(options: BuildOptions) -> None:
    assert options.apply(SPEC) == SPEC


def test_what_is_chosen_is_asked_for(options: BuildOptions) -> None:
    options.level.setCurrentIndex(options.level.findData(4))
    options.workspace.setValue(512)
    options.flags["tf32"].setChecked(True)
    made = options.apply(SPEC)
    assert (made.optimization_level, made.workspace_bytes, made.tf32) == (4, 512 << 20, True)


def test_a_dynamic_input_gets_a_range_and_a_fixed_one_none(options: BuildOptions) -> None:
    options.set_network(network(-1, 8))
    for field, text in zip(options.ranges["image"], ("1x8", "4x8", "16x8"), strict=True):
        field.setText(text)
    (ranges,) = options.apply(SPEC).profiles
    assert ranges == (ShapeRange("image", (1, 8), (4, 8), (16, 8)),)
    options.set_network(network(-1, 8))
    assert options.ranges["image"][2].text() == "16x8"
    options.set_network(network(2, 8))
    assert options.apply(SPEC).profiles == ()


def test_a_shape_that_is_none_is_refused(options: BuildOptions) -> None:
    options.set_network(network(-1, 8))
    options.ranges["image"][1].setText("4 by 8")
    with pytest.raises(UsageError, match="no shape") as caught:
        options.apply(SPEC)
    assert caught.value.where == "image"


def test_what_a_tensorrt_lacks_cannot_be_chosen(options: BuildOptions) -> None:
    options.flags["hardware_compatible"].setChecked(True)
    options.set_flavour("rtx")
    assert not options.flags["hardware_compatible"].isEnabled()
    assert not options.apply(SPEC).hardware_compatible
    options.set_flavour("tensorrt")
    assert options.flags["hardware_compatible"].isEnabled()
