"""Code to go: a Python script that runs one engine, made from what its card says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from surgeon_gui.compare.images import ImageRecipe, frame_of
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.jobs.engine_card import EngineCard

_PYTHON = '''\
"""Run {name} on the GPU. Needs {module}, cuda-python and numpy.

Usage: python {script} [INPUTS.npz{usage} [OUTPUTS.npz]]
{tensors}
"""

import ctypes
import sys
from pathlib import Path

import numpy as np
import {module} as trt
from cuda.bindings import runtime as cuda

ENGINE = Path(__file__).with_name({name!r})
PLUGINS = {plugins!r}
SHAPES = {shapes!r}  # of inputs drawn at random
{recipe}

def call(answer):
    """Return what follows the error code; stop on an error."""
    error, *values = answer
    if error != cuda.cudaError_t.cudaSuccess:
        raise SystemExit(f"CUDA: {{cuda.cudaGetErrorString(error)[1].decode()}}")
    return values[0] if len(values) == 1 else values


def load():
    """Return the engine and what must outlive it."""
    logger = trt.Logger(trt.Logger.WARNING)
    for library in PLUGINS:
        ctypes.CDLL(library)
    trt.init_libnvinfer_plugins(logger, "")
    runtime = trt.Runtime(logger)
    engine = runtime.deserialize_cuda_engine(ENGINE.read_bytes())
    if engine is None:
        raise SystemExit("TensorRT does not take this engine; its messages say why.")
    return engine, runtime


def run(engine, inputs):
    """Return the outputs by name for arrays by name."""
    context = engine.create_execution_context()
    stream = call(cuda.cudaStreamCreate())
    names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
    is_input = {{n: engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT for n in names}}
    arrays, memory = {{}}, {{}}
    for name in names:
        if is_input[name]:
            dtype = trt.nptype(engine.get_tensor_dtype(name))
            arrays[name] = np.ascontiguousarray(inputs[name], dtype)
            context.set_input_shape(name, arrays[name].shape)
    for name in names:
        if not is_input[name]:
            shape = tuple(context.get_tensor_shape(name))
            arrays[name] = np.empty(shape, trt.nptype(engine.get_tensor_dtype(name)))
    to_device = cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
    to_host = cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
    try:
        for name, array in arrays.items():
            if engine.get_tensor_location(name) == trt.TensorLocation.HOST:
                context.set_tensor_address(name, array.ctypes.data)
                continue
            memory[name] = call(cuda.cudaMalloc(max(array.nbytes, 1)))
            context.set_tensor_address(name, memory[name])
            if is_input[name]:
                call(
                    cuda.cudaMemcpyAsync(
                        memory[name], array.ctypes.data, array.nbytes, to_device, stream
                    )
                )
        if not context.execute_async_v3(stream):
            raise SystemExit("TensorRT did not start the run.")
        for name, array in arrays.items():
            if not is_input[name] and name in memory:
                call(
                    cuda.cudaMemcpyAsync(
                        array.ctypes.data, memory[name], array.nbytes, to_host, stream
                    )
                )
        call(cuda.cudaStreamSynchronize(stream))
    finally:
        for address in memory.values():
            call(cuda.cudaFree(address))
        call(cuda.cudaStreamDestroy(stream))
    return {{name: array for name, array in arrays.items() if not is_input[name]}}


def main():
    if {{"-h", "--help"}} & set(sys.argv[1:]):
        print(__doc__)
        return
    random = np.random.default_rng(0)
    inputs = {{name: random.uniform(-1, 1, shape) for name, shape in SHAPES.items()}}
    if len(sys.argv) > 1 and sys.argv[1].endswith(".npz"):
        inputs = dict(np.load(sys.argv[1]))
    elif len(sys.argv) > 1:
        {from_image}
    engine, _runtime = load()
    outputs = run(engine, inputs)
    for name, array in outputs.items():
        print(name, array.dtype, array.shape, array.reshape(-1)[:8])
    if len(sys.argv) > 2:
        np.savez(sys.argv[2], **outputs)


if __name__ == "__main__":
    main()
'''


_RECIPE = '''
# The preprocessing of {input}: what the network was trained with.
IMAGE_INPUT = {input!r}
RESIZE, CHANNELS, LAYOUT = {resize!r}, {channels!r}, {layout!r}
MEAN, STD = {mean!r}, {std!r}


def image(path):
    """Return an image file as the array of IMAGE_INPUT. Needs Pillow."""
    from PIL import Image, ImageOps

    batch, *dims = SHAPES[IMAGE_INPUT]
    height, width, depth = dims if LAYOUT == "NHWC" else (*dims[1:], dims[0])
    picture = Image.open(path)
    if picture.mode.startswith("I;16"):  # Pillow would cut these at 255.
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    picture = picture.convert("RGB").convert("L" if depth == 1 else "RGB")
    size, smooth = (width, height), Image.Resampling.BILINEAR
    if RESIZE == "fit":
        picture = ImageOps.pad(picture, size, smooth, color=0)
    elif RESIZE == "crop":
        picture = ImageOps.fit(picture, size, smooth)
    else:
        picture = picture.resize(size, smooth)
    pixels = np.asarray(picture, np.float32).reshape(height, width, depth)
    if CHANNELS == "BGR":
        pixels = pixels[:, :, ::-1]
    pixels = (pixels - np.float32(MEAN)) / np.float32(STD)
    if LAYOUT == "NCHW":
        pixels = pixels.transpose(2, 0, 1)
    return np.repeat(pixels[None], batch, axis=0)

'''


def python_runner(
    engine: Path,
    card: EngineCard,
    script: str,
    plugins: Sequence[Path] = (),
    recipe: ImageRecipe | None = None,
) -> str:
    """Return a Python script that runs an engine, which lies in the same folder.

    Args:
        engine: the plan.
        card: its card.
        script: the name the script will have.
        plugins: libraries to load first; none takes those the engine was built with.
        recipe: how images become the input that takes them; None leaves images out.

    Raises:
        UsageError: the engine is too old to have named tensors.
    """
    check_version(engine, card)
    described = [
        f"{kind} {tensor.name}: {tensor.dtype} {list(tensor.shape)}"
        for kind, tensors in (("input", card.inputs), ("output", card.outputs))
        for tensor in tensors
    ]
    libraries = plugins or card.settings.plugins
    shapes = best_shapes(card)
    target = image_input(shapes) if recipe is not None else None
    prepared = ""
    if recipe is not None and target is not None:
        recipe = recipe.suited(dtype_of(card, target))
        prepared = _RECIPE.format(
            input=target,
            resize=recipe.resize,
            channels=recipe.channels,
            layout=layout_of(shapes[target], recipe)[0],
            mean=recipe.mean,
            std=recipe.std,
        )
    no_image = f"raise SystemExit('Usage: python {script} [INPUTS.npz [OUTPUTS.npz]]')"
    return _PYTHON.format(
        name=engine.name,
        script=script,
        usage="|IMAGE" if prepared else "",
        module="tensorrt_rtx" if card.flavour == "rtx" else "tensorrt",
        tensors="\n".join(f"    {line}" for line in described),
        plugins=[str(path) for path in libraries],
        shapes=shapes,
        recipe=prepared,
        from_image="inputs[IMAGE_INPUT] = image(sys.argv[1])" if prepared else no_image,
    )


def check_version(engine: Path, card: EngineCard) -> None:
    """Raise UsageError for an engine of a TensorRT whose runtime has no named tensors."""
    if card.tensorrt.split(".")[0] in ("5", "6", "7"):
        raise UsageError(f"There is no runner for TensorRT {card.tensorrt}.", where=str(engine))


def best_shapes(card: EngineCard) -> dict[str, tuple[int, ...]]:
    """Return a shape per input: its profile's best where it has one."""
    best = {item.input: item.optimum for profile in card.settings.profiles for item in profile}
    return {
        tensor.name: best.get(tensor.name, tuple(max(dim, 1) for dim in tensor.shape))
        for tensor in card.inputs
    }


def dtype_of(card: EngineCard, name: str) -> str:
    """Return the name of an input's dtype."""
    return next(tensor.dtype for tensor in card.inputs if tensor.name == name)


def image_input(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """Return the only input that can take images, None where there is none or several."""
    found = [
        name for name, shape in shapes.items() if len(shape) == 4 and {shape[1], shape[3]} & {1, 3}
    ]
    return found[0] if len(found) == 1 else None


def layout_of(shape: Sequence[int], recipe: ImageRecipe) -> tuple[str, int, int, int]:
    """Return layout, height, width and channels of an input that takes images.

    Raises:
        UsageError: the recipe does not fit the shape.
    """
    frame = frame_of("image", TensorType(DType.FLOAT32, Shape(tuple(shape))), recipe)
    return frame.layout, frame.height, frame.width, frame.channels
