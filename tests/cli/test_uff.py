from __future__ import annotations

import json
from pathlib import Path

import pytest

from surgeon_gui.uff.reader import open_uff
from tests.cli.command import surgeon
from tests.helpers.shared import data_path

MODEL = data_path("cifar_small.pb")


@pytest.fixture
def uff(tmp_path: Path) -> Path:
    path = tmp_path / "net.uff"
    assert surgeon("export", MODEL, "-o", path).status == 0
    return path


def test_a_uff_file_is_inspected_like_the_graph_it_stands_for(uff: Path) -> None:
    ran = surgeon("inspect", uff, "--json")
    assert ran.status == 0
    assert ran.json["supported"]
    assert "Conv2D" in ran.json["ops"]


def test_a_uff_file_becomes_a_network_and_a_uff_file_again(uff: Path, tmp_path: Path) -> None:
    assert surgeon("export", uff, "-o", tmp_path / "net.network").status == 0
    again = tmp_path / "again.uff"
    assert surgeon("export", uff, "-o", again, "--json").json["notes"] == []
    assert [node.id for node in open_uff(again).nodes] == [node.id for node in open_uff(uff).nodes]


def test_a_damaged_uff_file_is_a_message(uff: Path) -> None:
    uff.write_bytes(uff.read_bytes()[:-10])
    ran = surgeon("inspect", uff, "--json")
    assert ran.status == 2
    assert "ends too early" in json.dumps(ran.json["error"])


def test_convert_to_uff_takes_nvidias_flags(tmp_path: Path) -> None:
    out = tmp_path / "net.uff"
    assert surgeon("convert-to-uff", MODEL, "-o", out, "-t", "-q").status == 0
    assert open_uff(out).nodes
    assert out.with_suffix(".pbtxt").exists()


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["cifar_small", "mobilenet_v1_0.25_128_frozen"])
def test_the_network_of_a_uff_file_equals_tensorflow_on_the_graph(
    name: str, tmp_path: Path
) -> None:
    original = data_path(f"{name}.pb")
    uff = tmp_path / "net.uff"
    assert surgeon("export", original, "-o", uff).status == 0
    ran = surgeon("verify", uff, "--original", original, "--json")
    assert ran.status == 0
    assert ran.json["ok"]
    assert all(output["max_rel"] <= 1e-3 for output in ran.json["outputs"])


@pytest.mark.tensorrt
@pytest.mark.parametrize("ending", ["pb", "uff"])
def test_nvidias_parser_is_offered_only_where_tensorrt_has_it(
    ending: str, uff: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorrt_rtx")
    model = uff if ending == "uff" else MODEL
    ran = surgeon("build", model, "--route", "uff", "-o", tmp_path / "x.engine", "--json")
    assert ran.status == 2
    assert "no UFF parser" in json.dumps(ran.json["error"])
    assert not (tmp_path / "x.engine").exists()
