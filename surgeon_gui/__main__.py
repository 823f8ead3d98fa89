"""`python -m surgeon_gui`, and the console script `surgeon`."""

from __future__ import annotations

import sys

from surgeon_gui.cli.app import main as run


def main() -> None:
    """Run the command line and leave with its exit status."""
    sys.exit(run())


if __name__ == "__main__":
    main()
