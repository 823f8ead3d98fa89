"""TensorFlow as the reference: right values, repeatable, and clear when it cannot run."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.errors import (
    ConvertError,
    GraphError,
    JobFailed,
    UnknownNode,
    Unsupported,
    UsageError,
)
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import AttrValue, DType, Shape, TensorType, TensorValue
from surgeon_gui.reference.tensorflow_import import import_tensorflow
from surgeon_gui.reference.tensorflow_runner import TensorflowRunner
from tests.helpers.shared import data_path

pytestmark = pytest.mark.tensorflow

F32 = DType.FLOAT32


def node(name: str, op: str, *inputs: str, **attrs: AttrValue) -> Node:
    return Node(name, op, [TensorRef.parse(text) for text in inputs], attrs)


def placeholder(name: str = "x", *dims: int, dtype: DType = F32) -> Node:
    return node(name, "Placeholder", dtype=dtype, shape=Shape.of(*dims))


def constant(name: str, value: object) -> Node:
    tensor = TensorValue.from_array(np.asarray(value))
    return node(name, "Const", dtype=tensor.dtype, value=tensor)


def refs(*names: str) -> list[TensorRef]:
    return [TensorRef.parse(name) for name in names]


ONES = {"x": np.ones((2, 2), np.float32)}


def test_values_are_tensorflows() -> None:
    graph = Graph((placeholder("x", 2, 2), node("y", "MatMul", "x", "x", T=F32)))
    with TensorflowRunner(graph) as runner:
        assert runner.run(ONES, refs("y"))["y"].tolist() == [[2, 2], [2, 2]]


def test_a_real_model_gives_the_same_bits_twice() -> None:
    graph = open_graph(data_path("cifar_small.pb"))
    image = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    found = []
    for _ in range(2):
        with TensorflowRunner(graph, refs("Output")) as runner:
            found.append(runner.run({"Input": image}, refs("Output"))["Output"])
    assert found[0].shape == (1, 10)
    assert found[0].tobytes() == found[1].tobytes()


def test_shapes_override_the_placeholders() -> None:
    graph = open_graph(data_path("cifar_small.pb"))
    with TensorflowRunner(graph, shapes={"Input": (2, 32, 32, 3)}) as runner:
        assert runner.inputs() == {"Input": TensorType(F32, Shape.of(2, 32, 32, 3))}
        assert runner.type(TensorRef("Conv2D")).shape == Shape.of(2, 13, 13, 32)
    with TensorflowRunner(graph) as runner:
        assert runner.type(TensorRef("Conv2D")).shape == Shape.of(-1, 13, 13, 32)


def test_recorded_shapes_do_not_stand_against_an_override() -> None:
    relu = node("y", "Relu", "x", T=F32, _output_shapes=(Shape.of(1, 2),))
    graph = Graph((placeholder("x", 1, 2), relu))
    with TensorflowRunner(graph, shapes={"x": (3, 2)}) as runner:
        assert runner.type(TensorRef("y")).shape == Shape.of(3, 2)


def test_a_scalar_can_be_given_where_an_old_graph_leaves_the_rank_open() -> None:
    graph = Graph((node("x", "Placeholder", dtype=F32), node("y", "Relu", "x", T=F32)))
    with TensorflowRunner(graph, shapes={"x": ()}) as runner:
        assert runner.inputs() == {"x": TensorType(F32, Shape.of())}
        assert runner.run({"x": np.array(2, np.float32)}, refs("y"))["y"] == 2


def test_a_shape_that_does_not_fit_is_refused_at_its_node() -> None:
    graph = open_graph(data_path("cifar_small.pb"))
    with pytest.raises(ConvertError) as caught:
        TensorflowRunner(graph, shapes={"Input": (1, 32, 32, 4)})
    assert caught.value.where == "Conv2D"
    assert "{{node" not in caught.value.message
    with pytest.raises(UnknownNode):
        TensorflowRunner(graph, shapes={"input": (1, 32, 32, 3)})


def test_ports_and_unknown_ranks_are_told() -> None:
    split = node("s", "Split", "axis", "x", num_split=2, T=F32)
    graph = Graph((node("x", "Placeholder", dtype=F32), constant("axis", np.int32(0)), split))
    with TensorflowRunner(graph) as runner:
        assert runner.type(TensorRef("s", 1)) == TensorType(F32, Shape(None))
        found = runner.run({"x": np.arange(4, dtype=np.float32)}, refs("s:1", "s"))
        assert {name: array.tolist() for name, array in found.items()} == {
            "s:1": [2, 3],
            "s": [0, 1],
        }
        with pytest.raises(GraphError, match="no output 2"):
            runner.type(TensorRef("s", 2))
        with pytest.raises(UnknownNode):
            runner.type(TensorRef("t"))


def test_an_op_tensorflow_does_not_know_is_named() -> None:
    graph = Graph((placeholder("x", 2, 2), node("scope/n", "NMS_TRT", "x", T=F32)))
    with pytest.raises(Unsupported) as caught:
        TensorflowRunner(graph)
    assert caught.value.node == "scope/n"
    assert "does not know the op NMS_TRT" in caught.value.reason


def test_what_the_targets_do_not_need_does_no_harm() -> None:
    graph = Graph(
        (
            placeholder("x", 2, 2),
            placeholder("unused", 1),
            node("y", "Relu", "x", T=F32),
            node("n", "NMS_TRT", "y", T=F32),
        )
    )
    with TensorflowRunner(graph, refs("y")) as runner:
        assert list(runner.run(ONES, refs("y"))) == ["y"]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([node("y", "Relu", "x", T=F32)], "x"),
        ([placeholder("x", 2), node("y", "Relu", "x", T=DType.INT32)], "int32"),
        ([placeholder("x", 2), node("y", "Relu", "x")], "attr"),
    ],
)
def test_a_broken_graph_is_refused(nodes: list[Node], words: str) -> None:
    with pytest.raises(ConvertError, match="TensorFlow refuses the graph") as caught:
        TensorflowRunner(Graph(tuple(nodes)))
    assert words in caught.value.message
    assert caught.value.where == "y"


def test_a_stop_while_running_names_the_node() -> None:
    graph = Graph(
        (
            node("x", "Placeholder", dtype=F32),
            constant("shape", np.array([3, 3], np.int32)),
            node("y", "Reshape", "x", "shape", T=F32, Tshape=DType.INT32),
        )
    )
    with (
        TensorflowRunner(graph) as runner,
        pytest.raises(JobFailed, match="TensorFlow stopped") as caught,
    ):
        runner.run(ONES, refs("y"))
    assert caught.value.where == "y"
    assert "Input to reshape is a tensor with 4 values" in caught.value.message


def test_an_assertion_of_the_graph_is_told_in_its_words() -> None:
    graph = Graph(
        (
            placeholder("p", dtype=DType.BOOL),
            constant("words", np.array(b"scale must be 4", dtype=object)),
            node("check", "Assert", "p", "words", T=(DType.STRING,), summarize=3),
            Node("y", "Identity", refs("p"), {"T": DType.BOOL}, controls=["check"]),
        )
    )
    with TensorflowRunner(graph) as runner, pytest.raises(JobFailed) as caught:
        runner.run({"p": np.array(False)}, refs("y"))
    assert "scale must be 4" in caught.value.message
    assert caught.value.where == "check"


@pytest.mark.parametrize(
    ("feeds", "words"),
    [
        ({}, "This input has no value."),
        ({"x": np.ones((2, 3), np.float32)}, "The array is [2,3], the input is [2,2]."),
        ({"x": np.ones((2, 2, 1), np.float32)}, "The array is [2,2,1], the input is [2,2]."),
        ({"x": np.ones((2, 2), np.complex64)}, "The array is complex64, the input is float32."),
    ],
)
def test_inputs_that_do_not_fit_are_said(feeds: dict[str, np.ndarray], words: str) -> None:
    graph = Graph((placeholder("x", 2, 2), node("y", "Relu", "x", T=F32)))
    with TensorflowRunner(graph) as runner, pytest.raises(UsageError) as caught:
        runner.run(feeds, refs("y"))
    assert caught.value.message == words
    assert caught.value.where == "x"
    if words.startswith("The array is [2,3]"):
        assert "--shape x=2x3" in str(caught.value.hint)


def test_inputs_are_brought_to_the_dtype_of_the_graph() -> None:
    graph = Graph((placeholder("x", 2, 2), node("y", "Relu", "x", T=F32)))
    with TensorflowRunner(graph) as runner:
        found = runner.run({"x": np.ones((2, 2), np.float64), "z": np.ones(1)}, refs("y"))
    assert found["y"].dtype == np.float32


def test_strings_go_in_and_out() -> None:
    graph = Graph(
        (placeholder("x", 1, dtype=DType.STRING), node("y", "Identity", "x", T=DType.STRING))
    )
    with TensorflowRunner(graph) as runner:
        assert runner.run({"x": np.array([b"ab"])}, refs("y"))["y"].tolist() == [b"ab"]


def test_devices_that_are_not_there_are_ignored() -> None:
    device = "/job:worker/task:3/device:GPU:7"
    relu = node("y", "Relu", "x", T=F32).replace(device=device)
    with TensorflowRunner(Graph((placeholder("x", 2, 2), relu))) as runner:
        assert runner.run(ONES, refs("y"))["y"].shape == (2, 2)


def test_random_ops_without_a_seed_repeat() -> None:
    shape = constant("shape", np.array([4], np.int32))
    random = node("r", "RandomUniform", "shape", dtype=F32, T=DType.INT32, seed=0, seed2=0)
    found = []
    for _ in range(2):
        with TensorflowRunner(Graph((shape, random))) as runner:
            found.append(runner.run({}, refs("r"))["r"].tolist())
    assert found[0] == found[1]


def test_all_tensors_come_in_chunks_within_the_limit() -> None:
    nodes = [
        placeholder("n0", 256),
        *(node(f"n{i}", "Neg", f"n{i - 1}", T=F32) for i in range(1, 9)),
    ]
    with TensorflowRunner(Graph(tuple(nodes))) as runner:
        feeds = {"n0": np.ones(256, np.float32)}
        chunks = list(runner.run_many(feeds, runner.tensors(), limit=3 * 1024))
    assert [len(chunk) for chunk in chunks] == [3, 3, 3]
    assert [name for chunk in chunks for name in chunk] == [f"n{i}" for i in range(9)]
    assert chunks[2]["n8"][0] == 1
    assert chunks[0]["n1"][0] == -1


def test_a_branch_not_taken_is_left_out() -> None:
    graph = Graph(
        (
            placeholder("x", 2, 2),
            constant("p", np.array(True)),
            node("s", "Switch", "x", "p", T=F32),
            node("no", "Neg", "s", T=F32),
            node("yes", "Relu", "s:1", T=F32),
            node("m", "Merge", "no", "yes", T=F32, N=2),
        )
    )
    with TensorflowRunner(graph) as runner:
        found = {name for chunk in runner.run_many(ONES, runner.tensors()) for name in chunk}
    assert found == {"x", "s:1", "yes", "m", "m:1"}


def test_handles_constants_and_loops_are_not_fetched() -> None:
    loop: dict[str, AttrValue] = {
        "frame_name": b"f",
        "is_constant": False,
        "parallel_iterations": 1,
    }
    graph = Graph(
        (
            constant("start", np.float32(0)),
            node("enter", "Enter", "start", T=F32, **loop),
            node("merge", "Merge", "enter", "next", T=F32, N=2),
            constant("limit", np.float32(3)),
            node("limit_in", "Enter", "limit", T=F32, **{**loop, "is_constant": True}),
            node("less", "Less", "merge", "limit_in", T=F32),
            node("cond", "LoopCond", "less"),
            node("switch", "Switch", "merge", "cond", T=F32),
            node("exit", "Exit", "switch", T=F32),
            Node("one", "Const", controls=["switch_id"], attrs=constant("c", np.float32(1)).attrs),
            node("switch_id", "Identity", "switch:1", T=F32),
            node("add", "AddV2", "switch_id", "one", T=F32),
            node("next", "NextIteration", "add", T=F32),
            node("table", "HashTableV2", key_dtype=DType.STRING, value_dtype=DType.INT64),
            node("y", "Relu", "exit", T=F32),
        )
    )
    with TensorflowRunner(graph) as runner:
        assert runner.tensors() == (TensorRef("exit"), TensorRef("y"))
        assert runner.run({}, refs("y"))["y"] == 3


def test_running_a_graph_writes_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = DType.STRING
    graph = Graph(
        (
            constant("file", np.array(b"model", dtype=object)),
            constant("names", np.array([b"v"], dtype=object)),
            constant("slices", np.array([b""], dtype=object)),
            constant("value", np.ones(3, np.float32)),
            node("save", "SaveV2", "file", "names", "slices", "value", dtypes=(F32,)),
            Node("y", "Identity", refs("file"), {"T": text}, controls=["save"]),
        )
    )
    with TensorflowRunner(graph) as runner:
        assert runner.run({}, refs("y"))["y"] == b"model"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_tensorflow_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(JobFailed) as caught:
        import_tensorflow()
    assert caught.value.hint is not None
    assert "pip install" in caught.value.hint
