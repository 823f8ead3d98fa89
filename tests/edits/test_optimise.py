"""The passes that make a graph small: what each does, and that outputs stay what they were."""

from __future__ import annotations

import numpy as np
import pytest

from surgeon_gui.compare.inputs import random_inputs
from surgeon_gui.document import Document
from surgeon_gui.edits.optimise import PASSES, PRESETS, chosen_passes, optimise, optimised
from surgeon_gui.edits.script import script_from_toml, script_to_toml
from surgeon_gui.edits.tidy import (
    AbsorbIdentities,
    DropDevices,
    DropIdleControls,
    FoldShapes,
    InlineFunctions,
)
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Shape
from tests.helpers.shared import data_path, shared_path

NET = """
x = Placeholder() {shape=[?, 4, 4, 2]}
is_training = Placeholder() {dtype=bool, shape=[]}
w = Const() {value=f32[1,1,2,2]{1, 2, 3, 4}}
w/read = Identity(w)
conv = Conv2D(x, w/read) {strides=[1,1,1,1], padding="SAME", data_format="NHWC"}
s = Const() {value=f32[2]{1, 2}}
m = Const() {value=f32[2]{0.5, 1}}
norm = FusedBatchNormV3(conv, s, m, m, s) {epsilon=0.01, data_format="NHWC", is_training=true}
checked = CheckNumerics(norm) {message="no"}
relu = Relu(checked, ^w/read)
shape = Shape(relu)
one = Const() {value=i32{1}}
two = Const() {value=i32{2}}
begin = Const() {value=i32[1]{1}}
end = Const() {value=i32[1]{2}}
step = Const() {value=i32[1]{1}}
height = StridedSlice(shape, begin, end, step) {shrink_axis_mask=1}
batch = Const() {value=i32{-1}}
size = Pack(batch, height, two) {axis=0}
wide = Mul(height, two)
wanted = Pack(batch, wide, height) {axis=0}
flat = Reshape(relu, wanted)
scaled = Mul(flat, step_value)
step_value = Const() {value=f32{2}}
y = Identity(scaled)
"""


@pytest.fixture
def net() -> Graph:
    graph = parse_text(NET)
    draft = Draft(graph)
    draft.change("relu", device="/device:GPU:0")
    return draft.commit()


def test_every_pass_says_what_it_did(net: Graph) -> None:
    done = {item.id: item for item in optimise(net)}
    assert list(done) == list(PASSES)
    assert done["devices"].did == "1 changed"
    assert done["inference-norms"].steps
    assert done["checks"].did.startswith("1 removed")
    assert done["batch-norms"].steps
    assert done["dropout"].did == "nothing to do"
    assert done["dropout"].steps == ()
    for before, after in zip(list(done.values()), list(done.values())[1:], strict=False):
        assert before.nodes_after == after.nodes_before
    small = optimised(net, list(done.values()))
    assert len(small) == done["outputs"].nodes_after < 12
    assert [str(ref) for ref in deduce_outputs(small)] == ["y"]


def test_passes_can_be_left_out(net: Graph) -> None:
    done = optimise(net, ["identities"])
    assert [item.id for item in done] == ["identities"]
    assert "norm" in optimised(net, done)
    assert optimised(net, optimise(net, [])) is net


def test_each_pass_is_undone_by_itself_and_kept_in_a_script(net: Graph) -> None:
    document = Document(net)
    done = optimise(net, shapes={"x": Shape.of(1, 4, 4, 2)})
    steps = [step for item in done for step in item.steps]
    for edit, after in steps:
        document.commit(edit, after)
    assert len(document.revisions) == len(steps) + 1
    document.undo()
    assert document.graph is steps[-2][1]
    text = script_to_toml([edit for edit, _ in steps])
    assert [line.edit for line in script_from_toml(text).lines] == [edit for edit, _ in steps]


def test_fixed_sizes_settle_shapes(net: Graph) -> None:
    small = optimised(net, optimise(net, shapes={"x": Shape.of(1, 4, 4, 2)}))
    assert not {"Shape", "StridedSlice", "Pack"} & {node.op for node in small}


def test_choices_are_passes_and_presets() -> None:
    assert chosen_passes("") == tuple(PASSES)
    assert chosen_passes("batch-norms, devices") == ("devices", "batch-norms")
    assert chosen_passes("nvidia") == PRESETS["nvidia"]
    with pytest.raises(UsageError, match="no pass bogus") as caught:
        chosen_passes("bogus")
    assert "batch-norms" in str(caught.value.hint)


def test_idle_control_inputs_go_and_those_of_branches_stay() -> None:
    graph = parse_text("""
x = Placeholder() {shape=[1, 4]}
p = Placeholder() {dtype=bool, shape=[]}
c = Const() {value=f32{1}}
group = NoOp(^c)
s = Switch(x, p)
pivot = Identity(s:1)
d = Const(^pivot) {value=f32{1}}
waits = NoOp(^d)
y = Relu(x, ^group, ^c)
z = Relu(x, ^waits)
""")
    after = DropIdleControls().apply(graph)
    assert after["y"].controls == ()
    assert after["group"].controls == ()
    assert after["z"].controls == ("waits",)
    assert after["waits"].controls == ("d",)


def test_an_output_keeps_its_name_when_its_identity_goes() -> None:
    graph = parse_text("""
x = Placeholder() {shape=[1, 4]}
relu = Relu(x)
y = Identity(relu)
other = Neg(relu)
""")
    after = AbsorbIdentities().apply(graph)
    assert after["y"].op == "Relu"
    assert "relu" not in after
    assert str(after["other"].inputs[0]) == "y"


def test_an_identity_of_an_input_stays() -> None:
    graph = parse_text("""
x = Placeholder() {shape=[1, 4]}
y = Identity(x)
""")
    assert AbsorbIdentities().apply(graph) is graph


def test_shapes_in_branches_are_left_alone() -> None:
    graph = parse_text("""
x = Placeholder() {shape=[1, 4]}
p = Placeholder() {dtype=bool, shape=[]}
s = Switch(x, p)
inner = Shape(s:1)
outer = Shape(x)
end = Shape(s)
m = Merge(inner, end)
y = Add(m, outer)
""")
    after = FoldShapes().apply(graph)
    assert after["outer"].op == "Const"
    assert after["inner"].op == "Shape"


def test_device_strings_go_and_nothing_else(net: Graph) -> None:
    after = DropDevices().apply(net)
    assert after["relu"].device == ""
    assert DropDevices().apply(after) is after


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["cifar_small.pb", "mobilenet_v1_0.25_128_frozen.pb"])
def test_outputs_stay_equal(name: str) -> None:
    assert_equal(open_graph(data_path(name)))


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_unet_shrinks_as_the_recipes_made_it() -> None:
    graph = open_graph(shared_path("models/unet_semseg_person_08.pb"))
    assert len(assert_equal(graph)) < 0.65 * len(graph)


def assert_equal(graph: Graph) -> Graph:
    """Optimising does not change what TensorFlow computes; return the optimised graph."""
    from surgeon_gui.reference.tensorflow_runner import TensorflowRunner

    outputs = deduce_outputs(graph)
    small = optimised(graph, optimise(graph))
    assert len(small) < len(graph)
    with TensorflowRunner(graph, outputs) as one, TensorflowRunner(small, outputs) as other:
        feeds = random_inputs(one.inputs())
        before, after = one.run(feeds, outputs), other.run(feeds, outputs)
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, rtol=1e-5, atol=1e-5 * np.abs(value).max())
    return small


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_called_functions_are_written_out() -> None:
    from surgeon_gui.graph.graphdef import graph_from_graphdef
    from surgeon_gui.reference.tensorflow_import import import_tensorflow
    from surgeon_gui.reference.tensorflow_runner import TensorflowRunner

    tensorflow = import_tensorflow()
    v1 = tensorflow.compat.v1

    inner = tensorflow.function(lambda x: tensorflow.nn.relu(x) * 2.0)
    with tensorflow.Graph().as_default() as built:
        x = v1.placeholder(tensorflow.float32, [2, 3], name="x")
        tensorflow.identity(inner(inner(x)), name="y")
        graph = graph_from_graphdef(built.as_graph_def().SerializeToString())
    after = InlineFunctions().apply(graph)
    assert after.library == b""
    assert [node.op for node in after].count("Relu") == 2
    assert not {"PartitionedCall", "StatefulPartitionedCall", "IdentityN"} & {n.op for n in after}
    outputs = deduce_outputs(after)
    assert [str(ref) for ref in outputs] == ["y"]
    value = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    with TensorflowRunner(after, outputs) as runner:
        found = runner.run({"x": value}, outputs)["y"]
    np.testing.assert_array_equal(found, np.maximum(value, 0) * 4)
