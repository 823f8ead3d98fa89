"""Engines that stay loaded: run again with other values and other shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.engine.cuda import Cuda
from surgeon_gui.engine.cuda_runtime import RuntimeBinding
from surgeon_gui.engine.devices import Device
from surgeon_gui.engine.load import load_engine
from surgeon_gui.engine.resident import ResidentEngine
from surgeon_gui.errors import RunFailed
from tests.engine.fake_cuda import FakeRuntime
from tests.engine.fake_engine import Design, HostMemory, fake_flavour
from tests.engine.standin import VERSIONS

GPU = Device(0, "NVIDIA L4", "sm89", 24 << 30)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_engine_runs_again_with_other_values_and_shapes(tmp_path: Path, version: str) -> None:
    plan = tmp_path / "x.engine"
    plan.write_bytes(b"plan")
    runtime = FakeRuntime()
    with Cuda(RuntimeBinding(runtime, 0)) as cuda:
        flavour = fake_flavour(version, HostMemory(runtime), Design())
        engine = ResidentEngine(load_engine(plan, flavour, GPU), cuda)
        k = np.asarray(3, np.int32)
        for rows, scale in ((2, 1.0), (2, -4.0), (5, 2.0), (2, 0.5)):
            x = scale * np.linspace(-1, 1, rows * 4, dtype=np.float32).reshape(rows, 4)
            found = engine({"x": x, "k": k})
            assert np.allclose(found["y"], np.maximum(2 * x + 1, 0))


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    plan = tmp_path / "x.engine"
    plan.write_bytes(b"plan")
    runtime = FakeRuntime()
    with Cuda(RuntimeBinding(runtime, 0)) as cuda:
        flavour = fake_flavour(next(iter(VERSIONS)), HostMemory(runtime), Design())
        engine = ResidentEngine(load_engine(plan, flavour, GPU), cuda)
        with pytest.raises(RunFailed, match="no value") as caught:
            engine({"x": np.zeros((2, 4), np.float32)})
        assert caught.value.where == "k"
