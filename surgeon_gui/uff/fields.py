"""The values of a UFF node's fields: Data messages, dtype numbers, dimension orders.

Facts observed from NVIDIA's converter 0.6.3 and 0.6.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from surgeon_gui.graph.values import DType
from surgeon_gui.proto import uff_pb2 as pb

UFF_DTYPES: Mapping[DType, int] = {
    DType.INT8: 0x10008,
    DType.INT16: 0x10010,
    DType.INT32: 0x10020,
    DType.INT64: 0x10040,
    DType.FLOAT16: 0x20010,
    DType.FLOAT32: 0x20020,
}
TF_DTYPES: Mapping[int, DType] = {number: dtype for dtype, number in UFF_DTYPES.items()}
OTHER_DTYPE = 7
"""What the converter writes for every dtype UFF has no number for (TensorFlow's for string)."""

INCREMENT = 2**31 - 1
"""OE_INCREMENT: all spatial dimensions, ascending."""

SPECIAL = -1
"""OE_SPECIAL: the only key the converter uses in DimensionOrders."""

_CANONICAL = ("NC+", "KC+", "NC", "KC")


def integer(value: int) -> pb.Data:
    return pb.Data(i=value)


def real(value: float) -> pb.Data:
    return pb.Data(d=value)


def boolean(value: bool) -> pb.Data:
    return pb.Data(b=value)


def text(value: str) -> pb.Data:
    return pb.Data(s=value)


def reference(key: str) -> pb.Data:
    return pb.Data(ref=key)


def integers(values: Iterable[int]) -> pb.Data:
    return pb.Data(i_list=pb.ListINT64(val=values))


def dtype(value: DType) -> pb.Data:
    """Return the dtype's number; 7 for those UFF has none for."""
    return dtype_number(UFF_DTYPES.get(value, OTHER_DTYPE))


def dtype_number(number: int) -> pb.Data:
    data = pb.Data()
    data.dtype = cast("pb.DataType", number)
    return data


def list_data(values: Iterable[object]) -> pb.Data | None:
    """Return a list of integers, reals, booleans or texts; None for a mixed or other list."""
    items = list(values)
    kinds = {type(item) for item in items}
    if len(kinds) > 1:
        return None
    if not items or kinds == {int}:
        return integers(item for item in items if isinstance(item, int))
    data = pb.Data()
    for item in items:
        if isinstance(item, bool):
            data.b_list.val.append(item)
        elif isinstance(item, float):
            data.d_list.val.append(item)
        elif isinstance(item, bytes):
            data.s_list.val.append(item.decode("utf-8", "backslashreplace"))
        else:
            return None
    return data


def orders_key(orders: Iterable[str]) -> str:
    """Return the key of `referenced_data` under which a combination of orders is shared."""
    return "orders_" + "_".join(orders)


def orders_data(orders: Iterable[str]) -> pb.Data:
    """Return the shared entry of orders such as `N+C` and `+CK`."""
    data = pb.Data()
    data.dim_orders_list.SetInParent()
    for order in orders:
        data.dim_orders_list.val.add().orders[SPECIAL].val.extend(order_items(order))
    return data


def order_items(order: str) -> list[int]:
    """Spell an order: the index of each letter in the canonical order of the same letters.

    Raises:
        KeyError: no canonical order has these letters.
    """
    canonical = next((known for known in _CANONICAL if sorted(known) == sorted(order)), None)
    if canonical is None:
        raise KeyError(order)
    items: list[int] = []
    for letter in order:
        items.append(canonical.index(letter))
        if letter == "+":
            items.append(INCREMENT)
    return items


def read_orders(data: pb.Data, key: str) -> tuple[str, ...] | None:
    """Return the orders of a shared entry whose key spells them; None if it says something else."""
    if data.WhichOneof("data_oneof") != "dim_orders_list":
        return None
    orders = tuple(key.removeprefix("orders_").split("_"))
    try:
        same = orders_key(orders) == key and orders_data(orders) == data
    except KeyError:
        return None
    return orders if same else None
