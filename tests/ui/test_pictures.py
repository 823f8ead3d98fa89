"""Pictures from the window: files, clipboard, paper."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPageLayout, QPainter
from PySide6.QtPrintSupport import QPrinter, QPrintPreviewDialog, QPrintPreviewWidget
from PySide6.QtSvg import QSvgRenderer

from surgeon_gui.ui.dialogs.picture import PictureDialog
from surgeon_gui.ui.picture import RESOLUTION
from surgeon_gui.ui.printing import MOST_PAGES, READABLE, Pages, Print
from surgeon_gui.ui.samples import samples_dir
from surgeon_gui.ui.theme import DARK, LIGHT
from tests.helpers.shared import data_path
from tests.ui.conftest import Driver

BOXES = samples_dir() / "boxes3d.pb"


def asked(driver: Driver) -> PictureDialog:
    driver.run("export.picture")
    dialog = driver.window.findChild(PictureDialog)
    assert dialog is not None
    return dialog


@pytest.mark.parametrize(("form", "scale"), [(".png", 1), (".png", 3), (".svg", 1), (".pdf", 1)])
def test_the_selection_is_exported_in_every_form(
    driver: Driver, tmp_path: Path, form: str, scale: int
) -> None:
    driver.open(BOXES)
    driver.window.session.select(("vgg/",))
    dialog = asked(driver)
    dialog.part.setCurrentIndex(dialog.part.findData("selection"))
    dialog.form.setCurrentIndex(dialog.form.findData(form))
    dialog.scale.setCurrentIndex(dialog.scale.findData(scale))
    assert dialog.scale.isEnabled() == (form == ".png")
    driver.answers.path = tmp_path / f"vgg{form}"
    driver.click(dialog.export)
    driver.settle()
    path = driver.answers.path
    area = driver.window.pictures.parts()["selection"]
    if form == ".png":
        size = QImage(str(path)).size()
        assert size == QSize(round(area.width() * scale), round(area.height() * scale))
    elif form == ".svg":
        assert QSvgRenderer(str(path)).viewBoxF().width() == pytest.approx(area.width(), abs=1)
    else:
        assert path.read_bytes().startswith(b"%PDF")
    assert str(path) in driver.window.message.message.text()


def test_a_picture_can_be_light_in_a_dark_window(driver: Driver, tmp_path: Path) -> None:
    driver.open(BOXES)
    driver.run("theme.dark")
    area = driver.window.pictures.parts()["whole"]
    for name, light, paper in (("a", False, DARK), ("b", True, LIGHT)):
        path = tmp_path / f"{name}.png"
        driver.window.pictures.save(path, area, 1.0, light=light)
        driver.settle()
        assert QImage(str(path)).pixelColor(2, 2) == QColor(paper.canvas)


def test_a_disk_that_refuses_is_told(driver: Driver, tmp_path: Path) -> None:
    driver.open(BOXES)
    area = driver.window.pictures.parts()["whole"]
    driver.window.pictures.save(tmp_path / "absent" / "a.png", area, 1.0)
    driver.settle()
    assert driver.window.message.isVisible()
    assert "a.png" in driver.window.message.where.text()


def test_a_picture_of_the_view_is_copied_by_keys(driver: Driver) -> None:
    driver.open(BOXES)
    QGuiApplication.clipboard().clear()
    driver.run("edit.copy-picture")
    image = QGuiApplication.clipboard().image()
    view = driver.window.pictures.parts()["view"]
    assert image.width() == pytest.approx(2 * view.width(), abs=1)
    points = ((x, y) for y in range(0, image.height(), 5) for x in range(0, image.width(), 5))
    colors = {image.pixelColor(x, y).name() for x, y in points}
    assert len(colors) > 2


def test_the_selection_is_only_offered_when_there_is_one(driver: Driver) -> None:
    driver.open(BOXES)
    dialog = asked(driver)
    assert dialog.part.findData("selection") < 0
    assert {"whole", "view"} == set(driver.window.pictures.parts())


def test_all_pages_are_printed_into_one_pdf(driver: Driver, tmp_path: Path) -> None:
    driver.open(BOXES)
    driver.run("view.expand-all")
    printer = QPrinter()
    printer.setResolution(RESOLUTION)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "all.pdf"))
    driver.window.pictures.print_to(printer)
    assert driver.window.pictures.is_drawing()
    driver.settle()
    assert "to the printer" in driver.window.message.message.text()
    assert (tmp_path / "all.pdf").stat().st_size > 5000


def test_the_preview_shows_the_pages(driver: Driver) -> None:
    driver.open(BOXES)
    driver.run("file.print-preview")
    preview = driver.window.findChild(QPrintPreviewDialog)
    assert preview is not None
    driver.bot.waitUntil(preview.isVisible, timeout=5000)
    driver.key(preview, Qt.Key.Key_Escape)


def test_the_pages_of_a_preview_are_painted_in_another_thread(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[threading.Thread] = set()
    paint = Print.paint

    def noted(wanted: Print, painter: QPainter, number: int, paper: QSizeF) -> None:
        threads.add(threading.current_thread())
        paint(wanted, painter, number, paper)

    monkeypatch.setattr(Print, "paint", noted)
    driver.open(data_path("mobilenet_v1_0.25_128_frozen.pb"))
    driver.run("view.expand-all")
    driver.settle()
    driver.run("file.print-preview")
    preview = driver.window.findChild(QPrintPreviewWidget)
    assert preview is not None
    driver.bot.waitUntil(lambda: preview.pageCount() > 1, timeout=20_000)
    upright = preview.pageCount()
    preview.setOrientation(QPageLayout.Orientation.Landscape)
    # Until other pages are there, a word stands for them.
    assert preview.pageCount() == 1
    driver.bot.waitUntil(lambda: preview.pageCount() > 1, timeout=20_000)
    preview.setOrientation(QPageLayout.Orientation.Portrait)
    driver.bot.waitUntil(lambda: preview.pageCount() == upright, timeout=20_000)
    assert threads
    assert threading.main_thread() not in threads
    driver.key(preview.window(), Qt.Key.Key_Escape)


def test_the_previews_own_button_prints_what_can_be_searched(
    driver: Driver, tmp_path: Path
) -> None:
    driver.open(BOXES)
    driver.run("file.print-preview")
    preview = driver.window.findChild(QPrintPreviewWidget)
    assert preview is not None
    driver.settle()
    dialog = preview.window()
    assert isinstance(dialog, QPrintPreviewDialog)
    dialog.printer().setOutputFileName(str(tmp_path / "previewed.pdf"))
    preview.print_()
    driver.settle()
    # Words are words in it, not dots: a picture of them would have no font.
    assert b"/Font" in (tmp_path / "previewed.pdf").read_bytes()
    driver.key(dialog, Qt.Key.Key_Escape)


@given(st.floats(1, 200_000), st.floats(1, 200_000), st.floats(200, 1200), st.floats(200, 1200))
def test_pages_cover_the_picture_once_and_stay_readable_while_there_are_few(
    width: float, height: float, page_width: float, page_height: float
) -> None:
    pages = Pages.of(width, height, page_width, page_height)
    assert 1 <= pages.count <= MOST_PAGES
    area = QRectF(-5.0, 7.0, width, height)
    parts = [pages.part(at, area, page_width, page_height) for at in range(pages.count)]
    assert sum(part.width() * part.height() for part in parts) == pytest.approx(
        width * height, rel=1e-3
    )
    if pages.scale < READABLE - 1e-9:
        across = math.ceil(width * READABLE / page_width)
        assert across * math.ceil(height * READABLE / page_height) > MOST_PAGES
