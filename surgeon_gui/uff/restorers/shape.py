"""Operations on shapes and places of elements; reductions; gathers."""

from __future__ import annotations

import numpy as np

from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff.restore import Restoration, restorer

_FIRST = {"begin": 0, "end": 1, "stride": 1}
"""The slice of a shape that is its first dimension."""


@restorer("Reshape", "Pad", "Shape")
def restore_alike(restoration: Restoration, item: pb.Node) -> None:
    restoration.add(item.id, item.operation, item.inputs)


@restorer("Flatten")
def restore_flatten(restoration: Restoration, item: pb.Node) -> None:
    """Write Flatten as a Reshape to [batch, -1], the batch taken from the data."""
    name = item.id
    constant, free = restoration.constant, restoration.free_name
    shape = restoration.add(free(f"{name}/shape"), "Shape", item.inputs)
    bounds = [constant(f"{name}/{word}", [value]) for word, value in _FIRST.items()]
    batch = restoration.add(
        free(f"{name}/batch"), "StridedSlice", [shape, *bounds], shrink_axis_mask=1
    )
    rest = constant(f"{name}/rest", -1)
    wanted = restoration.add(free(f"{name}/wanted"), "Pack", [batch, rest], axis=0)
    restoration.add(name, "Reshape", [item.inputs[0], wanted])


@restorer("ExpandDims", "ArgMax", "ArgMin")
def restore_along_axis(restoration: Restoration, item: pb.Node) -> None:
    axis = restoration.constant(f"{item.id}/axis", item.fields["axis"].i)
    restoration.add(item.id, item.operation, [item.inputs[0], axis])


@restorer("Squeeze")
def restore_squeeze(restoration: Restoration, item: pb.Node) -> None:
    axes = tuple(item.fields["axes"].i_list.val)
    restoration.add(item.id, "Squeeze", item.inputs, squeeze_dims=axes)


@restorer("Transpose")
def restore_transpose(restoration: Restoration, item: pb.Node) -> None:
    values = list(item.fields["permutation"].i_list.val)
    permutation = restoration.constant(f"{item.id}/perm", values)
    restoration.add(item.id, "Transpose", [item.inputs[0], permutation])


@restorer("Concat")
def restore_concat(restoration: Restoration, item: pb.Node) -> None:
    axis = restoration.constant(f"{item.id}/axis", item.fields["axis"].i)
    restoration.add(item.id, "ConcatV2", [*item.inputs, axis])


@restorer("Stack")
def restore_stack(restoration: Restoration, item: pb.Node) -> None:
    restoration.add(item.id, "Pack", item.inputs, axis=item.fields["axis"].i)


@restorer("Reduce")
def restore_reduction(restoration: Restoration, item: pb.Node) -> None:
    axes = restoration.constant(
        f"{item.id}/axes", np.array(item.fields["axes"].i_list.val, dtype=np.int32)
    )
    restoration.add(
        item.id,
        item.fields["func"].s.capitalize(),
        [item.inputs[0], axes],
        keep_dims=item.fields["keepdims"].b,
    )


@restorer("StridedSlice")
def restore_strided_slice(restoration: Restoration, item: pb.Node) -> None:
    masks = {name: item.fields[name].i for name in ("begin_mask", "end_mask", "shrink_axis_mask")}
    restoration.add(item.id, "StridedSlice", item.inputs, **masks)


@restorer("Gather")
def restore_gather(restoration: Restoration, item: pb.Node) -> None:
    validate = item.fields["validate_indices"].b
    restoration.add(item.id, "Gather", item.inputs, validate_indices=validate)


@restorer("GatherV2")
def restore_gather_along(restoration: Restoration, item: pb.Node) -> None:
    axis = restoration.constant(f"{item.id}/axis", item.fields["axis"].i)
    restoration.add(item.id, "GatherV2", [*item.inputs, axis])
