"""Autosaved edits, and what is offered after a crash."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from surgeon_gui.edits.constants import FoldConstants
from surgeon_gui.edits.nodes import RemoveNodes
from surgeon_gui.edits.script import load_script
from surgeon_gui.recovery import KEPT_DAYS, Autosave, leftovers

EDITS = (RemoveNodes(("a",)), FoldConstants())


def _ended_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_the_edits_are_a_script_that_names_its_model(tmp_path: Path) -> None:
    autosave = Autosave(tmp_path)
    file = autosave.save(tmp_path / "model.pb", EDITS)
    assert file == autosave.file
    assert file is not None
    assert load_script(file).edits == EDITS
    assert str(tmp_path / "model.pb") in file.read_text().splitlines()[0]


def test_a_file_is_offered_once_its_process_has_ended(tmp_path: Path) -> None:
    file = Autosave(tmp_path).save(tmp_path / "model.pb", EDITS)
    assert file is not None
    assert leftovers(tmp_path) == ()
    left = file.rename(tmp_path / f"{_ended_process()}.toml")
    (found,) = leftovers(tmp_path)
    assert found.file == left
    assert found.model == tmp_path / "model.pb"
    found.discard()
    assert leftovers(tmp_path) == ()
    found.discard()


def test_saving_without_edits_or_a_model_leaves_nothing(tmp_path: Path) -> None:
    autosave = Autosave(tmp_path)
    autosave.save(tmp_path / "model.pb", EDITS)
    assert autosave.save(tmp_path / "model.pb", ()) is None
    assert not autosave.file.exists()
    assert autosave.save(None, EDITS) is None
    autosave.save(tmp_path / "model.pb", EDITS)
    autosave.forget()
    assert list(tmp_path.iterdir()) == []


def test_unchanged_edits_are_not_written_again(tmp_path: Path) -> None:
    autosave = Autosave(tmp_path)
    file = autosave.save(tmp_path / "model.pb", EDITS)
    assert file is not None
    os.utime(file, (1, 1))
    autosave.save(tmp_path / "model.pb", EDITS)
    assert file.stat().st_mtime == 1
    autosave.save(tmp_path / "model.pb", EDITS[:1])
    assert file.stat().st_mtime > 1


def test_old_and_foreign_files_are_not_offered(tmp_path: Path) -> None:
    autosave = Autosave(tmp_path)
    file = autosave.save(tmp_path / "model.pb", EDITS)
    assert file is not None
    old = file.rename(tmp_path / f"{_ended_process()}.toml")
    ago = time.time() - (KEPT_DAYS + 2) * 86400
    os.utime(old, (ago, ago))
    (tmp_path / "notes.toml").write_text("x = 1")
    assert leftovers(tmp_path) == ()
    assert not old.exists()
    assert (tmp_path / "notes.toml").exists()


def test_a_folder_that_cannot_be_written_disturbs_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Autosave(tmp_path / "file").save(tmp_path / "model.pb", EDITS) is None
