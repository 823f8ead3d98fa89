"""Where drawn edges run, for tests that point at them."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from surgeon_gui.ui.canvas import GraphCanvas


def route(canvas: GraphCanvas, source: str, target: str) -> list[QPointF]:
    """The points of a drawn edge in the scene, from the producer to the arrow head."""
    plan = canvas.plan()
    assert plan is not None
    wanted = (plan.tree.find(source), plan.tree.find(target))
    for at, strand in enumerate(plan.picture.strands):
        if any(link[:2] == wanted for link in strand.links):
            points, (x, y) = plan.picture.routes[at], plan.picture.origins[at]
            places = zip(points[::2], points[1::2], strict=True)
            return [QPointF(across + x, down + y) for across, down in places]
    raise AssertionError(f"no edge from {source} to {target}")
