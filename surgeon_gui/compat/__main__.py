"""Run a Python script that imports NVIDIA's modules: `python -m surgeon_gui.compat SCRIPT [ARG…]`.

`import graphsurgeon` and `import uff` find ours. It is for scripts that do the whole conversion
themselves; those with a function `preprocess` are run by `surgeon edit --preprocess`.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from surgeon_gui.compat.install import installed
from surgeon_gui.errors import ScriptError, UsageError


def run_alone(arguments: Sequence[str]) -> None:
    """Run a script as Python would, with our graphsurgeon and uff.

    Args:
        arguments: the script and what it finds in `sys.argv` behind its name.

    Raises:
        UsageError: no script is named.
        ScriptError: there is no such script.
    """
    if not arguments:
        raise UsageError("Which script?", hint="python -m surgeon_gui.compat SCRIPT [ARGUMENT…]")
    path = Path(arguments[0])
    if not path.is_file():
        raise ScriptError("There is no such script.", where=str(path), hint="Check its path.")
    before = sys.argv, sys.path[:]
    sys.argv = list(arguments)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with installed():
            runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv, sys.path[:] = before


def main() -> int:
    try:
        run_alone(sys.argv[1:])
    except (UsageError, ScriptError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
