"""`surgeon inspect X.engine`: what an engine file is, and whether it runs here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from surgeon_gui.cli.app import print_json, stdout
from surgeon_gui.engine.plan import read_plan_header
from surgeon_gui.jobs.engine_spec import EngineResult, EngineSpec
from surgeon_gui.jobs.message import flavour_title
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.store import job_directory
from surgeon_gui.settings import load_settings

SUFFIXES = (".engine", ".plan", ".trt")


def is_engine(path: Path) -> bool:
    """Whether a file's name says that it is an engine."""
    return path.suffix.lower() in SUFFIXES


def inspect_engine(path: Path, *, as_json: bool) -> bool:
    """Print what an engine file is; return whether it runs on this machine.

    Raises:
        OpenError: it is no engine.
        JobError: the worker that looks at the machine fails.
    """
    read_plan_header(path)
    plugins = tuple(map(Path, load_settings().settings.plugins))
    with job_directory("engine") as folder:
        facts = engine_facts(run_job(EngineSpec(path.absolute(), plugins), directory=folder))
    if as_json:
        print_json({"model": str(path), **facts})
    else:
        _print(path, facts)
    return bool(facts["runs_here"])


def engine_facts(found: EngineResult) -> dict[str, Any]:
    """Return what is known of an engine as JSON's own types."""
    card = found.card
    known = card.to_json() if card else {}
    return {
        "flavour": found.flavour,
        "tensorrt": found.tensorrt,
        "bytes": found.bytes,
        "gpu": list(card.gpus) if card else None,
        "inputs": known.get("inputs"),
        "outputs": known.get("outputs"),
        "precision": card.settings.precision if card else None,
        "provenance": known.get("provenance"),
        "verdict": card.provenance.verdict if card and card.provenance else None,
        "built_at": card.built_at if card else None,
        "runs_here": found.runs_here,
        "card_problem": found.card_problem,
        "obstacles": [{"reason": item.reason, "hint": item.hint} for item in found.obstacles],
        "layers": [
            {"name": layer.name, "type": layer.type, "nodes": list(layer.nodes)}
            for layer in found.layers
        ],
    }


def _print(path: Path, facts: dict[str, Any]) -> None:
    title = flavour_title(facts["flavour"])
    size = f"{facts['bytes'] / 1e6:.2f} MB" if facts["bytes"] > 5e3 else f"{facts['bytes']} bytes"
    stdout.print(f"{path}: {title} {facts['tensorrt'] or ''}, {size}", style="bold", markup=False)
    if facts["gpu"]:
        stdout.print(f"  for {', '.join(facts['gpu'])}, {facts['precision']}", markup=False)
    else:
        stdout.print(f"  {facts['card_problem']}, so its GPUs and tensors are not known.")
    for kind in ("inputs", "outputs"):
        for tensor in facts[kind] or ():
            text = f"  {kind[:-1]:7}{tensor['name']}  {tensor['dtype']} {tensor['shape']}"
            stdout.print(text, markup=False)
    source = facts["provenance"]
    if source:
        stdout.print(f"  made from {source['model']}, {facts['verdict']}", markup=False)
    if facts["runs_here"]:
        stdout.print("  It runs on this machine.")
    for item in facts["obstacles"]:
        stdout.print(f"  {item['reason']} {item['hint']}", style="yellow", markup=False)
