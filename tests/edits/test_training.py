from __future__ import annotations

import pytest

from surgeon_gui.edits.training import SwitchTrainingOff, training_flags
from surgeon_gui.errors import EditError
from surgeon_gui.graph.text import parse_text

GRAPH = """
x = Placeholder() {shape=[?, 4]}
off = Const() {value=bool{false}}
model/keras_learning_phase = PlaceholderWithDefault(off) {shape=[], dtype=bool}
ps = Switch(model/keras_learning_phase, model/keras_learning_phase)
t = Identity(ps:1)
f = Identity(ps)
xt = Switch(x, model/keras_learning_phase)
shape = Shape(xt:1)
noise = RandomUniform(shape, ^t) {dtype=f32, seed=0, seed2=0}
keep = Const(^t) {value=f32{0.5}}
add = Add(noise, keep)
floor = Floor(add)
div = RealDiv(xt:1, keep)
mul = Mul(div, floor)
xf = Switch(x, model/keras_learning_phase)
same = Identity(xf)
m = Merge(same, mul)
y = Relu(m)
"""


def test_the_training_branch_goes() -> None:
    after = SwitchTrainingOff().apply(parse_text(GRAPH))
    assert after == parse_text(
        """
        x = Placeholder() {shape=[?, 4]}
        same = Identity(x)
        y = Relu(same)
        """
    )


def test_flags_are_found_by_dtype_and_name() -> None:
    graph = parse_text(
        """
        is_training = Placeholder() {shape=[], dtype=bool}
        a/phase_train = Placeholder() {shape=[], dtype=bool}
        training = Placeholder() {shape=[]}
        training_data = Placeholder() {shape=[], dtype=bool}
        """
    )
    assert training_flags(graph) == ("is_training", "a/phase_train")


def test_a_flag_may_be_named() -> None:
    text = GRAPH.replace("model/keras_learning_phase", "switch_me")
    graph = parse_text(text.replace("PlaceholderWithDefault(off)", "Placeholder()"))
    assert "Merge" in {node.op for node in SwitchTrainingOff().apply(graph)}
    assert "Merge" not in {node.op for node in SwitchTrainingOff(("switch_me",)).apply(graph)}
    with pytest.raises(EditError, match="no bool input"):
        SwitchTrainingOff(("x",)).apply(graph)
    assert SwitchTrainingOff().title == "Switch training off"


def test_batch_norms_use_the_averages_they_have() -> None:
    text = """
    x = Placeholder() {shape=[1, 4, 4, 2]}
    s = Const() {value=f32[2]{1}}
    m = Const() {value=f32[SIZE]{1}}
    y = FusedBatchNormV3(x, s, s, m, m) {U=f32, epsilon=0.01, data_format="NHWC", is_training=true}
    """
    graph = parse_text(text.replace("SIZE", "2"))
    after = SwitchTrainingOff().apply(graph)
    assert after["y"].attrs["is_training"] is False
    without = parse_text(text.replace("SIZE", "0").replace("{1}}\n    y", "{}}\n    y"))
    assert SwitchTrainingOff().apply(without)["y"].attrs["is_training"] is True
