"""TF-TRT is called with its own words where it exists, and its absence is told."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.text import parse_text

pytestmark = pytest.mark.tensorflow

# A TensorFlow with TF-TRT is older than the Python here: its converter is stood in for.
CALL = """
import sys, types
from pathlib import Path
from surgeon_gui.errors import SurgeonError
{stand_in}
from surgeon_gui.reference.tftrt import convert_with_tftrt
try:
    data = convert_with_tftrt(Path({path!r}).read_bytes(), ["y"], precision_mode="FP16")
    print(len(data))
except SurgeonError as error:
    print(error.message, "|", error.hint)
"""
STAND_IN = """
class TrtGraphConverter:
    def __init__(self, input_graph_def=None, {kept}=None, max_batch_size=1, precision_mode="FP32",
                 minimum_segment_size=3, is_dynamic_op=False):
        assert {kept} == ["y"] and precision_mode == "FP16"
        self.graph = input_graph_def
    def convert(self):
        {body}
module = types.ModuleType("trt_convert")
module.TrtGraphConverter = TrtGraphConverter
import tensorflow.python.compiler.tensorrt as package
package.trt_convert = module
sys.modules["tensorflow.python.compiler.tensorrt.trt_convert"] = module
"""


def called(tmp_path: Path, stand_in: str = "") -> str:
    path = tmp_path / "g.pb"
    save_graphdef(parse_text("x = Placeholder() {dtype=f32, shape=[1]}\ny = Relu(x)"), path)
    code = CALL.format(stand_in=textwrap.dedent(stand_in), path=str(path))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_tensorflow_without_it_says_so(tmp_path: Path) -> None:
    words = called(tmp_path)
    assert "has no TF-TRT" in words
    assert "2.17" in words


@pytest.mark.parametrize("kept", ["nodes_blacklist", "nodes_denylist"])
def test_both_generations_of_the_converter_are_called(tmp_path: Path, kept: str) -> None:
    size = called(tmp_path, STAND_IN.format(kept=kept, body="return self.graph"))
    assert int(size) > 0


def test_what_it_stops_with_is_told(tmp_path: Path) -> None:
    body = 'raise ValueError("no engine today.")'
    words = called(tmp_path, STAND_IN.format(kept="nodes_denylist", body=body))
    assert words.startswith("TF-TRT stopped: no engine today. |")
