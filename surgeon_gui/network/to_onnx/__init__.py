"""Network to ONNX: an export users want and, in ONNX Runtime on the CPU, our reference.

`kinds/` holds one function per layer kind; `writer.py` what they write with; `export.py` the walk
over the layers and the file.
"""

from __future__ import annotations

from surgeon_gui.network.to_onnx.export import onnx_from_network, save_onnx
from surgeon_gui.network.to_onnx.writer import OPSET, OPSETS, PLUGIN_DOMAIN

__all__ = ["OPSET", "OPSETS", "PLUGIN_DOMAIN", "onnx_from_network", "save_onnx"]
