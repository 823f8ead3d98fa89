"""The command line: finds its verbs in `cli/verbs`, runs one, turns errors into exit codes.

Exit status: 0 done and yes; 1 done and the answer is no; 2 bad usage or bad input; 3 the
work failed: a job crashed, was cancelled or timed out, whoever read the output went away, or a
part of this machine is missing.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console, ConsoleOptions

from surgeon_gui import __version__
from surgeon_gui.errors import (
    ConvertError,
    EngineError,
    InternalError,
    JobCancelled,
    JobError,
    NotConvertible,
    SurgeonError,
    Unsupported,
    UsageError,
)
from surgeon_gui.registry import Registry

VERBS: Registry[click.Command] = Registry("surgeon_gui.cli.verbs")
"""The verbs by name: one module each."""

logger = logging.getLogger(__name__)

_MOST_PROBLEMS = 12
_ANY_WIDTH = 1000

FILE = click.Path(path_type=Path, readable=False)
"""A file's path; whether it can be read is said by whoever opens it, with what to do."""


class ReaderGone(Exception):
    """Whoever reads the output, as `| head`, has had enough; this is no answer to the question."""


class _Terminal(Console):
    """A console that leaves it to the command line what a closed pipe means.

    Where no terminal is, in a file or a pipe, tables have the width they need: nothing is cut.
    """

    @property
    def options(self) -> ConsoleOptions:
        found = super().options
        return found if self.is_terminal else found.update(width=_ANY_WIDTH)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


stdout = _Terminal(highlight=False, soft_wrap=True)
stderr = _Terminal(stderr=True, highlight=False, soft_wrap=True)


class Verbs(click.Group):
    """A group whose commands are the registered verbs, imported when one is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return VERBS.get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # Click would end the program with the status of a "no".
            raise ReaderGone from error


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="surgeon")
@click.option("-v", "--verbose", is_flag=True, help="Log more, on stderr.")
def root(verbose: bool) -> None:
    """Take a TensorFlow graph to TensorRT: inspect, edit, verify, export, build."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )


def exit_code(error: SurgeonError) -> int:
    """Return the exit status that tells what kind of failure it was.

    TensorRT that refuses or is missing counts like TensorFlow that does: the job failed, 3.
    """
    if isinstance(error, JobError | EngineError | InternalError):
        return 3
    return 1 if isinstance(error, ConvertError) else 2


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object on one line of stdout."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
    sys.stdout.flush()


def print_error(error: SurgeonError, *, as_json: bool, model: str | None = None) -> None:
    """Say what went wrong: in JSON on stdout, or in words on stderr."""
    if as_json:
        print_json({"model": model, "error": error.as_dict()})
        return
    if isinstance(error, NotConvertible):
        problems = error.problems
        stderr.print(
            f"error: {len(problems)} nodes cannot be converted:", style="red", markup=False
        )
        for problem in problems[:_MOST_PROBLEMS]:
            stderr.print(f"  {problem.node}\n    {problem.reason}", style="red", markup=False)
            if cure := _cure(problem):
                stderr.print(f"    {cure}", markup=False)
        if len(problems) > _MOST_PROBLEMS:
            stderr.print(f"  and {len(problems) - _MOST_PROBLEMS} more", style="red", markup=False)
        if any(map(_cure, problems[:_MOST_PROBLEMS])):
            return
    else:
        stderr.print(f"error: {error.message}", style="red", markup=False)
    if error.where:
        stderr.print(f"  at: {error.where}", markup=False)
    stderr.print(f"  {_cure(error) or error.advice}", markup=False)


def _cure(error: SurgeonError) -> str | None:
    """Return what to do about a node, as the command line does it."""
    if isinstance(error, Unsupported) and error.rule:
        return f"Cure it with --rules {error.rule}."
    return error.hint


def internal_error(error: Exception) -> InternalError:
    """Return the error to print for a fault of the program; the caller logs it."""
    if isinstance(error, MemoryError):
        return InternalError(
            "The memory is not enough.", hint="Close other programs or use a smaller graph."
        )
    if isinstance(error, ImportError) and not (error.name or "").startswith("surgeon_gui"):
        return InternalError(
            f"A part of the installation is missing: {error}.",
            hint="Install it again with: pip install --upgrade surgeon-gui. For system libraries "
            "that are missing, ./run names the packages.",
        )
    return InternalError(
        f"The program failed: {type(error).__name__}: {error}",
        hint="This is a fault of the program; report it with the lines above and the model.",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names of nodes and files may hold what the terminal's encoding has not.
            stream.reconfigure(errors="backslashreplace")
    try:
        result = root.main(arguments, prog_name="surgeon", standalone_mode=False)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "surgeon"
        usage = UsageError(error.format_message(), hint=f"See {command} --help.")
        print_error(usage, as_json=as_json, model=_model(arguments))
        return 2
    except SurgeonError as error:
        print_error(error, as_json=as_json, model=_model(arguments))
        return exit_code(error)
    except (KeyboardInterrupt, click.Abort):
        print_error(
            JobCancelled("The work was cancelled."), as_json=as_json, model=_model(arguments)
        )
        return 3
    except ReaderGone:
        _close_stdout()
        return 3
    except OSError as error:
        stderr.print(f"error: The output cannot be written: {error.strerror or error}.")
        _close_stdout()
        return 2
    except Exception as error:
        logger.exception("The program failed")
        print_error(internal_error(error), as_json=as_json, model=_model(arguments))
        return 3
    return result if isinstance(result, int) else 0


def _close_stdout() -> None:
    """Keep the interpreter from flushing once more, as it ends, what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _model(arguments: Sequence[str]) -> str | None:
    """Return the MODEL of a command line, for the error's JSON."""
    words = list(arguments)
    while words and words[0].startswith("-"):
        del words[0]
    try:
        command = VERBS.get(words[0]) if words else None
    except ImportError:  # It is being reported.
        return None
    if command is None:
        return None
    context = command.make_context(words[0], words[1:], resilient_parsing=True)
    names = ("model", "source", "engine")
    named = next((context.params[name] for name in names if context.params.get(name)), None)
    several = context.params.get("models") or (None,)
    model = named or several[0]
    return None if model is None else str(model)
