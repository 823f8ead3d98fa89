"""Run one piece of work in a fresh process and report its time and peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """Processor seconds of the work itself, and the process's largest resident memory in MB.

    Not the clock's seconds: they would tell what else the machine did.
    """

    seconds: float
    peak_mb: float
    facts: dict[str, float]


def in_fresh_process(module: str, *arguments: str) -> Measured:
    """Run `python -m module arguments`, which must end by calling `report`."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    return Measured(answer["seconds"], answer["peak_mb"], answer["facts"])


def report(work: Callable[[], dict[str, float]]) -> None:
    """Do the work once; print its time, the process's peak memory and the facts it returns."""
    started = time.process_time()
    facts = work()
    seconds = time.process_time() - started
    # Not ru_maxrss: a child inherits its parent's peak there.
    status = Path("/proc/self/status").read_text()
    peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb, "facts": facts}))
