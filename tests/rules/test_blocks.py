"""DepthToSpace and SpaceToDepth for UFF: taken, and the file computes what TensorFlow computes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Array
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.rewrite.library import bundled_rules
from surgeon_gui.rewrite.search import why_not
from surgeon_gui.targets import catalogue, inspect
from surgeon_gui.targets.autofix import find_fix
from surgeon_gui.uff.file import save_uff
from surgeon_gui.uff.reader import open_uff
from surgeon_gui.uff.restore import graph_from_uff_file
from surgeon_gui.uff.writer import uff_from_graph
from tests.helpers.tensorflow_process import run_tensorflow

RULES = {
    "DepthToSpace": "depth-to-space-to-transposed-convolution",
    "SpaceToDepth": "space-to-depth-to-convolution",
}


class Case(NamedTuple):
    """An op on data of a shape [batch, height, width, channels]."""

    op: str
    layout: str
    block: int
    shape: tuple[int, int, int, int]

    def graph(self, *, open_batch: bool = False) -> Graph:
        return parse_text(self.text("", self.layout, open_batch=open_batch))

    def text(self, suffix: str, layout: str, *, open_batch: bool = False) -> str:
        dims: list[int | str] = list(laid_out(np.zeros(self.shape), layout).shape)
        if open_batch:
            dims[0] = "?"
        options = f'block_size={self.block}, data_format="{layout}"'
        return (
            f"x{suffix} = Placeholder() {{shape=[{', '.join(map(str, dims))}]}}\n"
            f"r{suffix} = Relu(x{suffix})\n"
            f"y{suffix} = {self.op}(r{suffix}) {{{options}}}\n"
            f"z{suffix} = Abs(y{suffix})\n"
        )

    @property
    def image(self) -> Array:
        return np.random.default_rng(3).normal(size=self.shape).astype(np.float32)


CASES = [
    Case(op, layout, block, shape)
    for layout in ("NHWC", "NCHW")
    for op, block, shape in [
        ("DepthToSpace", 2, (1, 3, 5, 12)),
        ("DepthToSpace", 3, (1, 2, 1, 9)),
        ("DepthToSpace", 4, (1, 1, 2, 64)),
        ("SpaceToDepth", 2, (1, 6, 4, 3)),
        ("SpaceToDepth", 3, (1, 3, 9, 1)),
        ("SpaceToDepth", 4, (1, 4, 8, 5)),
    ]
]


def laid_out(nhwc: Array, layout: str) -> Array:
    return nhwc if layout == "NHWC" else nhwc.transpose(0, 3, 1, 2)


@pytest.fixture(params=CASES, ids=lambda case: f"{case.op}-{case.layout}-{case.block}")
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.mark.parametrize("open_batch", [False, True])
def test_every_uff_target_offers_the_rule_and_takes_the_result(
    case: Case, open_batch: bool
) -> None:
    graph = case.graph(open_batch=open_batch)
    for target in catalogue():
        if target.route != "uff":
            continue
        (problem,) = [
            item for item in inspect(graph, target.id).problems if item.severity == "error"
        ]
        assert problem.node == "y"
        assert problem.rule == RULES[case.op]
        assert problem.rule in (problem.remedy or "")
        fix = find_fix(graph, target.id)
        assert fix.rules == (RULES[case.op],)
        assert inspect(fix.edit.apply(graph), target.id).supported


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, Array]:
    """What TensorFlow makes of every case; it has NCHW on GPUs only, so all run as NHWC."""
    text = "".join(case.text(f"{place}", "NHWC") for place, case in enumerate(CASES))
    names = [f"z{place}:0" for place in range(len(CASES))]
    feeds = {f"x{place}": case.image for place, case in enumerate(CASES)}
    ran = run_tensorflow(parse_text(text), tmp_path_factory.mktemp("blocks"), names, feeds)
    assert not ran.errors
    return {
        case: laid_out(ran.arrays[name], case.layout)
        for case, name in zip(CASES, names, strict=True)
    }


@pytest.mark.tensorflow
def test_the_file_computes_what_tensorflow_computes(
    case: Case, computed: dict[Case, Array], tmp_path: Path
) -> None:
    from tests.network.lower.harness import run_network

    graph = case.graph()
    edited = find_fix(graph, "uff-8").edit.apply(graph)
    save_uff(uff_from_graph(edited, ["z"]).file, tmp_path / "blocks.uff")
    lowering = network_from_graph(graph_from_uff_file(open_uff(tmp_path / "blocks.uff")))
    assert lowering.network is not None
    (found,) = run_network(lowering.network, {"x": laid_out(case.image, case.layout)})
    np.testing.assert_array_equal(found, computed[case])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('y = DepthToSpace(x) {block_size=2, data_format="NHWC"}', "give the inputs' shapes"),
        ('y = SpaceToDepth(x) {block_size=512, data_format="NHWC"}', "would be too many"),
        ('y = SpaceToDepth(x) {block_size=2, data_format="NCHW_VECT_C"}', "No convolution has"),
        ('y = SpaceToDepth(x) {block_size=0, data_format="NHWC"}', "Its block_size is 0"),
    ],
)
def test_a_rule_that_declines_says_why(line: str, reason: str) -> None:
    graph = parse_text(f"x = Placeholder() {{shape=[1, ?, ?, 16]}}\n{line}\n")
    told = why_not(graph, bundled_rules()[RULES[graph["y"].op]], "y")
    assert told is not None
    assert reason in told.reason
