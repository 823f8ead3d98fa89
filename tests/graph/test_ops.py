"""Facts about ops, against TensorFlow's own definitions."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from surgeon_gui.graph import ops
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.typeattrs import default_attrs
from surgeon_gui.graph.values import DType

CATEGORIES = {
    "Conv2D": "convolution",
    "MaxPool": "pooling",
    "FusedBatchNormV3": "normalisation",
    "Relu6": "activation",
    "Add": "arithmetic",
    "Reshape": "shape",
    "Const": "constant",
    "Placeholder": "data",
    "Switch": "control",
    "NMS_TRT": "plugin",
    "NeverHeardOf": "other",
}


@pytest.mark.parametrize("op", CATEGORIES)
def test_an_op_has_a_category(op: str) -> None:
    assert ops.category(op) == CATEGORIES[op]


def test_known_and_unknown_ops() -> None:
    assert ops.is_known_op("Conv2D")
    assert not ops.is_known_op("NeverHeardOf")
    assert ops.is_commutative("Mul")
    assert not ops.is_commutative("Sub")
    assert ops.is_identity_like("StopGradient")
    assert not ops.is_identity_like("Relu")
    assert ops.is_stateful("RandomUniform")
    assert not ops.is_stateful("Relu")
    assert ops.is_variable("VarHandleOp")


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("x = Relu(a)", 1),
        ("x = NoOp()", 0),
        ("x = Split(a, b) {num_split=3}", 3),
        ("x = IdentityN(a, b) {T=[f32, f32]}", 2),
        ("x = FusedBatchNormV3(a)", 6),
        ("x = NeverHeardOf(a)", 1),
        ("x = PartitionedCall(a) {Tout=[f32, i32, f32]}", 3),
    ],
)
def test_the_number_of_outputs(line: str, count: int) -> None:
    assert ops.output_count(parse_text(line)["x"]) == count


SCRIPT = """
import json
from tensorflow.python.framework import op_def_registry
from surgeon_gui.graph import ops
found = {}
for op in json.loads(input()):
    definition = op_def_registry.get(op)
    if definition is None:
        continue
    listed = [a.number_attr or a.type_list_attr for a in definition.output_arg]
    found[op] = {
        "outputs": len(definition.output_arg),
        "counts": [attr for attr in listed if attr],
        "required": [
            a.name for a in definition.attr
            if a.type == "type" and not a.HasField("default_value")
        ],
    }
print(json.dumps(found))
"""


@pytest.mark.tensorflow
def test_arities_and_dtype_attributes_are_those_of_tensorflows_definitions() -> None:
    names = [op for op in sorted(ops.known_ops()) if op != "ParseExample"]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(names),
        text=True,
        capture_output=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    found = json.loads(done.stdout)
    assert len(found) > 300
    for op, facts in found.items():
        if facts["counts"]:
            attr = facts["counts"][0]
            node = parse_text(f"x = {op}() {{{attr}=[f32, f32, f32]}}")["x"]
            assert ops.output_count(node) == 3, op
        else:
            assert ops.output_count(parse_text(f"x = {op}()")["x"]) == facts["outputs"], op
        told = default_attrs(op, [DType.INT32] * 8, {})
        missing = set(facts["required"]) - set(told)
        # What no input can tell has to be written.
        assert missing <= {"Tout", "DstT", "type", "out_type", "dtype", "Toutput"} | {
            "T" if op in ("QuantizeV2", "_Arg") else "dtype",
            *(facts["required"] if op in ops_without_hints() else ()),
        }, (op, missing)


def ops_without_hints() -> set[str]:
    """Ops whose dtypes say nothing about their inputs (handles, tables, lists)."""
    return {
        op
        for op in sorted(ops.known_ops())
        if op.startswith(("HashTable", "TensorList", "EmptyTensorList", "Restore", "LookupTable"))
    }
