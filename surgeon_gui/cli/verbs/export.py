"""`surgeon export`: write a model in another form."""

from __future__ import annotations

from pathlib import Path

import click

from surgeon_gui.cli.app import VERBS, print_json, stdout
from surgeon_gui.cli.networks import export_made, is_made, open_made
from surgeon_gui.cli.options import Prepared, Surgery, json_option, prepare, surgery_options
from surgeon_gui.errors import UsageError
from surgeon_gui.pipeline import Exported, check_opset_has_use, export
from surgeon_gui.targets import inspect

PICTURES = (".svg", ".png", ".pdf")


@VERBS.register("export")
@click.command("export")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.option(
    "-o",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    metavar="OUT.{pb,pbtxt,uff,onnx,network,svg,png,pdf}",
    help="The file; its ending names the form.",
)
@click.option(
    "--expand",
    multiple=True,
    metavar="PATH",
    help="Pictures: open this namespace; repeat for more.",
)
@click.option("--expand-all", is_flag=True, help="Pictures: open every namespace.")
@click.option(
    "--target",
    "target_id",
    help="Pictures: whose verdicts the marks show; default: direct.",
)
@click.option("--strict", is_flag=True, help="UFF exactly as NVIDIA's converter writes it.")
@click.option(
    "--parser",
    metavar="uff-5.1",
    help="UFF: say which nodes this TensorRT's own parser will refuse.",
)
@click.option(
    "--opset",
    type=int,
    metavar="N",
    help="ONNX: the operator set; default: the earliest from 17 on that has all layers.",
)
@json_option
@surgery_options
def export_verb(
    model: Path,
    target: Path,
    expand: tuple[str, ...],
    expand_all: bool,
    target_id: str,
    strict: bool,
    parser: str | None,
    opset: int | None,
    as_json: bool,
    surgery: Surgery,
) -> int:
    """Write a model in another form, or as a picture."""
    ending = target.suffix.lower()
    if ending not in PICTURES and (expand or expand_all or target_id is not None):
        raise UsageError(
            "--expand, --expand-all and --target are for pictures.",
            where=str(target),
            hint=f"Leave them out, or write one of {' '.join(PICTURES)}.",
        )
    if strict and ending != ".uff":
        raise UsageError("--strict is for .uff files.", where=str(target), hint="Leave it out.")
    if parser is not None and target.suffix.lower() != ".uff":
        raise UsageError("A UFF parser reads .uff files only.", where="--parser")
    if is_made(model):
        exported = export_made(open_made(model, surgery), target, opset)
    else:
        exported = _exported(
            model, target, target_id or "direct", expand, expand_all, strict, parser, opset, surgery
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


def _exported(
    model: Path,
    target: Path,
    target_id: str,
    expand: tuple[str, ...],
    expand_all: bool,
    strict: bool,
    parser: str | None,
    opset: int | None,
    surgery: Surgery,
) -> Exported:
    prepared = prepare(model, surgery)
    if target.suffix.lower() in PICTURES:
        if opset is not None:
            check_opset_has_use(target)
        return _picture(prepared, target, target_id, expand, expand_all)
    return export(
        prepared.graph,
        target,
        outputs=prepared.outputs,
        shapes=prepared.shapes,
        strict=strict,
        parser=parser,
        opset=opset,
    )


def _picture(
    prepared: Prepared, target: Path, target_id: str, expand: tuple[str, ...], expand_all: bool
) -> Exported:
    from surgeon_gui.ui.picture import save_graph_picture

    report = inspect(prepared.graph, target_id, outputs=prepared.outputs, shapes=prepared.shapes)
    made = save_graph_picture(
        prepared.graph, target, report=report, expand=expand, expand_all=expand_all
    )
    notes = () if made.note is None else (made.note,)
    size = made.path.stat().st_size
    return Exported(made.path, target.suffix[1:].lower(), size, len(prepared.graph), notes)
