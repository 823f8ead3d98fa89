"""`surgeon export-runner`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import surgeon
from tests.cli.test_inspect_engine import with_card


def test_a_script_is_written_beside_the_engine(tmp_path: Path) -> None:
    engine = tmp_path / "x.engine"
    engine.write_bytes(b"vtrt" + bytes(124))
    with_card(engine, ("sm89",))
    ran = surgeon("export-runner", engine, "-o", tmp_path / "run.py", "--json")
    assert ran.status == 0
    text = (tmp_path / "run.py").read_text()
    assert ran.json["bytes"] == len(text.encode())
    compile(text, "run.py", "exec")
    assert "import tensorrt_rtx as trt" in text


def test_an_engine_without_a_card_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.engine").write_bytes(b"vtrt" + bytes(124))
    ran = surgeon("export-runner", tmp_path / "x.engine", "-o", tmp_path / "run.py", "--json")
    assert ran.status == 2
    assert "no card" in ran.json["error"]["message"]
    assert not (tmp_path / "run.py").exists()


def test_a_cpp_source_comes_with_its_cmake_lists(tmp_path: Path) -> None:
    engine = tmp_path / "x.engine"
    engine.write_bytes(b"vtrt" + bytes(124))
    with_card(engine, ("sm89",))
    ran = surgeon("export-runner", engine, "-o", tmp_path / "run.cpp", "--json")
    assert ran.status == 0
    assert set(ran.json["files"]) == {str(tmp_path / "run.cpp"), str(tmp_path / "CMakeLists.txt")}
    assert "#include <NvInfer.h>" in (tmp_path / "run.cpp").read_text()
    assert "run.cpp" in (tmp_path / "CMakeLists.txt").read_text()
    assert surgeon("export-runner", engine, "-o", tmp_path / "run.rs").status == 2
