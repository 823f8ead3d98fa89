"""Opens the window: `python app.py [MODEL] [--shot FILE.png]`."""

from __future__ import annotations

import sys

from surgeon_gui.ui.application import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
