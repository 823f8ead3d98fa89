"""Classification: residual networks of bottleneck blocks, ResNet50 among them."""

from __future__ import annotations

from samples.maker import INT, Maker
from surgeon_gui.graph.model import Graph


def _norm_relu(make: Maker, name: str, data: str, channels: int) -> str:
    return make.op(f"{name}/Relu", "Relu", make.batch_norm(f"{name}/bn", data, channels))


def _pad(make: Maker, name: str, data: str, amount: int) -> str:
    pads = make.const(f"{name}/paddings", [[0, 0], [amount] * 2, [amount] * 2, [0, 0]], INT)
    return make.op(f"{name}/Pad", "Pad", data, pads, attrs={"Tpaddings": INT})


def _block(make: Maker, name: str, data: str, channels: int, width: int, stride: int) -> str:
    """Return a bottleneck of `width`, with a projection where the shortcut needs one."""
    out = make.convolve(f"{name}/conv1", data, channels, width, 1, stride, b"VALID")
    out = _norm_relu(make, f"{name}/conv1", out, width)
    out = make.convolve(f"{name}/conv2", out, width, width)
    out = _norm_relu(make, f"{name}/conv2", out, width)
    out = make.convolve(f"{name}/conv3", out, width, 4 * width, 1, 1, b"VALID")
    out = make.batch_norm(f"{name}/conv3/bn", out, 4 * width)
    if stride != 1 or channels != 4 * width:
        data = make.convolve(f"{name}/shortcut", data, channels, 4 * width, 1, stride, b"VALID")
        data = make.batch_norm(f"{name}/shortcut/bn", data, 4 * width)
    return make.op(f"{name}/out", "Relu", make.op(f"{name}/add", "AddV2", data, out))


def classifier(
    seed: int = 13,
    *,
    size: int = 64,
    width: int = 8,
    blocks: tuple[int, ...] = (1, 1, 1, 1),
    classes: int = 10,
) -> Graph:
    """Return a residual network with a softmax.

    Input `image` f32[?, size, size, 3]; output `probabilities` f32[?, classes]. ResNet50 is size
    224, width 64, blocks 3, 4, 6, 3 and 1000 classes.
    """
    make = Maker(seed)
    data = make.placeholder("image", -1, size, size, 3)
    data = _pad(make, "stem/pad", data, 3)
    data = make.convolve("stem/conv", data, 3, width, 7, 2, b"VALID")
    data = _norm_relu(make, "stem/conv", data, width)
    data = make.max_pool("stem/pool", _pad(make, "stem/pool_pad", data, 1), 3, 2)
    channels = width
    for stage, count in enumerate(blocks, start=1):
        narrow = width * 2 ** (stage - 1)
        for block in range(1, count + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            data = _block(make, f"stage{stage}/block{block}", data, channels, narrow, stride)
            channels = 4 * narrow
    data = make.mean("pool/Mean", data, 1, 2)
    make.op("probabilities", "Softmax", make.dense("logits", data, channels, classes))
    return make.graph()


def resnet50() -> Graph:
    """Return ResNet50 with random weights: 25.6 million parameters, 102 MB."""
    return classifier(size=224, width=64, blocks=(3, 4, 6, 3), classes=1000)
