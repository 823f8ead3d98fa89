"""A small network to build, and the building of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from surgeon_gui.engine.build import build
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.jobs.spec import BuildResult, BuildSpec
from surgeon_gui.network.ir import Network, NetworkBuilder, Tensor
from surgeon_gui.network.layers import (
    Activation,
    ActivationType,
    Convolution,
    Pooling,
    PoolingType,
    Reduce,
    ReduceOperation,
    Softmax,
)
from surgeon_gui.network.store import save_network
from tests.network.cases.case import random


def convolution(channels: int, maps: int, stride: int = 1) -> Convolution:
    return Convolution(
        num_output_maps=maps,
        kernel_size=(3, 3),
        stride=(stride, stride),
        pre_padding=(1, 1),
        post_padding=(1, 1),
        dilation=(1, 1),
        kernel=random(maps, channels, 3, 3),
        bias=random(maps),
    )


def cnn(batch: int = 1, blocks: int = 2) -> Network:
    """A small classifier: convolutions, pool, mean, softmax."""
    builder = NetworkBuilder()
    x: Tensor = builder.add_input("image", DType.FLOAT32, (batch, 3, 16, 16))
    relu = Activation(type=ActivationType.RELU)
    for index in range(blocks):
        kind = convolution(x.shape[1], 8)
        (x,) = builder.add(kind, [x], name=f"block{index}/conv", origin=[f"block{index}/Conv2D"])
        (x,) = builder.add(relu, [x], name=f"block{index}/relu")
    pool = Pooling(
        type=PoolingType.MAX,
        window_size=(2, 2),
        stride=(2, 2),
        pre_padding=(0, 0),
        post_padding=(0, 0),
    )
    (x,) = builder.add(pool, [x], name="pool")
    mean = Reduce(op=ReduceOperation.AVG, axes=(2, 3), keep_dims=False)
    (x,) = builder.add(mean, [x], name="mean")
    (x,) = builder.add(Softmax(axis=1), [x], name="probabilities")
    builder.mark_output(x)
    return builder.build()


def spec_for(network: Network, folder: Path, **options: Any) -> BuildSpec:
    save_network(network, folder / "x.network")
    options.setdefault("gpus", ("sm86",))
    return BuildSpec(folder / "x.network", folder / "x.engine", **options)


class Recorder(QuietReport):
    """Keeps what is reported; cancels when told to."""

    def __init__(self, folder: Path, cancel_at: str | None = None) -> None:
        super().__init__(folder)
        self.phases: list[tuple[str, int, int | None]] = []
        self._cancel_at = cancel_at

    def progress(self, phase: str, done: int = 0, total: int | None = None) -> None:
        self.phases.append((phase, done, total))
        if phase == self._cancel_at:
            self.is_cancelled = True
        super().progress(phase, done, total)


def run(spec: BuildSpec, folder: Path) -> BuildResult:
    return build(spec, Recorder(folder))
