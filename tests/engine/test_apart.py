"""Layers a TensorRT does not have are taken apart; the numbers stay."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from surgeon_gui.engine.apart import taken_apart
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.errors import EngineError
from surgeon_gui.network.layers import Normalization
from surgeon_gui.network.to_onnx import onnx_from_network
from tests.network.cases import CASES, Case
from tests.network.test_to_onnx import run

NORMS = [case for case in CASES if isinstance(case.kind, Normalization)]
GROUPS = [case for case in NORMS if case.name.startswith("normalization_group")]


def flavour(*methods: str) -> Flavour:
    """Return a TensorRT whose INetworkDefinition has these methods."""
    definition: Any = SimpleNamespace(**dict.fromkeys(methods))
    return Flavour("tensorrt", "0", SimpleNamespace(INetworkDefinition=definition))


def kinds(case: Case, made: Flavour) -> list[str]:
    return [layer.kind.type_name for layer in taken_apart(case.network(), made).layers]


@pytest.mark.parametrize("case", NORMS, ids=lambda case: case.name)
def test_nothing_changes_where_the_layer_exists(case: Case) -> None:
    made = flavour("add_normalization", "add_normalization_v2")
    assert kinds(case, made) == ["Normalization"]


@pytest.mark.parametrize("case", NORMS, ids=lambda case: case.name)
def test_without_the_layer_a_norm_is_arithmetic(case: Case) -> None:
    if case in GROUPS:
        with pytest.raises(EngineError, match="no group norm") as caught:
            taken_apart(case.network(), flavour())
        assert caught.value.where == "scope/Node"
        return
    apart = taken_apart(case.network(), flavour())
    assert not any(isinstance(layer.kind, Normalization) for layer in apart.layers)
    assert all(layer.origin == ("scope/Node",) for layer in apart.layers)
    (result,) = run(onnx_from_network(apart), case.inputs())
    np.testing.assert_allclose(result, case.expected[0], 1e-4, 1e-5)


@pytest.mark.parametrize("case", NORMS, ids=lambda case: case.name)
def test_before_the_second_version_only_groups_are_taken_apart(case: Case) -> None:
    made = flavour("add_normalization")
    expected = ["Normalization"]
    if case in GROUPS:
        expected = ["Normalization", "Constant", "ElementWise", "Constant", "ElementWise"]
    assert kinds(case, made) == expected
    again = taken_apart(taken_apart(case.network(), made), made)
    assert [layer.kind.type_name for layer in again.layers] == expected
    norm = again.layers[0].kind
    assert isinstance(norm, Normalization)
    if case in GROUPS:
        assert norm.scale.shape[1] == norm.num_groups
        assert np.all(norm.scale == 1)
        assert not norm.bias.any()
        assert again.layers[-1].outputs[0].name == "layer"
