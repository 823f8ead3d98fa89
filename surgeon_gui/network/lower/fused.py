"""Ops that TensorFlow's graph optimiser writes: a convolution or product with what follows it."""

from __future__ import annotations

from surgeon_gui.network.layers import ActivationType
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.lower.call import Call, as_scalar
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.convolution import convolution
from surgeon_gui.network.lower.matrix import matmul
from surgeon_gui.network.lower.normalization import along, fused_batch_norm, normalise
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

_ACTIVATIONS = {
    "Relu": (ActivationType.RELU, 0.0, 0.0),
    "Relu6": (ActivationType.CLIP, 0.0, 6.0),
    "Elu": (ActivationType.ELU, 1.0, 0.0),
    "Sigmoid": (ActivationType.SIGMOID, 0.0, 0.0),
    "Tanh": (ActivationType.TANH, 0.0, 0.0),
    "GeluApproximate": (ActivationType.GELU_TANH, 0.0, 0.0),
    "GeluExact": (ActivationType.GELU_ERF, 0.0, 0.0),
}


@converter("_FusedConv2D", "_FusedDepthwiseConv2dNative", "_FusedMatMul")
def fused(node: Call, b: Lower) -> Value:
    """The main op on inputs 0 and 1, then each of `fused_ops` in turn."""
    plain = Call(node.node, node.inputs[:2])
    value = matmul(plain, b) if node.op == "_FusedMatMul" else convolution(plain, b)
    channels = 1 if node.text("data_format", "NHWC").startswith("NC") else value.rank - 1
    rest = list(node.inputs[2:])
    for step in node.texts("fused_ops"):
        value = _after(node, b, value, step, rest, channels)
    return value


def _after(
    node: Call, b: Lower, value: Value, step: str, rest: list[Value], channels: int
) -> Value:
    if step == "BiasAdd":
        bias = along(b, rest.pop(0), value.rank, channels)
        return b.elementwise(Op.SUM, value, bias, suffix="bias")
    if step == "FusedBatchNorm":
        scale, offset, mean, variance = rest[:4]
        del rest[:4]
        parameters = (scale, offset, mean, variance)
        return normalise(b, value, parameters, node.number("epsilon", 1e-4), channels)
    if step == "Add":
        return b.elementwise(Op.SUM, value, rest.pop(0), suffix="sum")
    if step == "LeakyRelu":
        slope = node.number("leakyrelu_alpha", 0.2)
        return b.activation(ActivationType.LEAKY_RELU, value, slope, suffix="activation")
    if step in _ACTIVATIONS:
        kind, alpha, beta = _ACTIVATIONS[step]
        return b.activation(kind, value, alpha, beta, suffix="activation")
    raise node.refuse(f"The fused op {step} is not known.", "Freeze the graph without optimising.")


@converter("FusedConv2DBiasActivation")
def fused_bias_activation(node: Call, b: Lower) -> Value:
    """activation(conv * scale + side * side scale + bias), as TensorFlow 1 wrote it for cuDNN."""
    layout = node.text("data_format", "NHWC")
    kernel = node.input(1)
    filters = node.text("filter_format", "HWIO")
    if filters not in ("HWIO", "OIHW") or layout not in ("NHWC", "NCHW"):
        raise node.refuse(
            f"{layout} data with {filters} kernels are packed integers, TensorRT has no such form.",
            "Convert the model in float32.",
        )
    if filters == "OIHW":
        kernel = b.permute(kernel, (2, 3, 1, 0))
    value = convolution(Call(node.node, (node.input(0), kernel)), b)
    channels = 1 if layout == "NCHW" else value.rank - 1
    if as_scalar(node.input(4)) != 1.0:
        value = b.elementwise(Op.PROD, value, node.input(4), suffix="scaled")
    side, side_scale = node.input(3), node.input(5)
    if side.size and as_scalar(side_scale) != 0.0:
        if as_scalar(side_scale) != 1.0:
            side = b.elementwise(Op.PROD, side, side_scale, suffix="side")
        value = b.elementwise(Op.SUM, value, side, suffix="sum")
    bias = along(b, node.input(2), value.rank, channels)
    value = b.elementwise(Op.SUM, value, bias, suffix="bias")
    step = node.text("activation_mode", "Relu")
    return value if step == "None" else _after(node, b, value, step, [], channels)


@converter("_FusedBatchNormEx")
def fused_batch_norm_ex(node: Call, b: Lower) -> tuple[Value, ...]:
    """A batch norm, maybe with a side input added, then an activation."""
    result, *rest = fused_batch_norm(Call(node.node, node.inputs[:5]), b)
    if node.integer("num_side_inputs", 0):
        result = b.elementwise(Op.SUM, result, node.input(5), suffix="sum")
    step = node.text("activation_mode", "Identity")
    if step != "Identity":
        result = _after(node, b, result, step, [], result.rank - 1)
    return (result, *rest)
