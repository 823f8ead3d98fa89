"""What an engine file is: its card, whether it runs here, and its layers."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from surgeon_gui.engine.about import inspected
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.errors import EngineError
from surgeon_gui.jobs.engine_spec import EngineLayer
from tests.engine.standin import VERSIONS, flavour_of, surface


def engine(flavour: Flavour, version: str, text: str) -> Any:
    """An engine whose inspector says `text`; it only has names of that version."""
    classes = surface(version)["classes"]
    assert "create_engine_inspector" in classes["ICudaEngine"]
    assert "get_engine_information" in classes["EngineInspector"]

    def told(form: Any) -> str:
        assert form == flavour.module.LayerInformationFormat.JSON
        return text

    return SimpleNamespace(
        create_engine_inspector=lambda: SimpleNamespace(get_engine_information=told)
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_layers_are_told_with_their_nodes(version: str) -> None:
    flavour = flavour_of(version)
    layers = [{"Name": "conv + relu", "LayerType": "CaskConvolution", "Inputs": []}, "pool"]
    text = json.dumps({"Layers": layers, "Bindings": []})
    origins = {"conv": ("net/Conv2D",), "relu": ("net/Relu",)}
    found = inspected(engine(flavour, version, text), flavour, origins)
    assert found == (
        EngineLayer("conv + relu", "CaskConvolution", "Inputs: []", ("net/Conv2D", "net/Relu")),
        EngineLayer("pool"),
    )


def test_an_inspector_that_says_nothing_is_an_error() -> None:
    flavour = flavour_of("10.16.1.11")
    with pytest.raises(EngineError, match="does not tell the layers"):
        inspected(engine(flavour, "10.16.1.11", ""), flavour, {})
