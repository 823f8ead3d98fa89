"""Freezing what TensorFlow 2 loads: SavedModels of either version, and Keras models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from surgeon_gui.errors import ConvertError, NotFrozen, OpenError, UsageError
from surgeon_gui.freeze.frozen import Choice, Frozen, frozen_graph
from surgeon_gui.freeze.sample import Sampler, tensor_type
from surgeon_gui.freeze.saved_model import DEFAULT_SIGNATURE, SERVE, read_saved_model
from surgeon_gui.freeze.trouble import first_line, not_frozen, saved_model_nodes, unknown_op
from surgeon_gui.graph.values import Array
from surgeon_gui.reference.tensorflow_import import import_tensorflow


def freeze_saved_model(
    folder: Path,
    *,
    tags: Sequence[str] = (),
    signature: str | None = None,
    choice: Choice | None = None,
    lower_control_flow: bool = True,
    sampler: Sampler | None = None,
) -> Frozen:
    """Return one signature of a SavedModel with its variables as constants.

    Args:
        folder: the one that holds `saved_model.pb`.
        tags: which of its graphs; empty takes the only one, or the one to serve.
        signature: which entry point; None takes `serving_default` or the only one.
        choice: tensors of the frozen graph to keep or feed instead of the signature's.
        lower_control_flow: write conditionals and loops as Switch, Merge, Enter … (TensorFlow 1's
            form) instead of functions.
        sampler: runs the source while its variables are loaded.

    Raises:
        OpenError: it cannot be loaded, or an op is not known.
        UsageError: there is no such graph or signature; the hint lists those there are.
        NotFrozen: something in it cannot become a constant.
    """
    tensorflow = import_tensorflow()
    tags = _tags(tags, folder)
    try:
        model = tensorflow.saved_model.load(str(folder), tags=list(tags) or None)
    except (OSError, ValueError, RuntimeError, tensorflow.errors.OpError) as error:
        raise unknown_op(error, lambda: saved_model_nodes(folder)) or OpenError(
            f"This SavedModel cannot be loaded: {first_line(error)}",
            where=str(folder),
            hint="The folder must be complete: saved_model.pb with variables/ and assets/ beside.",
        ) from error
    name = _signature(tuple(model.signatures), signature, folder)
    function = model.signatures[name]
    # Flattened, as frozen.outputs are, a structure's parts come in the order of their keys.
    keys = sorted(function.structured_outputs)
    if sampler is not None:
        _sample(function, lambda given: function(**given), sampler)
    choice = _by_placeholder(function, choice or Choice())
    frozen = _freeze(function, keys, choice, lower_control_flow, "SavedModel")
    return replace(frozen, signature=name, signatures=tuple(model.signatures))


def _tags(wanted: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return the tags of the graph that is meant; none where there is no doubt."""
    graphs = [graph.tags for graph in read_saved_model(folder)]
    if not graphs or (not wanted and len(graphs) == 1):
        return tuple(wanted)
    serving = [tags for tags in graphs if SERVE in tags]
    if not wanted and len(serving) == 1:
        return serving[0]
    found = next((tags for tags in graphs if set(tags) == set(wanted)), None)
    if found is None:
        raise UsageError(
            f"There is no graph with the tags {', '.join(wanted)}."
            if wanted
            else "Which graph of this SavedModel is meant is not clear.",
            where=str(folder),
            hint=f"It has graphs with the tags {'; '.join(map(', '.join, graphs))}.",
        )
    return found


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
    path: Path,
    *,
    choice: Choice | None = None,
    lower_control_flow: bool = True,
    sampler: Sampler | None = None,
) -> Frozen:
    """Return a Keras model (`.keras`, `.h5`) in inference mode with its weights as constants.

    Args:
        path: the file.
        choice: tensors of the frozen graph to keep or feed instead of the model's.
        lower_control_flow: as for `freeze_saved_model`.
        sampler: runs the source while its variables are loaded.

    Raises:
        OpenError: it cannot be loaded; custom layers and lambdas are code, which is not run.
        NotFrozen: something in it cannot become a constant.
    """
    tensorflow = import_tensorflow()
    try:
        model = tensorflow.keras.models.load_model(str(path), compile=False, safe_mode=True)
    except Exception as error:  # Layers raise whatever they like from their constructors.
        of_weights = "No model config" in str(error)
        whose = "A file of weights only" if of_weights else "A model with layers of your own"
        raise OpenError(
            f"This Keras model cannot be loaded: {first_line(error)}",
            where=str(path),
            hint=f"{whose}: load it in your code and call model.export('folder'), then freeze "
            "that folder.",
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
    if sampler is not None:
        _sample(function, lambda given: function(*given.values()), sampler)
    return _freeze(function, names, choice, lower_control_flow, "Keras model")


def _arguments(function: Any) -> dict[str, Any]:
    """Return what a concrete function calls its arguments, and their placeholders, in order."""
    positional, keywords = function.structured_input_signature
    names = [*(f"argument {place}" for place in range(len(positional))), *sorted(keywords)]
    return dict(zip(names, function.inputs[: len(names)], strict=True))


def _by_placeholder(function: Any, choice: Choice) -> Choice:
    """Call chosen inputs that are the signature's what they are called in the graph."""
    names = {name: tensor.op.name for name, tensor in _arguments(function).items()}
    return replace(choice, inputs=tuple(names.get(name, name) for name in choice.inputs))


def _sample(function: Any, call: Callable[[dict[str, Any]], Any], sampler: Sampler) -> None:
    """Run a concrete function; `call` is given tensors by argument, in the function's order."""
    tensorflow = import_tensorflow()
    arguments = _arguments(function)
    # In the frozen graph the inputs have the names of the function's placeholders.
    tensors = list(arguments.values())
    names = [tensor.op.name for tensor in tensors]

    def compute(feeds: Mapping[str, Array]) -> Sequence[Array]:
        given = {
            argument: tensorflow.constant(feeds[name], tensor.dtype)
            for argument, name, tensor in zip(arguments, names, tensors, strict=True)
        }
        return [np.asarray(value) for value in tensorflow.nest.flatten(call(given))]

    types = [tensor_type(tensor) for tensor in tensors]
    sampler.take(dict(zip(names, types, strict=True)), compute)


def _freeze(
    function: Any,
    names: Sequence[str],
    choice: Choice | None,
    lower_control_flow: bool,
    source: str,
) -> Frozen:
    """Return the frozen graph of a concrete function, whose outputs have these names."""
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    tensorflow = import_tensorflow()
    # Grappler looks for the nodes that fill tables, which are not in the function.
    function.graph.clear_collection(tensorflow.compat.v1.GraphKeys.TABLE_INITIALIZERS)
    try:
        frozen = convert_variables_to_constants_v2(function, lower_control_flow=lower_control_flow)
    except (ValueError, RuntimeError, tensorflow.errors.OpError) as error:
        raise not_frozen(error) from error
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
    return frozen_graph(
        graphdef.SerializeToString(),
        inputs,
        pairs,
        choice or Choice(),
        source=source,
        nodes_before=len(graphdef.node),
    )
