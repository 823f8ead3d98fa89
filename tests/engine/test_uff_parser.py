"""NVIDIA's own UFF parser, as the API of TensorRT 8.6 has it; elsewhere there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from surgeon_gui.engine.config import configure
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.uff_parser import ParserInput, parse_uff, parser_inputs
from surgeon_gui.errors import BuildFailed, OpenError, UsageError
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.uff.convert import InputSpec
from surgeon_gui.uff.file import save_uff
from surgeon_gui.uff.reader import open_uff
from surgeon_gui.uff.writer import uff_from_graph
from tests.engine.standin import VERSIONS, flavour_of
from tests.engine.test_surfaces import BY_NAME
from tests.helpers.shared import data_path

IMAGE = """
    x = Placeholder() {shape=[%s], dtype=f32}
    w = Const() {value=f32[1, 1, 3, 2]{1, 2, 3, 4, 5, 6}}
    r = Relu(x)
    y = Conv2D(r, w) {strides=[1, 1, 1, 1], padding="SAME", data_format="%s"}
    z = Relu(y)
    outputs(z, r)
    """


def written(text: str, folder: Path) -> Path:
    graph = parse_text(text)
    path = folder / "model.uff"
    save_uff(uff_from_graph(graph, [ref.node for ref in graph.outputs or ()]).file, path)
    return path


def recording(monkeypatch: pytest.MonkeyPatch, answer: bool = True) -> list[tuple[Any, ...]]:
    """Keep the calls of the stand-in's parser, after it has checked their arguments."""
    told: list[tuple[Any, ...]] = []
    kind = flavour_of("8.6.1").module.UffParser

    def watch(name: str) -> None:
        real = getattr(kind, name)

        def call(parser: Any, *given: Any) -> bool:
            assert real(parser, *given) is True
            told.append((name, *given))
            return answer if name == "parse" else True

        monkeypatch.setattr(kind, name, call)

    for name in ("register_input", "register_output", "parse"):
        watch(name)
    return told


def parsed(path: Path, version: str = "8.6.1") -> tuple[Any, Any]:
    flavour: Flavour = flavour_of(version)
    builder = flavour.module.Builder(None)
    parse_uff(path, builder, flavour)
    return builder, flavour.module


@pytest.mark.parametrize(
    ("dims", "form", "shape"),
    [("?, 4, 6, 3", "NHWC", (4, 6, 3)), ("5, 3, 4, 6", "NCHW", (3, 4, 6))],
)
def test_inputs_are_declared_without_batch_in_the_order_of_their_readers(
    dims: str,
    form: str,
    shape: tuple[int, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = recording(monkeypatch)
    path = written(IMAGE % (dims, form), tmp_path)
    builder, module = parsed(path)
    order = module.UffInputOrder[form]
    assert told[0] == ("register_input", "x", shape, order)
    assert told[1:3] == [("register_output", "MarkOutput_0"), ("register_output", "MarkOutput_1")]
    assert told[3][:2] == ("parse", str(path))
    assert builder.values["max_batch_size"] == (1 if dims.startswith("?") else 5)


def test_a_vector_has_the_order_of_its_own(tmp_path: Path) -> None:
    path = written("x = Placeholder() {shape=[?, 7], dtype=f32}\ny = Relu(x)\noutputs(y)", tmp_path)
    assert parser_inputs(open_uff(path)) == (ParserInput("x", (7,), "NC", 1),)


def test_an_input_declared_channels_first_is_registered_so(tmp_path: Path) -> None:
    graph = parse_text(IMAGE % ("1, 4, 6, 3", "NHWC"))
    turned = {"x": InputSpec(DType.FLOAT32, (2, 3, 4, 6))}
    save_uff(uff_from_graph(graph, ["z"], inputs=turned).file, tmp_path / "x.uff")
    expected = ParserInput("x", (3, 4, 6), "NCHW", 2)
    assert parser_inputs(open_uff(tmp_path / "x.uff")) == (expected,)


def test_nvidias_own_files_can_be_declared() -> None:
    for folder in sorted(data_path("golden-uff").iterdir()):
        for item in parser_inputs(open_uff(folder / "expected.uff")):
            assert item.order in flavour_of("8.6.1").module.UffInputOrder.__members__
            assert all(dim > 0 for dim in item.shape)


def test_an_unknown_dimension_is_asked_for(tmp_path: Path) -> None:
    path = written(IMAGE % ("?, ?, ?, 3", "NHWC"), tmp_path)
    with pytest.raises(UsageError, match="all dimensions but the batch") as raised:
        parsed(path)
    assert raised.value.where == "x"


def test_a_refusal_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording(monkeypatch, answer=False)
    path = written(IMAGE % ("1, 4, 6, 3", "NHWC"), tmp_path)
    with pytest.raises(BuildFailed, match="refuses this file") as raised:
        parsed(path)
    assert raised.value.where == str(path)


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.uff"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(OpenError):
        parsed(path)


@pytest.mark.parametrize("version", [name for name in VERSIONS if name != "8.6.1"])
def test_where_there_is_no_parser_the_direct_route_is_offered(version: str, tmp_path: Path) -> None:
    path = written(IMAGE % ("1, 4, 6, 3", "NHWC"), tmp_path)
    with pytest.raises(UsageError, match="no UFF parser") as raised:
        parsed(path, version)
    assert "direct" in (raised.value.hint or "")


@pytest.mark.parametrize(("route", "asked"), [("uff", True), ("direct", False)])
def test_half_precision_is_the_parsers_users_to_allow(
    route: str, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    flavour = flavour_of("8.6.1")
    flags: list[Any] = []
    monkeypatch.setattr(
        flavour.module.IBuilderConfig, "set_flag", lambda _, flag: flags.append(flag)
    )
    spec = BuildSpec(Path("x.uff"), Path("x.engine"), route=route, precision="fp16")
    network = BY_NAME["conv"].network()
    configure(flavour.module.Builder(None), flavour, spec, ("current",), network)
    assert (flavour.module.BuilderFlag.FP16 in flags) is asked
