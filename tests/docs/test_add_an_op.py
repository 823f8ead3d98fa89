"""What the page "Add an op" tells is all it takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from surgeon_gui.network.lower.registry import CONVERTERS

PAGE = Path(__file__).parents[2] / "docs" / "add-an-op.md"

# In a process of its own: converters are registered for good.
CHECK = '''
import sys
import numpy as np
import onnxruntime
import surgeon_gui.network.lower as package
package.__path__.append(sys.argv[1])
from surgeon_gui.graph.text import parse_text
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.network.to_onnx import onnx_from_network

graph = parse_text("""
    y = Placeholder() {shape=[2, 3], dtype=f32}
    dy = Placeholder() {shape=[2, 3], dtype=f32}
    out = TanhGrad(y, dy) {T=f32}
    outputs(out)
""")
lowering = network_from_graph(graph)
assert not lowering.problems, lowering.problems
assert lowering.layers_of["out"][-1] == "out"
model = onnx_from_network(lowering.network).SerializeToString()
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
y, dy = np.random.default_rng(0).uniform(-1, 1, (2, 2, 3)).astype(np.float32)
(got,) = session.run(None, {"y": y, "dy": dy})
np.testing.assert_allclose(got, dy * (1 - y * y), 1e-6)

integers = parse_text("""
    y = Placeholder() {shape=[2], dtype=i32}
    out = TanhGrad(y, y) {T=i32}
    outputs(out)
""")
(problem,) = network_from_graph(integers).problems
assert problem.node == "out" and "int32" in problem.reason
'''


@pytest.fixture
def converter() -> str:
    """The page's Python."""
    return PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]


def test_the_op_of_the_page_has_no_converter_yet() -> None:
    assert "TanhGrad" not in CONVERTERS


def test_one_function_in_one_file_adds_the_op(converter: str, tmp_path: Path) -> None:
    (tmp_path / "gradients.py").write_text(converter, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_the_page_speaks_of_exists() -> None:
    from surgeon_gui.network.lower.call import Call
    from surgeon_gui.network.lower.context import Lower

    text = PAGE.read_text(encoding="utf-8")
    names = {word.strip("`.,()").split("(")[0] for word in text.split() if word.startswith("`")}
    for owner, prefix in ((Call, "node."), (Lower, "b.")):
        for name in names:
            if name.startswith(prefix):
                assert hasattr(owner, name.removeprefix(prefix)), name
    for path in ("surgeon_gui/network/lower/", "surgeon_gui/graph/kernels/"):
        assert path in text
        assert (PAGE.parents[1] / path).is_dir()
