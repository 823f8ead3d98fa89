"""What a SavedModel says of itself is read without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.errors import OpenError
from surgeon_gui.freeze.saved_model import MetaGraph, Port, Signature, read_saved_model
from surgeon_gui.freeze.source import is_source
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.proto.wire import field_head, varint
from tests.helpers.shared import data_path


def field(number: int, content: bytes) -> bytes:
    return field_head(number, len(content)) + content


def entry(key: str, value: bytes) -> bytes:
    return field(1, key.encode()) + field(2, value)


def tensor(dtype: int, *dims: int) -> bytes:
    shape = b"".join(field(2, varint(1 << 3) + varint(dim % 2**64)) for dim in dims)
    return field(1, b"x:0") + varint(2 << 3) + varint(dtype) + field(3, shape)


def signature(name: str, *, inputs: dict[str, bytes], outputs: dict[str, bytes]) -> bytes:
    ports = b"".join(field(1, entry(key, value)) for key, value in inputs.items())
    ports += b"".join(field(2, entry(key, value)) for key, value in outputs.items())
    return field(5, entry(name, ports))


def write(folder: Path, *graphs: bytes) -> Path:
    content = varint(1 << 3) + varint(1) + b"".join(field(2, graph) for graph in graphs)
    (folder / "saved_model.pb").write_bytes(content)
    return folder


def tags(*names: str) -> bytes:
    return field(1, b"".join(field(4, name.encode()) for name in names))


def test_every_graph_is_told_with_its_signatures(tmp_path: Path) -> None:
    floats = tensor(1, -1, 4)
    serving = signature("serving_default", inputs={"x": floats}, outputs={"b": floats, "a": floats})
    init = signature("__saved_model_init_op", inputs={}, outputs={"init": floats})
    other = signature("other", inputs={"n": tensor(9)}, outputs={})
    write(tmp_path, tags("train"), tags("serve", "gpu") + serving + init + other)
    kind = TensorType(DType.FLOAT32, Shape((-1, 4)))
    number = TensorType(DType.INT64, Shape(()))
    assert read_saved_model(tmp_path) == (
        MetaGraph(("train",), ()),
        MetaGraph(
            ("serve", "gpu"),
            (
                Signature("other", (Port("n", number),), ()),
                Signature(
                    "serving_default", (Port("x", kind),), (Port("a", kind), Port("b", kind))
                ),
            ),
        ),
    )
    assert str(Port("x", kind)) == "x  float32 [?,4]"


def test_unknown_ranks_and_missing_facts_stay_unknown(tmp_path: Path) -> None:
    any_rank = varint(2 << 3) + varint(1) + field(3, varint(3 << 3) + varint(1))
    write(tmp_path, signature("s", inputs={"x": any_rank, "y": b""}, outputs={}))
    ((found,),) = (graph.signatures for graph in read_saved_model(tmp_path))
    assert found.inputs == (
        Port("x", TensorType(DType.FLOAT32, Shape(None))),
        Port("y", TensorType(DType.INVALID)),
    )


def test_the_text_form_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pbtxt").write_text("saved_model_schema_version: 1")
    assert read_saved_model(tmp_path) == ()


@pytest.mark.parametrize("size", [0, 40, -3])
def test_a_damaged_file_is_told(tmp_path: Path, size: int) -> None:
    write(tmp_path, tags("serve") + signature("s", inputs={"x": tensor(1, 2, 3)}, outputs={}))
    file = tmp_path / "saved_model.pb"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(OpenError, match="cannot be read") as caught:
        read_saved_model(tmp_path)
    assert caught.value.where == str(file)


def test_a_frozen_graph_by_that_name_is_told(tmp_path: Path) -> None:
    graph = data_path("cifar_small.pb").read_bytes()
    (tmp_path / "saved_model.pb").write_bytes(graph)
    with pytest.raises(OpenError, match="holds no graph") as caught:
        read_saved_model(tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize(
    "name", ["m.keras", "m.H5", "saved_model.pb", "c.index", "c", "c.meta", ""]
)
def test_what_must_be_frozen_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "c.index").touch()
    assert is_source(tmp_path / name)


@pytest.mark.parametrize("name", ["m.pb", "m.pbtxt", "graph.meta", "m.uff", "missing"])
def test_what_can_be_opened_as_it_is_is_no_source(tmp_path: Path, name: str) -> None:
    assert not is_source(tmp_path / name)
