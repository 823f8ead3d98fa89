"""Convolution kernels as pictures."""

from __future__ import annotations

import numpy as np
import pytest

from surgeon_gui.ui.panels.kernels import MOST_TILES, filter_count, is_kernel, kernel_tiles
from surgeon_gui.ui.samples import samples_dir
from tests.ui.conftest import Driver


@pytest.mark.parametrize(
    ("shape", "kernel"),
    [
        ((3, 3, 3, 8), True),
        ((1, 7, 16, 4), True),
        ((1, 1, 64, 64), False),
        ((1, 224, 224, 3), False),
        ((3, 3, 8), False),
        ((3, 3, 0, 8), False),
    ],
)
def test_only_spatial_kernels_are_pictures(shape: tuple[int, ...], kernel: bool) -> None:
    assert is_kernel(np.zeros(shape, np.float32)) == kernel
    assert not is_kernel(np.zeros(shape, np.int32))


def test_three_channels_are_colours_zero_is_grey() -> None:
    array = np.zeros((2, 2, 3, 2), np.float32)
    array[0, 0, 0, 0] = 4.0
    array[1, 1, 2, 1] = -4.0
    tiles = kernel_tiles(array)
    assert tiles.shape == (2, 5, 4)
    assert tiles[0, 0].tolist() == [255, 127, 127, 255]
    assert tiles[1, 4].tolist() == [127, 127, 0, 255]
    assert tiles[0, 2].tolist() == [0, 0, 0, 0]


def test_many_filters_are_cut_and_depthwise_ones_are_counted_by_channel() -> None:
    assert kernel_tiles(np.ones((3, 3, 4, 200), np.float32)).shape[0] == 23
    depthwise = np.ones((3, 3, 32, 1), np.float32)
    assert filter_count(depthwise) == 32
    assert kernel_tiles(depthwise).size == kernel_tiles(np.ones((3, 3, 1, 32), np.float32)).size
    assert MOST_TILES < 200


def test_values_that_are_no_numbers_do_not_spoil_the_picture() -> None:
    array = np.full((3, 3, 1, 1), np.nan, np.float32)
    array[0, 0] = np.inf
    array[1, 1] = 1.0
    assert kernel_tiles(array)[1, 1].tolist() == [255, 255, 255, 255]


def test_the_inspector_shows_the_kernels_of_a_convolution_only(driver: Driver) -> None:
    driver.open(samples_dir() / "boxes3d.pb")
    window = driver.window
    window.session.select(("vgg/block1_conv1/Conv2D",))
    driver.settle()
    view = window.inspector.values.kernels
    assert view.isVisible()
    assert "8 filters" in view.toolTip()
    assert not view.pixmap().isNull()
    window.session.select(("vgg/block1_conv1/BiasAdd",))
    driver.settle()
    assert not view.isVisible()
