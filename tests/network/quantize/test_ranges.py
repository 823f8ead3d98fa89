"""Files of ranges: ours, TensorRT's calibration cache, and what is neither."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.network.quantize.ranges import Ranges, load_ranges, save_ranges
from surgeon_gui.network.quantize.trained import take_ranges


def test_ranges_come_back_as_they_were(tmp_path: Path) -> None:
    ranges = Ranges(
        {"a": 1.5, "b/c:1": 0.0}, {"a": 2.0, "b/c:1": 0.0}, "mse", 9, ("Noted.",), ("b",)
    )
    save_ranges(ranges, tmp_path / "r.json")
    assert load_ranges(tmp_path / "r.json") == ranges


@given(st.floats(0, 1e6, width=32))
def test_a_calibration_cache_keeps_float32_scales(reach: float) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.cache"
        save_ranges(Ranges({"conv:0": reach}), path)
        assert load_ranges(path).reach["conv:0"] == pytest.approx(reach, rel=1e-6, abs=1e-30)


def test_a_cache_of_tensorrt_is_read(tmp_path: Path) -> None:
    path = tmp_path / "calibration.cache"
    # As TensorRT writes it: 0x3c010a14 is 1/126.98.
    path.write_text("TRT-8503-EntropyCalibration2\ninput: 3c010a14\nconv1 (Relu): 3d7a1e3c\n")
    found = load_ranges(path)
    assert found.collector == "TRT-8503-EntropyCalibration2"
    assert found.reach["input"] == pytest.approx(127 * 0.00787593, rel=1e-4)
    assert set(found.reach) == {"input", "conv1 (Relu)"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", '{"format": "surgeon-ranges", "version": 2}'),
        "TRT-8503-EntropyCalibration2\ninput: nothex\n",
        "TRT-8503-EntropyCalibration2\ninput: 7f800000\n",
        '{"format": "surgeon-ranges", "version": 1, "collector": "", "samples": 1, "notes": [],'
        ' "tensors": {"a": {"reach": -1, "largest": 1}}}',
    ],
)
def test_what_is_neither_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(OpenError, match="neither ranges"):
        load_ranges(path)


def test_bytes_and_missing_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OpenError, match="neither"):
        load_ranges(tmp_path / "r.json")
    with pytest.raises(OpenError, match="cannot be read"):
        load_ranges(tmp_path / "absent.json")


TRAINED = """
x = Placeholder() {dtype=f32, shape=[1, 4, 4, 3]}
in = FakeQuantWithMinMaxArgs(x) {min=-1.0, max=1.0}
w = Const() {value=f32[1,1,3,2]{0.5}}
wmin = Const() {value=f32[2]{-0.5,-0.5}}
wmax = Const() {value=f32[2]{0.5,0.5}}
wq = FakeQuantWithMinMaxVarsPerChannel(w, wmin, wmax)
y = Conv2D(in, wq) {strides=[1,1,1,1], padding="SAME"}
r = Relu6(y)
low = Const() {value=f32{0}}
high = Const() {value=f32{6}}
q = FakeQuantWithMinMaxVars(r, low, high)
z = Conv2D(q, v) {strides=[1,1,1,1], padding="SAME"}
v = Const() {value=f32[1,1,2,2]{0.25}}
out = QuantizeAndDequantizeV2(z, low, high) {range_given=true, T=f32}
"""


def test_trained_ranges_leave_the_graph_and_are_kept() -> None:
    graph, trained = take_ranges(parse_text(TRAINED))
    assert {graph[name].op for name in ("in", "wq", "q", "out")} == {"Identity"}
    assert trained.reach[TensorRef("x")] == 1.0
    assert trained.reach[TensorRef("q")] == 6.0
    assert TensorRef("wq") not in trained.reach
    assert trained.asymmetric == 2
    network = network_from_graph(graph).network
    assert network is not None
    ranges = trained.in_network(network)
    assert 6.0 in ranges.reach.values()
    assert any("widened" in note for note in ranges.notes)


def test_a_range_measured_at_run_time_stays() -> None:
    text = TRAINED.replace("range_given=true", "range_given=false")
    graph, trained = take_ranges(parse_text(text))
    assert graph["out"].op == "QuantizeAndDequantizeV2"
    assert TensorRef("z") not in trained.reach


def test_a_graph_without_rounding_is_untouched() -> None:
    graph = parse_text("x = Placeholder() {dtype=f32, shape=[1]}\ny = Relu(x)")
    same, trained = take_ranges(graph)
    assert same is graph
    assert not trained.reach
