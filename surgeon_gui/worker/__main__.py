"""One job in a process of its own: `python -m surgeon_gui.worker DIR`.

DIR holds `spec.json`; results, `result.json` and `stderr.log` join it. With `--warm tensorflow`
the worker first imports TensorFlow, says hello and waits for a start message.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import faulthandler
import importlib
import json
import logging
import os
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NoReturn

from surgeon_gui.errors import JobCancelled, JobFailed, SurgeonError
from surgeon_gui.jobs.kinds import spec_from_json
from surgeon_gui.jobs.protocol import PROTOCOL, Failure, Hello, Result, Start
from surgeon_gui.jobs.spec import JobResult
from surgeon_gui.worker.channel import Channel, ChannelHandler, WorkerReport, read_spec
from surgeon_gui.worker.memory import peak_rss_bytes
from surgeon_gui.worker.registry import task_of

logger = logging.getLogger("surgeon_gui.worker")

WARM = {"tensorflow": "surgeon_gui.reference.tensorflow_import"}


def main() -> NoReturn:
    """Run the worker; ends the process, without the interpreter's own teardown."""
    arguments = _arguments()
    channel = Channel()
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger().addHandler(ChannelHandler(channel))
    directory: Path | None = arguments.directory
    if arguments.warm is not None:
        with contextlib.suppress(SurgeonError):  # The job will say that it is missing.
            importlib.import_module(WARM[arguments.warm]).import_tensorflow()
        channel.send(_hello(arguments.warm))
        request = channel.receive()
        directory = Path(request.directory) if isinstance(request, Start) else None
    if directory is None:
        _end(0)
    if arguments.warm is not None:
        _log_into(directory)
    # A worker ends without a library's own clearing up; what it left goes with the job's folder.
    tempfile.tempdir = os.environ["TMPDIR"] = str(directory.absolute())
    report = WorkerReport(channel, directory)
    channel.send(_hello(arguments.warm))
    try:
        if arguments.attached or arguments.warm is not None:
            report.watch()
        answer = run(directory, report)
        report.finish()
    except KeyboardInterrupt:
        answer = Failure.from_error(JobCancelled("The job was cancelled."))
    channel.send(answer)
    _end(0 if isinstance(answer, Result) else 1)


def run(directory: Path, report: WorkerReport) -> Result | Failure:
    """Do the job of `directory` and return its answer, whatever its task raises."""
    try:
        started = time.perf_counter()
        spec = spec_from_json(read_spec(directory))
        result = task_of(spec.kind)(spec, report)
        seconds = time.perf_counter() - started
        result = dataclasses.replace(result, seconds=seconds, peak_rss_bytes=peak_rss_bytes())
        _save(directory, result)
        return Result(result)
    except MemoryError:
        text = traceback.format_exc()
        error: SurgeonError = JobFailed(
            "The worker ran out of memory.", hint="Close other programs or use a smaller graph."
        )
        return Failure.from_error(error, text)
    except OSError as caught:
        error = JobFailed(
            f"The worker cannot go on: {caught.strerror or caught}.",
            where=str(caught.filename or directory),
            hint="Check the free space and who may write there.",
        )
        return Failure.from_error(error, traceback.format_exc())
    except SurgeonError as caught:
        if report.is_cancelled:
            return Failure.from_error(JobCancelled("The job was cancelled."))
        return Failure.from_error(caught, traceback.format_exc())
    except Exception as caught:
        logger.exception("The job failed")
        package = caught.name or "" if isinstance(caught, ModuleNotFoundError) else ""
        if package and not package.startswith("surgeon_gui"):
            error = JobFailed(
                f"The Python package {package} is not installed in the worker's Python.",
                hint=f"Install it there with: pip install {package}",
            )
            return Failure.from_error(error, traceback.format_exc())
        error = JobFailed(
            f"The worker failed: {type(caught).__name__}: {caught}",
            where=str(directory),
            hint="This is a fault of the program; report it with that folder.",
        )
        return Failure.from_error(error, traceback.format_exc())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m surgeon_gui.worker", description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", help="the job's folder")
    parser.add_argument(
        "--attached", action="store_true", help="take cancel on stdin and end when it closes"
    )
    parser.add_argument("--warm", choices=sorted(WARM), help="import this, then wait for a job")
    arguments = parser.parse_args()
    if (arguments.directory is None) == (arguments.warm is None):
        parser.error("give a job's folder, or --warm")
    return arguments


def _hello(ready: str | None) -> Hello:
    return Hello(PROTOCOL, platform.python_version(), os.getpid(), ready)


def _log_into(directory: Path) -> None:
    """Point standard error, and what goes to it, at the job's log."""
    sys.stderr.flush()
    log = os.open(directory / "stderr.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 2)
    os.dup2(log, 1)
    os.close(log)


def _save(directory: Path, result: JobResult) -> None:
    temporary = directory / ".result.json"
    temporary.write_text(json.dumps(result.to_json(), indent=1), encoding="utf-8")
    temporary.replace(directory / "result.json")


def _end(status: int) -> NoReturn:
    # Native libraries sometimes crash while they are unloaded; the answer is out, so skip that.
    logging.shutdown()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
