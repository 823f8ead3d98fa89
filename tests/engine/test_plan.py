"""What an engine file's first bytes tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.engine.plan import HEADER_BYTES, PlanHeader, read_plan_header
from surgeon_gui.errors import OpenError, TruncatedFile


def plan(tag: bytes, version: bytes, layout: int = 0) -> bytes:
    return tag + layout.to_bytes(4, "little") + bytes(16) + version + bytes(100)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (plan(b"vtrt", b"\x01\x07\x01\x74"), PlanHeader("rtx", "1.7.1.116", 128)),
        (plan(b"ftrt", b"\x08\x06\x01\x06"), PlanHeader("tensorrt", "8.6.1.6", 128)),
        (plan(b"ftrt", b"\x0a\x10\x01\x0b", layout=7), PlanHeader("tensorrt", None, 128)),
    ],
)
def test_flavour_and_version_are_read(tmp_path: Path, content: bytes, expected: PlanHeader) -> None:
    (tmp_path / "x.engine").write_bytes(content)
    assert read_plan_header(tmp_path / "x.engine") == expected


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(40), b"vtr"])
def test_another_file_is_no_engine(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.engine").write_bytes(content)
    with pytest.raises(OpenError, match="no TensorRT engine"):
        read_plan_header(tmp_path / "x.engine")


def test_an_engine_cut_off_in_its_header_is_truncated(tmp_path: Path) -> None:
    (tmp_path / "x.engine").write_bytes(plan(b"vtrt", b"\x01\x07\x01\x74")[: HEADER_BYTES - 1])
    with pytest.raises(TruncatedFile):
        read_plan_header(tmp_path / "x.engine")


def test_an_engine_shorter_than_it_says_is_truncated(tmp_path: Path) -> None:
    content = plan(b"vtrt", b"\x01\x07\x01\x74")
    content = content[:16] + (129).to_bytes(8, "little") + content[24:]
    (tmp_path / "x.engine").write_bytes(content)
    with pytest.raises(TruncatedFile, match="128 of 129 bytes"):
        read_plan_header(tmp_path / "x.engine")
    (tmp_path / "x.engine").write_bytes(content + b"1")
    assert read_plan_header(tmp_path / "x.engine").bytes == 129


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OpenError, match="cannot be read"):
        read_plan_header(tmp_path / "none.engine")
