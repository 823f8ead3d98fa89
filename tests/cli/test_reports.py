"""`surgeon inspect --report`, `--target all` and `surgeon explain`."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from surgeon_gui.targets import catalogue
from tests.cli.command import surgeon
from tests.helpers.shared import ROOT, data_path

MOBILENET = data_path("mobilenet_v1_0.25_128_frozen.pb")
SAMPLE = ROOT / "samples" / "boxes3d.pb"


class _Balanced(HTMLParser):
    """Collects text; fails on a tag closed that was not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself, as SVG has them."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    verified = folder / "verify.json"
    verified.write_text(
        json.dumps(
            {
                "ok": True,
                "first_divergence": None,
                "outputs": [{"name": "confidence/Softmax", "max_abs": 1e-7, "cosine": 1.0}],
            }
        )
    )
    path = folder / "report.html"
    ran = surgeon(
        *("inspect", SAMPLE, "--target", "uff-8", "--json"),
        *("--rules", "remove-dropout", "--report", path, "--attach", verified),
    )
    assert ran.status == 1
    assert ran.json["report"] == str(path)
    return path.read_text("utf-8")


def test_the_page_is_well_formed_and_needs_nothing_outside_itself(page: str) -> None:
    reader = _Balanced()
    reader.feed(page)
    assert reader.open == []
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:|//|file:)", page)
    assert "url(" not in page


def test_the_page_says_what_is_wrong_what_helps_and_what_was_done(page: str) -> None:
    reader = _Balanced()
    reader.feed(page)
    words = " ".join(reader.words)
    for expected in (
        "boxes3d.pb",
        "UFF · TensorRT 8.0-8.6",
        "UFF refuses Minimum and Maximum with a constant",
        "l2-normalize-decomposed",
        "Auto-fix would do",
        "no problem left",
        "Done to the graph",
        "remove-dropout",
        "Verification",
        "JetPack 4.6",
    ):
        assert expected in words
    assert "<svg" in page


def test_names_from_the_graph_cannot_break_the_page(tmp_path: Path) -> None:
    model = tmp_path / "odd.pbtxt"
    model.write_text(
        'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }\n'
        'node { name: "y" op: "Bad<b>Op" input: "x" }\n'
    )
    path = tmp_path / "odd.html"
    surgeon("inspect", model, "--report", path, "--json")
    assert "Bad<b>Op" not in path.read_text("utf-8").replace("&lt;b&gt;", "")


def test_a_json_report_holds_what_the_page_says(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    ran = surgeon("inspect", SAMPLE, "--target", "uff-8", "--json", "--report", path)
    facts = json.loads(path.read_text("utf-8"))
    assert facts["problems"] == ran.json["problems"]
    assert facts["counts"] == ran.json["counts"]
    assert facts["fix"]["after"] == 0
    assert [step["rule"] for step in facts["fix"]["steps"]]
    assert sum(len(cause["nodes"]) for cause in facts["causes"]) == len(
        [problem for problem in facts["problems"] if problem["node"]]
    )
    assert facts["page"]["JetPack"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", SAMPLE, "--report", "x.pdf"),
        ("inspect", SAMPLE, MOBILENET, "--report", "x.html"),
        ("inspect", SAMPLE, "--target", "all", "--report", "x.html"),
        ("inspect", SAMPLE, "--attach", "x.json"),
        ("inspect", SAMPLE, "--report", "x.html", "--attach", "no such file.json"),
    ],
)
def test_what_makes_no_report_is_bad_usage(
    arguments: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert surgeon(*arguments).status == 2
    assert not list(tmp_path.iterdir())


def test_all_targets_make_a_matrix() -> None:
    ran = surgeon("inspect", MOBILENET, "--target", "all", "--json")
    assert ran.status == 0
    facts = ran.json
    assert facts["target"] == "all"
    assert facts["supported"] is True
    rows = {row["id"]: row for row in facts["targets"]}
    assert list(rows) == [target.id for target in catalogue()]
    assert rows["direct"]["supported"]
    assert all(sum(row["counts"].values()) == 555 for row in rows.values())


def test_explain_names_the_nodes_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text(
        "[TRT] ERROR: UffParser: Validator error: dimension/l2_normalize/Maximum: "
        "Unsupported binary op max with constant right\n"
    )
    ran = surgeon("explain", log, "--model", SAMPLE, "--json")
    assert ran.status == 0
    (finding,) = ran.json["findings"]
    assert finding["nodes"] == ["dimension/l2_normalize/Maximum"]
    assert finding["rule"] == "l2-normalize-decomposed"
    assert surgeon("explain", log).status == 0


def test_explain_says_no_where_nothing_is_known(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("All is well.\n")
    assert surgeon("explain", log).status == 1
    assert surgeon("explain", tmp_path / "none.txt", "--json").status == 2
