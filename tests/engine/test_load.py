"""Plans that cannot run: the reason in words. The messages are those TensorRT for RTX 1.7 gave."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.engine.devices import Device, Devices
from surgeon_gui.engine.fits import gpu_obstacle, obstacles, version_obstacle
from surgeon_gui.engine.load import explained, load_engine
from surgeon_gui.engine.plan import PlanHeader
from surgeon_gui.errors import OpenError, RunFailed
from tests.engine.fake_cuda import FakeRuntime
from tests.engine.fake_engine import Design, HostMemory, fake_flavour

RTX, PLAIN = "rtx-1.7.1.116", "10.16.1.11"
H200 = Device(0, "NVIDIA H200", "sm90", 141 << 30)
L4 = Device(0, "NVIDIA L4", "sm89", 24 << 30)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "x.engine"
    path.write_bytes(b"plan")
    return path


def refusal(plan: Path, version: str, device: Device | None = L4, **options: object) -> RunFailed:
    complaint, diagnosis = options.get("complaint"), options.get("diagnosis")
    assert complaint is None or isinstance(complaint, str)
    assert diagnosis is None or isinstance(diagnosis, int)
    flavour = fake_flavour(
        version, HostMemory(FakeRuntime()), Design(), complaint=complaint, diagnosis=diagnosis
    )
    with pytest.raises(RunFailed) as caught:
        load_engine(plan, flavour, device, ("sm86",) if options.get("other") else ())
    return caught.value


def test_tensorrt_for_rtx_does_not_run_on_an_h200_and_tensorrt_can(plan: Path) -> None:
    error = refusal(plan, RTX, H200)
    assert error.message == "TensorRT for RTX does not run on the NVIDIA H200 (sm90)."
    assert "`tensorrt`" in str(error.hint)


def test_a_plan_for_other_gpus_names_them_and_how_to_build_it(plan: Path) -> None:
    error = refusal(plan, RTX, L4, other=True)
    assert error.message == "This engine was built for sm86; the NVIDIA L4 is sm89."
    assert "--gpu sm89" in str(error.hint)


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (32, "damaged or was cut off"),
        (1, "Another version of TensorRT"),
        (2, "another GPU"),
        (16, "too little memory"),
        (4, "CUDA does not work"),
    ],
)
def test_the_runtimes_own_diagnosis_is_put_in_words(plan: Path, bits: int, words: str) -> None:
    assert words in refusal(plan, RTX, diagnosis=bits).message


@pytest.mark.parametrize(
    ("complaint", "words"),
    [
        ("Serialization assertion plan.header.size == blobSize failed.", "cut off"),
        ("In getCurrentCC (cudaError 35: CUDA driver version is insufficient)", "CUDA does not"),
        ("Version tag does not match. Note: Current Version: 236", "Another version"),
        ("Using an engine plan file across different models of devices", "another GPU"),
        ("IPluginRegistry::getCreator: could not find plugin LReLU_TRT", "needs a plugin"),
        ("Requested amount of GPU memory could not be allocated. out of memory", "too little"),
        ("The moon is full.", "does not take this engine: The moon is full."),
    ],
)
def test_what_tensorrt_says_becomes_a_reason(plan: Path, complaint: str, words: str) -> None:
    error = refusal(plan, PLAIN, complaint=complaint)
    assert words in error.message
    assert complaint in error.message
    assert error.where == str(plan)
    assert error.hint


def test_silence_is_told_as_such() -> None:
    assert "gives no reason" in explained([]).reason


def test_a_plan_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    flavour = fake_flavour(PLAIN, HostMemory(FakeRuntime()), Design())
    with pytest.raises(OpenError, match="cannot be read"):
        load_engine(tmp_path / "none.engine", flavour, L4)


HEADER = PlanHeader("rtx", "1.7.1.116", 100)


def test_a_machine_without_a_gpu_gives_its_reason() -> None:
    found = gpu_obstacle("rtx", (), None, "No NVIDIA GPU can be used here.")
    assert found is not None
    assert found.reason == "No NVIDIA GPU can be used here."


def test_an_engine_that_fits_has_no_obstacles() -> None:
    here = Devices((L4,))
    assert obstacles(HEADER, ("sm86", "sm89"), here, {"rtx": "1.7.1.116"}) == ()
    assert obstacles(HEADER, ("current",), here, {"rtx": "1.7.1.999"}) == ()


def test_every_obstacle_is_told() -> None:
    found = obstacles(HEADER, (), Devices((H200,)), {"tensorrt": "10.1.0"})
    assert ["not installed here" in found[0].reason, "H200" in found[1].reason] == [True, True]


def test_another_version_is_an_obstacle_unless_it_was_built_for_that() -> None:
    old = PlanHeader("tensorrt", "8.6.1.6", 100)
    found = version_obstacle(old, {"tensorrt": "10.16.1"})
    assert found is not None
    assert "built with TensorRT 8.6.1.6; installed is 10.16.1" in found.reason
    assert version_obstacle(old, {"tensorrt": "10.16.1"}, version_compatible=True) is None
    assert version_obstacle(PlanHeader("tensorrt", None, 1), {"tensorrt": "10.1"}) is None
