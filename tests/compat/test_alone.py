"""Scripts that do the whole conversion themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from surgeon_gui.compat.__main__ import run_alone
from surgeon_gui.errors import ScriptError, UsageError
from surgeon_gui.uff.reader import open_uff
from tests.helpers.shared import data_path

CONVERT = """
import sys
import graphsurgeon as gs
import uff
from helper import OUTPUT

if __name__ == "__main__":
    graph = gs.DynamicGraph(sys.argv[1])
    graph.forward_inputs(graph.find_nodes_by_op("Identity"))
    uff.from_tensorflow(
        graph.as_graph_def(), [OUTPUT], output_filename=sys.argv[2], text=True, quiet=True
    )
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "helper.py").write_text("OUTPUT = 'Output'\n")
    path = tmp_path / "convert.py"
    path.write_text(CONVERT)
    return path


def test_a_script_that_converts_by_itself_finds_graphsurgeon_and_uff(
    script: Path, tmp_path: Path
) -> None:
    made = tmp_path / "made.uff"
    model = str(data_path("cifar_small.pb"))
    command = [sys.executable, "-m", "surgeon_gui.compat", str(script), model]
    ran = subprocess.run([*command, str(made)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Output" in {node.id for node in open_uff(made).nodes}
    assert made.with_suffix(".pbtxt").exists()


def test_its_failures_are_its_own(script: Path) -> None:
    before = list(sys.argv), list(sys.path)
    with pytest.raises(IndexError):
        run_alone([str(script)])
    assert (sys.argv, sys.path) == before
    assert "graphsurgeon" not in sys.modules
    sys.modules.pop("helper")


def test_what_is_no_script_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Which script"):
        run_alone([])
    with pytest.raises(ScriptError, match="no such script"):
        run_alone([str(tmp_path / "gone.py")])
