"""Workers that misbehave: scripts that take the place of the worker's Python."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

HELLO = 'say(type="hello", protocol=1, python="3", pid=os.getpid())'
RESULT = (
    'say(type="result", result={"kind": "reference", "path": "/y.npz",'
    ' "tensors": [], "seconds": 1.0, "peak_rss_bytes": 2})'
)

_HEAD = f"""#!{sys.executable}
import json, os, signal, sys, time
folder = sys.argv[-1]
def say(**message):
    print(json.dumps(message), flush=True)
"""


def fake_python(folder: Path, body: str, *, hello: bool = True) -> str:
    """Return an executable that, started as the worker's Python, runs `body`."""
    path = folder / "fake-python"
    lines = textwrap.dedent(body)
    path.write_text(_HEAD + (HELLO + "\n" if hello else "") + lines)
    path.chmod(0o755)
    return str(path)
