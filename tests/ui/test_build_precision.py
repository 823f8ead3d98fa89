"""What goes with a precision in the build panel reaches the build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.text import parse_text
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.network.layers import Quantize
from surgeon_gui.network.quantize.place import placement_of
from surgeon_gui.network.quantize.ranges import Ranges, load_ranges
from surgeon_gui.network.store import load_network, save_network
from surgeon_gui.pipeline import network_of
from surgeon_gui.range_files import save_any_ranges
from surgeon_gui.rewrite.ruleset import load_rule_set
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.machine import Flavour
from surgeon_gui.ui.panels.build_precision import PrecisionOptions

GRAPH = """
x = Placeholder() {dtype=f32, shape=[1, 8, 8, 3]}
w = Const() {value=f32[3,3,3,4]{0.1}}
a = Conv2D(x, w) {strides=[1,1,1,1], padding="SAME"}
v = Const() {value=f32[3,3,4,4]{0.05}}
b = Conv2D(a, v) {strides=[1,1,1,1], padding="SAME"}
"""


@pytest.fixture
def options(qtbot: QtBot) -> PrecisionOptions:
    made = PrecisionOptions(PathChooser(native=False), lambda: ("a", "b"))
    qtbot.addWidget(made)
    return made


@pytest.fixture
def spec(tmp_path: Path) -> BuildSpec:
    save_network(network_of(parse_text(GRAPH)), tmp_path / "x.network")
    return BuildSpec(tmp_path / "x.network", tmp_path / "x.engine", precision="int8")


@pytest.fixture
def ranges(spec: BuildSpec) -> Ranges:
    tensors = placement_of(load_network(spec.network)).tensors()
    return Ranges(dict.fromkeys(tensors, 2.0))


def rounded(spec: BuildSpec) -> int:
    """Return the pairs in the network of a build."""
    layers = load_network(spec.network).layers
    return sum(isinstance(layer.kind, Quantize) for layer in layers)


@pytest.mark.parametrize(
    ("precision", "shown"),
    [("fp32", ()), ("fp16", ("kept", "half_ends")), ("int8", ("ranges", "implicit", "kept"))],
)
def test_only_what_goes_with_a_precision_is_shown(
    options: PrecisionOptions, precision: str, shown: tuple[str, ...]
) -> None:
    options.set_precision(precision)
    fields = ("kept", "half_ends", "ranges", "implicit")
    visible = {
        name for name in fields if getattr(options, name).isVisibleTo(options.parentWidget())
    }
    assert visible == set(shown)


def test_the_nodes_selected_are_kept_and_the_ends_changed(
    options: PrecisionOptions, spec: BuildSpec
) -> None:
    options.set_precision("bf16")
    options.kept.field.setText("b, c")
    options.kept.take.click()
    options.half_ends.setChecked(True)
    made = options.apply(replace(spec, precision="bf16"))
    assert made.kept == ("b", "c", "a")
    assert made.half_ends
    options.show_spec(replace(spec, kept=("z",)))
    assert (options.kept.names(), options.half_ends.isChecked()) == (("z",), False)
    assert options.apply(replace(spec, precision="fp32")).kept == ()


def test_ranges_of_a_file_round_the_network(
    options: PrecisionOptions, spec: BuildSpec, ranges: Ranges, tmp_path: Path
) -> None:
    save_any_ranges(ranges, tmp_path / "r.cache")
    options.set_precision("int8")
    options.ranges.setText(str(tmp_path / "r.cache"))
    made = options.choice().put_into(options.apply(spec), tmp_path, ())
    assert rounded(made) == 4
    options.kept.field.setText("a")
    made = options.choice().put_into(options.apply(spec), tmp_path, ())
    assert rounded(made) == 2


def test_ranges_of_a_rule_set_that_was_applied_are_taken(
    options: PrecisionOptions, spec: BuildSpec, ranges: Ranges, tmp_path: Path
) -> None:
    path = tmp_path / "ours.toml"
    save_any_ranges(ranges, path)
    options.set_precision("int8")
    applied: tuple[Edit, ...] = (ApplyRules((str(path),)), ApplyRules(("clean",)))
    assert rounded(options.choice().put_into(spec, tmp_path, applied)) == 4
    inline = (ApplyRules.of(load_rule_set(path)),)
    assert rounded(options.choice().put_into(spec, tmp_path, inline)) == 4
    assert options.choice().put_into(spec, tmp_path, ()) == spec


def test_tensorrt_is_told_the_ranges_where_it_takes_them(
    options: PrecisionOptions, spec: BuildSpec, ranges: Ranges, tmp_path: Path
) -> None:
    save_any_ranges(ranges, tmp_path / "r.json")
    options.set_precision("int8")
    options.ranges.setText(str(tmp_path / "r.json"))
    options.set_flavour(Flavour("tensorrt", "TensorRT", "10.16.1"))
    options.implicit.setChecked(True)
    made = options.choice().put_into(replace(spec, kept=("a",)), tmp_path, ())
    assert made.ranges is not None
    assert load_ranges(made.ranges).reach == ranges.reach
    assert (made.network, made.kept) == (spec.network, ("a",))
    for flavour in (Flavour("rtx", "TensorRT for RTX", "1.7.1"), None):
        options.set_flavour(flavour)
        assert not options.implicit.isEnabled()
        assert not options.implicit.isChecked()


def test_what_cannot_be_done_is_told(
    options: PrecisionOptions, spec: BuildSpec, tmp_path: Path
) -> None:
    options.set_precision("int8")
    with pytest.raises(UsageError, match="no ranges"):
        options.choice().put_into(replace(spec, kept=("a",)), tmp_path, ())
    options.ranges.setText(str(tmp_path / "absent.json"))
    with pytest.raises(UsageError, match="no such file"):
        options.choice()
