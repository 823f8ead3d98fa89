"""The way to an item: the namespaces and series around it, as the breadcrumb writes them."""

from __future__ import annotations

from surgeon_gui.view.series import DOTS
from surgeon_gui.view.tree import Tree


def crumbs(tree: Tree, name: str) -> list[tuple[str, str]]:
    """Return what is written for each step from the outermost, and the item it leads to.

    Namespaces are steps even where the tree does not draw them; `name` itself is the last step.
    """
    series: dict[int, tuple[str, str]] = {}
    item = tree.find_group(name) if name.endswith("/") else tree.find(name)
    for outer in tree.ancestors(item) if item is not None else ():
        group = tree.group(outer)
        if group.series:
            depth = group.path.count("/") + 1 if group.path else 0
            series[depth] = (group.label, tree.name(outer))
    parts = name.removesuffix("/").split("/")
    found: list[tuple[str, str]] = []
    for depth, part in enumerate(parts):
        if depth in series:
            found.append(series[depth])
        if part:
            found.append((part, f"{'/'.join(parts[: depth + 1])}/"))
    if found:
        found[-1] = (found[-1][0].replace(DOTS, f" {DOTS} "), name)
    return found
