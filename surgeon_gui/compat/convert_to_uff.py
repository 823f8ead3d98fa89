"""`convert-to-uff` with NVIDIA's flags."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from surgeon_gui.compat.uff_module import convert, read_graphdef
from surgeon_gui.errors import ConvertError, SurgeonError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convert-to-uff", description="Converts a frozen TensorFlow graph to UFF."
    )
    add = parser.add_argument
    add("input_file", help="frozen graph (.pb)")
    add("-o", "--output", help="file to write; its ending becomes .uff")
    add("-O", "--output-node", action="append", default=[], help="name or number; repeatable")
    add(
        "-I",
        "--input-node",
        action="append",
        default=[],
        help="node to become an input: name,new_name,dtype,dim,dim …; repeatable",
    )
    add("-p", "--preprocessor", help="Python file with preprocess(dynamic_graph)")
    add("-t", "--text", action="store_true", help="also write the text form")
    add("-l", "--list-nodes", action="store_true", help="list the nodes and stop")
    add("-q", "--quiet", action="store_true", help="print warnings only")
    add("-d", "--debug", action="store_true", help="print every node written")
    add("--write_preprocessed", action="store_true", help="also write the graph as converted")
    add("--repair", action="store_true", help="repair what NVIDIA's converter gets wrong")
    return parser


def convert_to_uff(argv: Sequence[str]) -> int:
    """Convert as the arguments say; unknown ones are ignored, as NVIDIA's converter does.

    Returns:
        0 done, 1 the graph cannot be converted, 2 bad arguments or a bad file.
    """
    try:
        arguments, _ = _parser().parse_known_args(list(argv))
    except SystemExit as stop:
        return int(stop.code or 0)
    source = Path(arguments.input_file)
    try:
        convert(
            read_graphdef(source),
            arguments.output_node,
            arguments.preprocessor,
            quiet=arguments.quiet,
            input_node=arguments.input_node,
            text=arguments.text,
            list_nodes=arguments.list_nodes,
            output_filename=Path(arguments.output or source).with_suffix(".uff"),
            write_preprocessed=arguments.write_preprocessed,
            debug_mode=arguments.debug,
            repair=arguments.repair,
        )
    except SurgeonError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1 if isinstance(error, ConvertError) else 2
    return 0
