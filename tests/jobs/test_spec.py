"""Specs and results survive the trip through JSON."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from surgeon_gui.compare.images import ImageFeed, ImageRecipe
from surgeon_gui.compare.report import NonFinite, TensorComparison
from surgeon_gui.errors import ProtocolError
from surgeon_gui.jobs.devices_spec import (
    DevicesResult,
    DevicesSpec,
    FlavourInfo,
    GpuInfo,
    PluginInfo,
)
from surgeon_gui.jobs.engine_card import EngineCard
from surgeon_gui.jobs.engine_spec import EngineLayer, EngineResult, EngineSpec, Trouble
from surgeon_gui.jobs.hybrid_spec import SegmentBuilt, SegmentVerified, TfTrtResult, TfTrtSpec
from surgeon_gui.jobs.kinds import RESULTS, SPECS, result_from_json, spec_from_json
from surgeon_gui.jobs.op_docs import OpDocsResult, OpDocsSpec
from surgeon_gui.jobs.optimise_spec import OptimiseResult, OptimiseSpec
from surgeon_gui.jobs.quantize_spec import (
    CurvePoint,
    LayerNoise,
    OutputNoise,
    QuantizeResult,
    QuantizeSpec,
)
from surgeon_gui.jobs.run_spec import Latency, LayerTime, RunResult, RunSpec
from surgeon_gui.jobs.spec import (
    BuildResult,
    BuildSpec,
    BundleBuildResult,
    BundleBuildSpec,
    BundleVerifyResult,
    BundleVerifySpec,
    CompareResult,
    CompareSpec,
    Divergence,
    FreezeResult,
    FreezeSpec,
    JobResult,
    JobSpec,
    PassInfo,
    PreprocessResult,
    PreprocessSpec,
    Provenance,
    ReferenceResult,
    ReferenceSpec,
    ShapeRange,
    SideSpec,
    SideTime,
    Strange,
    TensorInfo,
    VerifyResult,
    VerifySpec,
    gpu_names,
)

PLUGIN = PluginInfo("LReLU_TRT", "1", "", (("negSlope", "float32"),))
ROW = TensorComparison("out", (1, 10), True, {"max_abs": 1e-6, "cosine": 1.0})
SPEC_EXAMPLES: list[JobSpec[Any]] = [
    BuildSpec(
        Path("/m/a.network"),
        Path("/m/a.engine"),
        gpus=("sm86", "current"),
        profiles=((ShapeRange("x", (1, 8), (2, 8), (4, 8)),),),
        timing_cache=Path("/m/cache"),
        workspace_bytes=1 << 30,
    ),
    ReferenceSpec(Path("/m/a.pb"), Path("/m/y.npz"), fetches=("a:1",), shapes={"x": (1, 4)}),
    FreezeSpec(Path("/m/saved"), Path("/m/a.pb"), tags=("serve",), outputs=("y",)),
    OptimiseSpec(Path("/m/a.pb"), Path("/m/b.pb"), ("y", "z:1")),
    PreprocessSpec(Path("/m/a.pb"), Path("/m/config.py"), Path("/m/b.pb")),
    DevicesSpec((Path("/m/p.so"),)),
    OpDocsSpec(Path("/m/docs.json")),
    EngineSpec(Path("/m/a.engine"), (Path("/m/p.so"),)),
    BundleBuildSpec(Path("/m/hybrid"), ("sm86",), "fp16", workspace_bytes=1 << 28),
    BundleVerifySpec(Path("/m/a.pb"), Path("/m/hybrid"), shapes={"x": (1, 4)}),
    QuantizeSpec(
        Path("/m/a.network"),
        Path("/m/r.json"),
        data=(Path("/m/x.npz"),),
        tolerance=0.1,
        images=ImageFeed((Path("/m/cat.png"),)),
        kept=("conv",),
    ),
    TfTrtSpec(Path("/m/a.pb"), Path("/m/b.pb"), ("y",), dynamic=True),
    CompareSpec(
        SideSpec(Path("/m/a.network"), "fp16", engine=True),
        SideSpec(Path("/m/a.npz"), title="yesterday"),
        images=ImageFeed((Path("/m/cat.png"),), ImageRecipe(size=(2, 3)), "x"),
        shapes={"x": (1, 2, 3, 3)},
    ),
    RunSpec(Path("/m/a.engine"), shapes={"x": (1, 4)}, reference=Path("/m/a.pb"), layers=True),
    VerifySpec(Path("/m/a.pb"), Path("/m/a.network"), renamed={"y": "z"}, shapes={"x": ()}),
]
RESULT_EXAMPLES: list[JobResult] = [
    BuildResult(
        Path("/m/a.engine"), 10, 3, "1.7", "rtx", "direct", ("sm80",),
        (TensorInfo("x", "float32", (-1, 4)),), (), ("slow",), seconds=1.5, peak_rss_bytes=100,
    ),
    ReferenceResult(Path("/m/y.npz"), (TensorInfo("y", "float32", ()),), seconds=0.5),
    FreezeResult(
        Path("/m/a.pb"), 9, "SavedModel", 5, 3, ("x",), ("y",), "serve", ("serve",),
        (PassInfo("constfold", 5, 3),),
    ),
    OptimiseResult(Path("/m/b.pb"), (PassInfo("constfold", 5, 3),)),
    PreprocessResult(Path("/m/b.pb"), ("n: m:0",), ("n",)),
    DevicesResult(
        (GpuInfo(0, "NVIDIA L4", "sm89", 1 << 34),),
        (FlavourInfo("rtx", "TensorRT for RTX 1.7", "1.7", ("sm89",), plugins=(PLUGIN,)),),
        driver="580.1",
    ),
    RunResult(
        "NVIDIA L4", "sm89", "rtx", "1.7", (TensorInfo("x", "float32", (1, 4)),), (),
        Latency(1.0, 2.0, 2.0, 3.0, 4.0, 5.0), (1.0, 5.0), 0.1, 0.2, 500.0,
        (LayerTime("conv", 0.75, 0.5, ("net/Conv2D",)),), 1 << 20, (NonFinite("y", 1, 1, 8),),
        comparison=(ROW,), compared_with="TensorFlow",
    ),
    CompareResult(
        "one", "other", False, (ROW,), Divergence("n", "Conv2D", None, ROW),
        strange=(Strange("one", NonFinite("y", 1, 0, 4)),), left_out=("z",),
        times=(SideTime("one", 1.5, 5),),
    ),
    EngineResult(
        "rtx", "1.7", 10,
        EngineCard(
            "aa", 10, "rtx", "1.7", ("sm89",), (TensorInfo("x", "float32", (1, 4)),), (),
            BuildSpec(Path("/m/a.network"), Path("/m/a.engine")), "bb", "2026-01-01",
            provenance=Provenance("/m/a.pb", "cc", "", (ROW,)),
        ),
        (Trouble("No GPU.", "Find one."),), (EngineLayer("conv", "Convolution", "a: 1", ("n",)),),
    ),
    VerifyResult(False, (ROW,), Divergence("n", "Conv2D", "conv", ROW), (ROW,)),
    OpDocsResult(Path("/m/docs.json"), "2.21.0", 1462),
    TfTrtResult(Path("/m/b.pb"), 1, 9),
    QuantizeResult(
        None, Path("/m/r.json"), "mse", 9, 1, (LayerNoise("a", ("n",), 30.0, None, False),),
        (OutputNoise("y", 0.1, 20.0, 0.99),), 0.1, curve=(CurvePoint(0, 0.1),), meets=True,
    ),
    BundleBuildResult(Path("/m/hybrid"), (SegmentBuilt("a", 3, 9, 0.5, problem="no"),), "1.7"),
    BundleVerifyResult(
        False, (ROW,), (SegmentVerified("a", False, (ROW,), "network", "why"),), (ROW,), ("b",)
    ),
]  # fmt: skip


@pytest.mark.parametrize("spec", SPEC_EXAMPLES, ids=lambda spec: spec.kind)
def test_a_spec_survives_json(spec: JobSpec[Any]) -> None:
    assert spec_from_json(json.loads(json.dumps(spec.to_json(), allow_nan=False))) == spec


@pytest.mark.parametrize("result", RESULT_EXAMPLES, ids=lambda result: result.kind)
def test_a_result_survives_json(result: JobResult) -> None:
    assert result_from_json(json.loads(json.dumps(result.to_json(), allow_nan=False))) == result


def test_every_kind_has_a_spec_and_a_result_and_an_example() -> None:
    assert {spec.kind for spec in SPEC_EXAMPLES} == set(SPECS) == set(RESULTS)
    assert {result.kind for result in RESULT_EXAMPLES} == set(RESULTS)


def test_figures_that_are_no_number_survive_strict_json() -> None:
    row = TensorComparison(
        "x", (1,), False, {"max_abs": math.inf, "cosine": math.nan, "b": -math.inf}
    )
    result = VerifyResult(False, (row,), None)
    text = json.dumps(result.to_json(), allow_nan=False)
    back = VerifyResult.from_json(json.loads(text)).outputs[0].metrics
    assert back["max_abs"] == math.inf
    assert math.isnan(back["cosine"])
    assert back["b"] == -math.inf


def test_paths_are_written_absolute() -> None:
    data = BuildSpec(Path("a.network"), Path("b.engine")).to_json()
    assert data["network"] == os.path.join(os.getcwd(), "a.network")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"network": 3}, "build.network"),
        ({"gpus": "sm80"}, "build.gpus"),
        ({"gpus": [1]}, "build.gpus[0]"),
        ({"tf32": 1}, "build.tf32"),
        ({"workspace_bytes": "much"}, "build.workspace_bytes"),
        ({"colour": "red"}, "build"),
        ({"profiles": [[{"input": "x"}]]}, "build.profiles[0][0]"),
        ({"profiles": [[7]]}, "build.profiles[0][0]"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, object], where: str) -> None:
    data = BuildSpec(Path("a.network"), Path("b.engine")).to_json()
    with pytest.raises(ProtocolError) as caught:
        spec_from_json({**data, **change})
    assert caught.value.where == where


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ProtocolError, match="no job of kind 'dance'"):
        spec_from_json({"kind": "dance"})
    with pytest.raises(ProtocolError, match="no result of kind None"):
        result_from_json({})
    with pytest.raises(ProtocolError, match="'verify', not 'build'"):
        BuildSpec.from_json({"kind": "verify"})


def test_gpus_may_be_written_as_other_tools_do() -> None:
    assert gpu_names("sm86, 89 8.6,SM_75 12.0") == ("sm86", "sm89", "sm86", "sm75", "sm120")
    assert gpu_names("current") == ("current",)
    assert gpu_names("sm8, Turing") == ("sm8", "Turing")
