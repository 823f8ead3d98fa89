"""Job folders lie in the user's cache, and old ones go."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from surgeon_gui.errors import JobFailed, SaveError
from surgeon_gui.jobs.store import job_directory, new_job_directory, prune, release


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    found = [tmp_path / f"2026010{day}-120000-abc-build" for day in range(1, 7)]
    for folder in found:
        folder.mkdir()
        (folder / "spec.json").write_text("{}")
    return found


def test_a_new_folder_is_named_after_its_kind(tmp_path: Path) -> None:
    first = new_job_directory("build", tmp_path / "jobs")
    second = new_job_directory("build", tmp_path / "jobs")
    assert first != second
    assert first.is_dir()
    assert first.name.endswith("-build")


def test_only_the_newest_are_kept(tmp_path: Path, folders: list[Path]) -> None:
    assert prune(tmp_path, keep=2) == folders[3::-1]
    assert sorted(tmp_path.iterdir()) == folders[4:]


def test_what_is_too_old_goes(tmp_path: Path, folders: list[Path]) -> None:
    past = time.time() - 1000
    os.utime(folders[5], (past, past))
    assert prune(tmp_path, seconds=500) == [folders[5]]


def test_what_does_not_fit_goes(tmp_path: Path, folders: list[Path]) -> None:
    for folder in folders:
        (folder / "outputs.npz").write_bytes(bytes(1000))
    assert prune(tmp_path, size=2500) == folders[3::-1]


def test_a_folder_goes_when_the_job_went_well(tmp_path: Path) -> None:
    with job_directory("build", tmp_path) as made:
        (made / "spec.json").write_text("{}")
    assert not made.exists()


def fail_in_a_folder_of(root: Path) -> None:
    with job_directory("build", root):
        raise JobFailed("No.")


def test_a_folder_stays_when_the_job_failed(tmp_path: Path) -> None:
    with pytest.raises(JobFailed):
        fail_in_a_folder_of(tmp_path)
    (kept,) = tmp_path.iterdir()
    assert prune(tmp_path, keep=0) == [kept]


def test_a_folder_in_use_stays_until_it_is_released(tmp_path: Path, folders: list[Path]) -> None:
    (folders[0] / "owner.pid").write_text(str(os.getpid()))
    (folders[1] / "owner.pid").write_text("no number")
    prune(tmp_path, keep=0)
    assert list(tmp_path.iterdir()) == [folders[0]]
    release(folders[0])
    assert prune(tmp_path, keep=0) == [folders[0]]


def test_a_new_folder_belongs_to_this_process(tmp_path: Path) -> None:
    made = new_job_directory("build", tmp_path)
    assert prune(tmp_path, keep=0) == []
    release(made)
    release(made / "not" / "there")
    assert prune(tmp_path, keep=0) == [made]


def test_other_peoples_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "20260101-file").write_text("")
    assert prune(tmp_path, keep=0) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError) as caught:
        new_job_directory("build", tmp_path / "file" / "jobs")
    assert caught.value.hint is not None
    assert "SURGEON_HOME" in caught.value.hint


def test_jobs_lie_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path))
    assert new_job_directory("build").parent == tmp_path / "cache" / "jobs"
