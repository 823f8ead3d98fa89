"""How the window fares while it builds VGG16, 554 MB: `python -m benchmarks.build_window`.

It opens the graph, builds it by one click and prints the longest time the interface's thread stood
still, how long all took, and the most memory the worker had. The build's budget is 50 ms a gap and
2.5 GB; the exit status is 1 over it. The weights are random: what they are changes neither.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from benchmarks.figures import record
from benchmarks.latency import BUDGET_MS, Probe
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import Array, AttrValue, DType, Shape, TensorValue
from surgeon_gui.jobs.spec import BuildResult
from surgeon_gui.log import LogBuffer
from surgeon_gui.settings import Settings
from surgeon_gui.ui.main_window import MainWindow
from surgeon_gui.ui.theme import LIGHT

BUDGET_BYTES = 2_500_000_000
_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
_DENSE = ((25088, 4096), (4096, 4096), (4096, 1000))


def vgg16() -> Graph:
    """Return VGG16 for one image of 224 x 224, with random weights."""
    random = np.random.default_rng(0)
    nodes = [
        Node(
            "input", "Placeholder", attrs={"dtype": DType.FLOAT32, "shape": Shape((1, 224, 224, 3))}
        )
    ]
    float32: dict[str, AttrValue] = {"T": DType.FLOAT32}

    def constant(name: str, array: Array) -> TensorRef:
        value = TensorValue.from_array(array)
        nodes.append(Node(name, "Const", attrs={"dtype": value.dtype, "value": value}))
        return TensorRef(name)

    def add(name: str, op: str, *inputs: TensorRef, **attrs: AttrValue) -> TensorRef:
        nodes.append(Node(name, op, tuple(inputs), {**float32, **attrs}))
        return TensorRef(name)

    def weights(name: str, *shape: int) -> TensorRef:
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        return constant(name, random.standard_normal(shape, np.float32) * np.float32(scale))

    x, depth = TensorRef("input"), 3
    window: dict[str, AttrValue] = {"padding": b"SAME", "data_format": b"NHWC"}
    for block, (channels, layers) in enumerate(_BLOCKS, start=1):
        for layer in range(1, layers + 1):
            name = f"block{block}/conv{layer}"
            kernel = weights(f"{name}/kernel", 3, 3, depth, channels)
            x = add(f"{name}/Conv2D", "Conv2D", x, kernel, strides=(1, 1, 1, 1), **window)
            bias = constant(f"{name}/bias", np.zeros(channels, np.float32))
            x = add(f"{name}/Relu", "Relu", add(f"{name}/BiasAdd", "BiasAdd", x, bias))
            depth = channels
        sizes: dict[str, AttrValue] = {"ksize": (1, 2, 2, 1), "strides": (1, 2, 2, 1)}
        x = add(f"block{block}/pool", "MaxPool", x, **sizes, **window)
    shape = constant("flatten/shape", np.array([1, 25088], np.int32))
    x = add("flatten/Reshape", "Reshape", x, shape, Tshape=DType.INT32)
    for place, (given, made) in enumerate(_DENSE, start=1):
        name = f"fc{place}"
        x = add(f"{name}/MatMul", "MatMul", x, weights(f"{name}/kernel", given, made))
        bias = constant(f"{name}/bias", np.zeros(made, np.float32))
        x = add(f"{name}/BiasAdd", "BiasAdd", x, bias)
        x = add(f"{name}/Relu", "Relu", x) if place < len(_DENSE) else add("scores", "Softmax", x)
    return Graph(tuple(nodes))


def main() -> int:
    application = QApplication.instance() or QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory(prefix="surgeon-vgg16-") as folder:
        os.environ["SURGEON_HOME"] = folder
        path = Path(folder) / "vgg16.pb"
        save_graphdef(vgg16(), path)
        print(f"VGG16: {path.stat().st_size / 1e6:.1f} MB")
        kept = _measure(path)
    application.quit()
    return 0 if kept else 1


def _measure(path: Path) -> bool:
    window = MainWindow(Settings(), LogBuffer(), theme=LIGHT, remembers=False)
    window.resize(1600, 1000)
    window.show()
    made: list[object] = []
    window.build.job.ended.connect(lambda outcome: made.append(getattr(outcome, "result", None)))
    probe = Probe()

    def is_quiet() -> bool:
        return not (window.session.tasks.is_busy() or window.canvas.is_laying_out())

    def built() -> bool:
        return bool(made) and not window.build.is_running() and is_quiet()

    _tell("open", probe, probe.watch(lambda: window.files.open(path), is_quiet))
    window.build.output.setText(str(path.with_suffix(".engine")))
    window.bottom_dock.open_page("build")
    kept = _tell("build", probe, probe.watch(window.build.start, built))
    result = made[0] if made else None
    if not isinstance(result, BuildResult):
        print(f"  not built: {window.build.message.text()}")
        return False
    record("the worker's memory", result.peak_rss_bytes / 1e9, "GB", budget=BUDGET_BYTES / 1e9)
    print(
        f"  plan {result.bytes / 1e6:.1f} MB, {result.layers} layers; the worker took "
        f"{result.seconds:.1f} s and {result.peak_rss_bytes / 1e9:.2f} GB at most "
        f"(budget {BUDGET_BYTES / 1e9:.1f} GB)"
    )
    window.close()
    return kept and result.peak_rss_bytes <= BUDGET_BYTES


def _tell(what: str, probe: Probe, seconds: float) -> bool:
    worst = max(probe.gaps)
    record(f"{what}: the window stood still", worst.length, "ms", budget=BUDGET_MS)
    record(f"{what}: took", seconds, "s")
    print(
        f"  {what:<6} longest gap {worst.length:.1f} ms (working {worst.worked:.1f}, wall "
        f"{worst.wall:.1f}), budget {BUDGET_MS:.0f} ms; took {seconds:.1f} s"
    )
    return worst.length <= BUDGET_MS


if __name__ == "__main__":
    sys.exit(main())
