"""A `.network` file keeps a network exactly, and tells what is wrong with a bad one."""

from __future__ import annotations

import errno
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from surgeon_gui.errors import OpenError, SaveError, TruncatedFile
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import DType
from surgeon_gui.network.check import same_network
from surgeon_gui.network.ir import Network, NetworkBuilder, Source, TensorSpec
from surgeon_gui.network.layers import Activation, ActivationType, Constant, Plugin
from surgeon_gui.network.store import load_network, save_network
from tests.network.cases import CASES, Case

BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_saved_network_loads_equal(case: Case, tmp_path: Path) -> None:
    network = case.network()
    written = save_network(network, tmp_path / "x.network")
    assert written == (tmp_path / "x.network").stat().st_size
    loaded = load_network(tmp_path / "x.network")
    assert same_network(network, loaded) == []
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in network.layers]
    assert [layer.origin for layer in loaded.layers] == [layer.origin for layer in network.layers]
    assert loaded.outputs == network.outputs


def test_the_same_network_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = CASES[0].network()
    save_network(network, tmp_path / "one.network")
    tomorrow = time.time() + 86_400
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    save_network(network, tmp_path / "other.network")
    assert (tmp_path / "one.network").read_bytes() == (tmp_path / "other.network").read_bytes()


def round_trip(network: Network, folder: Path) -> Network:
    save_network(network, folder / "x.network")
    return load_network(folder / "x.network")


def test_sources_are_kept(tmp_path: Path) -> None:
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, (-1, 3, 8, 8))
    builder.set_source(x, Source(TensorRef("scope/image", 1), (0, 2, 3, 1)))
    (y,) = builder.add(Activation(type=ActivationType.RELU), [x], name="y")
    builder.mark_output(y)
    loaded = round_trip(builder.build(), tmp_path)
    assert loaded.sources == {"x": Source(TensorRef("scope/image", 1), (0, 2, 3, 1))}


def test_plugin_fields_of_every_type_are_kept(tmp_path: Path) -> None:
    fields: tuple[tuple[str, Any], ...] = (
        ("number", 3),
        ("ratio", 0.5),
        ("endless", float("inf")),
        ("flag", True),
        ("text", "a b"),
        ("raw", b"\x00\xff"),
        ("sizes", (1, 2, 3)),
        ("weights", np.arange(3, dtype=np.float16)),
    )
    declared = (TensorSpec(DType.FLOAT32, (1, -1)),)
    builder = NetworkBuilder()
    made = builder.add(Plugin(plugin_name="P", fields=fields, declared=declared), name="p")
    builder.mark_output(made[0])
    (layer,) = round_trip(builder.build(), tmp_path).layers
    loaded = dict(layer.kind.parameters()["fields"])
    np.testing.assert_array_equal(loaded.pop("weights"), np.arange(3, dtype=np.float16))
    assert list(loaded.items()) == [(name, value) for name, value in fields if name != "weights"]
    assert layer.kind.parameters()["declared"] == declared


def test_dtypes_numpy_lacks_are_kept(tmp_path: Path) -> None:
    weights = np.array([1.5, -2.0], ml_dtypes.bfloat16)
    builder = NetworkBuilder()
    (c,) = builder.add(Constant(weights_=weights), name="c")
    builder.mark_output(c)
    (layer,) = round_trip(builder.build(), tmp_path).layers
    array = layer.kind.weights()["weights_"]
    assert array.dtype == weights.dtype
    assert array.tobytes() == weights.tobytes()


def test_weights_shared_by_layers_are_stored_and_loaded_once(tmp_path: Path) -> None:
    case = BY_NAME["conv"]
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, case.inputs()["in0"].shape)
    for name in ("a", "b"):
        (y,) = builder.add(case.kind, [x], name=name)
        builder.mark_output(y)
    first, second = round_trip(builder.build(), tmp_path).layers
    assert first.kind.weights()["kernel"] is second.kind.weights()["kernel"]
    with zipfile.ZipFile(tmp_path / "x.network") as archive:
        assert len(archive.namelist()) == 3


def test_loaded_weights_cannot_be_written_to(tmp_path: Path) -> None:
    (layer,) = round_trip(BY_NAME["conv"].network(), tmp_path).layers
    with pytest.raises(ValueError, match="read-only"):
        layer.kind.weights()["kernel"][0] = 0


def saved(folder: Path) -> Path:
    path = folder / "x.network"
    save_network(BY_NAME["conv"].network(), path)
    return path


def rewrite(path: Path, change: Any) -> None:
    """Change the JSON of a `.network` file; `change` edits it in place."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    head = json.loads(entries["network.json"])
    change(head)
    entries["network.json"] = json.dumps(head).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OpenError, match="cannot be read"):
        load_network(tmp_path / "none.network")


def test_another_file_is_told_from_a_broken_one(tmp_path: Path) -> None:
    path = tmp_path / "x.network"
    path.write_bytes(b"node { name: 'x' }")
    with pytest.raises(OpenError, match=r"no \.network file"):
        load_network(path)
    whole = saved(tmp_path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TruncatedFile, match="ends too early"):
        load_network(path)


def test_a_flipped_bit_in_the_weights_is_noticed(tmp_path: Path) -> None:
    path = saved(tmp_path)
    data = bytearray(path.read_bytes())
    kernel = BY_NAME["conv"].kind.weights()["kernel"].tobytes()
    data[data.index(kernel) + 10] ^= 1
    path.write_bytes(data)
    with pytest.raises(OpenError, match="damaged"):
        load_network(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda head: head.update(format="other"), "holds no network"),
        (lambda head: head.update(version=99), "newer than this program"),
        (lambda head: head.pop("layers"), "damaged: no 'layers'"),
        (lambda head: head["layers"][0].update(kind="Nonsense"), "Nonsense"),
        (lambda head: head["layers"][0].update(inputs=["nobody"]), "nobody"),
        (lambda head: head["layers"][0]["parameters"].update(stride=[1]), "damaged"),
        (lambda head: head["layers"][0]["parameters"].update(extra=1), "extra"),
        (lambda head: head["layers"][0]["parameters"].pop("kernel"), "kernel"),
        (lambda head: head["layers"][0]["outputs"][0].__setitem__(2, [9, 9]), "do not fit"),
        (lambda head: head.update(outputs=["nobody"]), "nobody"),
        (
            lambda head: head["layers"][0]["parameters"].update(
                padding_mode={"enum": ["PaddingMode", "ODD"]}
            ),
            "ODD",
        ),
        (lambda head: head["layers"][0]["parameters"].update(kernel={"weights": 7}), "damaged"),
    ],
)
def test_a_file_that_makes_no_sense_is_damaged(tmp_path: Path, change: Any, message: str) -> None:
    path = saved(tmp_path)
    rewrite(path, change)
    with pytest.raises(OpenError, match=message) as caught:
        load_network(path)
    assert caught.value.where == str(path)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            if name.endswith("0.npy"):
                with archive.open(name, "w") as entry:
                    np.save(entry, np.array([{}], dtype=object), allow_pickle=True)
            else:
                archive.writestr(name, data)
    with pytest.raises(OpenError, match="damaged"):
        load_network(path)


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path)
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SaveError, match="No space left"):
        save_network(BY_NAME["deconv"].network(), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["x.network"]
