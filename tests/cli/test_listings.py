from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.cli.app import stdout
from surgeon_gui.rewrite.library import user_sets_dir
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


def test_no_name_of_a_rule_is_cut_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [row["id"] for row in surgeon("rules", "--json").json["rules"]]
    monkeypatch.setattr(stdout, "_force_terminal", True)
    monkeypatch.setattr(stdout, "_width", 80)
    said = surgeon("rules").stdout
    assert max(map(len, said.splitlines())) < 120
    assert all(name in said for name in names)


def test_lines_in_a_pipe_are_as_long_as_they_must_be() -> None:
    lines = surgeon("rules").stdout.splitlines()
    row = next(line for line in lines if line.startswith("batch-statistics-decomposed"))
    assert row.rstrip().endswith("scale and offset")


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


def test_rule_sets_are_listed_with_their_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path))
    folder = user_sets_dir()
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('id = "mine"\ntitle = "My cure"\n[[item]]\nset = "clean"\n')
    (folder / "broken.toml").write_text("id = ")
    found = {row["id"]: row for row in surgeon("rules", "--json").json["sets"]}
    assert found["mine"]["own"]
    assert not found["ssd-mobilenet-v1"]["own"]
    assert "classes" in found["ssd-mobilenet-v1"]["parameters"]
    listed = surgeon("rules").stdout
    assert "My cure" in listed
    assert "ssd-mobilenet-v1" in listed
    assert "broken.toml" in capsys.readouterr().err


RULE = """
id = "ours"
group = "normalise"
benefit = 5
summary = "Relu becomes Identity"
source = "a test"
match = "Relu:root(?x)"
replace = "Identity:root(?x)"
"""
EXAMPLE = '[[example]]\nbefore = "y = Relu(x)"\nafter = "y = {op}(x)"\n'


@pytest.mark.parametrize(
    ("text", "status", "told"),
    [
        (RULE + EXAMPLE.format(op="Identity"), 0, "its example comes true"),
        (RULE + EXAMPLE.format(op="Elu"), 1, "+ y = Identity(x)"),
        (RULE, 0, "no examples"),
        ('id = "s"\ntitle = "t"\n[[item]]\nset = "clean"\n', 0, "No rule is stated"),
    ],
)
def test_rule_files_are_checked_by_their_examples(
    tmp_path: Path, text: str, status: int, told: str
) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(text)
    ran = surgeon("rules", path)
    assert ran.status == status
    assert told in ran.stdout
    rows = surgeon("rules", path, "--json").json["rules"]
    assert any(row["failed"] for row in rows) == bool(status)


@pytest.mark.parametrize("text", ["", "# nothing\n", 'match = "Relu("', "a = " + "[" * 5000])
def test_a_wrong_rule_file_is_bad_input(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(text)
    ran = surgeon("rules", path, "--json")
    assert ran.status == 2
    assert ran.json["error"]["code"] == "RuleError"
    assert str(path) in ran.json["error"]["where"]
