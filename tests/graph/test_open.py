"""Opening files: graphs in any form, and a plain word about anything else."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surgeon_gui.errors import (
    GraphCycle,
    NotAGraphDef,
    NotFrozen,
    OpenError,
    SaveError,
    SurgeonError,
    TruncatedFile,
)
from surgeon_gui.graph.graphdef import graphdef_from_graph
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import graph_from_pbtxt, open_graph, pbtxt_from_graph, save_graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.text import parse_text, print_text
from surgeon_gui.proto import graphdef_pb2 as pb
from surgeon_gui.uff.reader import open_uff
from tests.helpers.shared import data_path, shared_path

CIFAR = data_path("cifar_small.pb")
MOBILENET = data_path("mobilenet_v1_0.25_128_frozen.pb")
GOOD_TEXT = 'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }\n'


def length_delimited(number: int, payload: bytes) -> bytes:
    assert len(payload) < 128
    return bytes([number << 3 | 2, len(payload)]) + payload


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, x=np.zeros(3))
    return stream.getvalue()


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return stream.getvalue()


SAVED_MODEL = b"\x08\x01" + length_delimited(2, length_delimited(2, CIFAR.read_bytes()[:60]))
ONNX = b"\x08\x08" + length_delimited(2, b"pytorch") + length_delimited(7, b"")
UFF = b"\x08\x01\x10\x01" + length_delimited(3, b"\x0a\x02tf") + length_delimited(4, b"")
WRONG_FILES: dict[str, tuple[bytes, type[OpenError], str]] = {
    "empty": (b"", NotAGraphDef, "empty"),
    "blank": (b"\n \n", NotAGraphDef, "empty"),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
        NotAGraphDef,
        "Git LFS pointer",
    ),
    "html": (b"\n<!DOCTYPE html>\n<html><body>404</body></html>", NotAGraphDef, "web page"),
    "prose": (b"Dear reader,\nhere is the model.\n", NotAGraphDef, "text file"),
    "labels": (b'item { name: "cat" id: 1 }\n', NotAGraphDef, "text file"),
    "saved model": (SAVED_MODEL, NotFrozen, "SavedModel"),
    "saved model text": (b"saved_model_schema_version: 1\n", NotFrozen, "SavedModel"),
    "onnx": (ONNX, NotAGraphDef, "ONNX"),
    "uff": (UFF, NotAGraphDef, "UFF"),
    "tflite": (b"\x1c\x00\x00\x00TFL3" + bytes(40), NotAGraphDef, "TensorFlow Lite"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(40), NotFrozen, "Keras"),
    "keras": (zipped(config__json=b"{}", model__weights__h5=b""), NotFrozen, "Keras"),
    "npz": (npz(), NotAGraphDef, "numpy"),
    "zip": (zipped(a__txt=b"a"), NotAGraphDef, "zip"),
    "gzip": (gzip.compress(b"abc"), NotAGraphDef, "gzip"),
    "checkpoint table": (bytes(40) + bytes.fromhex("57fb808b247547db"), NotFrozen, "checkpoint"),
    "checkpoint index": (b'model_checkpoint_path: "a-1"\n', NotFrozen, "checkpoint"),
    "engine": (b"vtrt" + bytes(40), NotAGraphDef, "TensorRT engine"),
    "rtx engine": (b"ptrt" + bytes(40), NotAGraphDef, "TensorRT engine"),
    "noise": (bytes(range(255, 100, -1)), NotAGraphDef, "no TensorFlow GraphDef"),
    "zeros": (bytes(100), NotAGraphDef, "no TensorFlow GraphDef"),
    "no nodes": (b"\x22\x02\x08\x15", NotAGraphDef, "no nodes"),
    "cut in a node": (MOBILENET.read_bytes()[:300_000], TruncatedFile, "ends too early"),
    "cut in the first node": (CIFAR.read_bytes()[:40], TruncatedFile, "ends too early"),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_a_wrong_file_named_pb_is_named_for_what_it_is(name: str, tmp_path: Path) -> None:
    content, error, words = WRONG_FILES[name]
    path = tmp_path / "model.pb"
    path.write_bytes(content)
    with pytest.raises(error, match=words) as caught:
        open_graph(path)
    assert caught.value.where == str(path)
    assert caught.value.hint
    assert type(caught.value) is error


def test_a_text_error_names_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "model.pbtxt"
    path.write_text(GOOD_TEXT + 'node {\n  name: "y"\n  colour: "red"\n}\n')
    with pytest.raises(NotAGraphDef, match=r"line 4, column 3.*colour") as caught:
        open_graph(path)
    assert caught.value.where == str(path)


def test_a_text_graph_opens_whatever_its_name_and_encoding(tmp_path: Path) -> None:
    expected = graph_from_pbtxt(GOOD_TEXT)
    for name, content in (
        ("a.pb", GOOD_TEXT.encode()),
        ("b.pbtxt", b"\xef\xbb\xbf" + GOOD_TEXT.encode()),
        ("c.txt", GOOD_TEXT.encode("utf-16")),
        ("d.pbtxt", b"# a comment\r\n" + GOOD_TEXT.replace("\n", "\r\n").encode()),
    ):
        (tmp_path / name).write_bytes(content)
        assert open_graph(tmp_path / name) == expected


def test_folders_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(OpenError, match="no such file") as caught:
        open_graph(tmp_path / "absent.pb")
    (tmp_path / "absent_1.pb").write_bytes(b"")
    with pytest.raises(OpenError) as caught:
        open_graph(tmp_path / "absent.pb")
    assert "absent_1.pb" in str(caught.value.hint)
    with pytest.raises(OpenError, match="folder, not a file"):
        open_graph(tmp_path)
    (tmp_path / "checkpoint").write_text("")
    with pytest.raises(NotFrozen, match="checkpoint"):
        open_graph(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(NotFrozen, match="SavedModel") as caught:
        open_graph(tmp_path)
    assert f"surgeon freeze {tmp_path}" in str(caught.value.hint)
    with pytest.raises(OpenError, match=r"no such file"):
        open_graph(tmp_path / "nowhere" / "a.pb")


def test_a_file_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pb"
    path.write_bytes(CIFAR.read_bytes())

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    # The suite may run as root, who may read everything.
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(OpenError, match="may not be read"):
        open_graph(path)


def test_the_graph_inside_a_meta_file_opens(tmp_path: Path) -> None:
    graphdef = CIFAR.read_bytes()
    meta_info = length_delimited(1, length_delimited(2, b"\x0a\x03Add"))
    size = len(graphdef)
    head = bytearray(b"\x12")
    while size:
        head.append(size & 0x7F | (0x80 if size > 0x7F else 0))
        size >>= 7
    path = tmp_path / "model.meta"
    path.write_bytes(meta_info + bytes(head) + graphdef + length_delimited(3, b""))
    assert open_graph(path) == open_graph(CIFAR)


def test_a_graph_with_variables_opens(tmp_path: Path) -> None:
    path = tmp_path / "train.pbtxt"
    path.write_text('node { name: "v" op: "VariableV2" }')
    assert open_graph(path)["v"].op == "VariableV2"


@pytest.mark.parametrize("path", [CIFAR, MOBILENET], ids=lambda path: path.stem)
def test_the_text_form_loses_nothing(path: Path, tmp_path: Path) -> None:
    graph = open_graph(path)
    text = tmp_path / "model.pbtxt"
    save_graph(graph, text)
    again = open_graph(text)
    assert again == graph
    assert pb.GraphDef.FromString(graphdef_from_graph(again)) == pb.GraphDef.FromString(
        path.read_bytes()
    )


def test_a_large_text_graph_opens() -> None:
    graph = open_graph(shared_path("models/graph_only/pixel_link_train_5348_nodes.pbtxt"))
    assert len(graph) == 5348
    assert graph_from_pbtxt(pbtxt_from_graph(graph)) == graph


def test_unknown_fields_survive_binary_and_refuse_text(tmp_path: Path) -> None:
    strange = length_delimited(99 % 16 + 8, b"kept")
    data = CIFAR.read_bytes() + strange
    path = tmp_path / "model.pb"
    path.write_bytes(data)
    graph = open_graph(path)
    save_graph(graph, path)
    assert path.read_bytes() == data
    with pytest.raises(SaveError, match="newer TensorFlow"):
        save_graph(graph, tmp_path / "model.pbtxt")
    assert not (tmp_path / "model.pbtxt").exists()


def test_saving_under_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match=r"\.jpg"):
        save_graph(Graph(), tmp_path / "model.jpg")
    assert os.listdir(tmp_path) == []


TINY_GRAPH = """
    x = Placeholder() {shape=[?, 4]}
    w = Const() {value=f32[4, 2]{1, 2, 3, 4, 5, 6, 7, 8}}
    s = Const() {value=string[2]{"a", "b"}}
    e = Enter(x) {frame_name="f"}
    m = Merge(e, n)
    c = LoopCond(m, ^s)
    k = Switch(m, c)
    n = NextIteration(k:1)
    o = Exit(k)
    y = MatMul(o, w)
    shape = Shape(y)
    z = Reshape(y, shape)
    versions(producer=27)
"""


@given(st.data())
@settings(max_examples=120)
def test_a_damaged_file_gives_a_plain_error_or_a_graph_all_may_look_at(data: st.DataObject) -> None:
    content = bytearray(graphdef_from_graph(parse_text(TINY_GRAPH)))
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))]
    with tempfile.NamedTemporaryFile(suffix=".pb") as file:
        file.write(content)
        file.flush()
        try:
            graph = open_graph(file.name)
        except SurgeonError:
            return
    assert parse_text(print_text(graph)) == graph
    deduce_outputs(graph)
    try:
        infer_types(graph)
    except GraphCycle:
        return


@pytest.mark.parametrize("opener", [open_graph, open_uff])
def test_a_pipe_is_not_waited_for(opener: Callable[[Path], object], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.pb"
    os.mkfifo(pipe)
    with pytest.raises(OpenError, match="pipe"):
        opener(pipe)


@pytest.mark.parametrize("opener", [open_graph, open_uff])
def test_a_file_past_2_gib_is_refused_unread(
    opener: Callable[[Path], object], tmp_path: Path
) -> None:
    giant = tmp_path / "giant.pb"
    with giant.open("wb") as stream:
        stream.truncate(1 << 36)
    with pytest.raises(OpenError, match="2 GiB"):
        opener(giant)


def test_a_giant_file_of_a_known_kind_is_named(tmp_path: Path) -> None:
    giant = tmp_path / "giant.pb"
    with giant.open("wb") as stream:
        stream.write(b"\x89HDF\r\n\x1a\n")
        stream.truncate(1 << 36)
    with pytest.raises(NotFrozen, match="HDF5"):
        open_graph(giant)


def test_a_broken_link_is_called_one(tmp_path: Path) -> None:
    link = tmp_path / "link.pb"
    link.symlink_to(tmp_path / "gone.pb")
    with pytest.raises(OpenError) as caught:
        open_graph(link)
    assert "link to a file that is gone" in str(caught.value)
