"""The finer options of a build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.spec import BuildSpec, ShapeRange
from surgeon_gui.network.ir import Network, NetworkBuilder
from surgeon_gui.network.layers import Activation, ActivationType
from surgeon_gui.ui.machine import Flavour
from surgeon_gui.ui.panels.build_options import BuildOptions

SPEC = BuildSpec(Path("/x.network"), Path("/x.engine"))
RTX = Flavour("rtx", "TensorRT for RTX", "1.7.1")
TEN = Flavour("tensorrt", "TensorRT", "10.16.1")


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


def test_commas_part_the_shapes_of_several_profiles(options: BuildOptions) -> None:
    options.set_network(network(-1, 8))
    least, best, most = options.ranges["image"]
    least.setText("1x8, 5x8")
    best.setText("2x8,6x8")
    most.setText("4x8, 9x8")
    spec = options.apply(SPEC)
    assert spec.profiles == (
        (ShapeRange("image", (1, 8), (2, 8), (4, 8)),),
        (ShapeRange("image", (5, 8), (6, 8), (9, 8)),),
    )
    least.clear()
    options.show_spec(spec)
    assert (least.text(), most.text()) == ("1x8, 5x8", "4x8, 9x8")
    assert options.apply(SPEC) == spec
    best.setText("2x8")
    with pytest.raises(UsageError, match="as many profiles") as caught:
        options.apply(SPEC)
    assert caught.value.where == "image"


def test_what_a_tensorrt_lacks_cannot_be_chosen(options: BuildOptions) -> None:
    options.flags["hardware_compatible"].setChecked(True)
    options.set_flavour(RTX)
    assert not options.flags["hardware_compatible"].isEnabled()
    assert "each GPU you name" in options.flags["hardware_compatible"].toolTip()
    assert not options.apply(SPEC).hardware_compatible
    options.set_flavour(TEN)
    assert options.flags["hardware_compatible"].isEnabled()


def test_an_rtx_engine_is_refittable_only_where_a_gpu_is(options: BuildOptions) -> None:
    options.set_flavour(RTX, has_gpu=False)
    assert not options.flags["refittable"].isEnabled()
    options.set_flavour(RTX, has_gpu=True)
    assert options.flags["refittable"].isEnabled()


def test_accelerators_are_offered_where_tensorrt_has_them(options: BuildOptions) -> None:
    options.set_flavour(TEN)
    options.dla.setValue(1)
    assert options.apply(SPEC).dla_core == 1
    for flavour in (RTX, Flavour("tensorrt", "TensorRT", "11.4.0"), None):
        options.set_flavour(flavour)
        assert options.apply(SPEC).dla_core is None
        assert not options.dla.isVisibleTo(options)


def test_a_timing_cache_is_kept_for_each_tensorrt(
    options: BuildOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path))
    options.set_flavour(TEN)
    options.flags["timing_cache"].setChecked(True)
    cache = options.apply(SPEC).timing_cache
    assert cache is not None
    assert cache.name == "tensorrt-10.16.1.cache"
    assert tmp_path in cache.parents


def test_the_form_shows_the_settings_of_a_build(options: BuildOptions) -> None:
    options.set_flavour(TEN)
    options.set_network(network(-1, 8))
    spec = replace(
        SPEC,
        optimization_level=2,
        workspace_bytes=64 << 20,
        tf32=True,
        detailed=True,
        dla_core=0,
        profiles=((ShapeRange("image", (1, 8), (2, 8), (3, 8)),),),
    )
    options.show_spec(spec)
    assert options.apply(SPEC) == spec
