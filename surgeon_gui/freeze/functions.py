"""Freezing what TensorFlow 2 loads: SavedModels of either version, and Keras models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from surgeon_gui.errors import ConvertError, NotFrozen, OpenError, UsageError
from surgeon_gui.freeze.frozen import Frozen, frozen_graph
from surgeon_gui.reference.tensorflow_import import import_tensorflow

DEFAULT_SIGNATURE = "serving_default"


def freeze_saved_model(
    folder: Path,
    *,
    tags: Sequence[str] = (),
    signature: str | None = None,
    outputs: Sequence[str] = (),
    lower_control_flow: bool = True,
) -> Frozen:
    """Return one signature of a SavedModel with its variables as constants.

    Args:
        folder: the one that holds `saved_model.pb`.
        tags: which of its graphs; empty takes the only one, or the one to serve.
        signature: which entry point; None takes `serving_default` or the only one.
        outputs: tensors of the frozen graph to keep instead of the signature's outputs.
        lower_control_flow: write conditionals and loops as Switch, Merge, Enter … (TensorFlow 1's
            form) instead of functions.

    Raises:
        OpenError: it cannot be loaded.
        UsageError: there is no such signature; the hint lists those there are.
        NotFrozen: something in it cannot become a constant.
    """
    tensorflow = import_tensorflow()
    try:
        model = tensorflow.saved_model.load(str(folder), tags=list(tags) or None)
    except (OSError, ValueError, RuntimeError, tensorflow.errors.OpError) as error:
        raise OpenError(
            f"This SavedModel cannot be loaded: {first_line(error)}", where=str(folder)
        ) from error
    name = _signature(tuple(model.signatures), signature, folder)
    function = model.signatures[name]
    # Flattened, as frozen.outputs are, a structure's parts come in the order of their keys.
    keys = sorted(function.structured_outputs)
    graph, before = _freeze(function, keys, outputs, lower_control_flow)
    return Frozen(graph, "SavedModel", before, name, tuple(model.signatures))


def _signature(names: tuple[str, ...], wanted: str | None, folder: Path) -> str:
    if wanted is not None and wanted not in names:
        raise UsageError(
            f"There is no signature {wanted}.",
            where=str(folder),
            hint=f"It has {', '.join(names) or 'none'}.",
        )
    if wanted is None and DEFAULT_SIGNATURE not in names and len(names) != 1:
        raise UsageError(
            "Which signature is meant is not clear."
            if names
            else "This SavedModel has no signature, so its inputs and outputs are not known.",
            where=str(folder),
            hint=f"Choose one of {', '.join(names)}." if names else "Save it with signatures.",
        )
    return wanted or (DEFAULT_SIGNATURE if DEFAULT_SIGNATURE in names else names[0])


def freeze_keras(
    path: Path, *, outputs: Sequence[str] = (), lower_control_flow: bool = True
) -> Frozen:
    """Return a Keras model (`.keras`, `.h5`) in inference mode with its weights as constants.

    Raises:
        OpenError: it cannot be loaded; custom layers and lambdas are code, which is not run.
        NotFrozen: something in it cannot become a constant.
    """
    tensorflow = import_tensorflow()
    try:
        model = tensorflow.keras.models.load_model(str(path), compile=False, safe_mode=True)
    except Exception as error:  # Layers raise whatever they like from their constructors.
        raise OpenError(
            f"This Keras model cannot be loaded: {first_line(error)}",
            where=str(path),
            hint="A model with layers of your own: load it in your code and call "
            "model.export('folder'), then freeze that folder.",
        ) from error
    if not getattr(model, "inputs", None):
        raise NotFrozen(
            "This Keras model does not know its inputs, so there is no graph to freeze.",
            where=str(path),
            hint="Call it once in your code, then model.export('folder'), and freeze that folder.",
        )
    specs = [
        tensorflow.TensorSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in model.inputs
    ]
    names = getattr(model, "output_names", None) or [model.layers[-1].name]

    def infer(*arrays: Any) -> Any:
        given = arrays[0] if len(arrays) == 1 else list(arrays)
        return tensorflow.nest.flatten(model(given, training=False))

    function = tensorflow.function(infer).get_concrete_function(*specs)
    graph, before = _freeze(function, names, outputs, lower_control_flow)
    return Frozen(graph, "Keras model", before)


def _freeze(
    function: Any, names: Sequence[str], chosen: Sequence[str], lower_control_flow: bool
) -> tuple[Any, int]:
    """Return the frozen graph of a concrete function, and its nodes before it was cut."""
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    tensorflow = import_tensorflow()
    try:
        frozen = convert_variables_to_constants_v2(function, lower_control_flow=lower_control_flow)
    except (ValueError, RuntimeError, tensorflow.errors.OpError) as error:
        raise NotFrozen(
            f"TensorFlow cannot freeze this model: {first_line(error)}",
            hint="Tables, iterators and stateful layers have no frozen form; export the model "
            "without them.",
        ) from error
    graphdef = frozen.graph.as_graph_def()
    inputs = [tensor.name for tensor in frozen.inputs if tensor.dtype != tensorflow.resource]
    tensors = [tensor.name for tensor in frozen.outputs]
    if len(set(names)) != len(tensors):
        names = [f"output_{place}" for place in range(len(tensors))]
    if graphdef.ByteSize() >= 2**31:
        raise ConvertError(
            "The frozen graph would be larger than 2 GiB, which no GraphDef can be.",
            hint="Freeze parts of it by choosing inner tensors as outputs.",
        )
    pairs = list(zip(names, tensors, strict=True))
    graph = frozen_graph(graphdef.SerializeToString(), inputs, pairs, chosen)
    return graph, len(graphdef.node)


def first_line(error: Exception) -> str:
    """Return the first line of an error of TensorFlow, which may go on for pages."""
    text = str(getattr(error, "message", None) or error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__
