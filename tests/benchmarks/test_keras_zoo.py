"""Small Keras applications go the whole way: frozen, converted, compared, built."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.convert import convert
from benchmarks.freezing import frozen
from benchmarks.keras_zoo import architectures, prove

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow, pytest.mark.tensorrt]

# Most layers, by name: the third of them all that is quickest, of every family but VGG.
QUICK = {
    "ConvNeXtTiny": 124,
    "DenseNet121": 372,
    "EfficientNetB0": 243,
    "EfficientNetV2B0": 272,
    "InceptionV3": 223,
    "MobileNet": 59,
    "MobileNetV2": 104,
    "MobileNetV3Large": 164,
    "MobileNetV3Small": 144,
    "NASNetMobile": 655,
    "ResNet50": 126,
    "ResNet50V2": 147,
    "Xception": 132,
}


@pytest.mark.parametrize("name", QUICK)
def test_architecture_equals_tensorflow_and_builds(name: str, tmp_path: Path) -> None:
    path = frozen(name, tmp_path)
    facts = convert(path)
    assert facts["layers"] <= QUICK[name]
    assert facts["transposes"] <= 1
    proof = prove(path)
    assert proof.same
    assert 0 < proof.difference < 1e-3
    assert proof.engine_bytes > path.stat().st_size


def test_the_families_tftrt_was_verified_on_are_among_them() -> None:
    families = {"MobileNet", "NASNetLarge", "ResNet50", "ResNet50V2", "VGG16", "InceptionV3"}
    assert families <= set(architectures())
