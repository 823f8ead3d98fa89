"""Which panel's wish goes where: the connections between the parts of a window."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from surgeon_gui.ui.rule_preview import preview_rule

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow


def connect_parts(window: MainWindow) -> None:
    """Connect panels, canvas, search and files of a window with each other."""
    session, files, canvas = window.session, window.files, window.canvas
    session.types_changed.connect(lambda: canvas.set_types(session.types))
    for changed in (
        session.tasks.busy_changed,
        window.build.running_changed,
        window.verify.running_changed,
        window.run_.running_changed,
        window.quantize.running_changed,
        window.partition.running_changed,
    ):
        changed.connect(window.actions_.refresh_soon)
    window.surgery.told.connect(window.message.show_note)
    window.surgery.extracted.connect(files.show_new)
    window.surgery.outlined.connect(canvas.set_preview)
    canvas.selection_changed.connect(lambda items: session.select(items, canvas))
    canvas.rewire_requested.connect(window.surgery.rewire)
    canvas.allow_rewiring()
    canvas.allow_edges()
    canvas.edge_chosen.connect(window.inspector.show_edge)
    canvas.context_menu_requested.connect(window.show_context_menu)
    window.search.hits_changed.connect(canvas.set_hits)
    window.search.chosen.connect(window.go_to)
    window.build.built.connect(window.run_.offer)
    for looked_at in (files.engine_chosen, window.build.looked_at):
        looked_at.connect(window.run_.offer)
        looked_at.connect(lambda _path: window.bottom_dock.open_page("run"))
    window.verify.verified.connect(window.status.set_verified)
    window.devices.found.connect(
        lambda found: (
            session.judge_again() if any(each.takes_plugins for each in found.flavours) else None
        )
    )
    window.center.welcome.tour_requested.connect(window.help.start_tour)
    window.center.welcome.formats_requested.connect(window.help.show_formats)
    window.bookmarks.changed.connect(window.actions_.refresh)
    _connect_sides(window)
    _connect_bottom(window)


def _connect_sides(window: MainWindow) -> None:
    outline, inspector = window.outline, window.inspector
    outline.menu_requested.connect(window.show_context_menu)
    outline.revealed.connect(window.go_to)
    outline.count_changed.connect(window.outline_dock.set_note)
    inspector.followed.connect(window.go_to)
    inspector.edge_followed.connect(lambda edge: window.canvas.choose_edge((edge,)))
    inspector.edit_asked.connect(window.surgery.ask)
    inspector.kind_changed.connect(window.inspector_dock.set_note)
    inspector.attribute_requested.connect(window.surgery.set_attribute)
    inspector.rule_previewed.connect(partial(preview_rule, window))
    inspector.rule_applied.connect(window.surgery.apply_rule)


def _connect_bottom(window: MainWindow) -> None:
    problems, rules, history = window.problems, window.rules, window.history
    problems.shown.connect(window.go_to_all)
    problems.previewed.connect(partial(preview_rule, window))
    problems.fixed.connect(window.surgery.apply_rule)
    problems.shape_requested.connect(window.surgery.set_shape)
    rules.asked_why.connect(window.surgery.explain)
    rules.previewed.connect(partial(preview_rule, window))
    window.network.followed.connect(window.go_to_all)
    window.network.count_changed.connect(
        lambda text: window.center.pages.set_badge("network", text)
    )
    window.compare.followed.connect(window.go_to)
    window.compare.inspected.connect(window.inspector.show_other)
    window.network.inspected.connect(window.inspector.show_other)
    window.compare.compared.connect(window.actions_.refresh)
    window.verify.followed.connect(window.go_to)
    window.run_.followed.connect(window.go_to)
    window.quantize.shown.connect(window.go_to_all)
    window.quantize.colored.connect(window.overlays.put)
    window.quantize.built.connect(window.run_.offer)
    partition = window.partition
    partition.shown.connect(window.go_to_all)
    partition.colored.connect(window.overlays.put)
    partition.cured.connect(window.surgery.apply_rule)
    partition.converted.connect(window.files.open)
    window.session.selected.connect(lambda *_: partition.refresh_selection())
    history.followed.connect(window.go_to)
    history.script_requested.connect(window.files.save_script)
    history.replay_requested.connect(window.surgery.scripts.choose_replay)
    badge = window.bottom_dock.pages.set_badge
    problems.count_changed.connect(lambda text: badge("problems", text))
    history.count_changed.connect(lambda text: badge("history", text))
    rules.count_changed.connect(lambda text: badge("rules", text))


def order_tabs(window: MainWindow) -> None:
    """Let Tab walk as the eye does: search, outline, graph, then what lies around it."""
    outline = window.outline
    stops: tuple[QWidget, ...] = (
        *(window.search, outline.filter, outline.view),
        *(window.center.pages.strip, window.canvas),
    )
    for first, second in itertools.pairwise(stops):
        QWidget.setTabOrder(first, second)
