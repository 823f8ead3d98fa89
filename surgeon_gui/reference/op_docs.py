"""What the installed TensorFlow says of its ops: definitions from its registry, words from its API.

The registry (`OpDef`) has names, types and defaults; the words are the docstrings of
`tf.raw_ops`, which TensorFlow generates from its API definitions in one form: a summary, text,
`Args:` and `Returns:` with an indented entry per name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from surgeon_gui.jobs.op_docs import ArgumentDoc, OpDoc
from surgeon_gui.reference.tensorflow_import import import_tensorflow

_SECTION = re.compile(r"^(Args|Returns|Raises|Attributes):\s*$", re.MULTILINE)
_ENTRY = re.compile(r"^  (\w+): ?(.*)$")
# The docstring's own words on types repeat the definition.
_TYPE_WORDS = re.compile(
    r"^(A|An) (optional )?(list of |mutable )?(at least \d+ )?(`Tensor`|`[\w. `]+`|list of `\w+`)"
    r"( objects?)?( of type `\w+`| with type `\w+`| of type mutable `\w+`)?\.\s*"
    r"(Must be one of the following types: [^.]*\.\s*)?"
    r"(Must be one of: [^.]*\.\s*)?(Must have the same type as `\w+`\.\s*)?"
    r"(Defaults to `[^`]*`\.\s*)?"
)
_MOST_TYPES = 6


def op_docs() -> tuple[tuple[OpDoc, ...], str]:
    """Return the documentation of every public op, and TensorFlow's version.

    Raises:
        JobFailed: TensorFlow cannot be imported.
    """
    tensorflow = import_tensorflow()
    from tensorflow.python.framework import op_def_registry

    found = []
    for name in sorted(dir(tensorflow.raw_ops)):
        definition = None if name.startswith("_") else op_def_registry.get(name)
        if definition is not None:
            function = getattr(tensorflow.raw_ops, name)
            found.append(_described(definition, inspect.getdoc(function) or "", tensorflow))
    return tuple(found), str(tensorflow.__version__)


def _described(definition: Any, doc: str, tensorflow: Any) -> OpDoc:
    parts = _SECTION.split(doc)
    summary, _, words = parts[0].strip().partition("\n\n")
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    told = entries(sections.get("Args", ""))
    returned = entries(sections.get("Returns", ""))
    types = {attr.name: _allowed(attr, tensorflow) for attr in definition.attr}
    one = definition.output_arg[0].name if len(definition.output_arg) == 1 else ""
    if one and one not in returned:
        returned[one] = _plain(" ".join(sections.get("Returns", "").split()))
    deprecation = definition.deprecation
    return OpDoc(
        op=definition.name,
        summary=" ".join(summary.split()),
        words=words.strip(),
        inputs=tuple(_argument(each, types, told, tensorflow) for each in definition.input_arg),
        outputs=tuple(
            _argument(each, types, returned, tensorflow) for each in definition.output_arg
        ),
        attributes=tuple(
            ArgumentDoc(
                attr.name,
                f"{attr.type}: {types[attr.name]}" if types[attr.name] else attr.type,
                _value(attr.default_value, tensorflow) if attr.HasField("default_value") else None,
                told.get(attr.name, ""),
            )
            for attr in definition.attr
        ),
        deprecated=deprecation.explanation if definition.HasField("deprecation") else "",
    )


def entries(section: str) -> dict[str, str]:
    """Return the words of an `Args:` or `Returns:` section by name, on one line each."""
    found: dict[str, list[str]] = {}
    present: list[str] = []
    for line in section.splitlines():
        begins = _ENTRY.match(line)
        if begins:
            present = found.setdefault(begins[1], [begins[2].strip()])
        elif line.strip():
            present.append(line.strip())
    return {name: _plain(" ".join(lines)) for name, lines in found.items()}


def _plain(words: str) -> str:
    return _TYPE_WORDS.sub("", words, count=1).strip()


def _argument(
    argument: Any, types: Mapping[str, str], told: Mapping[str, str], tensorflow: Any
) -> ArgumentDoc:
    if argument.type_list_attr:
        kind = f"a list of tensors of {argument.type_list_attr}"
    elif argument.type_attr:
        allowed = types.get(argument.type_attr, "")
        kind = f"{argument.type_attr}: {allowed}" if allowed else argument.type_attr
    else:
        kind = tensorflow.dtypes.as_dtype(argument.type).name
    if argument.number_attr:
        kind = f"{argument.number_attr} × {kind}"
    return ArgumentDoc(argument.name, kind, None, told.get(argument.name, ""))


def _allowed(attr: Any, tensorflow: Any) -> str:
    allowed = attr.allowed_values.list
    if allowed.s:
        return ", ".join(value.decode(errors="replace") for value in allowed.s)
    names = [tensorflow.dtypes.as_dtype(value).name for value in allowed.type]
    more = len(names) - _MOST_TYPES
    return ", ".join(names[:_MOST_TYPES]) + (f" and {more} more" if more > 0 else "")


def _value(value: Any, tensorflow: Any) -> str:
    kind = value.WhichOneof("value")
    if kind == "s":
        return str(value.s.decode(errors="replace")) or '""'
    if kind == "b":
        return "true" if value.b else "false"
    if kind == "type":
        return str(tensorflow.dtypes.as_dtype(value.type).name)
    if kind in ("i", "f"):
        return f"{getattr(value, kind):g}"
    if kind == "list":
        parts = [*value.list.i, *value.list.f, *(text.decode() for text in value.list.s)]
        return f"[{', '.join(map(str, parts))}]"
    return str(kind)
