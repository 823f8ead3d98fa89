"""Make the pictures of README and docs anew: `python -m docs.make_pictures [NAME…]`.

They are real pictures of the window, taken offscreen with settings of their own; what they show of
verifying, building and quantizing was done for the picture.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.jobs.feeding import Feeding
from surgeon_gui.ui.application import run
from surgeon_gui.ui.main_window import MainWindow
from surgeon_gui.ui.samples import samples_dir

PICTURES = Path(__file__).parent / "pictures"


@dataclass(frozen=True)
class Shot:
    """What a picture shows.

    Attributes:
        sample: the graph that is open.
        arguments: those of `surgeon gui`.
        action: a word of `ACTIONS`, done once the graph is shown.
    """

    sample: str
    arguments: tuple[str, ...] = ()
    action: str = "nothing"


_UFF = ("--target", "uff-5.1")
_HEAD = (*_UFF, "--expand", "orientation", "--select", "orientation/leaky_re_lu_1/LeakyRelu")
_LARGE = ("--size", "1600x1000")

SHOTS: dict[str, Shot] = {
    "main-light": Shot("boxes3d", (*_HEAD, *_LARGE)),
    "main-dark": Shot("boxes3d", (*_HEAD, *_LARGE, "--theme", "dark")),
    "auto-fix": Shot("boxes3d", _UFF, "auto-fix"),
    "verified": Shot("boxes3d", _UFF, "verify"),
    "built": Shot("boxes3d", _UFF, "build"),
    "segmentation": Shot("segmentation", ("--target", "uff-8")),
    "classifier": Shot("classifier", ("--view", "network")),
    "detector": Shot("detector", ("--size", "1400x1000")),
    "digits": Shot("digits", ("--size", "1600x1200"), "quantize"),
}


CURES = ("explicit-reshape", "remove-dropout", "leaky-relu-to-plugin", "l2-normalize-decomposed")
"""The rules auto-fix plans for the sample of 3D boxes and the UFF parser of TensorRT 5.1."""


def _verify(window: MainWindow) -> None:
    window.bottom_dock.open_page("verify")
    window.session.apply(ApplyRules(CURES), lambda _delta: window.verify.start())


def _build(window: MainWindow) -> None:
    window.bottom_dock.open_page("build")
    window.session.apply(ApplyRules(CURES), lambda _delta: window.build.start())


def _quantize(window: MainWindow) -> None:
    window.bottom_dock.open_page("quantize")
    data = Path("digits-train.npz")
    shutil.copy(samples_dir() / data, data)
    window.quantize.feeding.show_choice(Feeding(data))
    window.quantize.sensitivity.setChecked(True)
    window.quantize.start()


ACTIONS: Mapping[str, Callable[[MainWindow], object]] = {
    "nothing": lambda window: None,
    "auto-fix": lambda window: window.cures.autofix(),
    "verify": _verify,
    "build": _build,
    "quantize": _quantize,
}


def take(action: str, arguments: list[str]) -> int:
    """Open the window, bring it into a state, save its picture; in a process of its own."""
    return run(arguments, ACTIONS[action])


def _take_apart(name: str, shot: Shot) -> Path:
    """Take one picture in another process and return its path."""
    target = PICTURES / f"{name}.png"
    size = () if "--size" in shot.arguments else ("--size", "1400x900")
    theme = () if "--theme" in shot.arguments else ("--theme", "light")
    program = "import sys; from docs.make_pictures import take; "
    program += "sys.exit(take(sys.argv[1], sys.argv[2:]))"
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
        # A build writes beside the graph; and no picture tells where this program is kept.
        shutil.copy(samples_dir() / f"{shot.sample}.pb", folder)
        arguments = [f"{shot.sample}.pb", *shot.arguments, *size, *theme, "--shot", str(target)]
        environment = {
            **os.environ,
            "PYTHONPATH": str(PICTURES.parents[1]),
            "QT_QPA_PLATFORM": "offscreen",
            "QT_SCALE_FACTOR": "1",
            "SURGEON_HOME": home,
        }
        subprocess.run(
            [sys.executable, "-c", program, shot.action, *arguments],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
        )
    return target


def main() -> int:
    PICTURES.mkdir(exist_ok=True)
    wanted = sys.argv[1:] or list(SHOTS)
    for name in wanted:
        print(_take_apart(name, SHOTS[name]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
