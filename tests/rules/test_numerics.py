"""Rules that promise the same numbers, held against TensorFlow on both sides.

All graphs run in one TensorFlow process: each is put into one large graph under a prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Array, DType, Shape
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.library import bundled_rules, bundled_sets, rules_of
from surgeon_gui.rewrite.rule import Rule
from tests.helpers.shared import SHARED, data_path
from tests.helpers.tensorflow_process import run_tensorflow

pytestmark = pytest.mark.tensorflow


@dataclass(frozen=True)
class Case:
    """A graph, the rules to hold to their promise, and inputs that are not random."""

    before: Graph
    rules: tuple[Rule, ...]
    given: Mapping[str, Array] = field(default_factory=dict)
    tolerance: float = 0.0

    @property
    def after(self) -> Graph:
        return apply_rules(self.before, self.rules).graph


ROUNDED = {
    "l2-normalize-decomposed": 1e-6,
    "dilated-convolution": 1e-5,
    "pow-to-cube": 1e-5,
    "gelu-erf-to-tanh": 1e-3,
    "mean-to-pool": 1e-5,
    "explicit-same-padding": 1e-5,
    "resize-bilinear-to-transposed-convolution": 1e-5,
}
"""Rules that keep the numbers up to rounding, and how far apart both sides may be."""


def _cases() -> dict[str, Case]:
    cases = {
        f"{rule.id}-{index}": Case(parse_text(example.before), (rule,))
        for rule in bundled_rules().values()
        for index, example in enumerate(rule.examples)
        if rule.exact
        and example.before != example.after
        # TensorFlow has no Flatten, and NCHW on GPUs only.
        and not ("Flatten(" in example.before or "NCHW" in example.before)
    }
    # With nothing dropped, dropout is the input.
    dropout = bundled_rules()["remove-dropout"]
    for index, example in enumerate(dropout.examples[:3]):
        text = example.before.replace("f32{2}", "f32{1}").replace("f32{0.5}", "f32{0}")
        one = {"keep_prob": np.array(1.0, np.float32)} if "keep_prob" in text else {}
        cases[f"remove-dropout-{index}"] = Case(parse_text(text), (dropout,), one, 1e-6)
    for name, tolerance in ROUNDED.items():
        rule = bundled_rules()[name]
        for index, example in enumerate(rule.examples):
            if example.before != example.after:
                case = Case(parse_text(example.before), (rule,), tolerance=tolerance)
                cases[f"{name}-{index}"] = case
    for name in ("cifar_small", "mobilenet_v1_0.25_128_frozen"):
        graph = graph_from_graphdef(data_path(f"{name}.pb").read_bytes())
        cases[name] = Case(graph, rules_of(bundled_sets()["direct"]))
    clean = rules_of(bundled_sets()["clean"])
    lstm = SHARED / "models" / "lstm_mnist_dropout_leftovers.pb"
    if lstm.exists():
        keep = {"keep_prob": np.array(1.0, np.float32)}
        cases["lstm"] = Case(graph_from_graphdef(lstm.read_bytes()), clean, keep, 1e-5)
    dilated_net = SHARED / "models" / "control_flow_small" / "conv_4" / "frozen_model.pb"
    if dilated_net.exists():
        graph = graph_from_graphdef(dilated_net.read_bytes())
        image = {"image": np.random.default_rng(0).random((3, 4, 4, 5), np.float32)}
        cases["conv_4"] = Case(graph, rules_of(bundled_sets()["direct"]), image, 1e-4)
    super_resolution = SHARED / "models" / "bsrn_super_resolution.pb"
    if super_resolution.exists():
        # Its Asserts hold for this scale only; without them it is not looked at any more.
        scale = {"sr_input_scale": np.array(4.0, np.float32)}
        graph = graph_from_graphdef(super_resolution.read_bytes())
        cases["bsrn"] = Case(graph, clean, scale)
    return cases


CASES = _cases()


def _inputs(case: Case) -> dict[str, Array]:
    """Random values for every placeholder, unknown dimensions being 2."""
    random = np.random.default_rng(7)
    found: dict[str, Array] = {}
    for node in case.before:
        dtype, shape = node.attrs.get("dtype"), node.attrs.get("shape")
        if node.op != "Placeholder" or not isinstance(dtype, DType) or not isinstance(shape, Shape):
            continue
        dims = [dim if dim >= 0 else 2 for dim in shape.dims or ()]
        values = np.abs(random.normal(size=dims)) + 0.1
        found[node.name] = values.astype(dtype.numpy)
    return {**found, **case.given}


def _under(prefix: str, graph: Graph) -> list[Node]:
    def moved(node: Node) -> Node:
        attrs = {key: value for key, value in node.attrs.items() if key != "_class"}
        return Node(
            prefix + node.name,
            node.op,
            [TensorRef(prefix + ref.node, ref.port) for ref in node.inputs],
            attrs,
            controls=[prefix + name for name in node.controls],
        )

    return [moved(node) for node in graph]


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Array]:
    """Every output of every case, before and after, by `case/before/name`."""
    nodes: list[Node] = []
    feeds: dict[str, Array] = {}
    outputs: list[str] = []
    for name, case in CASES.items():
        inputs = _inputs(case)
        for side, graph in (("before", case.before), ("after", case.after)):
            prefix = f"{name}/{side}/"
            nodes += _under(prefix, graph)
            feeds |= {prefix + key: value for key, value in inputs.items() if key in graph}
            outputs += [f"{prefix}{ref.node}:0" for ref in deduce_outputs(case.before)]
    folder: Path = tmp_path_factory.mktemp("rules")
    found = run_tensorflow(Graph(tuple(nodes)), folder, outputs, feeds)
    assert not found.errors
    return found.arrays


@pytest.mark.parametrize("name", CASES)
def test_a_rule_that_promises_it_keeps_the_numbers(
    name: str, computed: Mapping[str, Array]
) -> None:
    case = CASES[name]
    assert case.after is not case.before
    outputs = deduce_outputs(case.before)
    assert outputs
    assert set(deduce_outputs(case.after)) <= set(outputs)
    for ref in outputs:
        np.testing.assert_allclose(
            computed[f"{name}/after/{ref.node}:0"],
            computed[f"{name}/before/{ref.node}:0"],
            rtol=case.tolerance,
            atol=case.tolerance,
        )


def test_what_inference_does_not_need_is_gone() -> None:
    if "bsrn" in CASES:
        assert not [node for node in CASES["bsrn"].after if node.op in ("Assert", "NoOp")]
    if "lstm" in CASES:
        assert "keep_prob" not in CASES["lstm"].after
    assert not [node for node in CASES["cifar_small"].after if node.op == "Identity"]
