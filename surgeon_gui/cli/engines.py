"""`surgeon inspect X.engine`: what an engine file is, and whether it runs here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from surgeon_gui.cli.app import print_json, stdout
from surgeon_gui.engine.devices import Device, Devices
from surgeon_gui.engine.fits import obstacles
from surgeon_gui.engine.plan import read_plan_header
from surgeon_gui.jobs.engine_card import read_card
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import DevicesResult, DevicesSpec
from surgeon_gui.jobs.store import job_directory

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
    with job_directory("devices") as folder:
        facts = engine_facts(path, run_job(DevicesSpec(), directory=folder))
    if as_json:
        print_json({"model": str(path), **facts})
    else:
        _print(path, facts)
    return bool(facts["runs_here"])


def engine_facts(path: Path, machine: DevicesResult) -> dict[str, Any]:
    """Return what header and card tell of an engine, and what keeps it from running here.

    Raises:
        OpenError: it is no engine.
    """
    header = read_plan_header(path)
    card = read_card(path)
    gpus = tuple(Device(g.index, g.name, g.capability, g.memory_bytes) for g in machine.gpus)
    versions = {flavour.id: flavour.version for flavour in machine.flavours}
    found = obstacles(
        header,
        card.gpus if card else (),
        Devices(gpus, machine.driver, problem=machine.problem),
        versions,
        version_compatible=card is not None and card.settings.version_compatible,
    )
    known = card.to_json() if card else {}
    return {
        "flavour": header.flavour,
        "tensorrt": header.version or (card.tensorrt if card else None),
        "bytes": header.bytes,
        "gpu": list(card.gpus) if card else None,
        "inputs": known.get("inputs"),
        "outputs": known.get("outputs"),
        "precision": card.settings.precision if card else None,
        "provenance": known.get("provenance"),
        "built_at": card.built_at if card else None,
        "runs_here": not found,
        "obstacles": [{"reason": item.reason, "hint": item.hint} for item in found],
    }


def _print(path: Path, facts: dict[str, Any]) -> None:
    title = {"rtx": "TensorRT for RTX", "tensorrt": "TensorRT"}[facts["flavour"]]
    size = f"{facts['bytes'] / 1e6:.2f} MB"
    stdout.print(f"{path}: {title} {facts['tensorrt'] or ''}, {size}", style="bold", markup=False)
    if facts["gpu"]:
        stdout.print(f"  for {', '.join(facts['gpu'])}, {facts['precision']}", markup=False)
    else:
        stdout.print("  No card lies beside it, so its GPUs and tensors are not known.")
    for kind in ("inputs", "outputs"):
        for tensor in facts[kind] or ():
            text = f"  {kind[:-1]:7}{tensor['name']}  {tensor['dtype']} {tensor['shape']}"
            stdout.print(text, markup=False)
    if facts["runs_here"]:
        stdout.print("  It runs on this machine.")
    for item in facts["obstacles"]:
        stdout.print(f"  {item['reason']} {item['hint']}", style="yellow", markup=False)
