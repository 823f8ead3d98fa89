"""Attribute values: dtypes, shapes and constants, against TensorFlow's own decoding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.attrmessages import attr_from_message, attr_to_message
from surgeon_gui.graph.values import (
    AttrValue,
    DType,
    Shape,
    TensorType,
    TensorValue,
    tensor_from_message,
)
from surgeon_gui.proto import graphdef_pb2 as pb
from tests.graph.strategies import VALUES
from tests.helpers.shared import ROOT

MESSAGES = {
    "content": {"dtype": 1, "shape": [2, 2], "tensor_content": np.arange(4, dtype="f4").tobytes()},
    "float": {"dtype": 1, "shape": [3], "float_val": [1.5, -0.0, float("inf")]},
    "float repeated": {"dtype": 1, "shape": [2, 3], "float_val": [1.5, 2.5]},
    "float none": {"dtype": 1, "shape": [2]},
    "double": {"dtype": 2, "shape": [2], "double_val": [0.1, 2.0]},
    "int32": {"dtype": 3, "shape": [], "int_val": [-5]},
    "uint8": {"dtype": 4, "shape": [2], "int_val": [0, 255]},
    "int16": {"dtype": 5, "shape": [2], "int_val": [-300, 300]},
    "int8": {"dtype": 6, "shape": [2], "int_val": [-128, 127]},
    "string": {"dtype": 7, "shape": [2], "string_val": [b"a", b"\x00\xff"]},
    "string one": {"dtype": 7, "shape": [3], "string_val": [b"same"]},
    "complex64": {"dtype": 8, "shape": [2], "scomplex_val": [1.0, 2.0, 3.0, -4.0]},
    "int64": {"dtype": 9, "shape": [2], "int64_val": [-(2**60), 2**60]},
    "bool": {"dtype": 10, "shape": [3], "bool_val": [True, False, True]},
    "bfloat16": {"dtype": 14, "shape": [2], "half_val": [16256, 49152]},
    "uint16": {"dtype": 17, "shape": [2], "int_val": [0, 65535]},
    "complex128": {"dtype": 18, "shape": [1], "dcomplex_val": [1.0, -2.0]},
    "half": {"dtype": 19, "shape": [2], "half_val": [15360, 49152]},
    "uint32": {"dtype": 22, "shape": [2], "uint32_val": [0, 2**32 - 1]},
    "uint64": {"dtype": 23, "shape": [2], "uint64_val": [0, 2**64 - 1]},
    "float8": {"dtype": 25, "shape": [2], "float8_val": bytes([0x38, 0xB8])},
    "empty": {"dtype": 1, "shape": [0, 3]},
}

SCRIPT = """
import json, sys, numpy as np
from pathlib import Path
from tensorflow.core.framework import tensor_pb2
from tensorflow.python.framework.tensor_util import MakeNdarray
found = {}
for path in sorted(Path(sys.argv[1]).glob("*.bin")):
    array = MakeNdarray(tensor_pb2.TensorProto.FromString(path.read_bytes()))
    strings = array.dtype == object
    data = b"|".join(array.ravel().tolist()) if strings else array.tobytes()
    found[path.stem] = [array.dtype.name, list(array.shape), data.hex()]
print(json.dumps(found))
"""


def message_of(fields: dict[str, object]) -> pb.TensorProto:
    message = pb.TensorProto()
    for name, value in fields.items():
        if name == "dtype":
            assert isinstance(value, int)
            message.dtype = DType(value).number
        elif name == "shape":
            assert isinstance(value, list)
            message.tensor_shape.SetInParent()
            for dim in value:
                message.tensor_shape.dim.add(size=dim)
        elif isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return message


@pytest.mark.tensorflow
def test_constants_of_every_kind_decode_as_tensorflow_decodes_them(tmp_path: Path) -> None:
    for name, fields in MESSAGES.items():
        (tmp_path / f"{name}.bin").write_bytes(message_of(fields).SerializeToString())
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    found = json.loads(done.stdout)
    assert set(found) == set(MESSAGES)
    for name, fields in MESSAGES.items():
        value = tensor_from_message(message_of(fields))
        dtype, shape, data = found[name]
        array = value.array
        assert array.dtype.name == dtype, name
        assert list(array.shape) == list(value.shape) == shape, name
        mine = b"|".join(array.ravel().tolist()) if dtype == "object" else array.tobytes()
        assert mine.hex() == data, name
        assert not array.flags.writeable or array.size == 0, name


@pytest.mark.parametrize("name", MESSAGES)
def test_a_constant_read_is_written_unchanged(name: str) -> None:
    message = message_of(MESSAGES[name])
    assert tensor_from_message(message).to_message() == message


@given(VALUES)
@settings(max_examples=200)
def test_every_attribute_value_survives_its_message(value: AttrValue) -> None:
    again = attr_from_message(attr_to_message(value))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": 1, "shape": [3], "tensor_content": b"\0" * 8},
        {"dtype": 1, "shape": [1], "float_val": [1.0, 2.0]},
        {"dtype": 20, "shape": []},
    ],
)
def test_a_damaged_constant_is_a_plain_error(fields: dict[str, object]) -> None:
    value = tensor_from_message(message_of(fields))
    with pytest.raises(OpenError):
        _ = value.array
    assert value == tensor_from_message(message_of(fields))
    assert value != TensorValue.from_array(np.zeros(value.shape, np.float32))


def test_constants_are_equal_by_bits() -> None:
    nan = TensorValue.from_array(np.array([np.nan], np.float32))
    assert nan == TensorValue.from_array(np.array([np.nan], np.float32))
    zero = TensorValue.from_array(np.array([0.0], np.float32))
    assert zero != TensorValue.from_array(np.array([-0.0], np.float32))
    assert zero != TensorValue.from_array(np.array([0.0], np.float64))
    assert zero != TensorValue.from_array(np.array(0.0, np.float32))
    split = TensorValue.from_array(np.array([b"a\0", b"b"], dtype=object))
    assert split != TensorValue.from_array(np.array([b"a", b"\0b"], dtype=object))


def test_dtypes_have_names_numbers_and_numpy_counterparts() -> None:
    assert DType.from_text("DT_HALF") is DType.FLOAT16
    assert DType.from_text("float") is DType.FLOAT32
    assert DType.from_text("101") is DType(101)
    assert DType(101).text == "float32_ref"
    assert DType.from_text("float32_ref") is DType(101)
    assert DType(999).value == 999
    assert DType.from_numpy(np.float16) is DType.FLOAT16
    assert DType.RESOURCE.numpy is None
    assert DType.FLOAT16.is_floating
    assert DType.UINT8.is_integer
    with pytest.raises(ValueError, match="no TensorFlow dtype"):
        DType.from_text("blue")
    with pytest.raises(ValueError, match="no dtype"):
        DType.from_numpy(np.datetime64)
    for dtype in DType:
        if dtype.numpy is not None and not dtype.name.startswith("Q"):
            assert DType.from_numpy(dtype.numpy) is dtype


def test_shapes_and_types_print_as_people_write_them() -> None:
    assert str(Shape()) == "?"
    assert str(Shape.of(-1, 3)) == "[?,3]"
    assert str(TensorType(DType.FLOAT32, Shape.of(1, 2))) == "float32 [1,2]"
    assert Shape.of(2, 3).size == 6
    assert Shape.of(-1, 3).size is None
    assert Shape().rank is None
    assert Shape.of().is_static
