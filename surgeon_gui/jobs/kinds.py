"""Every kind of job: the spec and the answer its word stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surgeon_gui.errors import ProtocolError
from surgeon_gui.jobs.engine_spec import EngineResult, EngineSpec
from surgeon_gui.jobs.op_docs import OpDocsResult, OpDocsSpec
from surgeon_gui.jobs.optimise_spec import OptimiseResult, OptimiseSpec
from surgeon_gui.jobs.quantize_spec import QuantizeResult, QuantizeSpec
from surgeon_gui.jobs.spec import (
    BuildResult,
    BuildSpec,
    BundleBuildResult,
    BundleBuildSpec,
    BundleVerifyResult,
    BundleVerifySpec,
    CompareResult,
    CompareSpec,
    DevicesResult,
    DevicesSpec,
    FreezeResult,
    FreezeSpec,
    JobResult,
    JobSpec,
    PreprocessResult,
    PreprocessSpec,
    ReferenceResult,
    ReferenceSpec,
    RunResult,
    RunSpec,
    TfTrtResult,
    TfTrtSpec,
    VerifyResult,
    VerifySpec,
)

SPECS: dict[str, type[JobSpec[Any]]] = {
    spec.kind: spec
    for spec in (
        BuildSpec,
        BundleBuildSpec,
        BundleVerifySpec,
        CompareSpec,
        DevicesSpec,
        EngineSpec,
        FreezeSpec,
        OpDocsSpec,
        OptimiseSpec,
        PreprocessSpec,
        QuantizeSpec,
        ReferenceSpec,
        RunSpec,
        TfTrtSpec,
        VerifySpec,
    )
}
RESULTS: dict[str, type[JobResult]] = {
    result.kind: result
    for result in (
        BuildResult,
        BundleBuildResult,
        BundleVerifyResult,
        CompareResult,
        DevicesResult,
        EngineResult,
        FreezeResult,
        OpDocsResult,
        OptimiseResult,
        PreprocessResult,
        QuantizeResult,
        ReferenceResult,
        RunResult,
        TfTrtResult,
        VerifyResult,
    )
}


def spec_from_json(data: Mapping[str, Any]) -> JobSpec[Any]:
    """Return the spec of whatever kind `data` names.

    Raises:
        ProtocolError: the kind is unknown or a field is wrong.
    """
    kind = SPECS.get(str(data.get("kind")))
    if kind is None:
        raise ProtocolError(f"There is no job of kind {data.get('kind')!r}.")
    return kind.from_json(data)


def result_from_json(data: Mapping[str, Any]) -> JobResult:
    """Return the result of whatever kind `data` names.

    Raises:
        ProtocolError: the kind is unknown or a field is wrong.
    """
    kind = RESULTS.get(str(data.get("kind")))
    if kind is None:
        raise ProtocolError(f"There is no result of kind {data.get('kind')!r}.")
    return kind.from_json(data)
