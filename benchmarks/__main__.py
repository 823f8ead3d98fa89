"""All benchmarks, one after another: `python -m benchmarks [--long] [--out RESULTS.md] [NAME …]`.

Each runs in a process of its own. What it measured becomes a table of figures, budgets and ratios,
under a head that says on which machine and with which versions. A benchmark that fails or takes too
long is reported there, and the rest go on. The exit status is 0 if all ran and kept their budgets,
else 1. The short choice takes some minutes, the long one, which is what each does by itself, more
than an hour.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import FIGURES, Figure, recorded
from benchmarks.machine import load, machine

TIMEOUT_S = {"short": 600, "long": 7200}


@dataclass(frozen=True)
class Benchmark:
    """One module of this package.

    Attributes:
        name: of the module.
        title: what it measures.
        short: its arguments in the short choice.
        long: those in the long one.
    """

    name: str
    title: str
    short: tuple[str, ...] = ()
    long: tuple[str, ...] = ()


BENCHMARKS = (
    Benchmark("view", "File chosen to graph shown, opening, frames", ("2", "500", "10000")),
    Benchmark("layout", "Crossings and time of the layout", ("50", "200", "1000")),
    Benchmark("latency", "How long the window stands still", ("2000",)),
    Benchmark("inspect", "One target over a graph, and again after an edit"),
    Benchmark("rules", "50 rules over a graph", ("20000",)),
    Benchmark("convert", ".pb to network", ("--model", "MobileNetV2")),
    Benchmark("uff", ".pb to .uff", ("--model", "MobileNetV2")),
    Benchmark("keras_zoo", "Keras applications, the whole way", ("MobileNet", "--keep")),
    Benchmark("partition", "Division into TensorRT segments"),
    Benchmark("quantize", "Eight bits, and what they cost"),
    Benchmark("freeze", "Keras to a frozen graph", ("MobileNet",)),
    Benchmark("build_window", "VGG16 built from the window"),
)


@dataclass(frozen=True)
class Outcome:
    """What became of a benchmark.

    Attributes:
        benchmark: it.
        arguments: it ran with.
        figures: it recorded, up to its end.
        seconds: of the clock.
        failure: why it failed, empty if it did not.
    """

    benchmark: Benchmark
    arguments: tuple[str, ...]
    figures: tuple[Figure, ...]
    seconds: float
    failure: str = ""

    @property
    def verdict(self) -> str:
        if self.failure:
            return f"failed: {self.failure}"
        over = sum(not figure.is_kept for figure in self.figures)
        if over:
            return f"{over} over budget"
        return "ok"


def run(benchmark: Benchmark, arguments: tuple[str, ...], timeout: float) -> Outcome:
    """Run one in a process of its own, its words passed on."""
    with tempfile.TemporaryDirectory(prefix="surgeon-benchmark-") as folder:
        figures, errors = Path(folder) / "figures", Path(folder) / "errors"
        figures.touch()
        command = [sys.executable, "-m", f"benchmarks.{benchmark.name}", *arguments]
        started = time.perf_counter()
        with errors.open("w", encoding="utf-8") as stderr:
            try:
                status: int | None = subprocess.run(
                    command,
                    stderr=stderr,
                    env={**os.environ, FIGURES: str(figures)},
                    timeout=timeout,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                status = None
        seconds = time.perf_counter() - started
        told = tuple(recorded(figures.read_text("utf-8").splitlines()))
        failure = _failure(status, told, errors.read_text("utf-8", "replace"), timeout)
    return Outcome(benchmark, arguments, told, seconds, failure)


def _failure(status: int | None, told: Sequence[Figure], errors: str, timeout: float) -> str:
    if status is None:
        return f"not done after {timeout:.0f} s"
    # Status 1 with a figure over its budget is an answer, not a failure.
    if status and not (status == 1 and any(not figure.is_kept for figure in told)):
        lines = errors.strip().splitlines()
        return lines[-1].strip() if lines else f"ended with status {status}"
    return "" if told else "it measured nothing"


def page(outcomes: Sequence[Outcome], facts: Iterable[tuple[str, str]]) -> str:
    """Return the results as Markdown."""
    lines = ["# What the benchmarks measured", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in facts]
    lines += ["", "| benchmark | measures | took | verdict |", "|---|---|--:|---|"]
    lines += [
        f"| {outcome.benchmark.name} | {outcome.benchmark.title} | {outcome.seconds:.0f} s "
        f"| {_cell(outcome.verdict)} |"
        for outcome in outcomes
    ]
    for outcome in outcomes:
        lines += ["", f"## {outcome.benchmark.name}: {outcome.benchmark.title}", ""]
        words = " ".join((f"benchmarks.{outcome.benchmark.name}", *outcome.arguments))
        lines += [f"`python -m {words}`: {_cell(outcome.verdict)}"]
        if outcome.figures:
            lines += ["", *_table(outcome.figures)]
    return "\n".join(lines) + "\n"


def _table(figures: Sequence[Figure]) -> list[str]:
    """Columns that no figure fills are left out."""
    columns: list[tuple[str, Callable[[Figure], str]]] = [
        ("measured", lambda figure: f"{_number(figure.value)} {figure.unit}".strip())
    ]
    if any(figure.budget is not None for figure in figures):
        columns += [("budget", _budget), ("of it", _share)]
    if any(figure.other is not None for figure in figures):
        columns += [("beside", _other), ("theirs / ours", _ratio)]
    head = " | ".join(title for title, _ in columns)
    rows = [f"| | {head} |", f"|---|{'--:|' * len(columns)}"]
    for figure in figures:
        cells = " | ".join(cell(figure) for _, cell in columns)
        rows.append(f"| {_cell(figure.what)} | {cells} |")
    return rows


def _budget(figure: Figure) -> str:
    return "" if figure.budget is None else f"{_number(figure.budget)} {figure.unit}"


def _share(figure: Figure) -> str:
    if not figure.budget:
        return ""
    share = f"{figure.value / figure.budget:.0%}"
    return share if figure.is_kept else f"**{share}**"


def _other(figure: Figure) -> str:
    if figure.other is None:
        return ""
    return f"{figure.whose}: {_number(figure.other)} {figure.unit}".strip()


def _ratio(figure: Figure) -> str:
    return f"{figure.other / figure.value:.1f}" if figure.other is not None and figure.value else ""


def _number(value: float) -> str:
    if value and abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: Sequence[str] | None = None) -> int:
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(names)}")
    parser.add_argument("--long", action="store_true", help="the sizes their budgets are set for")
    parser.add_argument("--out", type=Path, help="the Markdown file; default: standard output")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in names]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    choice = "long" if options.long else "short"
    before, outcomes = load(), []
    for benchmark in BENCHMARKS:
        if options.names and benchmark.name not in options.names:
            continue
        print(f"== {benchmark.name}: {benchmark.title}", flush=True)
        wanted = benchmark.long if options.long else benchmark.short
        outcomes.append(run(benchmark, wanted, TIMEOUT_S[choice]))
        print(f"== {outcomes[-1].verdict}, {outcomes[-1].seconds:.0f} s\n", flush=True)
    facts = [*machine(), ("load before and after", f"{before} and {load()}"), ("choice", choice)]
    text = page(outcomes, facts)
    if options.out is None:
        print(text)
    else:
        options.out.write_text(text, encoding="utf-8")
        print(f"Written to {options.out}.")
    return 0 if all(outcome.verdict == "ok" for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
