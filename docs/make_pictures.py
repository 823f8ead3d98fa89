"""Make the pictures of README and docs anew: `python -m docs.make_pictures`.

They are real pictures of the window, taken offscreen with settings of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURES = Path(__file__).parent / "pictures"
SAMPLE = "samples/boxes3d.pb"

SHOTS: dict[str, list[str]] = {
    "main-light": [
        SAMPLE,
        "--theme",
        "light",
        "--target",
        "uff-5.1",
        "--expand",
        "orientation",
        "--select",
        "orientation/leaky_re_lu_1/LeakyRelu",
    ],
    "main-dark": [
        SAMPLE,
        "--theme",
        "dark",
        "--target",
        "uff-5.1",
        "--expand",
        "orientation",
        "--select",
        "orientation/leaky_re_lu_1/LeakyRelu",
    ],
}


def main() -> int:
    PICTURES.mkdir(exist_ok=True)
    root = Path(__file__).parent.parent
    for name, arguments in SHOTS.items():
        with tempfile.TemporaryDirectory() as home:
            environment = {
                **os.environ,
                "QT_QPA_PLATFORM": "offscreen",
                "QT_SCALE_FACTOR": "1",
                "SURGEON_HOME": home,
            }
            target = str(PICTURES / f"{name}.png")
            command = [
                sys.executable,
                "app.py",
                *arguments,
                "--size",
                "1600x1000",
                "--shot",
                target,
            ]
            subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)
            print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
