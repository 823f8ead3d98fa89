"""Dynamic ranges reach the tensors of the TensorRT versions that take them; the others say no.

Held against the API surfaces of TensorRT 8.6 and 10.16: neither builds without a GPU.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from surgeon_gui.engine import config
from surgeon_gui.engine.emit import create_network, emit
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.ranges import give_ranges
from surgeon_gui.errors import BuildFailed, UsageError
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.network.ir import Network
from surgeon_gui.network.quantize.ranges import Ranges, save_ranges
from tests.engine.standin import VERSIONS, flavour_of
from tests.network.cases import CASES

TAKING = ("8.6.1", "10.16.1.11")
CONV = next(case for case in CASES if case.name == "conv")


@pytest.fixture(params=TAKING)
def flavour(request: pytest.FixtureRequest) -> Flavour:
    return replace(flavour_of(request.param), chooses=True)


class Tensor:
    """A tensor that keeps what it is told; its real class must have the method called."""

    def __init__(self, flavour: Flavour, name: str, dtype: Any, takes: bool = True) -> None:
        assert flavour.has("ITensor", "set_dynamic_range")
        self.name, self.dtype, self._takes = name, dtype, takes
        self.range: tuple[float, float] | None = None

    def set_dynamic_range(self, low: float, high: float) -> bool:
        self.range = (low, high)
        return self._takes


class Layer:
    """A layer of one output; its real class must have what is asked of it."""

    def __init__(self, flavour: Flavour, name: str, origin: str, output: Tensor) -> None:
        for needed in ("precision", "set_output_type", "metadata", "get_output", "num_outputs"):
            assert flavour.has("ILayer", needed)
        self.name, self.metadata, self.num_outputs = name, origin, 1
        self.precision: Any = None
        self.output_type: Any = None
        self._output = output

    def get_output(self, port: int) -> Tensor:
        assert port == 0
        return self._output

    def set_output_type(self, port: int, dtype: Any) -> None:
        assert port == 0
        self.output_type = dtype


class Definition:
    """x → conv → y, with an int32 tensor beside."""

    def __init__(self, flavour: Flavour, takes: bool = True) -> None:
        types = flavour.module.DataType
        self.x = Tensor(flavour, "x", types.FLOAT)
        self.y = Tensor(flavour, "y", types.FLOAT, takes)
        self.size = Tensor(flavour, "size", types.INT32)
        self.layers = [
            Layer(flavour, "conv", "net/Conv2D net/BiasAdd", self.y),
            Layer(flavour, "shape", "net/Shape", self.size),
        ]
        self.num_inputs, self.num_layers = 1, len(self.layers)

    def get_input(self, index: int) -> Tensor:
        assert index == 0
        return self.x

    def get_layer(self, index: int) -> Layer:
        return self.layers[index]


def spec_of(folder: Path, reach: dict[str, float], *kept: str) -> BuildSpec:
    path = folder / "ranges.cache"
    save_ranges(Ranges(reach), path)
    return BuildSpec(Path("x.network"), Path("x"), precision="int8", ranges=path, kept=kept)


def test_every_float_tensor_gets_its_range(flavour: Flavour, tmp_path: Path) -> None:
    definition = Definition(flavour)
    notes = give_ranges(spec_of(tmp_path, {"x": 2.0, "y": 0.0}), definition, flavour)
    assert notes == ()
    assert definition.x.range == pytest.approx((-2.0, 2.0))
    assert definition.y.range is not None
    assert definition.y.range[1] > 0  # TensorRT refuses a range without width.
    assert definition.size.range is None


def test_tensors_without_a_range_are_named(flavour: Flavour, tmp_path: Path) -> None:
    (note,) = give_ranges(spec_of(tmp_path, {"x": 2.0}), Definition(flavour), flavour)
    assert "1 of 2 tensors have no range (y)" in note


def test_ranges_of_another_network_are_refused(flavour: Flavour, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="None of the ranges"):
        give_ranges(spec_of(tmp_path, {"z": 2.0}), Definition(flavour), flavour)


def test_a_range_tensorrt_refuses_is_told(flavour: Flavour, tmp_path: Path) -> None:
    with pytest.raises(BuildFailed) as caught:
        give_ranges(spec_of(tmp_path, {"y": 2.0}), Definition(flavour, takes=False), flavour)
    assert caught.value.where == "y"


@pytest.mark.parametrize("name", ["conv", "net/BiasAdd"])
def test_layers_kept_are_asked_for_float32(flavour: Flavour, tmp_path: Path, name: str) -> None:
    definition = Definition(flavour)
    give_ranges(spec_of(tmp_path, {"x": 1.0, "y": 1.0}, name), definition, flavour)
    conv, shape = definition.layers
    assert conv.precision == conv.output_type == flavour.module.DataType.FLOAT
    assert shape.precision is None
    with pytest.raises(UsageError, match="No layer") as caught:
        give_ranges(spec_of(tmp_path, {"x": 1.0}, "absent"), Definition(flavour), flavour)
    assert caught.value.where == "absent"


def flags_set(flavour: Flavour, spec: BuildSpec, network: Network) -> set[str]:
    """Return the builder flags a configuration ends with."""
    found: set[str] = set()
    builder = flavour.module.Builder(None)
    made = builder.create_builder_config()

    class Recording:
        """An IBuilderConfig whose flags are kept."""

        def __getattr__(self, name: str) -> Any:
            return getattr(made, name)

        def set_flag(self, flag: Any) -> None:
            found.add(flag.name)

        def clear_flag(self, flag: Any) -> None:
            found.discard(flag.name)

    class Builder:
        """A builder that gives that configuration."""

        def create_builder_config(self) -> Recording:
            return Recording()

    config.check_options(spec, flavour)
    config.configure(Builder(), flavour, spec, ("current",), network)
    return found


def test_the_builder_is_allowed_int8_and_held_to_what_is_kept(
    flavour: Flavour, tmp_path: Path
) -> None:
    network = CONV.network()
    assert flags_set(flavour, spec_of(tmp_path, {"x": 1.0}), network) == {"INT8"}
    kept = flags_set(flavour, spec_of(tmp_path, {"x": 1.0}, "conv"), network)
    assert kept == {"INT8", "OBEY_PRECISION_CONSTRAINTS"}


def test_the_network_is_one_whose_dtypes_the_builder_may_choose(flavour: Flavour) -> None:
    asked = []

    class Builder:
        """A builder that keeps the flags its network is made with."""

        def create_network(self, flags: int) -> Any:
            asked.append(flags)
            return flavour.module.Builder(None).create_network(flags)

    emit(CONV.network(), flavour, create_network(Builder(), flavour))
    assert asked == [1 << flavour.module.NetworkDefinitionCreationFlag.EXPLICIT_BATCH]
    assert not flavour.strongly_typed


@pytest.mark.parametrize("version", sorted(set(VERSIONS) - set(TAKING)))
def test_a_tensorrt_without_ranges_says_so(version: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="TensorRT 10 is the last"):
        config.check_options(spec_of(tmp_path, {"x": 1.0}), flavour_of(version))


def test_ranges_go_with_int8_alone(flavour: Flavour, tmp_path: Path) -> None:
    spec = replace(spec_of(tmp_path, {"x": 1.0}), precision="fp16")
    with pytest.raises(UsageError, match="int8 only"):
        config.check_options(spec, flavour)
