"""What no argument names, done to the window: `python -m docs.gallery_actions WORD …`.

The first argument is a word of `ACTIONS`, the rest are those of `surgeon gui`.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.jobs.op_docs import ArgumentDoc, OpDoc, op_docs_to_json
from surgeon_gui.jobs.outcome import Succeeded
from surgeon_gui.jobs.run_spec import Latency, LayerTime
from surgeon_gui.jobs.spec import RunResult, TensorInfo
from surgeon_gui.ui.application import run
from surgeon_gui.ui.main_window import MainWindow
from surgeon_gui.ui.op_docs import docs_path
from surgeon_gui.view.carried import Edge

_CONV = OpDoc(
    "Conv2D",
    "Computes a 2-D convolution given 4-D `input` and `filter` tensors.",
    "Given an input of shape `[batch, in_height, in_width, in_channels]` this op flattens the "
    "filter to a matrix, extracts patches and multiplies.",
    (
        ArgumentDoc("input", "T: float16, float32", None, "A 4-D tensor."),
        ArgumentDoc("filter", "T: float16, float32", None, "A 4-D tensor of shape `[h, w, i, o]`."),
    ),
    (ArgumentDoc("output", "T: float16, float32"),),
    (
        ArgumentDoc("strides", "list(int)", None, "The stride of the sliding window."),
        ArgumentDoc("padding", "string: SAME, VALID, EXPLICIT", None, "The padding to use."),
        ArgumentDoc("data_format", "string: NHWC, NCHW", "NHWC", "Where the channels stand."),
    ),
)


def loading(window: MainWindow) -> None:
    window.files.loading.emit(Path("resnet50_frozen.pb"))


def edge(window: MainWindow) -> None:
    """A tensor that three namespaces read is chosen where it leaves its producer."""
    canvas = window.canvas
    canvas.choose_edge(
        [
            Edge("flatten/Reshape", f"{head}/MatMul")
            for head in ("dimension/dense", "orientation/dense_2", "confidence/dense_4")
        ]
    )


def searching(window: MainWindow) -> None:
    window.search.setFocus()
    window.search.setText("relu")


def bookmarked(window: MainWindow) -> None:
    for items in (("vgg/",), ("input_1",), ("dimension/", "orientation/"), ()):
        window.session.select(items)
        window.bookmarks.toggle()
    window.bookmarks.show_panel()


def documented(window: MainWindow) -> None:
    path = docs_path(window.settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(op_docs_to_json((_CONV,), "2.21.0"))
    window.inspector.op_docs.look()
    window.inspector.doc.more.click()


def build_settings(window: MainWindow) -> None:
    window.use_settings(dataclasses.replace(window.settings, precision="fp16"))
    window.preferences.show("Build")


def second_step(window: MainWindow) -> None:
    window.help.start_tour()
    if window.help.tour is not None:
        window.help.tour.show_step(1)


def select_and_explain(window: MainWindow) -> None:
    window.cures.explain(
        "[TensorRT] ERROR: UffParser: Validator error: dimension/leaky_re_lu/LeakyRelu: "
        "Unsupported operation _LeakyRelu\n"
        "[TensorRT] ERROR: Network must have at least one output\n"
    )


def quantized(window: MainWindow) -> None:
    """Calibrated with a few random samples, and a layer that stays in float."""
    window.bottom_dock.open_page("quantize")
    window.quantize.count.setValue(4)
    window.quantize.limit.setChecked(True)
    window.quantize.sensitivity.setChecked(True)
    window.quantize.start()


def partitioned(window: MainWindow) -> None:
    window.bottom_dock.open_page("partition")
    window.partition.divide()


def run_results(window: MainWindow) -> None:
    """What a GPU answered: the gallery must not need one."""
    window.bottom_dock.open_page("run")
    window.run_.offer(Path("boxes3d.fp16.engine"))
    window.run_.job.ended.emit(Succeeded(_RUN))


def verified(window: MainWindow) -> None:
    """The network on the CPU against itself, layer by layer."""
    window.bottom_dock.open_page("verify")
    panel = window.verify
    panel.reference.setCurrentIndex(panel.reference.findData("network"))
    panel.layers.setChecked(True)
    panel.start()


def verified_half(window: MainWindow) -> None:
    """What half precision costs."""
    panel = window.verify
    panel.value.setCurrentIndex(panel.value.findData("network-fp16"))
    verified(window)


def page(name: str) -> Callable[[MainWindow], object]:
    return lambda window: window.bottom_dock.open_page(name)


_RUN = RunResult(
    device="NVIDIA L4",
    capability="sm89",
    flavour="rtx",
    tensorrt="1.7.1.116",
    inputs=(TensorInfo("input_1", "float32", (1, 64, 64, 3)),),
    outputs=(
        TensorInfo("dimension/output", "float32", (1, 3)),
        TensorInfo("confidence/Softmax", "float32", (1, 2)),
    ),
    latency_ms=Latency(2.0, 2.18, 2.18, 2.35, 2.36, 2.36),
    latencies_ms=tuple(2.0 + 0.01 * (index % 37) for index in range(200)),
    to_device_ms=0.02,
    to_host_ms=0.01,
    throughput=455.5,
    layers=(
        LayerTime("vgg/block1_conv1 + relu", 1.5, 0.69, ("vgg/block1_conv1/Conv2D",)),
        LayerTime("dimension/dense/MatMul", 0.5, 0.23, ("dimension/dense/MatMul",)),
        LayerTime("flatten/Reshape", 0.18, 0.08, ("flatten/Reshape",)),
    ),
    gpu_memory_bytes=64 << 20,
    non_finite=(),
    comparison=(
        TensorComparison("dimension/output", (1, 3), True, {"max_abs": 1e-4}, None),
        TensorComparison(
            "confidence/Softmax",
            (1, 2),
            False,
            {"max_abs": 2e-2},
            "Its largest absolute difference, 0.02, is more than the 0.01 allowed.",
        ),
    ),
    compared_with="boxes3d.pb in TensorFlow",
)

ACTIONS: Mapping[str, Callable[[MainWindow], object]] = {
    "loading": loading,
    "edge": edge,
    "searching": searching,
    "bookmarked": bookmarked,
    "documented": documented,
    "settings": lambda window: window.preferences.show(),
    "build-settings": build_settings,
    "tour": lambda window: window.help.start_tour(),
    "tour-2": second_step,
    "keys": lambda window: window.help.show_keys(),
    "formats": lambda window: window.help.show_formats(),
    "about": lambda window: window.help.show_about(),
    "palette": lambda window: window.palette_.begin(),
    "picture": lambda window: window.pictures.ask(),
    "preview": lambda window: window.pictures.preview(),
    "explained": select_and_explain,
    "target-page": lambda window: window.cures.show_target(),
    "auto-fix": lambda window: window.cures.autofix(),
    "quantized": quantized,
    "partitioned": partitioned,
    "run-results": run_results,
    "verified": verified,
    "verified-half": verified_half,
    **{f"page-{name}": page(name) for name in ("build", "verify", "run", "quantize", "partition")},
    "expanded": lambda window: window.canvas.expand_all(),
}

if __name__ == "__main__":
    sys.exit(run(sys.argv[2:], ACTIONS[sys.argv[1]]))
