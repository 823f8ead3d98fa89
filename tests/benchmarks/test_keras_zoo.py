"""Small Keras applications go the whole way: frozen, converted, compared, built."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from benchmarks.convert import convert
from benchmarks.freezing import freeze
from benchmarks.keras_zoo import architectures, prove
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.jobs.run import expect
from surgeon_gui.jobs.spec import VerifyResult, VerifySpec
from surgeon_gui.worker.tasks.verify import verify

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow, pytest.mark.tensorrt]

# Most layers, by name: one of every family but VGG, which is but large, the quickest that has all
# of the family's kinds of blocks. `python -m benchmarks.keras_zoo` takes every application.
QUICK = {
    "ConvNeXtTiny": 124,
    "DenseNet121": 372,
    "EfficientNetB0": 243,
    "EfficientNetV2B0": 272,
    "InceptionV3": 223,
    "MobileNetV2": 104,
    "MobileNetV3Small": 144,
    "NASNetMobile": 655,
    "ResNet50": 126,
    "Xception": 132,
}


@pytest.fixture(scope="module")
def tensorflow_side() -> Iterator[ProcessPoolExecutor]:
    """A process with TensorFlow for three of them each, two steps every time.

    One for every step would spend half its time on the import; one for all would keep memory.
    """
    spawn = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=6) as pool:
        yield pool


@pytest.mark.parametrize("name", QUICK)
def test_architecture_equals_tensorflow_and_builds(
    tensorflow_side: ProcessPoolExecutor, name: str, tmp_path: Path
) -> None:
    def verified(spec: VerifySpec, directory: Path) -> VerifyResult:
        result = tensorflow_side.submit(verify, spec, QuietReport(directory)).result()
        return expect(spec, result)

    path = tmp_path / f"{name}.pb"
    tensorflow_side.submit(freeze, name, path).result()
    facts = convert(path)
    assert facts["layers"] <= QUICK[name]
    assert facts["transposes"] <= 1
    proof = prove(path, verified)
    assert proof.same
    assert 0 < proof.difference < 1e-3
    # It holds the weights, batch norms' folded into the convolutions'.
    assert proof.engine_bytes > 0.98 * path.stat().st_size


def test_the_families_tftrt_was_verified_on_are_among_them(
    tensorflow_side: ProcessPoolExecutor,
) -> None:
    families = {"MobileNet", "NASNetLarge", "ResNet50", "ResNet50V2", "VGG16", "InceptionV3"}
    assert families <= set(tensorflow_side.submit(architectures).result())
