"""Quantization: calibrated, measured, searched, and built for real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import CalibrationMethod, create_calibrator
from PIL import Image

from surgeon_gui.compare.images import RANGES, ImageFeed
from surgeon_gui.errors import ConvertError, JobCancelled, ScriptError, UsageError
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Shape
from surgeon_gui.jobs.quantize_spec import QuantizeResult, QuantizeSpec
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.network.layers import Dequantize, Quantize
from surgeon_gui.network.quantize.place import placement_of
from surgeon_gui.network.quantize.ranges import load_ranges
from surgeon_gui.network.store import load_network, save_network
from surgeon_gui.network.to_onnx import onnx_from_network
from surgeon_gui.pipeline import network_of
from surgeon_gui.worker.quantization import input_types
from surgeon_gui.worker.samples import Samples
from surgeon_gui.worker.tasks.quantize import quantize
from tests.helpers.digits import trained_digits
from tests.helpers.shared import data_path, shared_path


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained network, its data, and the network of it with a batch of 100."""
    folder = trained_digits(tmp_path_factory.mktemp("digits"))
    graph = open_graph(folder / "digits.pb")
    network = network_of(graph, shapes={"image": Shape((100, 16, 16, 1))})
    save_network(network, folder / "digits.network")
    return folder


def quantized(network: Path, folder: Path, **options: Any) -> QuantizeResult:
    spec = QuantizeSpec(network, folder / "ranges.json", folder / "quantized.network", **options)
    result = quantize(spec, QuietReport(folder))
    assert isinstance(result, QuantizeResult)
    return result


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("collector", ["entropy", "minmax", "percentile", "mse", "auto"])
def test_a_trained_network_keeps_its_accuracy(digits: Path, tmp_path: Path, collector: str) -> None:
    result = quantized(
        digits / "digits.network",
        tmp_path,
        data=(digits / "test.npz",),
        collector=collector,
        held=1000,
    )
    assert result.accuracy_float is not None
    assert result.accuracy_rounded is not None
    assert result.accuracy_float > 0.9
    assert result.accuracy_rounded > result.accuracy_float - 0.01
    assert result.rounded == 4
    assert result.samples == 1000


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_stricter_tolerance_keeps_the_sensitive_layers(digits: Path, tmp_path: Path) -> None:
    data = (digits / "train.npz",)
    plain = quantized(digits / "digits.network", tmp_path, data=data, sensitivity=True)
    assert plain.curve[0].kept == 0
    assert plain.curve[-1].noise == 0.0
    assert all(layer.alone is not None for layer in plain.layers)
    tolerance = plain.noise / 2
    mixed = quantized(digits / "digits.network", tmp_path, data=data, tolerance=tolerance)
    kept = [layer.layer for layer in mixed.layers if layer.kept]
    assert mixed.meets
    assert mixed.noise <= tolerance
    assert 0 < len(kept) < len(mixed.layers)
    made = load_network(tmp_path / "quantized.network")
    assert any(isinstance(layer.kind, Quantize) for layer in made.layers)


def small(folder: Path, text: str = "", batch: int = 2) -> Path:
    graph = parse_text(
        text
        or f"""
x = Placeholder() {{dtype=f32, shape=[{batch}, 6, 6, 3]}}
w = Const() {{value=f32[3,3,3,4]{{0.1}}}}
a = Conv2D(x, w) {{strides=[1,1,1,1], padding="SAME"}}
r = Relu(a)
v = Const() {{value=f32[3,3,4,4]{{0.05}}}}
b = Conv2D(r, v) {{strides=[1,1,1,1], padding="SAME"}}
s = Add(b, r)
t = Relu(s)
u = Const() {{value=f32[1,1,4,2]{{0.2}}}}
y = Conv2D(t, u) {{strides=[1,1,1,1], padding="SAME"}}
"""
    )
    path = folder / "small.network"
    save_network(network_of(graph), path)
    return path


def test_both_sides_of_a_residual_sum_are_rounded(tmp_path: Path) -> None:
    network = load_network(small(tmp_path))
    placement = placement_of(network)
    sums = [name for name in placement.layers if name.startswith("s")]
    assert len(sums) == 1
    assert len(placement.reads[sums[0]]) == 1
    # The residual is what the second convolution reads too: one pair serves both.
    assert len(placement.tensors()) == 3


def test_pairs_are_shared_and_weights_have_a_scale_a_channel(tmp_path: Path) -> None:
    result = quantized(small(tmp_path), tmp_path, random=4)
    network = load_network(tmp_path / "quantized.network")
    pairs = [layer for layer in network.layers if isinstance(layer.kind, Quantize)]
    assert len(pairs) == len([x for x in network.layers if isinstance(x.kind, Dequantize)])
    assert len(pairs) == 3 + 3
    scales = {pair.kind.scale.shape for pair in pairs if isinstance(pair.kind, Quantize)}
    assert scales == {(), (4,), (2,)}
    assert result.outputs[0].sqnr_db > 25
    assert any("random" in note for note in result.notes)


def test_half_precision_is_measured_beside_eight_bits(tmp_path: Path) -> None:
    result = quantized(small(tmp_path), tmp_path, random=4)
    assert [row.name for row in result.half] == [row.name for row in result.outputs]
    assert 0 < result.half[0].noise < result.outputs[0].noise
    assert result.rounded_bytes < result.float_bytes
    assert result.share == 1.0


def test_min_max_ranges_are_those_of_onnx_runtimes_tool(tmp_path: Path) -> None:
    path = small(tmp_path)
    quantized(path, tmp_path, random=6, collector="minmax")
    mine = load_ranges(tmp_path / "ranges.json")
    network = load_network(path)
    onnx.save(onnx_from_network(network), tmp_path / "small.onnx")

    class Reader:
        """The same samples."""

        def __init__(self) -> None:
            spec = QuantizeSpec(path, tmp_path / "r.json", random=6)
            self._batches = iter(Samples(spec, input_types(network)))

        def get_next(self) -> dict[str, Any] | None:
            batch = next(self._batches, None)
            return None if batch is None else dict(batch)

    theirs = create_calibrator(
        str(tmp_path / "small.onnx"),
        op_types_to_calibrate=None,
        augmented_model_path=str(tmp_path / "augmented.onnx"),
        calibrate_method=CalibrationMethod.MinMax,
    )
    theirs.collect_data(Reader())
    found = {name: ends.range_value for name, ends in theirs.compute_data().items()}
    assert set(mine.reach) <= set(found)
    for name, reach in mine.reach.items():
        low, high = (float(np.asarray(end).reshape(())) for end in found[name])
        assert reach == pytest.approx(max(-low, high), rel=1e-6)


def test_the_error_is_measured_on_samples_set_aside(tmp_path: Path) -> None:
    network = small(tmp_path)
    random = np.random.default_rng(0)
    for name, scale in (("near", 1), ("far", 40)):
        np.savez(tmp_path / f"{name}.npz", x=random.random((8, 6, 6, 3), np.float32) * scale)
    near = quantized(network, tmp_path, data=(tmp_path / "near.npz",), collector="minmax")
    far = quantized(
        network,
        tmp_path,
        data=(tmp_path / "near.npz",),
        validation=(tmp_path / "far.npz",),
        collector="minmax",
        held=0,
    )
    # What lies beyond the ranges is clipped, which only the samples set aside show.
    assert far.samples == near.samples == 8
    assert far.noise > 0.5 > near.noise
    np.savez(tmp_path / "one.npz", x=np.zeros((1, 6, 6, 3), np.float32))
    with pytest.raises(UsageError, match="not one whole batch") as caught:
        quantized(network, tmp_path, random=2, validation=(tmp_path / "one.npz",))
    assert caught.value.where == "validation"


def test_images_a_script_and_arrays_can_be_given(tmp_path: Path) -> None:
    network = small(tmp_path, batch=1)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(3):
        colour = (40 * number, 90, 250)
        Image.new("RGB", (9, 7), colour).save(pictures / f"{number}.png")
    feed = ImageFeed((), RANGES["0 to 1"])
    by_images = quantized(network, tmp_path, data=(pictures,), images=feed)
    assert by_images.samples == 3
    script = tmp_path / "samples.py"
    script.write_text(
        "import numpy as np\n"
        "def samples():\n"
        "    for seed in range(2):\n"
        "        yield {'x': np.random.default_rng(seed).random((5, 6, 6, 3), np.float32)}\n"
    )
    assert quantized(network, tmp_path, data=(script,)).samples == 10


def test_known_ranges_need_no_samples_to_be_run(tmp_path: Path) -> None:
    network = small(tmp_path)
    quantized(network, tmp_path, random=4, collector="minmax")
    ranges = tmp_path / "ranges.json"
    data = json.loads(ranges.read_text())
    first = next(iter(data["tensors"]))
    data["tensors"][first]["reach"] = 0.125
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(data))
    quantized(network, tmp_path, random=2, known=edited)
    assert load_ranges(ranges).reach[first] == 0.125


def test_a_cancelled_calibration_keeps_what_it_has(tmp_path: Path) -> None:
    class Impatient(QuietReport):
        def progress(self, phase: str, done: int = 0, total: int | None = None) -> None:
            if phase == "Calibrating" and done == 2:
                raise JobCancelled("The job was cancelled.")

    spec = QuantizeSpec(small(tmp_path), tmp_path / "r.json", random=20, collector="minmax")
    with pytest.raises(JobCancelled, match="are kept"):
        quantize(spec, Impatient(tmp_path))
    assert load_ranges(tmp_path / "r.json").samples == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "nothing to calibrate"),
        ({"random": 2, "collector": "magic"}, "no collector"),
        ({"random": 2, "dtype": "int4"}, "no eight-bit dtype"),
        ({"random": 2, "tolerance": 7.0}, "a share"),
        ({"random": 2, "kept": ("absent",)}, "No layer"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        quantized(small(tmp_path), tmp_path, **options)


def test_samples_that_do_not_fit_are_told(tmp_path: Path) -> None:
    network = small(tmp_path)
    np.savez(tmp_path / "other.npz", y=np.zeros((2, 6, 6, 3), np.float32))
    with pytest.raises(UsageError, match="no array for the input x"):
        quantized(network, tmp_path, data=(tmp_path / "other.npz",))
    np.savez(tmp_path / "shape.npz", x=np.zeros((2, 5, 6, 3), np.float32))
    with pytest.raises(UsageError, match="samples of"):
        quantized(network, tmp_path, data=(tmp_path / "shape.npz",))
    np.savez(tmp_path / "few.npz", x=np.zeros((1, 6, 6, 3), np.float32))
    with pytest.raises(UsageError, match="not one whole batch"):
        quantized(network, tmp_path, data=(tmp_path / "few.npz",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_like_this", "ModuleNotFoundError"),
        ("x = 1", "no function samples"),
        ("def samples():\n    raise ValueError('no')", "ValueError: no"),
    ],
)
def test_a_script_that_fails_is_told(tmp_path: Path, text: str, words: str) -> None:
    script = tmp_path / "samples.py"
    script.write_text(text)
    with pytest.raises(ScriptError, match=words):
        quantized(small(tmp_path), tmp_path, data=(script,))


def test_a_network_without_products_is_refused(tmp_path: Path) -> None:
    network = small(tmp_path, "x = Placeholder() {dtype=f32, shape=[1]}\ny = Relu(x)")
    with pytest.raises(ConvertError, match="Nothing of this network"):
        quantized(network, tmp_path, random=1)


@pytest.mark.slow
@pytest.mark.tensorrt
@pytest.mark.parametrize(
    ("name", "dtype", "gpu"),
    [
        ("mobilenet_v1_0.25_128_frozen", "int8", "sm86"),
        ("mobilenet_v1_0.25_128_frozen", "fp8", "sm89"),
        ("charades_squeezenet", "int8", "sm80"),
        ("unet_semseg_person_08", "int8", "sm120"),
    ],
)
def test_real_networks_are_quantized_and_built(
    tmp_path: Path, name: str, dtype: str, gpu: str
) -> None:
    from surgeon_gui.engine.build import build

    local = data_path(f"{name}.pb")
    path = local if local.exists() else shared_path(f"models/{name}.pb")
    shapes = {"input_image": Shape((1, 224, 224, 3))} if "squeezenet" in name else {}
    save_network(network_of(open_graph(path), shapes=shapes), tmp_path / "float.network")
    result = quantized(
        tmp_path / "float.network", tmp_path, random=2, collector="minmax", dtype=dtype, held=1
    )
    assert result.rounded > 20
    spec = BuildSpec(
        tmp_path / "quantized.network", tmp_path / "x.engine", gpus=(gpu,), precision="int8"
    )
    assert build(spec, QuietReport(tmp_path)).bytes > 0
