"""The golden cases: what NVIDIA's own converter wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph
from surgeon_gui.proto import uff_pb2 as pb
from tests.helpers.shared import data_path

NAMES = sorted(path.parent.name for path in data_path("golden-uff").glob("*/case.json"))


class Golden:
    """One case.

    Attributes:
        case: what to convert and how; `operations` is graph surgery before it.
    """

    def __init__(self, name: str) -> None:
        self.path: Path = data_path("golden-uff") / name
        self.case: dict[str, Any] = json.loads((self.path / "case.json").read_text())

    @property
    def outputs(self) -> list[str]:
        return list(self.case["outputs"])

    @property
    def graphdef(self) -> bytes:
        return (self.path / "graph.pb").read_bytes()

    @property
    def graph(self) -> Graph:
        return graph_from_graphdef(self.graphdef)

    @property
    def expected_bytes(self) -> bytes:
        return (self.path / "expected.uff").read_bytes()

    @property
    def expected(self) -> pb.MetaGraph:
        return pb.MetaGraph.FromString(self.expected_bytes)

    @property
    def expected_text(self) -> str:
        return (self.path / "expected.pbtxt").read_text()


PLAIN = [name for name in NAMES if not Golden(name).case["operations"]]
"""Cases without surgery."""
