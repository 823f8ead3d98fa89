"""TensorFlow, imported once, quiet, on the CPU and repeatable."""

from __future__ import annotations

import logging
import os
from typing import Any

from surgeon_gui.errors import JobFailed

_QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "2",
    # The reference runs on the CPU: a GPU's convolutions may round differently and would hold the
    # memory the engine needs.
    "CUDA_VISIBLE_DEVICES": "-1",
    # oneDNN picks its summation order by CPU; plain kernels give the same bits everywhere.
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


def import_tensorflow() -> Any:
    """Return the TensorFlow module.

    Raises:
        JobFailed: it is not installed in this Python, or does not start.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import tensorflow
    except ImportError as error:
        missing = error.name == "tensorflow"
        raise JobFailed(
            "TensorFlow is not installed in the worker's Python."
            if missing
            else f"TensorFlow cannot be imported: {error}",
            hint='Install it with: pip install "surgeon-gui[reference]"',
        ) from error
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return tensorflow
