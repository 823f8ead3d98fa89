from __future__ import annotations

import pytest

from tests.cli.command import surgeon


@pytest.mark.parametrize(
    ("verb", "key", "wanted"),
    [
        ("targets", "id", "direct"),
        ("rules", "id", "strip-identity"),
        ("plugins", "name", "NMS_TRT"),
    ],
)
def test_what_is_known_is_listed(verb: str, key: str, wanted: str) -> None:
    ran = surgeon(verb, "--json")
    assert ran.status == 0
    assert wanted in [row[key] for row in ran.json[verb]]
    assert wanted in surgeon(verb).stdout


def test_help_lists_every_verb() -> None:
    ran = surgeon("--help")
    assert ran.status == 0
    for verb in ("inspect", "edit", "export", "verify", "build", "gui", "targets", "rules"):
        assert verb in ran.stdout


def test_one_target_tells_its_page() -> None:
    ran = surgeon("targets", "uff-8", "--json")
    (row,) = ran.json["targets"]
    assert row["page"]["JetPack"].startswith("4.6 (TensorRT 8.0.1)")
    assert {"Since", "Until", "Needs", "Source", "JetPack source"} <= set(row["page"])
    told = surgeon("targets", "uff-8")
    assert told.status == 0
    assert "UffParser" in told.stdout
    assert surgeon("targets", "no-such").status == 2
