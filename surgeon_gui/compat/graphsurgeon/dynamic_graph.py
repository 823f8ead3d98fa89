"""DynamicGraph: a GraphDef that is changed in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from surgeon_gui.compat.graphsurgeon.messages import NodeDef, append_copy, as_nodes, name_of
from surgeon_gui.compat.graphsurgeon.static_graph import StaticGraph
from surgeon_gui.uff.wiring import Wiring, rewire


class DynamicGraph(StaticGraph):
    """A GraphDef that is changed in place; every method that changes it returns None."""

    def _delete(self, positions: Iterable[int]) -> None:
        """Delete nodes by position, in runs from the end."""
        nodes = self._graphdef.node
        gone = sorted(positions)
        while gone:
            end = start = gone.pop()
            while gone and gone[-1] == start - 1:
                start = gone.pop()
            del nodes[start : end + 1]

    def _keep(self, wiring: Wiring[NodeDef]) -> None:
        """Delete the nodes that surgery took out, and look at the graph anew."""
        kept = {node.name for node in wiring.nodes}
        self._delete(place for place, node in enumerate(self) if node.name not in kept)
        self._analyse()

    def _names(self, nodes: NodeDef | str | Iterable[NodeDef | str]) -> list[str]:
        names = [name_of(node) for node in as_nodes(nodes)]
        known = {node.name for node in self}
        for name in names:
            if name not in known:
                raise AssertionError(f"There is no node {name} in the graph.")
        return names

    def remove(
        self,
        nodes: NodeDef | str | Iterable[NodeDef | str],
        remove_exclusive_dependencies: bool = False,
    ) -> None:
        """Delete nodes and every reference to them; inputs are not forwarded.

        Args:
            nodes: NodeDefs or names, one or several.
            remove_exclusive_dependencies: also delete what only they use, and so on.

        Raises:
            AssertionError: a node does not exist.
        """
        wiring = self._wiring()
        wiring.remove(self._names(nodes), exclusive=remove_exclusive_dependencies)
        self._keep(wiring)

    def forward_inputs(self, nodes: NodeDef | str | Iterable[NodeDef | str]) -> None:
        """Delete nodes and put their inputs where they were read.

        Nodes with a control input are left alone.
        """
        wiring = self._wiring()
        wiring.forward_inputs(self._names(nodes))
        self._keep(wiring)

    def collapse_namespaces(
        self,
        namespace_map: Mapping[str, NodeDef],
        exclude_nodes: Iterable[NodeDef | str] = (),
        unique_inputs: bool = True,
    ) -> None:
        """Put one node in the place of all nodes of a namespace.

        Args:
            namespace_map: the node for each namespace (or full node name); its inputs grow in place
                and a copy of it enters the graph. The longest namespace wins.
            exclude_nodes: stay as they are.
            unique_inputs: give a new node each input once.
        """
        excluded = {name_of(node) for node in exclude_nodes}

        def plugin_of(name: str) -> NodeDef | None:
            # A port counts as part of the name, as scripts that clean up after that rely on.
            if name in excluded:
                return None
            while name:
                if name in namespace_map:
                    return namespace_map[name]
                name = name.rpartition("/")[0]
            return None

        collapsed: list[int] = []
        for place, node in enumerate(self):
            plugin = plugin_of(node.name)
            if plugin is None:
                rewire(node, _read_from_plugins(node, plugin_of))
                continue
            collapsed.append(place)
            for text in node.input:
                producer = plugin_of(text.replace("^", ""))
                if producer is not None and producer.name == plugin.name:
                    continue
                offered = text if producer is None else producer.name
                if not unique_inputs or offered not in plugin.input:
                    plugin.input.append(offered)
        self._delete(collapsed)
        added: dict[str, NodeDef] = {}
        for plugin in namespace_map.values():
            added.setdefault(plugin.name, plugin)
        for plugin in added.values():
            append_copy(self._graphdef, plugin)
        self._analyse()

    def append(self, node: NodeDef) -> None:
        """Add a copy of a node at the end."""
        append_copy(self._graphdef, node)

    def extend(self, node_list: Iterable[NodeDef]) -> None:
        """Add copies of several nodes at the end."""
        for node in node_list:
            self.append(node)

    def add(self, nodes: NodeDef | Iterable[NodeDef]) -> None:
        """Add copies of nodes whose names are new.

        Raises:
            AssertionError: something is no NodeDef, or a name is taken.
        """
        names = {node.name for node in self}
        for node in as_nodes(nodes):
            if isinstance(node, str) or node.name in names:
                raise AssertionError(f"{name_of(node)} is no NodeDef, or its name is taken.")
            names.add(node.name)
            self.append(node)

    def connect(
        self, who: NodeDef | str, to_whom: NodeDef | str, error_if_connected: bool = False
    ) -> None:
        """Make `who` the last input of `to_whom`, unless it is one already."""
        source, reader = name_of(who), self[name_of(to_whom)]
        print(source, reader.name)
        if source not in reader.input:
            reader.input.append(source)
        elif error_if_connected:
            raise ValueError(f"{source} is an input of {reader.name} already.")

    def disconnect(
        self, who: NodeDef | str, of_whom: NodeDef | str, error_if_not_connected: bool = False
    ) -> None:
        """Take one input `who` off `of_whom`."""
        source, reader = name_of(who), self[name_of(of_whom)]
        if source in reader.input:
            reader.input.remove(source)
        elif error_if_not_connected:
            raise ValueError(f"{source} is no input of {reader.name}.")

    def sort(self, name: str, inputs: Iterable[str], error_if_not_found: bool = True) -> None:
        """Move inputs of a node to the front, in the order given."""
        node = self[name]
        first: list[str] = []
        for text in inputs:
            if text in node.input:
                first.append(text)
            elif error_if_not_found:
                raise ValueError(f"{text} is no input of {name}.")
        rewire(node, [*first, *(text for text in node.input if text not in first)])


def _read_from_plugins(node: NodeDef, plugin_of: Callable[[str], NodeDef | None]) -> list[str]:
    """Return a staying node's inputs, what collapses replaced by its plugin, each plugin once."""
    inputs: list[str] = []
    for place, text in enumerate(node.input):
        plugin = plugin_of(text.replace("^", ""))
        if plugin is None:
            inputs.append(text)
        elif plugin.name not in inputs and plugin.name not in node.input[place + 1 :]:
            inputs.append(plugin.name)
    return inputs


def remove_duplicates(graph: StaticGraph, names: Iterable[str] | None = None) -> None:
    """Delete later nodes of a repeated name, and repeated inputs of a node.

    Args:
        graph: changed in place.
        names: only these nodes; default: all.
    """
    wanted = None if names is None else set(names)
    nodes = graph.as_graph_def().node
    seen: set[str] = set()
    repeated: list[int] = []
    for place, node in enumerate(nodes):
        if wanted is not None and node.name not in wanted:
            continue
        if node.name in seen:
            repeated.append(place)
        seen.add(node.name)
        rewire(node, dict.fromkeys(node.input))
    for place in reversed(repeated):
        del nodes[place]
