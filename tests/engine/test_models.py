"""Real models through the whole engine room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.engine.build import build
from surgeon_gui.engine.plan import read_plan_header
from surgeon_gui.engine.witness import disagreements, witnessed
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.network.ir import Network
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.network.precision import with_precision
from surgeon_gui.network.store import save_network
from surgeon_gui.network.to_onnx import onnx_from_network
from tests.engine.rtx import new_builder, rtx
from tests.helpers.shared import data_path
from tests.network.cases.case import random
from tests.network.test_to_onnx import run

pytestmark = pytest.mark.tensorrt

MODELS = ("cifar_small.pb", "mobilenet_v1_0.25_128_frozen.pb")


@pytest.fixture(params=MODELS)
def network(request: pytest.FixtureRequest) -> Network:
    lowered = network_from_graph(open_graph(data_path(request.param))).network
    assert lowered is not None
    return lowered


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_real_model_builds(network: Network, precision: str, tmp_path: Path) -> None:
    save_network(network, tmp_path / "x.network")
    spec = BuildSpec(
        tmp_path / "x.network", tmp_path / "x.engine", gpus=("sm89",), precision=precision
    )
    result = build(spec, QuietReport(tmp_path))
    assert read_plan_header(result.path).bytes == result.bytes
    assert [item.name for item in result.inputs] == [item.name for item in network.inputs]
    assert tuple(item.name for item in result.outputs) == network.outputs


def test_the_witness_agrees_on_a_real_model(network: Network) -> None:
    flavour = rtx()
    assert disagreements(network, witnessed(network, flavour, new_builder(flavour))) == []


def test_a_real_model_in_half_precision_gives_nearly_the_same(network: Network) -> None:
    inputs = {tensor.name: random(*tensor.shape, low=-1, high=1) for tensor in network.inputs}
    plain = run(onnx_from_network(network), inputs)
    half = run(onnx_from_network(with_precision(network, DType.FLOAT16)), inputs)
    for expected, actual in zip(plain, half, strict=True):
        assert actual.dtype == np.float32
        scale = float(np.abs(expected).max())
        np.testing.assert_allclose(actual, expected, rtol=0.05, atol=0.02 * scale)
