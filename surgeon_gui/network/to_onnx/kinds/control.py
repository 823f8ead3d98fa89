"""Layers that hold networks of their own."""

from __future__ import annotations

import dataclasses

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Tensor
from surgeon_gui.network.layers import Conditional, Loop
from surgeon_gui.network.to_onnx.writer import LAYERS, LayerWriter, declare


@LAYERS.register("Loop")
def loop(kind: Loop, out: LayerWriter) -> None:
    """ONNX asks whether there is another turn at a turn's end, so the condition stands twice."""
    writer = out.writer
    count = len(out.outputs)
    before, outside = out.inputs[:count], out.inputs[count:]
    (go,) = writer.write_inner(kind.condition, out.inputs)
    with writer.subgraph(f"{out.layer.name}/body") as graph:
        declare(graph.input.add(), Tensor(DType.INT64, (), out.fresh("turn")))
        declare(graph.input.add(), Tensor(DType.BOOL, (), out.fresh("go")))
        now = [dataclasses.replace(tensor, name=out.fresh("state")) for tensor in before]
        for tensor in now:
            declare(graph.input.add(), tensor)
        after = writer.write_inner(kind.body, [*now, *outside])
        (again,) = writer.write_inner(kind.condition, [*after, *outside])
        for tensor in (again, *after):
            declare(graph.output.add(), tensor)
    names = [tensor.name for tensor in out.outputs]
    out.results("Loop", ["", go.name, *(tensor.name for tensor in before)], names, body=graph)


@LAYERS.register("Conditional")
def conditional(kind: Conditional, out: LayerWriter) -> None:
    """Branches read tensors of the graph around them by name."""
    graphs = []
    for name, network in kind.networks().items():
        with out.writer.subgraph(f"{out.layer.name}/{name}") as graph:
            for tensor in out.writer.write_inner(network, out.inputs[1:]):
                declare(graph.output.add(), tensor)
        graphs.append(graph)
    names = [tensor.name for tensor in out.outputs]
    then, other = graphs
    out.results("If", out.names[:1], names, then_branch=then, else_branch=other)
