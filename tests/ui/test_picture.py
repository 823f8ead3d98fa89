from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from surgeon_gui.errors import SaveError, UsageError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.targets import inspect
from surgeon_gui.ui.picture import painting, save_graph_picture

MAGIC = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}


@pytest.fixture
def graph() -> Graph:
    lines = ["x = Placeholder() {dtype=f32, shape=[1, 8]}", "head/0 = Relu(x)"]
    lines += [f"head/{number} = Tanh(head/{number - 1})" for number in range(1, 80)]
    lines += ["tail/0 = FrobnicateV7(head/79)"]
    lines += [f"tail/{number} = Tanh(tail/{number - 1})" for number in range(1, 80)]
    return parse_text("\n".join(lines))


@pytest.mark.parametrize("ending", MAGIC)
def test_every_form_of_picture_is_written(
    qtbot: QtBot, graph: Graph, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"graph{ending}"
    picture = save_graph_picture(graph, path, report=inspect(graph, "direct"))
    assert path.read_bytes().startswith(MAGIC[ending])
    assert picture.width > 50
    assert picture.height > 50
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_an_opened_namespace_makes_the_picture_taller(
    qtbot: QtBot, graph: Graph, tmp_path: Path
) -> None:
    closed = save_graph_picture(graph, tmp_path / "a.png")
    opened = save_graph_picture(graph, tmp_path / "b.png", expand=["head", "tail"])
    everything = save_graph_picture(graph, tmp_path / "c.png", expand_all=True)
    assert opened.height > closed.height
    assert everything.height == opened.height
    assert QImage(str(tmp_path / "b.png")).height() > QImage(str(tmp_path / "a.png")).height()


def test_names_stay_text_in_an_svg(qtbot: QtBot, graph: Graph, tmp_path: Path) -> None:
    save_graph_picture(graph, tmp_path / "a.svg", expand_all=True)
    assert "FrobnicateV7" in (tmp_path / "a.svg").read_text()


def test_a_wrong_ending_a_wrong_namespace_and_a_missing_folder_are_refused(
    qtbot: QtBot, graph: Graph, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no picture's ending"):
        save_graph_picture(graph, tmp_path / "a.gif")
    with pytest.raises(UsageError, match="no such namespace"):
        save_graph_picture(graph, tmp_path / "a.png", expand=["nowhere"])
    with pytest.raises(SaveError):
        save_graph_picture(graph, tmp_path / "missing" / "a.png")


def test_an_error_in_the_middle_of_a_picture_ends_its_painter() -> None:
    """Qt takes the program down where the image goes before its painter."""
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    painters = []

    def draw() -> None:
        with painting(image, 2.0) as painter:
            painters.append(painter)
            assert image.paintingActive()
            raise UsageError("Nothing to paint.")

    with pytest.raises(UsageError):
        draw()
    assert not painters[0].isActive()
    assert not image.paintingActive()
