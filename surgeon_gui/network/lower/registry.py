"""Where converters are filed: one function per TensorFlow op (or family of ops)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.value import Value
from surgeon_gui.registry import Registry

Converter = Callable[[Call, Lower], Value | tuple[Value, ...]]
AnyConverter = TypeVar("AnyConverter", bound=Converter)

CONVERTERS: Registry[Converter] = Registry("surgeon_gui.network.lower")


def converter(*ops: str) -> Callable[[AnyConverter], AnyConverter]:
    """Return a decorator that files a function `(Call, Lower) -> Value(s)` under TensorFlow ops.

    The function raises `Unsupported` (`call.refuse(reason, remedy)`) for what it cannot lower.
    """

    def file(function: AnyConverter) -> AnyConverter:
        CONVERTERS.register(*ops)(function)
        return function

    return file
