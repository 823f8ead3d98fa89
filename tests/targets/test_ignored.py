"""What the user ignores counts no more, is listed, and never makes a refusal fine."""

from __future__ import annotations

from surgeon_gui.edits.ignore import Ignore, StopIgnoring
from surgeon_gui.graph.text import parse_text
from surgeon_gui.targets import Status, as_json, inspect
from surgeon_gui.targets.groups import group_ignored, group_problems

CAVEAT = parse_text(
    """
    x = Placeholder() {dtype=f32, shape=[1,6,6,4]}
    w = Const() {value=f32[3,3,4,4]{0.5}}
    c = Conv2D(x, w) {strides=[1,2,2,1], padding="SAME"}
    d = Conv2D(x, w) {strides=[1,2,2,1], padding="SAME"}
    e = Add(c, d)
    """
)


def test_an_ignored_caveat_is_listed_apart_and_no_caveat_any_more() -> None:
    group = next(
        each for each in group_problems(inspect(CAVEAT, "uff-8")) if "uneven" in each.reason
    )
    assert group.nodes == ("c", "d")
    graph = Ignore(("c",), group.reason).apply(CAVEAT)
    report = inspect(graph, "uff-8")
    assert [p.node for p in report.problems if "uneven" in p.reason] == ["d"]
    assert [problem.node for problem in report.ignored] == ["c"]
    assert report.verdicts["c"].status is Status.TAKES
    assert report.verdicts["d"].status is Status.CAVEAT
    assert "1 ignored" in report.summary
    assert [problem["node"] for problem in as_json(report)["ignored"]] == ["c"]
    (told,) = group_ignored(report)
    back = StopIgnoring(told.nodes, told.reason).apply(graph)
    assert inspect(back, "uff-8").problems == inspect(CAVEAT, "uff-8").problems


def test_an_ignored_error_is_off_the_list_but_still_does_not_convert() -> None:
    graph = parse_text("x = Placeholder() {dtype=f32, shape=[1,4]}\ny = FrobnicateV7(x)")
    (problem,) = inspect(graph, "direct").problems
    report = inspect(Ignore(("y",), problem.cause).apply(graph), "direct")
    assert report.problems == ()
    assert not report.supported
    assert report.verdicts["y"].status is Status.REFUSES


def test_a_problem_of_the_whole_graph_is_ignored_where_it_shows() -> None:
    graph = parse_text(
        "x = Placeholder() {dtype=f32, shape=[1,4]}\n"
        + "\n".join(f"c{i} = Cast(x) {{DstT=i64}}" for i in range(3))
    )
    told = next(p for p in inspect(graph, "tftrt-1.14").problems if not p.node)
    some = inspect(Ignore(told.at[:2], told.cause).apply(graph), "tftrt-1.14")
    left = next(p for p in some.problems if not p.node)
    assert left.at == told.at[2:]
    whole = inspect(Ignore(told.at, told.cause).apply(graph), "tftrt-1.14")
    assert all(p.node for p in whole.problems)
    assert [p.at for p in whole.ignored if not p.node] == [told.at]


def test_ops_without_a_converter_are_one_cause_that_names_them() -> None:
    graph = parse_text(
        """
        x = Placeholder() {dtype=f32, shape=[1,4]}
        h/a = FrobnicateV7(x)
        h/b = Twiddle(h/a)
        h/c = Twiddle(h/b)
        """
    )
    report = inspect(graph, "onnx-trt-10")
    (group,) = group_problems(report)
    assert group.reason == "tf2onnx has no conversion for FrobnicateV7 and Twiddle."
    assert group.nodes == ("h/a", "h/b", "h/c")
    assert group.ops == {"FrobnicateV7": 1, "Twiddle": 2}
    ignored = inspect(Ignore(group.nodes, group.cause).apply(graph), "onnx-trt-10")
    assert ignored.problems == ()
    assert not ignored.supported
