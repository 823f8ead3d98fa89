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
