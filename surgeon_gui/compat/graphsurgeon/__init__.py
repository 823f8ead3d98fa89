"""graphsurgeon 0.4, the API of preprocess scripts for NVIDIA's UFF converter.

Works on TensorFlow's NodeDefs and on our own. Where graphsurgeon has faults nobody can rely on
(`x:1` references, names that are not found, `graph_inputs` of a shared graph …), this does what was
meant.
"""

from __future__ import annotations

from surgeon_gui.compat.graphsurgeon import extras, node_manipulation
from surgeon_gui.compat.graphsurgeon.dynamic_graph import DynamicGraph
from surgeon_gui.compat.graphsurgeon.node_manipulation import (
    create_node,
    create_plugin_node,
    extract_numpy_array,
    remove_duplicates,
    shape,
    update_node,
)
from surgeon_gui.compat.graphsurgeon.static_graph import StaticGraph

__version__ = "0.4.6"
__all__ = [
    "DynamicGraph",
    "StaticGraph",
    "create_node",
    "create_plugin_node",
    "extract_numpy_array",
    "extras",
    "node_manipulation",
    "remove_duplicates",
    "shape",
    "update_node",
]
