"""A UFF file into an INetworkDefinition, by NVIDIA's own parser, which TensorRT 5 to 8.6 have.

The parser works with an implicit batch: inputs are declared without it, and it is the builder that
is told how large it may get.

Source: Python API of TensorRT 8.6.1 (UffParser, UffInputOrder).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.log import collected, logger_for
from surgeon_gui.errors import BuildFailed, UsageError
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff.fields import read_orders
from surgeon_gui.uff.file import UffFile
from surgeon_gui.uff.reader import open_uff
from surgeon_gui.uff.restore import channels_first_inputs


@dataclass(frozen=True)
class ParserInput:
    """An input as the parser wants it declared.

    Attributes:
        name: of the Input node.
        shape: without the batch, in the order of the file.
        order: member of UffInputOrder.
        batch: the batch the file states, 1 where it leaves it open.
    """

    name: str
    shape: tuple[int, ...]
    order: str
    batch: int


def parser_inputs(file: UffFile) -> tuple[ParserInput, ...]:
    """Return what a UFF file's inputs must be declared as.

    Raises:
        UsageError: an input has no batch, or an unknown dimension besides it.
    """
    readers: dict[str, list[pb.Node]] = {}
    for item in file.nodes:
        for name in item.inputs:
            readers.setdefault(name, []).append(item)
    found = []
    turned = channels_first_inputs(file)
    for item in file.nodes:
        if item.operation != "Input":
            continue
        dims = tuple(item.fields["shape"].i_list.val)
        if not dims or min(dims[1:], default=1) < 1:
            raise UsageError(
                f"UFF's parser wants all dimensions but the batch, this input has {list(dims)}.",
                where=item.id,
                hint="Fix its shape with --shape NAME=1x224x224x3.",
            )
        order = "NCHW" if item.id in turned else ""
        if not order and len(dims) == 4:
            order = _order(file, item.id, readers)
        if not order:
            order = "NC" if len(dims) == 2 else "NCHW"
        found.append(ParserInput(item.id, dims[1:], order, max(dims[0], 1)))
    return tuple(found)


def _order(file: UffFile, name: str, readers: dict[str, list[pb.Node]]) -> str:
    """Return the data order of the nearest node after an input that has one, NHWC without any."""
    waiting, seen = deque([name]), {name}
    while waiting:
        for item in readers.get(waiting.popleft(), ()):
            key = item.fields["inputs_orders"].ref if "inputs_orders" in item.fields else ""
            data = file.data(key) if key else None
            orders = read_orders(data, key) if isinstance(data, pb.Data) else None
            if orders and orders[0] in ("N+C", "NC+"):
                return "NHWC" if orders[0] == "N+C" else "NCHW"
            if item.id not in seen:
                seen.add(item.id)
                waiting.append(item.id)
    return "NHWC"


def parse_uff(path: Path, builder: Any, flavour: Flavour) -> tuple[Any, Any]:
    """Return the INetworkDefinition NVIDIA's parser makes of a UFF file, and the parser.

    The parser owns the weights: it must live as long as they are read.

    Raises:
        UsageError: this TensorRT has no such parser, or an input's shape is not known.
        OpenError: the file is none.
        BuildFailed: the parser refuses it.
    """
    if not flavour.has("UffParser"):
        raise UsageError(
            f"{flavour.title} has no UFF parser; TensorRT 8.6 is the last with one.",
            where="route",
            hint="Choose `direct`: this program lowers the file itself.",
        )
    file = open_uff(path)
    inputs = parser_inputs(file)
    builder.max_batch_size = max((item.batch for item in inputs), default=1)
    definition = builder.create_network(0)
    reader = flavour.module.UffParser()
    with collected() as said:
        if flavour.has("init_libnvinfer_plugins"):
            flavour.module.init_libnvinfer_plugins(logger_for(flavour.module), "")
        for item in inputs:
            order = flavour.get("UffInputOrder", item.order)
            if not reader.register_input(item.name, item.shape, order):
                raise BuildFailed("UFF's parser refuses this input.", where=item.name)
        for mark in (item.id for item in file.nodes if item.operation == "MarkOutput"):
            if not reader.register_output(mark):
                raise BuildFailed("UFF's parser refuses this output.", where=mark)
        if not reader.parse(str(path), definition):
            reason = "; ".join(said.errors) or "It gives no reason."
            raise BuildFailed(f"UFF's parser refuses this file. {reason}", where=str(path))
    return definition, reader
