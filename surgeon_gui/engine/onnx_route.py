"""An ONNX file into an INetworkDefinition, by TensorRT's own parser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from surgeon_gui.engine.emit import create_network
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.log import logger_for
from surgeon_gui.errors import BuildFailed


def parse_onnx(path: Path, builder: Any, flavour: Flavour) -> tuple[Any, Any]:
    """Return the INetworkDefinition that TensorRT's parser makes of an ONNX file, and the parser.

    The parser owns the weights: it must live as long as they are read.

    Raises:
        BuildFailed: the parser refuses it; `where` is the ONNX node.
    """
    definition = create_network(builder, flavour)
    parser = flavour.module.OnnxParser(definition, logger_for(flavour.module))
    parsed = parser.parse_from_file(str(path))
    if not parsed and parser.num_errors:
        error = parser.get_error(0)
        node = error.node_name() if hasattr(error, "node_name") else ""
        raise BuildFailed(
            f"TensorRT's ONNX parser refuses this file: {error.desc()}.", where=node or str(path)
        )
    # The parser answers yes to a file without a model in it.
    if not parsed or definition.num_outputs == 0:
        raise BuildFailed("TensorRT's ONNX parser finds no network in this file.", where=str(path))
    return definition, parser
