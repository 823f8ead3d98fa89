from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from surgeon_gui.compat.install import installed
from surgeon_gui.compat.preprocess import run_script
from surgeon_gui.errors import ScriptError
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import DType, Shape
from surgeon_gui.uff.writer import uff_from_graph
from tests.helpers.shared import shared_path


@pytest.fixture
def graph() -> Graph:
    return Graph(
        (
            Node("x", "Placeholder", attrs={"dtype": DType.FLOAT32, "shape": Shape.of(1, 2)}),
            Node("act/neg", "Neg", [TensorRef("x")]),
            Node("act/relu", "Relu", [TensorRef("act/neg")]),
            Node("y", "Sqrt", [TensorRef("act/relu")]),
        )
    )


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["import graphsurgeon as gs", *lines]))
    return path


def test_preprocess_changes_the_graph_and_keeps_other_nodes(graph: Graph, tmp_path: Path) -> None:
    script = write(
        tmp_path / "config.py",
        "plugin = gs.create_plugin_node('p', op='P_TRT')",
        "def preprocess(dynamic_graph):",
        "    dynamic_graph.collapse_namespaces({'act': plugin})",
    )
    result = run_script(graph, script)
    assert [node.name for node in result.graph] == ["x", "y", "p"]
    assert result.graph["y"].inputs == (TensorRef("p"),)
    assert result.graph["x"] is graph["x"]
    assert not result.dangling


def test_add_plugin_may_return_the_graph(graph: Graph, tmp_path: Path) -> None:
    script = write(
        tmp_path / "model.py",
        "def add_plugin(graph):",
        "    graph.forward_inputs(graph.find_nodes_by_op('Neg'))",
        "    return graph",
    )
    assert "act/neg" not in run_script(graph, script).graph


def test_references_left_dangling_are_reported(graph: Graph, tmp_path: Path) -> None:
    script = write(
        tmp_path / "config.py",
        "def preprocess(g):",
        "    g.append(gs.create_node('z', op='Relu', inputs=['gone:1']))",
    )
    assert run_script(graph, script).dangling == (("gone:1", "z"),)


def test_of_nodes_with_one_name_the_last_is_kept(graph: Graph, tmp_path: Path) -> None:
    script = write(
        tmp_path / "config.py",
        "def preprocess(g):",
        "    g.append(gs.create_node('y', op='Exp', inputs=['x']))",
    )
    result = run_script(graph, script)
    assert result.duplicates == ("y",)
    assert result.graph["y"].op == "Exp"


def test_a_changed_script_of_the_same_name_is_read_anew(graph: Graph, tmp_path: Path) -> None:
    for op in ("First", "Second"):
        script = write(
            tmp_path / "config.py", "def preprocess(g):", f"    g['y'].op = '{op}'", f"# {op}"
        )
        assert run_script(graph, script).graph["y"].op == op


def test_helpers_beside_the_script_can_be_imported(graph: Graph, tmp_path: Path) -> None:
    (tmp_path / "surgery_helper.py").write_text("OP = 'Helped'\n")
    script = write(
        tmp_path / "config.py",
        "from surgery_helper import OP",
        "def preprocess(g):",
        "    g['y'].op = OP",
    )
    assert run_script(graph, script).graph["y"].op == "Helped"
    sys.modules.pop("surgery_helper")


@pytest.mark.parametrize(
    ("lines", "message", "line"),
    [
        (["def preprocess(g):", "    g.remove('gone')"], "gone", 3),
        (["def preprocess(g:"], "SyntaxError", 2),
        (["raise SystemExit(3)"], "SystemExit: 3", 2),
        (["PLUGIN = 1"], "no function preprocess", None),
        (["def preprocess(g):", "    g.append(gs.create_node('', op=''))"], "without a name", None),
        (["def preprocess(g):", "    g['y'].op = ''"], "node y without an op", None),
    ],
)
def test_a_failing_script_names_its_line(
    graph: Graph, tmp_path: Path, lines: list[str], message: str, line: int | None
) -> None:
    script = write(tmp_path / "config.py", *lines)
    with pytest.raises(ScriptError, match=message) as caught:
        run_script(graph, script)
    place = str(script) if line is None else f"{script}:{line}"
    assert caught.value.where == place


@pytest.mark.parametrize("given", ["g.as_graph_def()", "gs.StaticGraph(g)", "gs.DynamicGraph(g)"])
def test_a_script_may_give_back_any_kind_of_graph(graph: Graph, tmp_path: Path, given: str) -> None:
    script = write(
        tmp_path / "config.py",
        "def preprocess(dynamic_graph):",
        "    g = gs.DynamicGraph(type(dynamic_graph.as_graph_def())())",
        "    g.append(dynamic_graph['x'])",
        f"    return {given}",
    )
    assert [node.name for node in run_script(graph, script).graph] == ["x"]


def test_a_module_that_is_not_there_is_told_how_to_install(graph: Graph, tmp_path: Path) -> None:
    script = write(tmp_path / "config.py", "import surgery_never_heard_of.part")
    with pytest.raises(ScriptError, match="No module named") as caught:
        run_script(graph, script)
    assert "Install surgery_never_heard_of" in (caught.value.hint or "")


def test_a_script_of_python_2_is_told_so(graph: Graph, tmp_path: Path) -> None:
    script = write(tmp_path / "config.py", "def preprocess(g):", "    print 'removing'")
    with pytest.raises(ScriptError, match="SyntaxError") as caught:
        run_script(graph, script)
    assert "Python 2" in (caught.value.hint or "")


def test_a_script_sees_its_own_arguments_only(graph: Graph, tmp_path: Path) -> None:
    script = write(
        tmp_path / "config.py",
        "import sys",
        "def preprocess(g):",
        "    g['y'].op = f'{len(sys.argv)}{sys.argv[0] == __file__}'",
    )
    before = list(sys.argv)
    assert run_script(graph, script).graph["y"].op == "1True"
    assert sys.argv == before


@pytest.mark.tensorflow
def test_a_script_that_imports_tensorflow_gets_its_messages(graph: Graph, tmp_path: Path) -> None:
    script = write(
        tmp_path / "config.py",
        "import tensorflow as tf",
        "NodeDef = tf.compat.v1.NodeDef",
        "plugin = gs.create_plugin_node('act', op='P_TRT', dtype=tf.float32)",
        "def preprocess(g):",
        "    assert isinstance(g.as_graph_def(), tf.compat.v1.GraphDef)",
        "    assert isinstance(plugin, NodeDef) and isinstance(g['y'], NodeDef)",
        "    g.collapse_namespaces({'act': plugin})",
        "    copied = NodeDef()",
        "    copied.CopyFrom(g['y'])",
        "    copied.name = 'z'",
        "    g.extend([copied])",
    )
    result = run_script(graph, script).graph
    assert [node.name for node in result] == ["x", "y", "act", "z"]
    assert result["z"].inputs == (TensorRef("act"),)
    assert result["x"] is graph["x"]


def test_graphsurgeon_is_installed_only_for_a_while() -> None:
    assert "graphsurgeon" not in sys.modules
    with installed() as gs:
        assert importlib.import_module("graphsurgeon") is gs
        assert isinstance(gs.StaticGraph, type)
        assert hasattr(importlib.import_module("graphsurgeon.StaticGraph"), "StaticGraph")
        assert hasattr(importlib.import_module("graphsurgeon.extras"), "process_softmax")
        assert hasattr(importlib.import_module("uff"), "from_tensorflow")
    assert "graphsurgeon" not in sys.modules
    assert "uff" not in sys.modules


def test_the_surgery_of_an_ssd_leaves_only_its_plugins(tmp_path: Path) -> None:
    graph = open_graph(shared_path("models/ssd_mobilenet_v1_0.125_256_person_cat_dog.pb"))
    script = write(
        tmp_path / "config.py",
        "class float32:",
        "    as_datatype_enum = 1",
        "plugin = gs.create_plugin_node",
        "image = plugin('Input', op='Placeholder', dtype=float32, shape=[1, 3, 256, 256])",
        "anchors = plugin('GridAnchor', op='GridAnchor_TRT', numLayers=5, minSize=0.2,",
        "    aspectRatios=[1.0, 2.0, 0.5], featureMapShapes=[16, 8, 4, 2, 1])",
        "nms = plugin('NMS', op='NMS_TRT', numClasses=4, inputOrder=[0, 2, 1])",
        "boxes = plugin('concat_box_loc', op='FlattenConcat_TRT', dtype=float32, axis=1)",
        "scores = plugin('concat_box_conf', op='FlattenConcat_TRT', dtype=float32, axis=1)",
        "namespaces = {'MultipleGridAnchorGenerator': anchors, 'Postprocessor': nms,",
        "    'Preprocessor': image, 'ToFloat': image, 'image_tensor': image,",
        "    'concat': boxes, 'concat_1': scores}",
        "def preprocess(dynamic_graph):",
        "    dynamic_graph.collapse_namespaces(namespaces)",
        "    dynamic_graph.remove(dynamic_graph.graph_outputs,",
        "        remove_exclusive_dependencies=False)",
    )
    export = uff_from_graph(run_script(graph, script).graph, ["NMS"])
    assert set(export.custom.values()) == {"GridAnchor_TRT", "FlattenConcat_TRT", "NMS_TRT"}
    assert export.inputs == ("Input",)
    made = {node.id: node for node in export.nodes}
    assert made["GridAnchor"].fields["minSize_u_float"].d == pytest.approx(0.2)
