from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.compat import graphsurgeon as gs
from surgeon_gui.compat import uff_module as uff
from surgeon_gui.compat.convert_to_uff import convert_to_uff
from surgeon_gui.compat.preprocess import graph_from_dynamic
from surgeon_gui.errors import UnknownNode, UsageError
from surgeon_gui.proto import graphdef_pb2 as gd
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff.writer import uff_from_graph
from tests.compat.surgery import operate
from tests.uff.golden import NAMES, PLAIN, Golden


def graphdef(name: str = "lenet") -> gd.GraphDef:
    return gd.GraphDef.FromString(Golden(name).graphdef)


@pytest.mark.parametrize("name", NAMES)
def test_goldens_with_their_surgery_equal_nvidias_files(name: str) -> None:
    golden = Golden(name)
    dynamic = gs.DynamicGraph(golden.path.joinpath("graph.pb").as_posix())
    for operation in golden.case["operations"]:
        operate(dynamic, operation)
    graph, duplicates = graph_from_dynamic(dynamic)
    export = uff_from_graph(graph, golden.outputs, strict=True)
    assert export.meta == golden.expected
    assert not duplicates


@pytest.mark.parametrize("name", PLAIN)
def test_from_tensorflow_frozen_model_equals_nvidias_file(name: str) -> None:
    golden = Golden(name)
    data = uff.from_tensorflow_frozen_model(
        golden.path / "graph.pb", golden.outputs, input_node=golden.case["input_node"], quiet=True
    )
    assert pb.MetaGraph.FromString(data) == golden.expected


def test_outputs_may_be_numbers_and_are_replaced_in_the_callers_list() -> None:
    message = graphdef()
    outputs = ["-1"]
    uff.from_tensorflow(message, outputs, quiet=True)
    assert outputs == [message.node[-1].name]


@pytest.mark.parametrize("number", ["0", "1000", "-1000"])
def test_a_number_out_of_range_is_an_error(number: str) -> None:
    with pytest.raises(UsageError, match="node number"):
        uff.from_tensorflow(graphdef(), [number], quiet=True)


def test_an_output_with_a_port_is_unknown() -> None:
    with pytest.raises(UnknownNode):
        uff.from_tensorflow(graphdef(), ["prob:0"], quiet=True)


def test_graph_info_names_inputs_and_outputs() -> None:
    _, inputs, outputs = uff.from_tensorflow(graphdef(), quiet=True, return_graph_info=True)
    assert [node.op for node in inputs] == ["Placeholder"]
    assert [node.name for node in outputs] == ["prob"]


def test_assert_nodes_go_and_the_callers_graphdef_changes() -> None:
    message = graphdef()
    message.node.add(name="said", op="Const")
    message.node.add(name="check", op="Assert", input=[message.node[0].name, "said"])
    uff.from_tensorflow(message, ["prob"], quiet=True)
    assert not {"said", "check"} & {node.name for node in message.node}


def test_an_input_node_takes_the_place_of_what_feeds_it() -> None:
    message = graphdef()
    name = next(node.name for node in message.node if node.op == "Relu")
    data = uff.from_tensorflow(
        message, ["prob"], quiet=True, input_node=[f"{name},,float16,1,2,3,4"]
    )
    nodes = {node.id: node for node in pb.MetaGraph.FromString(data).graphs[0].nodes}
    assert nodes[name].operation == "Input"
    assert nodes[name].fields["dtype"].dtype == pb.DT_FLOAT16
    assert list(nodes[name].fields["shape"].i_list.val) == [1, 2, 3, 4]


@pytest.mark.parametrize("item", ["x", "x,y,float32", "x,,nonsense,1", "x,,float32,a"])
def test_a_malformed_input_node_is_an_error(item: str) -> None:
    with pytest.raises(UsageError, match="is no input"):
        uff.from_tensorflow(graphdef(), ["prob"], quiet=True, input_node=[item])


def test_unknown_keywords_are_ignored() -> None:
    assert uff.from_tensorflow(graphdef(), ["prob"], quiet=True, future=True)


class TestConvertToUff:
    @pytest.fixture
    def model(self, tmp_path: Path) -> Path:
        path = tmp_path / "net.pb"
        path.write_bytes(Golden("lenet").graphdef)
        return path

    def test_writes_beside_the_input_and_says_so(
        self, model: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert convert_to_uff([str(model)]) == 0
        written = model.with_suffix(".uff").read_bytes()
        assert pb.MetaGraph.FromString(written) == Golden("lenet").expected
        said = capsys.readouterr().out
        assert "prob" in said
        assert "Number of nodes: 20" in said

    def test_the_outputs_ending_is_always_uff(self, model: Path, tmp_path: Path) -> None:
        assert convert_to_uff([str(model), "-o", str(tmp_path / "out.dat"), "-q", "--new"]) == 0
        assert (tmp_path / "out.uff").exists()

    def test_quiet_says_only_what_the_writer_notes(
        self, model: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert convert_to_uff([str(model), "-q", "-O", "prob"]) == 0
        said = capsys.readouterr().out.splitlines()
        assert said == ["Note: reshape flatten_1/Reshape is written as a flatten."]

    def test_text_form_equals_nvidias(self, model: Path) -> None:
        assert convert_to_uff([str(model), "-t", "-q"]) == 0
        assert model.with_suffix(".pbtxt").read_text() == Golden("lenet").expected_text

    def test_list_nodes_lists_and_stops(
        self, model: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert convert_to_uff([str(model), "-l", "-q"]) == 0
        first = graphdef().node[0]
        assert capsys.readouterr().out.startswith(f'1 {first.op}: "{first.name}"\n')
        assert not model.with_suffix(".uff").exists()

    def test_write_preprocessed_leaves_the_graph_as_converted(self, tmp_path: Path) -> None:
        model = tmp_path / "net.pb"
        model.write_bytes(Golden("dilated_conv").graphdef)
        assert convert_to_uff([str(model), "-q", "--write_preprocessed"]) == 0
        written = gd.GraphDef.FromString((tmp_path / "net_preprocessed.pb").read_bytes())
        assert "SpaceToBatchND" not in {node.op for node in written.node}
        assert list((tmp_path / "net_preprocessed").glob("events.out.tfevents*"))

    def test_a_preprocessor_replaces_a_layer_by_a_plugin(
        self, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        script = tmp_path / "config.py"
        script.write_text(
            "import graphsurgeon as gs\n"
            "plugin = gs.create_plugin_node('act', op='LReLU_TRT', negSlope=0.1)\n"
            "def preprocess(dynamic_graph):\n"
            "    relu = dynamic_graph.find_nodes_by_op('Relu')[0]\n"
            "    dynamic_graph.collapse_namespaces({relu.name: plugin})\n"
        )
        assert convert_to_uff([str(model), "-p", str(script)]) == 0
        assert "Converting act as custom op LReLU_TRT" in capsys.readouterr().out
        nodes = pb.MetaGraph.FromString(model.with_suffix(".uff").read_bytes()).graphs[0].nodes
        act = next(node for node in nodes if node.id == "act")
        assert act.operation == "_LReLU_TRT"
        assert act.fields["negSlope_u_float"].d == pytest.approx(0.1)

    def test_repair_says_what_it_repaired(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        model = tmp_path / "net.pb"
        model.write_bytes(Golden("custom_fallthrough").graphdef)
        assert convert_to_uff([str(model), "--repair", "-O", "sum"]) == 0
        assert "AddV2 is written as Binary add" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("arguments", "status", "message"),
        [
            (["missing.pb"], 2, "cannot be read"),
            (["{model}", "-O", "nowhere"], 2, "no such node"),
            (["{model}", "-I", "nonsense"], 2, "is no input"),
            (["{model}", "-p", "missing.py"], 2, "no such script"),
            ([], 2, "input_file"),
        ],
    )
    def test_errors_are_messages(
        self,
        model: Path,
        arguments: list[str],
        status: int,
        message: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        given = [item.format(model=model) for item in arguments]
        assert convert_to_uff([*given, "-q"]) == status
        assert message in capsys.readouterr().err
