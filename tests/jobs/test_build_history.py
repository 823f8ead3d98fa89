"""Builds are kept with their settings, told apart, and say how long the next may take."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from surgeon_gui.jobs.build_history import (
    BUILT,
    FAILED,
    KEPT,
    BuildRecord,
    again,
    compared,
    differences,
    estimate,
    forget_build,
    keep_build,
    load_builds,
)
from surgeon_gui.jobs.spec import BuildSpec, Provenance, ShapeRange

SPEC = BuildSpec(
    Path("/x/a.network"),
    Path("/x/a.engine"),
    profiles=((ShapeRange("x", (1, 4), (2, 4), (8, 4)),),),
    provenance=Provenance("/x/a.pb"),
)
RECORD = BuildRecord(SPEC, "/x/a.pb", "2026-01-01T00:00:00+00:00", BUILT, 12.5, 1 << 20, 7)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))


def test_builds_are_kept_newest_first_and_can_be_forgotten() -> None:
    assert load_builds() == ()
    later = replace(RECORD, started="2026-01-02T00:00:00+00:00")
    keep_build(RECORD)
    assert keep_build(later) == (later, RECORD)
    assert load_builds() == (later, RECORD)
    assert forget_build(later) == (RECORD,)


def test_only_so_many_are_kept() -> None:
    for count in range(KEPT + 3):
        keep_build(replace(RECORD, layers=count))
    assert [item.layers for item in load_builds()][:2] == [KEPT + 2, KEPT + 1]
    assert len(load_builds()) == KEPT


def test_a_damaged_list_is_no_trouble(tmp_path: Path) -> None:
    keep_build(RECORD)
    (path,) = (tmp_path / "home").rglob("builds.json")
    path.write_text(json.dumps([{"spec": 1}, *json.loads(path.read_text())]))
    assert load_builds() == (RECORD,)
    path.write_text("{")
    assert load_builds() == ()


def test_two_builds_differ_in_what_was_chosen_and_what_came_out() -> None:
    other = replace(SPEC, precision="fp16", tf32=True, workspace_bytes=1 << 20)
    assert differences(SPEC, other) == (
        ("precision", "fp32", "fp16"),
        ("workspace bytes", "TensorRT's own", "1048576"),
        ("tf32", "no", "yes"),
    )
    rows = {
        name: (one, two)
        for name, one, two in compared(
            RECORD, replace(RECORD, spec=other, bytes=1 << 19, seconds=3.0)
        )
    }
    assert rows["size"] == ("1.00 MiB", "0.50 MiB")
    assert rows["seconds"] == ("12.5", "3.0")
    assert "layers" not in rows


def test_the_estimate_is_the_time_of_the_build_most_alike() -> None:
    half = replace(RECORD, spec=replace(SPEC, precision="fp16"), seconds=30.0)
    failed = replace(RECORD, outcome=FAILED, seconds=1.0)
    records = (half, failed, RECORD)
    assert estimate(SPEC, "/x/a.pb", records) == 12.5
    assert estimate(replace(SPEC, precision="fp16"), "/x/a.pb", records) == 30.0
    assert estimate(SPEC, "/x/b.pb", records) is None
    assert estimate(SPEC, "", records) is None


def test_a_build_can_be_made_again_while_its_network_is_there(tmp_path: Path) -> None:
    assert again(RECORD) is None
    (tmp_path / "a.network").write_bytes(b"x")
    spec = replace(SPEC, network=tmp_path / "a.network")
    assert again(replace(RECORD, spec=spec)) == spec
