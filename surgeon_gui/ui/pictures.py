"""Pictures of the graph from the window: to a file, the clipboard or a printer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from PySide6.QtCore import QObject, QRectF, QSizeF
from PySide6.QtGui import QGuiApplication, QImage, QPaintEngine
from PySide6.QtPrintSupport import (
    QPrintDialog,
    QPrinter,
    QPrintPreviewDialog,
    QPrintPreviewWidget,
)
from PySide6.QtWidgets import QDialog

from surgeon_gui.ui.actions import Command
from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.ui.dialogs.picture import PictureChoice, PictureDialog
from surgeon_gui.ui.picture import RESOLUTION, plan_image, save_plan, whole
from surgeon_gui.ui.printing import (
    Print,
    page_images,
    paper_of,
    print_pages,
    show_pages,
    show_words,
)
from surgeon_gui.ui.theme import LIGHT

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

T = TypeVar("T")

_AROUND = 16.0
_CLIPBOARD_SCALE = 2.0


class Pictures(QObject):
    """Draws what the canvas shows, as it shows it: open namespaces, marks and colours."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._previewed: QPrinter | None = None
        self._pages: tuple[QSizeF, list[QImage]] | None = None

    def parts(self) -> dict[str, QRectF]:
        """Return what can be drawn: the whole, the view, and the selection if there is one."""
        canvas = self._window.center.canvas_shown()
        plan = canvas.plan()
        if plan is None:
            return {}
        marks = canvas.marks()
        everything = whole(plan, marks, Ink(self._window.theme)) if marks is not None else plan.rect
        selection = canvas.selection_rect()
        found = {"whole": everything, "view": canvas.seen().intersected(everything)}
        if not selection.isEmpty():
            found["selection"] = selection.adjusted(-_AROUND, -_AROUND, _AROUND, _AROUND)
        return {name: area for name, area in found.items() if not area.isEmpty()}

    def ask(self) -> PictureDialog | None:
        """Ask what to export, then where, and write it."""
        parts = self.parts()
        if not parts:
            return None
        sizes = {name: (area.width(), area.height()) for name, area in parts.items()}
        dialog = PictureDialog(sizes, self._window)
        dialog.chosen.connect(lambda choice: self._choose_file(choice, parts[choice.part]))
        dialog.open()
        return dialog

    def _choose_file(self, choice: PictureChoice, area: QRectF) -> None:
        window = self._window
        window.chooser.save_file(
            window,
            "Export a picture",
            window.files.suggest(choice.form),
            (f"{choice.form.removeprefix('.').upper()} (*{choice.form})",),
            lambda path: self.save(path, area, choice.scale, light=choice.light),
        )

    def save(self, path: Path, area: QRectF, scale: float, *, light: bool = False) -> None:
        """Write a part of the scene; say where it is."""
        shown = self._shown()
        if shown is None:
            return
        plan, marks = shown
        ink = Ink(LIGHT if light else self._window.theme)
        self._draw(
            lambda: save_plan(plan, marks, ink, path, area=area, scale=scale),
            lambda made: self._window.message.show_note(f"Wrote {path}. {made.note or ''}".strip()),
        )

    def is_drawing(self) -> bool:
        return self._window.session.tasks.is_busy("picture")

    def _draw(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Draw off the UI thread: a large graph takes seconds."""
        self._window.session.tasks.run("picture", work, done, self._window.show_error)

    def copy(self) -> None:
        """Put the selection, or the view without one, on the clipboard as an image."""
        parts, shown = self.parts(), self._shown()
        if shown is None or not parts:
            return
        area = parts.get("selection") or parts.get("view") or parts["whole"]
        plan, marks = shown
        ink = Ink(self._window.theme)
        what = "selection" if "selection" in parts else "view"

        def put(image: QImage) -> None:
            QGuiApplication.clipboard().setImage(image)
            size = f"{image.width()} × {image.height()} pixels"
            self._window.message.show_note(f"Copied a picture of the {what}, {size}.")

        self._draw(lambda: plan_image(plan, marks, ink, area, _CLIPBOARD_SCALE), put)

    def print(self) -> None:
        """Ask for a printer and print everything."""
        printer = self._printer()
        dialog = QPrintDialog(printer, self._window)
        dialog.setWindowTitle("Print the graph")
        dialog.accepted.connect(lambda: self.print_to(printer))
        dialog.finished.connect(dialog.deleteLater)
        QDialog.open(dialog)

    def preview(self) -> QPrintPreviewDialog:
        """Show the pages before they are printed."""
        # The dialog only borrows it, for as long as it is open.
        self._previewed = printer = self._printer()
        self._pages = None
        dialog = QPrintPreviewDialog(printer, self._window)
        dialog.setWindowTitle("Print preview")
        dialog.setAccessibleName("Print preview")
        dialog.resize(900, 700)
        preview = cast("QPrintPreviewWidget", dialog.findChild(QPrintPreviewWidget))
        dialog.paintRequested.connect(lambda printer: self._paint_pages(printer, preview))
        dialog.finished.connect(lambda _result: self._leave_preview(dialog))
        dialog.open()
        return dialog

    def print_to(self, printer: QPrinter) -> None:
        """Print everything the canvas holds, on as many pages as it takes to be read."""
        wanted = self._wanted()
        if wanted is None:
            return

        def tell(count: int) -> None:
            pages = "1 page" if count == 1 else f"{count} pages"
            self._window.message.show_note(f"Sent {pages} to the printer.")

        self._draw(lambda: print_pages(printer, wanted), tell)

    def _wanted(self) -> Print | None:
        shown = self._shown()
        if shown is None:
            return None
        plan, marks = shown
        return Print(plan, marks, whole(plan, marks, Ink(LIGHT)), self._window.session.title)

    def _paint_pages(self, printer: QPrinter, preview: QPrintPreviewWidget) -> None:
        """Give Qt's preview the pages; it waits for them, so they are painted elsewhere before."""
        if printer.paintEngine().type() is not QPaintEngine.Type.Picture:
            # The preview's own button prints, by the same signal.
            self.print_to(printer)
            return
        wanted, paper = self._wanted(), paper_of(printer)
        if self._pages is not None and self._pages[0] == paper:
            show_pages(printer, self._pages[1])
        elif wanted is not None:
            show_words(printer, "Drawing the pages…")

            def drawn(images: list[QImage]) -> None:
                if self._previewed is printer:
                    self._pages = paper, images
                    preview.updatePreview()

            self._draw(lambda: page_images(wanted, paper), drawn)

    def _leave_preview(self, dialog: QPrintPreviewDialog) -> None:
        self._pages = self._previewed = None
        dialog.deleteLater()

    def _printer(self) -> QPrinter:
        printer = QPrinter()
        printer.setResolution(RESOLUTION)
        printer.setDocName(self._window.session.title)
        printer.setCreator("Graph Surgeon")
        area = self.parts().get("whole", QRectF())
        orientation = printer.pageLayout().orientation()
        wide = area.width() > area.height()
        printer.setPageOrientation(orientation.Landscape if wide else orientation.Portrait)
        return printer

    def _shown(self) -> tuple[Plan, Marks] | None:
        canvas = self._window.center.canvas_shown()
        plan, marks = canvas.plan(), canvas.marks()
        return None if plan is None or marks is None else (plan, marks)


def picture_commands(window: MainWindow) -> list[Command]:
    """Return the commands that make pictures."""
    pictures = window.pictures

    def has_graph() -> bool:
        return window.session.graph is not None

    def can_draw() -> bool:
        return has_graph() and not pictures.is_drawing()

    return [
        Command(
            "export.picture",
            "&Picture…",
            pictures.ask,
            "Ctrl+Shift+I",
            "image",
            can_draw,
            tip="Export the graph, the view or the selection as SVG, PNG or PDF",
        ),
        Command(
            "edit.copy-picture",
            "Copy as &picture",
            pictures.copy,
            "Ctrl+Shift+C",
            "",
            can_draw,
            tip="Copy the selection, or the view, as an image",
        ),
        Command("file.print", "&Print…", pictures.print, "Ctrl+P", "printer", can_draw),
        Command(
            "file.print-preview",
            "Print pre&view…",
            pictures.preview,
            None,
            "",
            has_graph,
            tip="See the pages before they are printed",
        ),
    ]
