"""`surgeon export`: write a model in another form."""

from __future__ import annotations

from pathlib import Path

import click

from surgeon_gui.cli.app import VERBS, print_json, stdout
from surgeon_gui.cli.options import Surgery, json_option, prepare, surgery_options
from surgeon_gui.pipeline import export


@VERBS.register("export")
@click.command("export")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.option(
    "-o",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    metavar="OUT.{pb,pbtxt,uff,onnx,network}",
    help="The file; its ending names the form.",
)
@click.option("--strict", is_flag=True, help="UFF exactly as NVIDIA's converter writes it.")
@json_option
@surgery_options
def export_verb(model: Path, target: Path, strict: bool, as_json: bool, surgery: Surgery) -> int:
    """Write a model in another form."""
    prepared = prepare(model, surgery)
    exported = export(
        prepared.graph, target, outputs=prepared.outputs, shapes=prepared.shapes, strict=strict
    )
    facts = {
        "model": str(model),
        "path": str(exported.path),
        "format": exported.format,
        "bytes": exported.bytes,
        "nodes": exported.nodes,
        "notes": list(exported.notes),
    }
    if as_json:
        print_json(facts)
        return 0
    for note in exported.notes:
        stdout.print(f"  {note}", markup=False)
    stdout.print(
        f"{exported.path}: {exported.format}, {exported.nodes} nodes, {exported.bytes} bytes",
        markup=False,
    )
    return 0
