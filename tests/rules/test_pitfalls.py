"""Every cure that the table of pitfalls names is there, or the reason why it is no rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from surgeon_gui.edits.base import EDITS
from surgeon_gui.rewrite.library import bundled_rules, bundled_sets
from tests.helpers.shared import shared_path

CURES = {
    "rename:Add": ("addv2-to-add",),
    "rename:FusedBatchNorm": ("fused-batch-norm-to-v1",),
    "remove_and_forward": ("strip-identity", "strip-stop-gradient", "input-transpose"),
    "remove": ("strip-assert", "strip-noop"),
    "strip_control_inputs": ("edit:drop-controls",),
    "plugin:Normalize_TRT": ("l2-normalize-to-plugin",),
    "plugin:Clip_TRT": ("clip-to-plugin", "relu6-to-plugin"),
    "plugin:LReLU_TRT": ("leaky-relu-to-plugin", "leaky-relu-from-maximum"),
    "plugin:ResizeNearest_TRT": ("resize-nearest-to-plugin",),
    "plugin:InstanceNormalization_TRT": ("instance-norm-to-plugin",),
    "plugin:NMS": ("set:ssd-mobilenet-v1",),
    "collapse:Input": ("set:ssd-mobilenet-v1",),
    "collapse:GridAnchor_TRT": ("set:ssd-inception-v2",),
    "collapse:NMS_TRT": ("set:ssd-mobilenet-v2",),
    "collapse:FlattenConcat_TRT": ("set:ssd-mobilenet-v1",),
    "collapse:mask_rcnn": ("set:mask-rcnn",),
    "collapse:CropAndResize": ("set:faster-rcnn",),
    "rewrite:reshape_const": ("explicit-reshape",),
    "rewrite:explicit_pad": ("explicit-same-padding",),
    "rewrite:conv_transpose_bilinear": ("resize-bilinear-to-transposed-convolution",),
    "rewrite:StridedSlice": ("slice-to-strided-slice",),
    "rewrite:slice_plus_reshape": ("plain-strided-slice",),
    "rewrite:global_avg_pool": ("mean-to-pool",),
    "rewrite:concat_copies": ("tile-to-concat",),
    "rewrite:square_or_sqrt": ("pow-to-square", "pow-to-sqrt", "pow-to-cube"),
    "rewrite:mul_minus_one": ("neg-to-mul",),
    "fold_training_cond": ("edit:training-off", "edit:fold-conditions"),
    "fold_dilated_conv": ("dilated-convolution",),
    "fold_softmax_chain": ("fold-softmax-reshapes",),
    "constant_fold": ("edit:fold-constants",),
    "dedupe_consts": ("edit:merge-duplicates",),
    "cast_const:int32": ("narrow-indices",),
    "set_attr:is_training=false": ("batch-norm-inference",),
    "set_input_shape": ("edit:set-input",),
    "replace_const:false": ("edit:training-off",),
    "replace_const": ("edit:set-constant",),
    "replace_input:float32": ("float-input",),
    "cut_graph": ("edit:cut", "edit:set-outputs"),
    "cut_or_replace_namespace": ("edit:collapse",),
    "bypass_scope:dropout": ("remove-dropout",),
}
"""What cures each replacement of the table: a rule, `set:` a rule set, `edit:` an edit."""

NO_RULE = {
    "rewrite:reshape_keep_batch": "which axis is the batch is lost in such a Reshape",
    "rewrite:transpose_before_reshape": "our own lowering keeps TensorFlow's order of elements",
    "switch_route:onnx": "it is another target, not another graph",
    "freeze": "the weights are not in the graph",
}

PATTERNS = {
    "l2_normalize": ("l2-normalize-to-plugin", "l2-normalize-decomposed", "l2-normalize-removed"),
    "leaky_relu_max_mul": ("leaky-relu-from-maximum", "fuse-leaky-relu"),
    "softmax_reshape_chain": ("fold-softmax-reshapes",),
    "shape_stridedslice_pack_reshape": ("explicit-reshape",),
    "conv_like_then_flatten_then_matmul": (),
    "explicit_nhwc_to_nchw_transpose": ("input-transpose",),
    "space_to_batch_conv_batch_to_space": ("dilated-convolution",),
    "timedistributed_reshape_pair": ("set:mask-rcnn",),
    "instance_norm": ("instance-norm-to-plugin",),
    "group_norm": ("group-norm-to-plugin",),
    "gelu": ("gelu-erf-to-tanh",),
}
"""Nothing is to be cured where a convolution's result is flattened: the order is kept."""


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared_path("support-tables/pitfalls.json").read_text())
    return found


def test_every_replacement_has_its_cure(table: dict[str, Any]) -> None:
    named = {pitfall["replacement_rule"] for pitfall in table["pitfalls"]} - {None}
    assert named <= set(CURES) | set(NO_RULE)
    assert not set(CURES) & set(NO_RULE)


def test_every_pattern_has_its_rule(table: dict[str, Any]) -> None:
    assert set(table["patterns"]) == set(PATTERNS)


@pytest.mark.parametrize("name", sorted({cure for cures in (CURES, PATTERNS) for cure in cures}))
def test_a_cure_exists(name: str) -> None:
    for cure in (*CURES.get(name, ()), *PATTERNS.get(name, ())):
        kind, _, found = cure.rpartition(":")
        known = {"edit": EDITS, "set": bundled_sets()}.get(kind, bundled_rules())
        assert found in known, cure
