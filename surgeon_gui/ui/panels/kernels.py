"""Convolution kernels as pictures: a tile per filter, as TensorFlow lays kernels out (HWIO)."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from surgeon_gui.graph.values import Array

MOST_TILES = 64
LARGEST_SIDE = 16
"""Spatial sizes beyond this are no kernel's."""
GAP = 1


def is_kernel(array: Array) -> bool:
    """Whether an array looks like the weights of a spatial convolution: `[h, w, in, out]`."""
    if array.ndim != 4 or not np.issubdtype(array.dtype, np.floating) or not array.size:
        return False
    height, width = array.shape[:2]
    return 1 < max(int(height), int(width)) <= LARGEST_SIDE


def filter_count(array: Array) -> int:
    """Return how many filters a kernel holds; a depthwise one has a filter per channel."""
    channels, filters = array.shape[2:]
    return int(channels if filters == 1 else filters)


def kernel_tiles(array: Array) -> Array:
    """Return the first filters side by side as `[height, width, 4]` bytes, clear between them.

    A filter over three channels is shown in their colours, any other by its mean over the
    channels; 0 is grey, and all tiles share one scale.
    """
    kernel = np.nan_to_num(np.asarray(array, dtype=np.float32), posinf=0.0, neginf=0.0)
    if kernel.shape[3] == 1 and kernel.shape[2] > 1:  # depthwise: a filter per channel
        kernel = kernel.transpose(0, 1, 3, 2)
    kernel = kernel[..., :MOST_TILES]
    if kernel.shape[2] != 3:
        kernel = np.repeat(kernel.mean(axis=2, keepdims=True), 3, axis=2)
    largest = float(np.abs(kernel).max()) or 1.0
    shades = np.clip(127.5 + 127.5 * kernel / largest, 0, 255).astype(np.uint8)
    height, width, _, count = shades.shape
    columns = min(count, max(1, math.ceil(math.sqrt(count * 2))))
    rows = math.ceil(count / columns)
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 4), 0, np.uint8)
    for at in range(count):
        row, column = divmod(at, columns)
        top, left = row * (height + GAP), column * (width + GAP)
        sheet[top : top + height, left : left + width, :3] = shades[..., at]
        sheet[top : top + height, left : left + width, 3] = 255
    return sheet


class KernelView(QLabel):
    """Shows tiles as large as the width allows, in whole pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Kernels as pictures")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._image = QImage()
        self.hide()

    def show_tiles(self, tiles: Array | None, filters: int = 0) -> None:
        """Show these tiles of so many filters, or hide."""
        self.setVisible(tiles is not None)
        if tiles is None:
            return
        height, width, _ = tiles.shape
        data = np.ascontiguousarray(tiles).tobytes()
        form = QImage.Format.Format_RGBA8888
        self._image = QImage(data, width, height, 4 * width, form).copy()
        shown = min(filters, MOST_TILES)
        which = f"{filters} filters"
        if shown < filters:
            which = f"The first {shown} of {which}"
        self.setToolTip(f"{which}; grey is 0, white the largest, black the smallest")
        self.setAccessibleDescription(self.toolTip())
        self._scale()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._scale()

    def _scale(self) -> None:
        if self._image.isNull():
            return
        ratio = self.devicePixelRatioF()
        times = max(1, int(self.width() * ratio) // max(self._image.width(), 1))
        times = min(times, max(1, int(160 * ratio) // max(self._image.height(), 1)))
        size = QSize(self._image.width() * times, self._image.height() * times)
        keep, fast = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.FastTransformation
        picture = QPixmap.fromImage(self._image.scaled(size, keep, fast))
        picture.setDevicePixelRatio(ratio)
        self.setPixmap(picture)
        self.setFixedHeight(math.ceil(size.height() / ratio))
