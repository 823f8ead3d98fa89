"""What no argument names, done to the window: `python -m docs.gallery_actions WORD …`.

The first argument is a word of `ACTIONS`, the rest are those of `surgeon gui`.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from surgeon_gui.jobs.op_docs import ArgumentDoc, OpDoc, op_docs_to_json
from surgeon_gui.ui.application import run
from surgeon_gui.ui.main_window import MainWindow
from surgeon_gui.ui.op_docs import docs_path

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


ACTIONS: Mapping[str, Callable[[MainWindow], object]] = {
    "loading": loading,
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
    "expanded": lambda window: window.canvas.expand_all(),
}

if __name__ == "__main__":
    sys.exit(run(sys.argv[2:], ACTIONS[sys.argv[1]]))
