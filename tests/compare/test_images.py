"""Image files become the arrays a network was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from surgeon_gui.compare.images import RANGES, ImageFeed, ImageRecipe, image_arrays
from surgeon_gui.errors import OpenError, UsageError
from surgeon_gui.graph.values import DType, Shape, TensorType


def kind(*dims: int, dtype: DType = DType.FLOAT32) -> TensorType:
    return TensorType(dtype, Shape(dims))


@pytest.fixture
def red(tmp_path: Path) -> Path:
    """A red picture, twice as wide as high, with a blue right half."""
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, :4, 0] = 255
    pixels[:, 4:, 2] = 255
    path = tmp_path / "red.png"
    Image.fromarray(pixels).save(path)
    return path


def test_an_image_is_read_in_the_inputs_layout(red: Path) -> None:
    feed = ImageFeed((red,))
    nhwc = image_arrays(feed, {"x": kind(1, 4, 8, 3)})["x"]
    assert nhwc[0, 0, 0].tolist() == [1, 0, 0]
    nchw = image_arrays(feed, {"x": kind(1, 3, 4, 8)})["x"]
    assert np.array_equal(nchw.transpose(0, 2, 3, 1), nhwc)


def test_bgr_minus_a_mean_per_channel(red: Path) -> None:
    recipe = RANGES["Caffe, BGR minus mean"]
    found = image_arrays(ImageFeed((red,), recipe), {"x": kind(1, 4, 8, 3)})["x"]
    assert np.allclose(found[0, 0, 0], [-103.939, -116.779, 255 - 123.68])


@pytest.mark.parametrize(
    ("resize", "corner", "middle"),
    [("stretch", [1, 0, 0], None), ("fit", [0, 0, 0], None), ("crop", [1, 0, 0], [0, 0, 1])],
)
def test_another_shape_is_stretched_fitted_or_cropped(
    red: Path, resize: str, corner: list[int], middle: list[int] | None
) -> None:
    feed = ImageFeed((red,), ImageRecipe(resize=resize))
    found = image_arrays(feed, {"x": kind(1, 4, 4, 3)})["x"][0]
    assert found[0, 0].tolist() == corner
    if middle is not None:
        assert found[2, 3].tolist() == middle


def test_integer_inputs_get_whole_pixels(red: Path) -> None:
    feed = ImageFeed((red,), ImageRecipe(std=(1.0,)))
    found = image_arrays(feed, {"x": kind(1, 4, 8, 3, dtype=DType.UINT8)})["x"]
    assert found.dtype == np.uint8
    assert found[0, 0, 0].tolist() == [255, 0, 0]
    plain = image_arrays(ImageFeed((red,)), {"x": kind(1, 4, 8, 3, dtype=DType.UINT8)})["x"]
    assert np.array_equal(plain, found)


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.array([[0, 257, 32896, 65535]], np.uint16)).save(path)
    found = image_arrays(ImageFeed((path,), RANGES["0 to 255"]), {"x": kind(1, 1, 4, 1)})["x"]
    assert found.reshape(-1).tolist() == [0, 1, 128, 255]


def test_a_folder_fills_the_batch(red: Path) -> None:
    Image.new("L", (8, 4), 51).save(red.with_name("grey.png"))
    red.with_name("notes.txt").write_text("no image")
    found = image_arrays(ImageFeed((red.parent,)), {"x": kind(-1, 4, 8, 3)})["x"]
    assert found.shape == (2, 4, 8, 3)
    assert np.allclose(found[0], 0.2)
    three = image_arrays(ImageFeed((red.parent,)), {"x": kind(3, 4, 8, 3)})["x"]
    assert np.array_equal(three[2], three[0])


def test_a_grey_input_takes_one_channel(red: Path) -> None:
    found = image_arrays(ImageFeed((red,)), {"x": kind(1, 4, 8, 1), "keep": kind()})["x"]
    assert found.shape == (1, 4, 8, 1)


def test_open_sizes_take_the_images_own_or_the_one_given(red: Path) -> None:
    types = {"x": kind(1, -1, -1, 3)}
    assert image_arrays(ImageFeed((red,)), types)["x"].shape == (1, 4, 8, 3)
    feed = ImageFeed((red,), ImageRecipe(size=(6, 6)))
    assert image_arrays(feed, types)["x"].shape == (1, 6, 6, 3)


@pytest.mark.parametrize(
    ("recipe", "types", "words"),
    [
        (ImageRecipe(resize="melt"), {"x": kind(1, 4, 8, 3)}, "no resize 'melt'"),
        (ImageRecipe(std=(0.0,)), {"x": kind(1, 4, 8, 3)}, "cannot be 0"),
        (ImageRecipe(mean=(1.0, 2.0)), {"x": kind(1, 4, 8, 3)}, "1 or 3 numbers"),
        (ImageRecipe(size=(2, 2)), {"x": kind(1, 4, 8, 3)}, "4x8, not 2x2"),
        (ImageRecipe(), {"x": kind(1, 8)}, "No input has the four dimensions"),
        (ImageRecipe(), {"x": kind(1, 4, 8, 3), "y": kind(1, 4, 8, 3)}, "Several inputs"),
        (ImageRecipe(), {"x": kind(1, 4, 8, 7)}, "7 channels"),
    ],
)
def test_what_does_not_fit_is_said(
    red: Path, recipe: ImageRecipe, types: dict[str, TensorType], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        image_arrays(ImageFeed((red,), recipe), types)


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "x.png"
    bad.write_bytes(b"no image")
    with pytest.raises(OpenError, match="no image that can be read"):
        image_arrays(ImageFeed((bad,)), {"x": kind(1, 4, 8, 3)})
    empty = tmp_path / "none"
    empty.mkdir()
    with pytest.raises(OpenError, match="no images here"):
        image_arrays(ImageFeed((empty,)), {"x": kind(1, 4, 8, 3)})
