"""Make a picture of every state of the window: `python -m docs.gallery [FOLDER [NAME…]]`.

To be looked at by a person after a change to the window. The pictures are taken offscreen, with
settings of their own; each state is a graph, the arguments of `surgeon gui`, and a scale.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generate import generate_graph
from surgeon_gui.edits.namespaces import RenameNamespace
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import AttrValue, DType, Shape
from surgeon_gui.ui.palettes import THEMES

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "samples" / "boxes3d.pb"
FLOAT = {"T": DType.FLOAT32}


@dataclass(frozen=True)
class State:
    """What a picture shows.

    Attributes:
        graph: a graph or a file; None: nothing is open.
        arguments: those of `surgeon gui`.
        scale: Qt's.
        action: a word of `gallery_actions`, done once the graph is shown.
    """

    graph: Graph | Path | None
    arguments: tuple[str, ...] = ()
    scale: str = "1"
    action: str = ""


def one_node() -> Graph:
    return parse_text("alone = Placeholder()")


def disconnected() -> Graph:
    return parse_text(
        "\n".join(f"x{n} = Placeholder()\ny{n} = Relu(x{n})\nz{n} = Neg(y{n})" for n in range(6))
    )


def loop() -> Graph:
    """A while loop of TensorFlow 1."""
    return parse_text(
        """
        start = Const() {value=f32{0}}
        limit = Const() {value=f32{10}}
        one = Const() {value=f32{1}}
        while/Enter = Enter(start) {frame_name="while"}
        while/limit = Enter(limit) {frame_name="while", is_constant=true}
        while/one = Enter(one) {frame_name="while", is_constant=true}
        while/Merge = Merge(while/Enter, while/NextIteration)
        while/Less = Less(while/Merge, while/limit)
        while/LoopCond = LoopCond(while/Less)
        while/Switch = Switch(while/Merge, while/LoopCond)
        while/add = Add(while/Switch:1, while/one)
        while/NextIteration = NextIteration(while/add)
        while/Exit = Exit(while/Switch)
        """
    )


def many_inputs(count: int = 300) -> Graph:
    attrs: dict[str, AttrValue] = {"dtype": DType.FLOAT32, "shape": Shape((1, 8))}
    nodes = [Node(f"in_{n}", "Placeholder", attrs=attrs) for n in range(count)]
    refs = [TensorRef(node.name) for node in nodes]
    return Graph((*nodes, Node("sum", "AddN", refs, {**FLOAT, "N": count})))


def long_names() -> Graph:
    space = "/".join(f"a_rather_long_name_of_a_namespace_{n}" for n in range(6))
    first = Node(f"{space}/placeholder_with_a_very_long_name_indeed", "Placeholder")
    second = Node(
        f"{space}/rectified_linear_unit_with_a_long_name", "Relu", [TensorRef(first.name)]
    )
    return Graph((first, second))


def strange_names() -> Graph:
    first = Node("eingang/größe\nzeile", "Placeholder")
    second = Node("層/畳み込み", "Relu", [TensorRef(first.name)])
    third = Node("выход <b>&amp;</b>", "Neg", [TensorRef(second.name)])
    return Graph((first, second, third))


def plain() -> Graph:
    """Three convolutions, which every way to compute them takes."""
    return parse_text(
        """
        x = Placeholder() {dtype=f32, shape=[1, 16, 16, 3]}
        stem/kernel = Const() {value=f32[3,3,3,8]{0.11}}
        stem/conv = Conv2D(x, stem/kernel) {strides=[1,1,1,1], padding="SAME"}
        stem/relu = Relu(stem/conv)
        body/kernel = Const() {value=f32[3,3,8,8]{0.02}}
        body/conv = Conv2D(stem/relu, body/kernel) {strides=[1,1,1,1], padding="SAME"}
        body/relu = Relu(body/conv)
        head/kernel = Const() {value=f32[1,1,8,4]{0.3}}
        head/conv = Conv2D(body/relu, head/kernel) {strides=[1,1,1,1], padding="SAME"}
        scores = Softmax(head/conv)
        """
    )


def refusing() -> Graph:
    """Two parts that become engines, around an op that stays in TensorFlow."""
    return parse_text(
        """
        x = Placeholder() {dtype=f32, shape=[2, 4]}
        w = Const() {value=f32[4]{1,2,3,4}}
        block/a = Mul(x, w)
        block/b = Tanh(block/a)
        block/c = Exp(block/b)
        gamma = Lgamma(block/c) {T=f32}
        head/a = Neg(gamma)
        head/b = Abs(head/a)
        head/c = Add(head/b, w)
        """
    )


def edited() -> Graph:
    """The sample after surgery: nodes that came, went, changed, and one that was renamed."""
    graph = open_graph(SAMPLE)
    rules = ("remove-dropout", "fuse-leaky-relu", "leaky-relu-to-plugin", "strip-checknumerics")
    graph = ApplyRules(rules).apply(graph)
    return RenameNamespace("confidence/dense_5", "confidence/logits").apply(graph)


def states() -> dict[str, State]:
    """Return every state by the name of its picture."""
    shown = ("--expand", "orientation", "--select", "orientation/leaky_re_lu_1/LeakyRelu")
    target = ("--target", "uff-5.1")
    merged = ("--compare", str(SAMPLE), "--view", "merged")
    change = (*merged, "--select", "orientation/leaky_re_lu_1/LeakyRelu")
    network = ("--view", "network", "--select", "vgg/block1_conv1/Conv2D")
    return {
        "empty": State(None),
        "empty-dark": State(None, ("--theme", "dark")),
        "small": State(SAMPLE),
        "selected": State(SAMPLE, (*target, *shown)),
        "selected-dark": State(SAMPLE, (*target, *shown, "--theme", "dark")),
        "double-size": State(SAMPLE, (*target, *shown), "2"),
        "huge": State(generate_graph(50_000)),
        "one-node": State(one_node(), ("--select", "alone")),
        "disconnected": State(disconnected()),
        "loop": State(loop(), ("--expand", "while")),
        "many-inputs": State(many_inputs(), ("--select", "sum")),
        "long-names": State(long_names(), ("--select", long_names().nodes[1].name)),
        "strange-names": State(strange_names(), ("--select", "層/畳み込み")),
        "before-after": State(edited(), ("--compare", str(SAMPLE))),
        "before-after-dark": State(edited(), ("--compare", str(SAMPLE), "--theme", "dark")),
        "before-after-double-size": State(edited(), ("--compare", str(SAMPLE)), "2"),
        "diff": State(edited(), change),
        "diff-dark": State(edited(), (*change, "--theme", "dark")),
        "diff-double-size": State(edited(), change, "2"),
        "diff-huge": State(generate_graph(10_000), merged),
        "diff-equal": State(SAMPLE, ("--compare", str(SAMPLE))),
        "diff-not-a-graph": State(SAMPLE, ("--compare", str(ROOT / "README.md"))),
        "network": State(edited(), network),
        "network-double-size": State(edited(), network, "2"),
        "network-dark": State(edited(), (*network, "--theme", "dark")),
        "not-a-graph": State(ROOT / "README.md"),
        **{
            f"page-{page}": State(SAMPLE, (*target, "--page", page))
            for page in ("rules", "history", "devices", "log")
        },
        **_panels(),
        **_habits((*target, *shown)),
    }


def _habits(selected: tuple[str, ...]) -> dict[str, State]:
    """The states of the window's own parts: dialogs, help, bookmarks, themes."""
    dark = ("--theme", "dark")
    conv = ("--expand", "vgg", "--select", "vgg/block1_conv1/Conv2D")
    both: dict[str, State] = {}
    for action, graph, arguments in (
        ("loading", None, ()),
        ("edge", SAMPLE, ()),
        ("searching", SAMPLE, ()),
        ("bookmarked", SAMPLE, ()),
        ("documented", SAMPLE, conv),
        ("settings", SAMPLE, ()),
        ("build-settings", SAMPLE, ()),
        ("tour", SAMPLE, ()),
        ("tour-2", SAMPLE, ("--target", "uff-5.1")),
        ("keys", SAMPLE, ()),
        ("formats", None, ()),
        ("about", None, ()),
        ("palette", SAMPLE, ()),
        ("picture", SAMPLE, ()),
        ("preview", SAMPLE, ()),
        ("explained", SAMPLE, ("--target", "uff-5.1")),
        ("target-page", SAMPLE, ("--target", "uff-5.1")),
        ("auto-fix", SAMPLE, ("--target", "uff-5.1")),
    ):
        both[action] = State(graph, arguments, action=action)
        both[f"{action}-dark"] = State(graph, (*arguments, *dark), action=action)
    return {
        **both,
        **{
            f"theme-{name}": State(SAMPLE, (*selected, "--theme", name))
            for name in THEMES
            if name not in ("light", "dark")
        },
        "colour-blind-expanded": State(
            SAMPLE, ("--target", "uff-5.1", "--theme", "safe-light"), action="expanded"
        ),
        "double-size-settings": State(SAMPLE, (), "2", "settings"),
        "narrow": State(SAMPLE, (*selected, "--size", "800x600")),
        **{
            f"{name}-dark": State(graph, (*arguments, *dark))
            for name, graph, arguments in (
                ("one-node", one_node(), ("--select", "alone")),
                ("disconnected", disconnected(), ()),
                ("loop", loop(), ("--expand", "while")),
                ("many-inputs", many_inputs(), ("--select", "sum")),
                ("long-names", long_names(), ("--select", long_names().nodes[1].name)),
                ("strange-names", strange_names(), ("--select", "層/畳み込み")),
            )
        },
    }


def _panels() -> dict[str, State]:
    """The panels of jobs: before a job and after it, narrow, and in a high window."""
    dark = ("--theme", "dark")
    made: dict[str, State] = {}
    for page in ("verify", "build", "run", "quantize", "partition"):
        action = f"page-{page}"
        made[action] = State(SAMPLE, (), action=action)
        made[f"{action}-dark"] = State(SAMPLE, dark, action=action)
        made[f"{action}-narrow"] = State(SAMPLE, ("--size", "900x700"), action=action)
    for action, graph in (
        ("verified", plain()),
        ("verified-half", plain()),
        ("run-results", SAMPLE),
        ("quantized", plain()),
        ("partitioned", refusing()),
    ):
        made[action] = State(graph, (), action=action)
        made[f"{action}-dark"] = State(graph, dark, action=action)
        made[f"{action}-narrow"] = State(graph, ("--size", "900x700"), action=action)
        made[f"{action}-wide"] = State(graph, ("--size", "2200x1200"), action=action)
    return made


def take(name: str, state: State, folder: Path, home: Path) -> Path:
    """Take one picture and return its path."""
    picture = folder / f"{name}.png"
    model: list[str] = []
    if isinstance(state.graph, Graph):
        file = home / f"{name}.pb"
        save_graphdef(state.graph, file)
        model = [str(file)]
    elif state.graph is not None:
        model = [str(state.graph)]
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "QT_SCALE_FACTOR": state.scale,
        "SURGEON_HOME": str(home),
        "SURGEON_CACHE": str(home),
    }
    theme = () if "--theme" in state.arguments else ("--theme", "light")
    size = () if "--size" in state.arguments else ("--size", "1400x900")
    program = ("-m", "docs.gallery_actions", state.action) if state.action else ("app.py",)
    command = [sys.executable, *program, *model, *state.arguments, *theme]
    command += [*size, "--shot", str(picture)]
    # A file that is no graph is shown as such, and told by the exit status.
    subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True)
    if not picture.exists():
        raise SystemExit(f"{name}: no picture was made")
    return picture


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "gallery").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        wanted = sys.argv[2:]
        for name, state in states().items():
            if wanted and name not in wanted:
                continue
            print(take(name, state, folder, Path(home)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
