"""Constants and plugins."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.emit import EMITTERS, LayerEmitter
from surgeon_gui.engine.plugins import create_plugin
from surgeon_gui.errors import EngineError
from surgeon_gui.network.layers import Constant, Plugin


@EMITTERS.register("Constant")
def constant(kind: Constant, out: LayerEmitter) -> Any:
    return out.net.add_constant(kind.weights_.shape, out.weights(kind.weights_))


@EMITTERS.register("Plugin")
def plugin(kind: Plugin, out: LayerEmitter) -> Any:
    if not (hasattr(out.net, "add_plugin_v2") or hasattr(out.net, "add_plugin_v3")):
        raise EngineError(
            f"{out.flavour.title} takes no plugins; this one is {kind.plugin_name}.",
            hint="Build with `tensorrt`, or replace the node by layers TensorRT has.",
        )
    made, version = create_plugin(kind, out.flavour, out.layer.name)
    if version == 3:
        return out.method("add_plugin_v3")(out.inputs, [], made)
    return out.method("add_plugin_v2")(out.inputs, made)
