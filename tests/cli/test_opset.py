"""`surgeon export --opset`."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from tests.cli.command import surgeon
from tests.helpers.shared import data_path

CIFAR = data_path("cifar_small.pb")


@pytest.mark.parametrize(("options", "opset"), [((), 17), (("--opset", "13"), 13)])
def test_the_operator_set_can_be_chosen(
    options: tuple[str, ...], opset: int, tmp_path: Path
) -> None:
    network, target = tmp_path / "net.network", tmp_path / "net.onnx"
    assert surgeon("export", CIFAR, "-o", network).status == 0
    for model in (CIFAR, network):
        assert surgeon("export", model, "-o", target, *options).status == 0
        written = onnx.load(str(target))
        onnx.checker.check_model(written, full_check=True)
        assert [item.version for item in written.opset_import] == [opset]


@pytest.mark.parametrize(
    ("target", "opset", "message"),
    [
        ("net.uff", "17", "--opset is for .onnx files"),
        ("net.svg", "17", "--opset is for .onnx files"),
        ("net.onnx", "99", "opset 99 cannot be written"),
    ],
)
def test_an_operator_set_without_use_is_bad_usage(
    target: str, opset: str, message: str, tmp_path: Path
) -> None:
    ran = surgeon("export", CIFAR, "-o", tmp_path / target, "--opset", opset, "--json")
    assert ran.status == 2
    assert message in ran.json["error"]["message"]
    assert not (tmp_path / target).exists()
