r"""A graph as text, one node a line: for tests, rule files, the clipboard and diffs.

    x = Placeholder() {shape=[?, 224, 224, 3]}
    w = Const() {value=f32[2]{0.5, 1}}           # a comment
    y = Mul(x, w, ^start) {T=f32} on "/device:GPU:0"
    top = TopKV2(y, k)
    z = Identity(top:1)
    outputs(y, top:1)

Names with characters besides letters, digits and `_ . / \ > -` stand in double quotes. Values:

| kind | written |
|---|---|
| number | `1` whole, `1.0`, `1e-05`, `inf`, `nan` 32-bit float |
| bool, bytes | `true`, `"SAME"`, `"\x00"` |
| dtype | `f32 f64 f16 bf16 i8 … u64 c64 bool string qint8 …`, `dtype:131` |
| shape | `[1, ?, 3]` for the attribute `shape`, elsewhere `shape[1, ?, 3]`; `?` for unknown rank |
| list | `[1, 2, 2, 1]`, `["a", "b"]`; `list[1, 2]` for the attribute `shape` |
| constant | `f32[2, 2]{1, 2, 3, 4}`; all the same `f32[64]{0.5}`; `i32{7}`; `f32[999]b64"…"` |
| function | `@name`; anything else `raw b64"…"` |

Attributes that give the dtype of an input or of a constant's value, or the number of inputs, may be
left out, and are left out when printed; `-` says that there is none (`T=-`). Beside the nodes stand
`versions(producer=27)`, `library(b64"…")`, `extra(b64"…")`. `parse_text(print_text(g)) == g`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping

from surgeon_gui.graph.model import Graph, Node, TensorRef, Versions, same_value
from surgeon_gui.graph.shapes import infer_node
from surgeon_gui.graph.textvalues import Reader, quoted, value_text
from surgeon_gui.graph.typeattrs import default_attrs
from surgeon_gui.graph.values import AttrValue, DType, TensorType

_NAME = re.compile(r"[A-Za-z0-9_.][\w./\\>-]*")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./\\>-]*\Z")
_PORT = re.compile(r":(\d+)")
_DIRECTIVES = ("outputs", "versions", "library", "extra")
_ABSENT = re.compile(r"-(?=\s*[,}])")


def print_text(graph: Graph) -> str:
    """Return the graph's text form."""
    dtypes = _Dtypes()
    lines = [_node_text(node, dtypes) for node in graph.nodes]
    if graph.outputs is not None:
        lines.append(f"outputs({', '.join(_ref_text(ref) for ref in graph.outputs)})")
    if graph.versions != Versions():
        lines.append(_versions_text(graph.versions))
    for word, data in (("library", graph.library), ("extra", graph.extra)):
        if data:
            lines.append(f'{word}(b64"{base64.b64encode(data).decode()}")')
    return "\n".join(lines) + "\n" if lines else ""


def _versions_text(versions: Versions) -> str:
    parts = [f"producer={versions.producer}", f"min_consumer={versions.min_consumer}"]
    if versions.bad_consumers:
        parts.append(f"bad_consumers={value_text(versions.bad_consumers)}")
    return f"versions({', '.join(parts)})"


def _name_text(name: str) -> str:
    return name if _PLAIN_NAME.match(name) else quoted(name.encode())


def _ref_text(ref: TensorRef) -> str:
    return _name_text(ref.node) + (f":{ref.port}" if ref.port else "")


def _node_text(node: Node, dtypes: _Dtypes) -> str:
    inputs = [_ref_text(ref) for ref in node.inputs]
    inputs += [f"^{_name_text(name)}" for name in node.controls]
    text = f"{_name_text(node.name)} = {_name_text(node.op)}({', '.join(inputs)})"
    value = {"value": node.attrs["value"]} if "value" in node.attrs else {}
    defaults = default_attrs(node.op, dtypes.of(node.inputs), value)
    parts = [
        f"{_name_text(key)}={value_text(value, key)}"
        for key, value in node.attrs.items()
        if key not in defaults or not same_value(defaults[key], value)
    ]
    parts += [f"{key}=-" for key in defaults if key not in node.attrs]
    dtypes.add(node)
    if parts:
        text += " {" + ", ".join(parts) + "}"
    return text + (f" on {quoted(node.device.encode())}" if node.device else "")


class _Dtypes:
    """The dtypes of the tensors of the nodes seen so far."""

    def __init__(self) -> None:
        self._found: dict[TensorRef, DType] = {}

    def of(self, refs: Iterable[TensorRef]) -> list[DType | None]:
        return [self._found.get(ref) for ref in refs]

    def add(self, node: Node) -> None:
        inputs = [TensorType(dtype or DType.INVALID) for dtype in self.of(node.inputs)]
        for port, tensor in enumerate(infer_node(node, inputs, [None] * len(inputs))):
            if tensor.dtype is not DType.INVALID:
                self._found[TensorRef(node.name, port)] = tensor.dtype


def parse_text(text: str) -> Graph:
    """Return the graph a text describes.

    Raises:
        TextFormError: the text is wrong; the message names line and column.
        DuplicateName: two nodes share a name.
    """
    reader = Reader(text)
    nodes: list[Node] = []
    dtypes = _Dtypes()
    found: dict[str, object] = {}
    while not reader.at_end():
        word = _name(reader)
        if reader.take("="):
            node = _node(reader, word, dtypes)
            dtypes.add(node)
            nodes.append(node)
        elif word in _DIRECTIVES:
            found[word] = _directive(reader, word)
        else:
            raise reader.error(f"Expected = after {word}.", "A line is: name = Op(inputs) {attrs}.")
    outputs = found.get("outputs")
    versions = found.get("versions")
    library, extra = found.get("library"), found.get("extra")
    return Graph(
        tuple(nodes),
        versions if isinstance(versions, Versions) else Versions(),
        library if isinstance(library, bytes) else b"",
        extra if isinstance(extra, bytes) else b"",
        outputs if isinstance(outputs, tuple) else None,
    )


def _name(reader: Reader) -> str:
    found = reader.match(_NAME)
    if found is not None:
        return found[0]
    text = reader.string()
    if text is None:
        raise reader.error("Expected a name.", "Names stand bare or in double quotes.")
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise reader.error("A name is text.") from error


def _ref(reader: Reader) -> TensorRef:
    name = _name(reader)
    port = _PORT.match(reader.text, reader.position)
    if port is None:
        return TensorRef(name)
    reader.position = port.end()
    return TensorRef(name, int(port[1]))


def _node(reader: Reader, name: str, dtypes: _Dtypes) -> Node:
    op = _name(reader)
    inputs: list[TensorRef] = []
    controls: list[str] = []

    def read_input() -> None:
        if reader.take("^"):
            controls.append(_name(reader))
        else:
            inputs.append(_ref(reader))

    reader.expect("(", "A line is: name = Op(inputs) {attrs}.")
    reader.items(")", read_input)
    attrs: dict[str, AttrValue] = {}
    absent: set[str] = set()

    def read_attr() -> None:
        key = _name(reader)
        reader.expect("=")
        if reader.match(_ABSENT):
            absent.add(key)
        else:
            attrs[key] = reader.value(key)

    if reader.take("{"):
        reader.items("}", read_attr)
    defaults = default_attrs(op, dtypes.of(inputs), attrs)
    attrs.update({key: value for key, value in defaults.items() if key not in absent})
    device = _device(reader)
    return Node(name, op, inputs, dict(sorted(attrs.items())), controls=controls, device=device)


def _device(reader: Reader) -> str:
    start = reader.position
    if reader.take("on"):
        text = reader.string()
        if text is not None:
            return text.decode()
    reader.position = start
    return ""


def _directive(reader: Reader, word: str) -> object:
    reader.expect("(")
    found: object
    if word == "outputs":
        return tuple(reader.items(")", lambda: _ref(reader)))
    if word == "versions":
        values: dict[str, AttrValue] = {}

        def read_pair() -> None:
            key = _name(reader)
            reader.expect("=")
            values[key] = reader.value()

        reader.items(")", read_pair)
        return _versions(reader, values)
    found = reader.base64()
    reader.expect(")")
    return found


def _versions(reader: Reader, values: Mapping[str, AttrValue]) -> Versions:
    producer = values.get("producer", 0)
    minimum = values.get("min_consumer", 0)
    bad = values.get("bad_consumers", ())
    if not isinstance(producer, int) or not isinstance(minimum, int) or not isinstance(bad, tuple):
        raise reader.error("versions(…) takes whole numbers.")
    return Versions(producer, minimum, tuple(item for item in bad if isinstance(item, int)))
