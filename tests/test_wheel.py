"""The wheel holds what the program needs, and starts from a folder that is not the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


def _run(*command: str, folder: Path, **environment: str) -> str:
    """Run a command in a folder; return what it printed."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    _run("-m", "build", "--wheel", "--no-isolation", "-o", str(folder), folder=ROOT)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder the wheel alone was installed into; what it depends on is the environment's."""
    folder = tmp_path_factory.mktemp("site")
    pip = ("-m", "pip", "install", "--no-deps", "--no-index", "--disable-pip-version-check")
    _run(*pip, "--target", str(folder), str(wheel), folder=folder)
    return folder


def _files(folder: str) -> set[str]:
    """What the source tree has there, named as from its root, without caches."""
    return {
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".swp")
    }


def test_the_wheel_holds_the_code_and_its_data(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert _files("surgeon_gui") <= names
    for folder in ("rules", "samples"):
        assert {f"surgeon_gui/data/{name}" for name in _files(folder)} <= names
    pages = {name for name in _files("docs") if name.endswith((".md", ".png"))}
    assert {f"surgeon_gui/data/{name}" for name in pages} <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "docs/"))]
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_it_starts_on_the_sample_it_brings(installed: Path, tmp_path: Path) -> None:
    home = {"PYTHONPATH": str(installed), "SURGEON_HOME": str(tmp_path / "home")}
    surgeon = ("-m", "surgeon_gui")
    assert "inspect" in _run(*surgeon, "--help", folder=tmp_path, **home)
    assert "uff-5.1" in _run(*surgeon, "targets", folder=tmp_path, **home)
    assert "leaky-relu-to-plugin" in _run(*surgeon, "rules", folder=tmp_path, **home)
    where = "from surgeon_gui.ui.samples import samples; print(samples()[0].parent)"
    samples = Path(_run("-c", where, folder=tmp_path, **home).strip())
    assert samples.is_relative_to(installed)
    rules = "from surgeon_gui.rewrite.library import rules_dir; print(rules_dir())"
    assert Path(_run("-c", rules, folder=tmp_path, **home).strip()).is_relative_to(installed)
    shot = ("gui", str(samples / "boxes3d.pb"), "--shot", "window.png")
    _run(*surgeon, *shot, folder=tmp_path, **home, QT_QPA_PLATFORM="offscreen")
    assert (tmp_path / "window.png").read_bytes().startswith(b"\x89PNG")
