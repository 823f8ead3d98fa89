"""`surgeon export`: write a model in another form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.networks import export_made, is_made, open_made
from surgeon_gui.cli.options import Prepared, Surgery, json_option, prepare, surgery_options
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.pipeline import EXPORTERS, Exported, check_opset_has_use, export
from surgeon_gui.targets import SupportReport, inspect
from surgeon_gui.view.coloring import Coloring
from surgeon_gui.view.overlay_file import read_overlay
from surgeon_gui.view.overlays import OVERLAYS, PLAIN, Facts

PICTURES = (".svg", ".png", ".pdf")


@dataclass(frozen=True)
class Look:
    """How a picture looks.

    Attributes:
        target: whose verdicts the marks show; None is the first target.
        expand: namespaces to open.
        expand_all: open every namespace.
        overlay: an overlay's name, or a JSON file; None colours by kind of op.
    """

    target: str | None = None
    expand: tuple[str, ...] = ()
    expand_all: bool = False
    overlay: str | None = None


@VERBS.register("export")
@click.command("export")
@click.argument("model", type=FILE, metavar="MODEL")
@click.option(
    "-o",
    "target",
    required=True,
    type=FILE,
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
@click.option(
    "--overlay",
    metavar="NAME|FILE.json",
    help=f"Pictures: colour by {', '.join(OVERLAYS)}, or by the values a file gives to nodes.",
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
    target_id: str | None,
    overlay: str | None,
    strict: bool,
    parser: str | None,
    opset: int | None,
    as_json: bool,
    surgery: Surgery,
) -> int:
    """Write a model in another form, or as a picture."""
    ending = target.suffix.lower()
    look = Look(target_id, expand, expand_all, overlay)
    if ending not in (*EXPORTERS, *PICTURES):
        raise UsageError(
            f"{ending or 'A name without ending'} is no known format.",
            where=str(target),
            hint=f"Use one of {' '.join((*EXPORTERS, *PICTURES))}.",
        )
    if ending not in PICTURES and look != Look():
        raise UsageError(
            "--expand, --expand-all, --target and --overlay are for pictures.",
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
        exported = _exported(model, target, look, strict, parser, opset, surgery)
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
        f"{exported.path}: {exported.format}, {exported.nodes} "
        f"node{'' if exported.nodes == 1 else 's'}, {exported.bytes} bytes",
        markup=False,
    )
    return 0


def _exported(
    model: Path,
    target: Path,
    look: Look,
    strict: bool,
    parser: str | None,
    opset: int | None,
    surgery: Surgery,
) -> Exported:
    prepared = prepare(model, surgery)
    if target.suffix.lower() in PICTURES:
        if opset is not None:
            check_opset_has_use(target)
        return _picture(prepared, target, look)
    return export(
        prepared.graph,
        target,
        outputs=prepared.outputs,
        shapes=prepared.shapes,
        strict=strict,
        parser=parser,
        opset=opset,
    )


def _picture(prepared: Prepared, target: Path, look: Look) -> Exported:
    from surgeon_gui.ui.picture import save_graph_picture

    graph = prepared.graph
    report = inspect(
        graph, look.target or "direct", outputs=prepared.outputs, shapes=prepared.shapes
    )
    coloring, told = (None, ()) if look.overlay is None else _coloring(graph, report, look.overlay)
    made = save_graph_picture(
        graph,
        target,
        report=report,
        expand=look.expand,
        expand_all=look.expand_all,
        coloring=coloring,
    )
    notes = (*told, *(() if made.note is None else (made.note,)))
    size = made.path.stat().st_size
    return Exported(made.path, target.suffix[1:].lower(), size, len(graph), notes)


def _coloring(
    graph: Graph, report: SupportReport, overlay: str
) -> tuple[Coloring | None, tuple[str, ...]]:
    """Return what an overlay's name or file colours by, and what there is to tell of it."""
    from surgeon_gui.ui.verdicts import overlay_from_support

    if overlay == PLAIN:
        return None, ()
    kind = OVERLAYS.get(overlay)
    if kind is None and Path(overlay).suffix.lower() != ".json":
        raise UsageError(
            f"There is no overlay {overlay}.",
            where="--overlay",
            hint=f"One of {', '.join((PLAIN, *OVERLAYS))}, or a .json file of node values.",
        )
    if kind is None:
        read = read_overlay(Path(overlay), graph)
        return read.coloring, (read.words,)
    facts = Facts(graph, infer_types(graph), overlay_from_support(report))
    lacks = kind.lacks(facts)
    if lacks:
        raise UsageError(
            lacks,
            where=f"--overlay {overlay}",
            hint="Give what `surgeon verify --all-tensors --json` or `surgeon run --layers --json` "
            "wrote, as --overlay FILE.json."
            if overlay in ("error", "time")
            else None,
        )
    return kind.make(facts), ()
