"""Random inputs are repeatable and sensible; `.npz` files keep names and values."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from surgeon_gui.compare.inputs import (
    DISTRIBUTIONS,
    load_arrays,
    load_npz,
    random_inputs,
    save_npz,
)
from surgeon_gui.errors import OpenError, SaveError, UsageError
from surgeon_gui.graph.values import Array, DType, Shape, TensorType


def drawn(dtype: DType, *dims: int, seed: int = 0) -> Array:
    return random_inputs({"x": TensorType(dtype, Shape.of(*dims))}, seed)["x"]


def test_the_same_seed_gives_the_same_inputs() -> None:
    assert np.array_equal(drawn(DType.FLOAT32, 3, 4), drawn(DType.FLOAT32, 3, 4))
    assert not np.array_equal(drawn(DType.FLOAT32, 3, 4), drawn(DType.FLOAT32, 3, 4, seed=1))


def test_an_input_does_not_depend_on_the_others() -> None:
    kind = TensorType(DType.FLOAT32, Shape.of(5))
    assert np.array_equal(
        random_inputs({"a": kind, "b": kind})["b"], random_inputs({"b": kind})["b"]
    )
    both = random_inputs({"a": kind, "b": kind})
    assert not np.array_equal(both["a"], both["b"])


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (DType.FLOAT32, -1, 1),
        (DType.FLOAT16, -1, 1),
        (DType.BFLOAT16, -1, 1),
        (DType.FLOAT64, -1, 1),
        (DType.UINT8, 0, 255),
        (DType.INT32, 0, 9),
        (DType.INT64, 0, 9),
        (DType.BOOL, 0, 1),
    ],
)
def test_values_fill_the_range_of_their_dtype(dtype: DType, low: int, high: int) -> None:
    array = drawn(dtype, 4096)
    assert array.dtype == dtype.numpy
    values = array.astype(np.float64)
    assert low <= values.min() < low + (high - low) / 8
    assert high - (high - low) / 8 < values.max() <= high


def test_complex_values_have_both_parts() -> None:
    array = drawn(DType.COMPLEX64, 64)
    assert array.dtype == np.complex64
    assert array.imag.std() > 0.1


def test_scalars_are_switched_to_inference() -> None:
    assert drawn(DType.FLOAT32) == 1
    assert not drawn(DType.BOOL)


def test_an_unknown_batch_is_one() -> None:
    assert drawn(DType.FLOAT32, -1, 4).shape == (1, 4)


@pytest.mark.parametrize(
    ("shape", "example"),
    [
        (Shape(None), "--shape x=1x224x224x3, or x=scalar"),
        (Shape.of(-1, -1, -1, 3), "--shape x=1x224x224x3"),
        (Shape.of(2, -1), "--shape x=2x224"),
    ],
)
def test_an_unknown_shape_is_asked_for(shape: Shape, example: str) -> None:
    with pytest.raises(UsageError) as caught:
        random_inputs({"x": TensorType(DType.FLOAT32, shape)})
    assert caught.value.where == "x"
    assert caught.value.hint is not None
    assert caught.value.hint.endswith(example)


def test_strings_are_asked_for() -> None:
    with pytest.raises(UsageError, match="dtype string"):
        drawn(DType.STRING, 1)


def test_arrays_survive_a_file(tmp_path: Path) -> None:
    arrays = {
        "scope/x": np.arange(6, dtype=np.float32).reshape(2, 3),
        "file": np.array(True),
        "split:1": np.array([], np.int64),
    }
    save_npz(tmp_path / "x.npz", arrays)
    back = load_npz(tmp_path / "x.npz")
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        assert np.array_equal(back[name], array)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


def test_dtypes_numpy_cannot_store_are_stored_as_what_it_can(tmp_path: Path) -> None:
    save_npz(
        tmp_path / "x.npz",
        {
            "half": np.array([1.5], ml_dtypes.bfloat16),
            "text": np.array([b"ab", "c"], dtype=object),
        },
    )
    back = load_npz(tmp_path / "x.npz")
    assert back["half"].dtype == np.float32
    assert back["half"] == 1.5
    assert back["text"].tolist() == [b"ab", b"c"]


def test_a_port_of_zero_is_dropped(tmp_path: Path) -> None:
    save_npz(tmp_path / "x.npz", {"x:0": np.ones(1), "y:1": np.ones(1)})
    assert list(load_npz(tmp_path / "x.npz")) == ["x", "y:1"]


def test_files_that_are_no_npz_are_said(tmp_path: Path) -> None:
    wrong = {
        "missing.npz": None,
        "text.npz": b"hello",
        "empty.npz": b"",
        "cut.npz": b"PK\x03\x04 and no more",
    }
    np.save(tmp_path / "single.npy", np.ones(1))
    np.savez(tmp_path / "objects.npz", x=np.array([{}], dtype=object))
    for name, content in wrong.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    for name in [*wrong, "single.npy", "objects.npz"]:
        with pytest.raises(OpenError) as caught:
            load_npz(tmp_path / name)
        assert caught.value.where == str(tmp_path / name)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="No such file"):
        save_npz(tmp_path / "no" / "x.npz", {"x": np.ones(1)})


@pytest.mark.parametrize("distribution", sorted(DISTRIBUTIONS))
def test_every_distribution_repeats_with_its_seed(distribution: str) -> None:
    types = {"x": TensorType(DType.FLOAT32, Shape((50, 4)))}
    one = random_inputs(types, 3, distribution)["x"]
    assert one.dtype == np.float32
    assert np.array_equal(one, random_inputs(types, 3, distribution)["x"])
    low, high = {
        "uniform": (-1, 1),
        "unit": (0, 1),
        "normal": (-9, 9),
        "pixels": (0, 255),
        "zeros": (0, 0),
        "ones": (1, 1),
    }[distribution]
    assert low <= one.min() <= one.max() <= high


def test_an_unknown_distribution_is_refused() -> None:
    with pytest.raises(UsageError, match="no distribution 'poisson'"):
        random_inputs({"x": TensorType(DType.FLOAT32, Shape((1,)))}, 0, "poisson")


def test_an_npy_file_is_the_only_input(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(3))
    assert load_arrays(path, ("x",))["x"].tolist() == [0, 1, 2]
    with pytest.raises(UsageError, match="there are 2 inputs"):
        load_arrays(path, ("x", "y"))
    path.write_bytes(b"none")
    with pytest.raises(OpenError, match=r"no \.npy file"):
        load_arrays(path, ("x",))
