"""Constants and plugins."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from surgeon_gui.network.layers import Constant, Plugin
from surgeon_gui.network.to_onnx.writer import LAYERS, PLUGIN_DOMAIN, LayerWriter


@LAYERS.register("Constant")
def constant(kind: Constant, out: LayerWriter) -> None:
    """A constant that is an output of the network; any other is an initializer of its own name."""
    out.result("Identity", [out.weights(kind.weights_, "weights")])


@LAYERS.register("Plugin")
def plugin(kind: Plugin, out: LayerWriter) -> None:
    """A node of the plugin's name; ONNX Runtime cannot run it, TensorRT's parser finds the plugin.

    The attributes `plugin_version` and `plugin_namespace` are those TensorRT's parser looks for.
    """
    opsets = out.writer.model.opset_import
    if not any(opset.domain == PLUGIN_DOMAIN for opset in opsets):
        opsets.add(domain=PLUGIN_DOMAIN, version=1)
    out.results(
        kind.plugin_name,
        out.names,
        [tensor.name for tensor in out.outputs],
        domain=PLUGIN_DOMAIN,
        plugin_version=kind.plugin_version,
        plugin_namespace=kind.plugin_namespace,
        **{name: _attribute(value) for name, value in kind.fields},
    )


def _attribute(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.ndim == 1 and value.dtype.kind in "if" and value.size:
            return value.tolist()
        return onnx.numpy_helper.from_array(value)
    return int(value) if isinstance(value, bool) else value
