"""Values and shapes as people type them into the dialogs."""

from __future__ import annotations

import pytest

from surgeon_gui.errors import EditError
from surgeon_gui.graph.values import AttrValue, DType, Shape
from surgeon_gui.ui.dialogs.fields import shape_from_text, value_from_text, value_to_text


@pytest.mark.parametrize(
    ("text", "like", "value"),
    [
        ("0.5", 1.0, 0.5),
        ("3", 1, 3),
        ("true", False, True),
        ("SAME", b"VALID", b"SAME"),
        ('"SAME"', b"VALID", b"SAME"),
        ("float16", DType.FLOAT32, DType.FLOAT16),
        ("[1, ?, 3]", Shape((1, 2, 3)), Shape((1, -1, 3))),
        ("[1, 2]", (0, 0), (1, 2)),
        ("NHWC", None, b"NHWC"),
        ('{dtype = "int32"}', None, DType.INT32),
    ],
)
def test_a_value_is_read_as_meant(text: str, like: AttrValue | None, value: AttrValue) -> None:
    assert value_from_text(text, like) == value


@pytest.mark.parametrize("value", [0.5, 3, True, b"SAME", DType.INT64, Shape((1, -1)), (1, 2)])
def test_what_is_shown_reads_back(value: AttrValue) -> None:
    assert value_from_text(value_to_text(value), value) == value


@pytest.mark.parametrize(
    ("text", "dims"),
    [
        ("1, 224, 224, 3", (1, 224, 224, 3)),
        ("1x224x224x3", (1, 224, 224, 3)),
        ("[?, -1, None]", (-1, -1, -1)),
        ("scalar", ()),
        ("?", None),
    ],
)
def test_a_shape_is_read_in_any_of_its_forms(text: str, dims: tuple[int, ...] | None) -> None:
    assert shape_from_text(text) == Shape(dims)


@pytest.mark.parametrize("text", ["1, two", "1.5"])
def test_a_wrong_shape_says_so(text: str) -> None:
    with pytest.raises(EditError, match="no shape"):
        shape_from_text(text)


@pytest.mark.parametrize(("text", "like"), [("nine", 1.0), ("f99", DType.INT8), ("[1,", (1,))])
def test_a_wrong_value_says_so(text: str, like: AttrValue) -> None:
    with pytest.raises(EditError):
        value_from_text(text, like)


def test_lists_and_tensors_stay_on_one_line() -> None:
    assert value_to_text((1, 2, 3)) == "[1, 2, 3]"
    tensor = value_from_text('{tensor = [1, 2], dtype = "int32"}')
    assert value_to_text(tensor) == '{tensor = [1, 2], dtype = "int32"}'
    assert value_from_text(value_to_text(tensor)) == tensor
