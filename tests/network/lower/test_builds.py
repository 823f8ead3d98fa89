"""Every network the other tests compare with TensorFlow is one TensorRT for RTX really builds."""

from __future__ import annotations

from typing import Any

import pytest

from surgeon_gui.engine.emit import create_network, emit
from surgeon_gui.engine.flat import flattened
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.log import collected
from surgeon_gui.engine.readback import read_network, unreadable_as_zeros
from surgeon_gui.network.check import same_network
from surgeon_gui.network.ir import Network
from tests.engine.rtx import new_builder, rtx
from tests.network.lower import (
    test_composed,
    test_conditionals,
    test_convolution,
    test_counted,
    test_inline,
    test_loops,
    test_norms,
    test_pointwise,
    test_shaping,
    test_whiles,
    test_whole_steps,
)
from tests.network.lower.harness import Case, lowered, make

pytestmark = [pytest.mark.tensorflow, pytest.mark.tensorrt, pytest.mark.slow]

TABLES: dict[str, dict[str, Case]] = {
    "composed": test_composed.CASES,
    "conditionals": test_conditionals.CASES,
    "convolution": test_convolution.CASES,
    "counted": test_counted.CASES,
    "functions": test_inline.CASES,
    "loops": test_loops.BOTH,
    "norms": {**test_shaping.NORMS, **test_norms.CASES},
    "pointwise": test_pointwise.CASES,
    "shaping": test_shaping.SHAPES,
    "whiles": test_whiles.BOTH,
    "whole steps": test_whole_steps.BACK,
}


def problem_of(network: Network, builder: Any, flavour: Flavour) -> str | None:
    """Return what is wrong with the engine of a network."""
    with collected() as said:
        definition = create_network(builder, flavour)
        emission = emit(network, flavour, definition)
        expected = unreadable_as_zeros(flattened(network))
        differences = same_network(expected, read_network(definition, flavour))
        config = builder.create_builder_config()
        config.num_compute_capabilities = 1
        config.set_compute_capability(flavour.module.ComputeCapability.SM80, 0)
        plan = builder.build_serialized_network(definition, config)
    assert emission.tensors
    if differences:
        return f"reads back otherwise: {differences[0]}"
    return None if plan is not None else f"is not built: {said.errors}"


@pytest.mark.usefixtures("switch_and_merge")
@pytest.mark.parametrize("table", TABLES)
def test_networks_build_and_read_back_as_they_were(table: str) -> None:
    flavour = rtx()
    builder = new_builder(flavour)
    problems = {}
    for name, item in TABLES[table].items():
        problem = problem_of(lowered(make(item.build, item.arrays)), builder, flavour)
        if problem is not None:
            problems[name] = problem
    assert not problems
