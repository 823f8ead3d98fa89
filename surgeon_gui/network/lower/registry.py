"""Where converters are filed: one function per TensorFlow op (or family of ops)."""

from __future__ import annotations

from collections.abc import Callable

from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.value import Value
from surgeon_gui.registry import Registry

Converter = Callable[[Call, Lower], Value | tuple[Value, ...]]

CONVERTERS: Registry[Converter] = Registry("surgeon_gui.network.lower")

converter = CONVERTERS.register
"""Decorator: `@converter("Relu", "Relu6")` files a function `(Call, Lower) -> Value(s)`.

The function raises `Unsupported` (`call.refuse(reason, remedy)`) for what it cannot lower.
"""
