from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from surgeon_gui.errors import SaveError
from surgeon_gui.settings import (
    Settings,
    cache_dir,
    config_dir,
    load_settings,
    problem_with,
    read_settings,
    save_settings,
    setting,
    setting_infos,
)


@dataclass(frozen=True)
class Renamed:
    colour: str = setting("Look", "Colour", "A colour.", "red", old_names=("color",))


def test_a_missing_file_is_all_defaults(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "none.toml")
    assert loaded.settings == Settings()
    assert loaded.problems == ()


def test_settings_survive_the_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.toml"
    changed = replace(
        Settings(), theme="dark", gpus=("sm75",), verify_max_rel=0.5, warm_reference=False
    )
    save_settings(changed, path)
    assert load_settings(path).settings == changed


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    save_settings(replace(Settings(), verify_seed=7), path)
    assert path.read_text() == "verify_seed = 7\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('theme = "blue"', "must be one of system, light, dark"),
        ("recent_files = -1", "must be at least 0"),
        ("recent_files = 51", "must be at most 50"),
        ("recent_files = 1.5", "must be a whole number"),
        ("recent_files = true", "must be a whole number"),
        ("warm_reference = 1", "must be true or false"),
        ("gpus = [1]", "must be a list of words"),
        ("target = 3", "must be text"),
        ("verify_cosine = nan", "must be at least 0.0"),
        ('theem = "dark"', "Did you mean theme?"),
    ],
)
def test_a_wrong_value_is_reported_once_and_replaced(
    tmp_path: Path, line: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(line + "\nverify_seed = 3\n")
    loaded = load_settings(path)
    assert loaded.settings == replace(Settings(), verify_seed=3)
    assert len(loaded.problems) == 1
    assert told in loaded.problems[0]
    assert [record.getMessage() for record in caplog.records] == list(loaded.problems)


@pytest.mark.parametrize("content", [b"theme = ", b"\xff\xfe\x00", b"a = " + b"[" * 5000])
def test_an_unreadable_file_gives_defaults_and_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    loaded = read_settings(Settings, path)
    assert loaded.settings == Settings()
    assert "cannot be read" in loaded.problems[0]


def test_a_renamed_key_is_read_under_its_old_name(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('color = "green"')
    loaded = read_settings(Renamed, path)
    assert loaded.settings == Renamed("green")
    assert loaded.migrated
    path.write_text('color = "green"\ncolour = "blue"')
    assert read_settings(Renamed, path).settings == Renamed("blue")


def test_every_default_is_valid_and_explained() -> None:
    for info in setting_infos():
        assert problem_with(info, info.default) is None, info.name
        assert info.help.endswith(".")


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError):
        save_settings(Settings(), tmp_path / "file" / "settings.toml")


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_folders_are_the_platforms_unless_overridden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str
) -> None:
    for name in ("SURGEON_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", platform)
    folders: tuple[Any, ...] = (config_dir(), cache_dir())
    assert all("graph-surgeon" in folder.parts for folder in folders)
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path))
    assert config_dir() == tmp_path
    assert cache_dir() == tmp_path / "cache"
