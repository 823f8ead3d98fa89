"""How TensorFlow writes control flow in these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def switch_and_merge() -> Iterator[None]:
    """Let TensorFlow write conditionals as Switch and Merge, as it did before version 2."""
    import tensorflow as tf

    before = tf.compat.v1.control_flow_v2_enabled()
    tf.compat.v1.disable_control_flow_v2()
    yield
    if before:
        tf.compat.v1.enable_control_flow_v2()
