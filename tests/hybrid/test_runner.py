"""A hybrid runs as the whole graph does, whatever its segments run as."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.compare.inputs import save_npz
from surgeon_gui.errors import OpenError, RunFailed, SurgeonError, UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Array
from surgeon_gui.hybrid.bundle import GRAPH, segment_path, write_bundle
from surgeon_gui.hybrid.plan import plan_hybrid
from surgeon_gui.hybrid.runner import HybridRunner
from surgeon_gui.hybrid.segments import Run
from surgeon_gui.jobs.hybrid_spec import (
    BundleBuildResult,
    BundleBuildSpec,
    BundleVerifyResult,
    BundleVerifySpec,
)
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.opening import open_model
from surgeon_gui.reference.tensorflow_runner import TensorflowRunner
from surgeon_gui.targets.partition import PartitionOptions
from surgeon_gui.worker.tasks.bundle import build_bundle, verify_bundle
from tests.helpers.shared import shared_path
from tests.hybrid.test_bundle import HYBRID

pytestmark = pytest.mark.tensorflow

# A conditional on the data, whose branches are a segment each.
BRANCHES = """
x = Placeholder() {dtype=f32, shape=[-1, 4]}
p = Placeholder() {dtype=bool, shape=[]}
s = Switch(x, p)
a = Relu(s:1)
b = Tanh(a)
c = Exp(s)
d = Neg(c)
m = Merge(d, b)
e = Abs(m)
f = Sqrt(e)
"""


def bundle(folder: Path, text: str = HYBRID, options: PartitionOptions | None = None) -> Graph:
    graph = parse_text(text)
    write_bundle(plan_hybrid(graph, options=options), folder, maximum_cached_engines=2)
    return graph


def sample(rows: int = 3) -> Array:
    return np.random.default_rng(rows).normal(size=(rows, 4)).astype(np.float32)


def expected(graph: Graph, feeds: Mapping[str, Array], output: str = "f") -> Array:
    with TensorflowRunner(graph) as runner:
        (ref,) = [item for item in runner.tensors() if item.node == output]
        return runner.run(feeds, [ref])[output]


@pytest.mark.parametrize("backend", ["network", "tensorflow"])
def test_every_backend_computes_the_same(tmp_path: Path, backend: str) -> None:
    graph = bundle(tmp_path)
    with HybridRunner(tmp_path, (backend,)) as hybrid:
        for rows in (1, 3, 8, 3):
            feeds = {"x": sample(rows)}
            found = hybrid.run(feeds)
            assert np.allclose(found["f"], expected(graph, feeds), rtol=1e-5, equal_nan=True)
        assert all(dict(item.runs) == {backend: 4} for item in hybrid.segments.values())


def test_an_engine_that_fails_falls_back_with_its_reason(tmp_path: Path) -> None:
    graph = bundle(tmp_path)

    def refuses(path: Path) -> Run:
        raise RunFailed("This engine is for another GPU.", where=str(path))

    with HybridRunner(tmp_path, open_engine=refuses) as hybrid:
        found = hybrid.run({"x": sample()})
        assert np.allclose(found["f"], expected(graph, {"x": sample()}), equal_nan=True)
        runner = hybrid.segments["TRTEngineOp_0"]
        assert dict(runner.runs) == {"network": 1}
        assert "another GPU" in runner.failures["engine"]


def test_engines_are_kept_for_the_last_shapes_only(tmp_path: Path) -> None:
    bundle(tmp_path)
    opened: list[Path] = []

    def opens(path: Path) -> Run:
        opened.append(path)
        with_first = path.name.startswith("TRTEngineOp_0")
        return lambda feeds: {"c" if with_first else "f": next(iter(feeds.values()))}

    with HybridRunner(tmp_path, ("engine",), open_engine=opens) as hybrid:
        for rows in (1, 2, 1, 2, 3, 1):
            hybrid.run({"x": sample(rows)})
    # Two shapes are kept: 1 and 2 are made once, 3 drops the 1, which is then made again.
    assert len([path for path in opened if "TRTEngineOp_0" in path.name]) == 4


def test_an_engine_that_stops_in_the_middle_is_replaced(tmp_path: Path) -> None:
    bundle(tmp_path)
    calls = 0

    def stops(feeds: Mapping[str, Array]) -> dict[str, Array]:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise RunFailed("The GPU is gone.")
        return {name: next(iter(feeds.values())) for name in ("c", "f")}

    with HybridRunner(tmp_path, open_engine=lambda path: stops) as hybrid:
        hybrid.run({"x": sample()})
        hybrid.run({"x": sample()})
        runs = [dict(item.runs) for item in hybrid.segments.values()]
    assert runs == [{"engine": 1, "network": 1}] * 2


@pytest.mark.parametrize("taken", [True, False])
def test_a_branch_that_is_not_taken_does_not_run(tmp_path: Path, taken: bool) -> None:
    graph = bundle(tmp_path, BRANCHES, PartitionOptions(minimum_segment_size=2))
    feeds = {"x": sample(), "p": np.asarray(taken)}
    with HybridRunner(tmp_path, ("network",)) as hybrid:
        found = hybrid.run(feeds)
        ran = {name for name, item in hybrid.segments.items() if item.runs}
    assert np.allclose(found["f"], expected(graph, feeds), rtol=1e-5)
    assert len(ran) == 2
    assert len(hybrid.segments) == 3


def test_unknown_shapes_are_lowered_when_they_are_met(tmp_path: Path) -> None:
    text = HYBRID.replace("[-1, 4]", "[-1, -1, -1, 4]")
    graph = bundle(tmp_path, text, PartitionOptions(dynamic=True))
    with HybridRunner(tmp_path, ("network",)) as hybrid:
        for rows in (2, 6):
            feeds = {"x": sample(rows).reshape(1, 2, -1, 4)}
            assert np.allclose(
                hybrid.run(feeds)["f"], expected(graph, feeds), rtol=1e-5, equal_nan=True
            )


def test_a_changed_graph_is_noticed(tmp_path: Path) -> None:
    bundle(tmp_path)
    save_graphdef(parse_text(HYBRID), tmp_path / GRAPH)
    with pytest.raises(OpenError, match="not the one it was made with"):
        HybridRunner(tmp_path)


def test_an_unknown_backend_is_refused(tmp_path: Path) -> None:
    bundle(tmp_path)
    with pytest.raises(UsageError, match="cannot run as magic"):
        HybridRunner(tmp_path, ("magic",))


def test_a_segment_no_backend_runs_stops_with_its_reason(tmp_path: Path) -> None:
    bundle(tmp_path)
    segment_path(tmp_path, "TRTEngineOp_0", ".pb").unlink()
    with HybridRunner(tmp_path, ("tensorflow",)) as hybrid, pytest.raises(SurgeonError):
        hybrid.run({"x": sample()})


def verified(folder: Path, graph: Graph, **options: Any) -> BundleVerifyResult:
    original = folder.parent / "original.pb"
    save_graphdef(graph, original)
    spec = BundleVerifySpec(original, folder, **options)
    result = verify_bundle(spec, QuietReport(folder))
    assert isinstance(result, BundleVerifyResult)
    return result


def test_verify_compares_outputs_and_segments(tmp_path: Path) -> None:
    graph = bundle(tmp_path / "b")
    inputs = tmp_path / "x.npz"
    save_npz(inputs, {"x": np.full((2, 4), 0.25, np.float32)})
    result = verified(tmp_path / "b", graph, inputs=inputs)
    assert result.ok
    assert [row.name for row in result.division] == ["f"]
    assert [item.name for item in result.segments] == ["TRTEngineOp_0", "TRTEngineOp_1"]
    assert all(item.backend == "network" for item in result.segments)
    assert not result.idle


def test_verify_tells_segments_that_did_not_run(tmp_path: Path) -> None:
    graph = bundle(tmp_path / "b", BRANCHES, PartitionOptions(minimum_segment_size=2))
    inputs = tmp_path / "x.npz"
    save_npz(inputs, {"x": sample(2), "p": np.asarray(True)})
    result = verified(tmp_path / "b", graph, inputs=inputs)
    assert result.ok
    assert len(result.segments) == 2
    assert len(result.idle) == 1


def test_verify_finds_a_segment_that_computes_something_else(tmp_path: Path) -> None:
    graph = bundle(tmp_path / "b")
    other = plan_hybrid(parse_text(HYBRID.replace("c = Exp(b)", "c = Abs(b)")))
    write_bundle(other, tmp_path / "other")
    wrong = segment_path(tmp_path / "other", "TRTEngineOp_0", ".network")
    wrong.replace(segment_path(tmp_path / "b", "TRTEngineOp_0", ".network"))
    inputs = tmp_path / "x.npz"
    save_npz(inputs, {"x": np.full((2, 4), 0.25, np.float32)})
    result = verified(tmp_path / "b", graph, inputs=inputs)
    assert not result.ok
    assert [item.ok for item in result.segments] == [False, False]
    assert all(row.ok for row in result.division)


def test_verify_refuses_a_foreign_original(tmp_path: Path) -> None:
    bundle(tmp_path / "b")
    with pytest.raises(OpenError, match="another graph"):
        verified(tmp_path / "b", parse_text("x = Placeholder() {dtype=f32, shape=[1]}"))


@pytest.mark.tensorrt
def test_a_second_build_keeps_what_still_fits(tmp_path: Path) -> None:
    bundle(tmp_path)
    spec = BundleBuildSpec(tmp_path, ("sm86",))
    report = QuietReport(tmp_path)
    first = build_bundle(spec, report)
    assert isinstance(first, BundleBuildResult)
    assert first.ok
    assert not any(item.reused for item in first.segments)
    segment_path(tmp_path, "TRTEngineOp_1", ".engine").unlink()
    second = build_bundle(spec, report)
    assert isinstance(second, BundleBuildResult)
    assert [item.reused for item in second.segments] == [True, False]
    # Written again from the same graph, the bundle keeps its engines.
    bundle(tmp_path)
    third = build_bundle(spec, report)
    assert isinstance(third, BundleBuildResult)
    assert all(item.reused for item in third.segments)


@pytest.mark.slow
@pytest.mark.tensorrt
@pytest.mark.parametrize(
    ("name", "shapes", "most"),
    [
        ("ssd_mobilenet_v1_0.125_256_person_cat_dog", {"image_tensor": (1, 256, 256, 3)}, 1),
        ("lstm_mnist_dropout_leftovers", {"keep_prob": ()}, 1),
        ("unet_semseg_person_08", {}, 1),
        ("tf_pose_mobilenet_v2_small", {"image": (1, 64, 80, 3)}, 1),
    ],
)
def test_real_graphs_divide_build_and_verify(
    tmp_path: Path, name: str, shapes: dict[str, tuple[int, ...]], most: int
) -> None:
    from surgeon_gui.edits.boundary import SetInput
    from surgeon_gui.graph.values import Shape

    graph = open_model(shared_path(f"models/{name}.pb"))
    for node, dims in shapes.items():
        graph = SetInput(node, Shape(dims)).apply(graph)
    plan = plan_hybrid(graph)
    assert 0 < len(plan.partition.segments) <= most
    assert plan.partition.rate > 0.6
    write_bundle(plan, tmp_path / "b")
    built = build_bundle(BundleBuildSpec(tmp_path / "b", ("sm86",)), QuietReport(tmp_path))
    assert isinstance(built, BundleBuildResult)
    assert built.ok
    result = verified(tmp_path / "b", graph, shapes=shapes)
    assert result.ok
