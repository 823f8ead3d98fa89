"""Code to go, in C++: a source file and a CMakeLists.txt that run one engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from string import Template

from surgeon_gui.compare.images import ImageRecipe
from surgeon_gui.jobs.engine_card import EngineCard
from surgeon_gui.jobs.message import flavour_title
from surgeon_gui.jobs.runner import best_shapes, check_version, dtype_of, image_input, layout_of

_CODE = Path(__file__).with_name("code")

_RECIPE = Template(r"""
// The preprocessing of $input: what the network was trained with.
const char *const kImageInput = $name;
constexpr bool kBgr = $bgr;
constexpr bool kNchw = $nchw;
constexpr int kHeight = $height;
constexpr int kWidth = $width;
constexpr int kChannels = $channels;
constexpr float kMean[kChannels] = {$mean};
constexpr float kStd[kChannels] = {$std};
enum class Resize { kSTRETCH, kFIT, kCROP };
constexpr Resize kResize = Resize::$resize;
""")

_IMAGE_BRANCH = r"""    std::string const &path = found->second;
    if (tensor.name == kImageInput && path.size() > 4 && path.substr(path.size() - 4) == ".ppm") {
        preprocess(readPpm(path), tensor);
        return;
    }
"""

_LOAD_PLUGINS = r"""    for (char const *library : kPlugins) {
        require(dlopen(library, RTLD_NOW | RTLD_GLOBAL) != nullptr,
                std::string("cannot load ") + library);
    }
    require(initLibNvInferPlugins(&logger, ""), "TensorRT's plugins do not load");
"""

_CMAKE = Template("""\
cmake_minimum_required(VERSION 3.18)
project($program LANGUAGES CXX)

set(TENSORRT_ROOT "" CACHE PATH "Where $title is unpacked")
find_package(CUDAToolkit REQUIRED)
find_path(NVINFER_INCLUDE NvInfer.h HINTS $${TENSORRT_ROOT}/include REQUIRED)
find_library(NVINFER_LIBRARY $library HINTS $${TENSORRT_ROOT}/lib REQUIRED)
$find_plugin
add_executable($program $source)
target_compile_features($program PRIVATE cxx_std_17)
target_include_directories($program PRIVATE $${NVINFER_INCLUDE})
target_link_libraries($program PRIVATE $${NVINFER_LIBRARY}$plugin_library CUDA::cudart$dl)
""")


def cpp_runner(
    engine: Path,
    card: EngineCard,
    program: str,
    plugins: Sequence[Path] = (),
    recipe: ImageRecipe | None = None,
) -> str:
    """Return a C++17 source that runs an engine, which lies in the folder it is started in.

    Args:
        engine: the plan.
        card: its card.
        program: the name the program will have.
        plugins: libraries to load first; none takes those the engine was built with.
        recipe: how images become the input that takes them; None leaves images out.

    Raises:
        UsageError: the engine is too old to have named tensors.
    """
    check_version(engine, card)
    libraries = plugins or card.settings.plugins
    takes_plugins = card.flavour == "tensorrt"
    shapes = best_shapes(card)
    target = image_input(shapes) if recipe is not None else None
    prepared = ""
    if recipe is not None and target is not None:
        recipe = recipe.suited(dtype_of(card, target))
        layout, height, width, channels = layout_of(shapes[target], recipe)
        prepared = _RECIPE.substitute(
            input=target,
            name=json.dumps(target),
            bgr=_bool(recipe.channels == "BGR" and channels == 3),
            nchw=_bool(layout == "NCHW"),
            height=height,
            width=width,
            channels=channels,
            mean=_floats(recipe.mean, channels),
            std=_floats(recipe.std, channels),
            resize=f"k{recipe.resize.upper()}",
        )
    old = card.tensorrt.startswith("8.")
    described = [
        f"//   {kind} {tensor.name}: {tensor.dtype} {list(tensor.shape)}"
        for kind, tensors in (("input", card.inputs), ("output", card.outputs))
        for tensor in tensors
    ]
    header = "#include <NvInferPlugin.h>\n" if takes_plugins else ""
    listed = ", ".join(json.dumps(str(path)) for path in libraries)
    return Template(_read("runner.cpp")).substitute(
        name=engine.name,
        needs=f"Needs {_title(card)} and the CUDA runtime; CMakeLists.txt builds it.",
        program=program,
        images=" (.ppm: an image)" if prepared else "",
        tensors="\n".join(described),
        plugin_header=header,
        plugin_include="\n#include <dlfcn.h>\n" if takes_plugins else "",
        engine=json.dumps(engine.name),
        plugin_list=f"const std::vector<char const *> kPlugins = {{{listed}}};"
        if takes_plugins
        else "",
        shapes=", ".join(
            f"{{{json.dumps(name)}, {{{', '.join(map(str, shape))}}}}}"
            for name, shape in shapes.items()
        ),
        recipe=prepared,
        int64=""
        if old
        else "    case nvinfer1::DataType::kINT64:\n        return 8;\n"
        "    case nvinfer1::DataType::kBF16:\n        return 2;\n",
        image_code=_read("image.cpp") if prepared else "",
        image_branch=_IMAGE_BRANCH if prepared else "",
        load_plugins=_LOAD_PLUGINS if takes_plugins else "",
    )


def cmake_lists(card: EngineCard, program: str, source: str) -> str:
    """Return the CMakeLists.txt that builds `source` as `program`."""
    plugins = card.flavour == "tensorrt"
    find = "find_library(NVINFER_PLUGIN_LIBRARY nvinfer_plugin HINTS ${TENSORRT_ROOT}/lib REQUIRED)"
    return _CMAKE.substitute(
        program=program,
        title=_title(card),
        library="nvinfer" if plugins else "tensorrt_rtx",
        find_plugin=f"{find}\n" if plugins else "",
        plugin_library=" ${NVINFER_PLUGIN_LIBRARY}" if plugins else "",
        dl=" ${CMAKE_DL_LIBS}" if plugins else "",
        source=source,
    )


def _read(name: str) -> str:
    return (_CODE / name).read_text(encoding="utf-8")


def _title(card: EngineCard) -> str:
    return f"{flavour_title(card.flavour)} {card.tensorrt}"


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _floats(values: Sequence[float], count: int) -> str:
    every = tuple(values) * count if len(values) == 1 else tuple(values)
    return ", ".join(f"{value!r}F" if "." in repr(value) else f"{value!r}.0F" for value in every)
