"""`surgeon inspect X.engine`."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.cli.engines import engine_facts
from surgeon_gui.engine.about import told_by_file
from surgeon_gui.engine.devices import Device, Devices
from surgeon_gui.errors import OpenError
from surgeon_gui.jobs.engine_card import EngineCard, sha256_of, write_card
from surgeon_gui.jobs.message import TensorInfo
from surgeon_gui.jobs.spec import BuildSpec
from tests.cli.command import surgeon

RTX = {"rtx": "1.7.1.116"}
L4 = Devices((Device(0, "NVIDIA L4", "sm89", 24 << 30),))
H200 = Devices((Device(0, "NVIDIA H200", "sm90", 141 << 30),))


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    path = tmp_path / "x.engine"
    path.write_bytes(b"vtrt" + bytes(20) + b"\x01\x07\x01\x74" + bytes(100))
    return path


def with_card(engine: Path, gpus: tuple[str, ...]) -> None:
    card = EngineCard(
        sha256=sha256_of(engine),
        bytes=engine.stat().st_size,
        flavour="rtx",
        tensorrt="1.7.1.116",
        gpus=gpus,
        inputs=(TensorInfo("x", "float32", (1, 4)),),
        outputs=(TensorInfo("y", "float32", (1, 2)),),
        settings=BuildSpec(Path("/x.network"), engine),
        network_sha256="",
        built_at="2026-01-01T00:00:00+00:00",
    )
    write_card(engine, card)


def test_an_engine_with_its_card_tells_all_and_fits(engine: Path) -> None:
    with_card(engine, ("sm86", "sm89"))
    facts = engine_facts(told_by_file(engine, L4, RTX))
    assert facts["runs_here"] is True
    assert facts["gpu"] == ["sm86", "sm89"]
    assert facts["inputs"] == [{"name": "x", "dtype": "float32", "shape": [1, 4]}]
    assert facts["tensorrt"] == "1.7.1.116"


def test_without_a_card_the_header_still_tells(engine: Path) -> None:
    facts = engine_facts(told_by_file(engine, L4, RTX))
    assert (facts["flavour"], facts["inputs"], facts["runs_here"]) == ("rtx", None, True)


def test_why_it_does_not_run_here_is_told(engine: Path) -> None:
    with_card(engine, ("sm86",))
    (gpu,) = engine_facts(told_by_file(engine, L4, RTX))["obstacles"]
    assert "built for sm86" in gpu["reason"]
    missing, wrong = engine_facts(told_by_file(engine, H200, {}))["obstacles"]
    assert "not installed" in missing["reason"]
    assert "does not run on the NVIDIA H200" in wrong["reason"]


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.engine").write_bytes(b"no")
    with pytest.raises(OpenError):
        told_by_file(tmp_path / "x.engine", Devices(()), {})


def test_the_verb_looks_at_this_machine(engine: Path) -> None:
    ran = surgeon("inspect", engine, "--json")
    facts = ran.json
    assert facts["model"] == str(engine)
    assert ran.status == (0 if facts["runs_here"] else 1)
    assert facts["runs_here"] == (not facts["obstacles"])
