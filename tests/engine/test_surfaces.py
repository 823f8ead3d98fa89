"""What the adapter touches exists in every TensorRT it is used with.

Held against the API surfaces of TensorRT 8.6, 10.16, 11.4 and TensorRT for RTX 1.7.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from surgeon_gui.engine import config, log, progress
from surgeon_gui.engine.emit import EMITTERS, create_network, emit
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.narrow import narrowed_for
from surgeon_gui.engine.readback import READERS
from surgeon_gui.errors import BuildFailed, EngineError, UsageError
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.jobs.spec import BuildSpec, ShapeRange
from surgeon_gui.network.ir import Network, NetworkBuilder, TensorSpec
from surgeon_gui.network.layers import Plugin
from surgeon_gui.network.precision import with_precision
from tests.engine.standin import VERSIONS, flavour_of, module_of, surface
from tests.network.cases import CASES, Case

BY_NAME = {case.name: case for case in CASES}

LACKING = {"8.6.1": ("cumulative", "unary_isnan", "activation_gelu")}
"""Cases a version has no layer or operation for, by the start of their names."""


@pytest.fixture(params=VERSIONS)
def flavour(request: pytest.FixtureRequest) -> Flavour:
    return flavour_of(request.param)


def emit_into(network: Network, flavour: Flavour) -> None:
    builder = flavour.module.Builder(None)
    emit(narrowed_for(network, flavour), flavour, create_network(builder, flavour))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_name_an_emitter_uses_exists(case: Case, version: str) -> None:
    if case.name.startswith(LACKING.get(version, ("\0",))):
        with pytest.raises(BuildFailed, match=r"8\.6\.1 has no") as caught:
            emit_into(case.network(), flavour_of(version))
        assert caught.value.where == "scope/Node"
    else:
        emit_into(case.network(), flavour_of(version))


def test_every_kind_but_plugin_has_a_reader() -> None:
    names = {name.replace("_", "").lower() for name in READERS}
    assert names - {name.lower() for name in EMITTERS} == {"squeeze", "unsqueeze"}
    assert {name.lower() for name in EMITTERS} - names == {"plugin"}


def attributes_read(function: ast.FunctionDef, functions: dict[str, ast.FunctionDef]) -> set[str]:
    """Return the attributes of `layer` that a reader reads, in itself and in its helpers."""
    found = set()
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "layer"
        ):
            found.add(node.attr)
        if isinstance(node, ast.Name) and node.id in functions and node.id != function.name:
            found |= attributes_read(functions[node.id], functions)
    return found


def reader_attributes(type_name: str) -> set[str]:
    reader = READERS[type_name]
    module = inspect.getmodule(reader)
    assert isinstance(module, ModuleType)
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text())
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return attributes_read(functions[reader.__name__], functions)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("type_name", sorted(READERS))
def test_every_attribute_a_reader_reads_exists(type_name: str, version: str) -> None:
    names = surface(version)
    if type_name not in names["enums"]["LayerType"]:
        assert version == "8.6.1"
        assert type_name in ("CUMULATIVE", "SQUEEZE", "UNSQUEEZE")
        return
    wanted = f"i{type_name.replace('_', '')}layer".lower().replace("icondi", "iifcondi", 1)
    wanted = wanted.replace("iifconditionlayer", "iconditionlayer")
    members = next(members for name, members in names["classes"].items() if name.lower() == wanted)
    assert reader_attributes(type_name) - set(members) == set()


def test_a_misspelt_name_would_be_noticed() -> None:
    trt = module_of("10.16.1.11")
    layer = trt.Builder(None).create_network(0).add_pooling_nd(None, None, ())
    layer.stride_nd = (1, 1)
    with pytest.raises(AttributeError):
        layer.strides_nd = (1, 1)
    with pytest.raises(AttributeError):
        layer.get_outputs(0)
    with pytest.raises(TypeError):
        layer.set_input(1)
    assert not hasattr(trt, "PoolingTypes")
    assert not hasattr(trt.BuilderFlag, "FP17")


SPEC = BuildSpec(Path("x.network"), Path("x.engine"))


def configured(flavour: Flavour, spec: BuildSpec, name: str = "conv") -> object:
    config.check_options(spec, flavour)
    targets = config.targets_of(spec, flavour)
    network = BY_NAME[name].network()
    return config.configure(flavour.module.Builder(None), flavour, spec, targets, network)


def test_every_option_a_version_has_can_be_set(flavour: Flavour, tmp_path: Path) -> None:
    rtx = flavour.id == "rtx"
    spec = BuildSpec(
        Path("x.network"),
        Path("x.engine"),
        gpus=("sm75", "sm120") if rtx else (),
        workspace_bytes=1 << 30,
        optimization_level=2,
        timing_cache=None if rtx else tmp_path / "cache",
        tf32=True,
        sparse_weights=True,
        refittable=True,
        version_compatible=True,
        hardware_compatible=not rtx,
        detailed=True,
        profiles=((ShapeRange("in0", (1, 2, 6, 6), (2, 2, 6, 6), (4, 2, 6, 6)),),),
    )
    configured(flavour, spec, "conv_dynamic_batch")


def test_options_a_version_lacks_are_refused_before_any_work() -> None:
    rtx = flavour_of("rtx-1.7.1.116")
    for spec in (
        BuildSpec(Path("x"), Path("y"), timing_cache=Path("cache")),
        BuildSpec(Path("x"), Path("y"), hardware_compatible=True),
        BuildSpec(Path("x"), Path("y"), gpus=("sm90",)),
        BuildSpec(Path("x"), Path("y"), gpus=("current", "sm80")),
    ):
        with pytest.raises(UsageError):
            configured(rtx, spec)
    with pytest.raises(UsageError, match="GPU of this machine only"):
        configured(flavour_of("10.16.1.11"), BuildSpec(Path("x"), Path("y"), gpus=("sm80",)))


def test_an_accelerator_is_used_where_there_is_one(flavour: Flavour) -> None:
    spec = replace(SPEC, dla_core=1)
    if flavour.id == "rtx":
        with pytest.raises(UsageError, match="builds for GPUs alone"):
            config.check_options(spec, flavour)
        return
    config.check_options(spec, flavour)
    network = BY_NAME["conv"].network()
    builder = flavour.module.Builder(None)
    builder.num_DLA_cores = 2
    made = config.configure(builder, flavour, spec, (), network)
    assert made.values["default_device_type"] == flavour.module.DeviceType.DLA
    assert made.values["DLA_core"] == 1
    builder.num_DLA_cores = 1
    with pytest.raises(UsageError, match="has 1 deep learning"):
        config.configure(builder, flavour, spec, (), network)


def test_old_builders_are_asked_for_the_dtypes_of_the_network(flavour: Flavour) -> None:
    asked = []
    layer = flavour.module.IConvolutionLayer
    network = with_precision(BY_NAME["conv"].network(), DType.FLOAT16)

    class Recording:
        """An INetworkDefinition whose convolutions are kept."""

        def __init__(self, real: object) -> None:
            self._real = real

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

        def add_convolution_nd(self, *arguments: object) -> object:
            made = layer()
            asked.append(made)
            return made

    builder = flavour.module.Builder(None)
    emit(network, flavour, Recording(create_network(builder, flavour)))
    (made,) = asked
    half = flavour.module.DataType.HALF
    assert made.values.get("precision") == (half if flavour.version == "8.6.1" else None)


def test_half_precision_is_allowed_where_networks_are_not_strongly_typed() -> None:
    network = with_precision(BY_NAME["conv"].network(), DType.FLOAT16)
    for version in VERSIONS:
        flavour = flavour_of(version)
        targets = config.targets_of(SPEC, flavour)
        config.configure(flavour.module.Builder(None), flavour, SPEC, targets, network)
        assert flavour.strongly_typed == (version != "8.6.1")


def test_a_progress_monitor_is_made_where_there_is_one(flavour: Flavour, tmp_path: Path) -> None:
    phases = progress.Phases(QuietReport(tmp_path))
    monitor = progress.progress_monitor(flavour, phases)
    assert (monitor is None) == (flavour.version == "8.6.1")
    if monitor is not None:
        monitor.phase_start("Building", None, 3)
        assert monitor.step_complete("Building", 0) is True
        monitor.phase_finish("Building")


def test_the_logger_derives_from_the_modules_own(flavour: Flavour) -> None:
    logger = log.logger_for(flavour.module)
    assert isinstance(logger, flavour.module.ILogger)
    assert logger is log.logger_for(flavour.module)


def test_int64_becomes_int32_only_where_it_is_missing(flavour: Flavour) -> None:
    narrow = narrowed_for(BY_NAME["constant_int64_scalar"].network(), flavour)
    dtype = narrow.output_tensors[0].dtype.text
    assert dtype == ("int32" if flavour.version == "8.6.1" else "int64")


def test_a_plugin_needs_a_tensorrt_that_takes_plugins(flavour: Flavour) -> None:
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, (1, 4))
    kind = Plugin(
        plugin_name="LReLU_TRT",
        fields=(("negSlope", 0.1), ("name", "x"), ("flags", (1, 2))),
        declared=(TensorSpec(DType.FLOAT32, (1, 4)),),
    )
    builder.add(kind, [x], name="leaky", origin=["scope/leaky"])
    if flavour.id == "rtx":
        with pytest.raises(BuildFailed, match="takes no plugins") as caught:
            emit_into(builder.build(), flavour)
        assert caught.value.where == "scope/leaky"
    else:
        emit_into(builder.build(), flavour)


def test_what_a_version_lacks_is_named() -> None:
    with pytest.raises(EngineError, match=r"TensorRT 8\.6\.1 has no BuilderFlag\.BF16"):
        flavour_of("8.6.1").get("BuilderFlag", "BF16")


CLASSES = {
    "builder": "Builder",
    "config": "IBuilderConfig",
    "definition": "INetworkDefinition",
    "net": "INetworkDefinition",
    "parser": "OnnxParser",
    "profile": "IOptimizationProfile",
    "registry": "IPluginRegistry",
    "layer": "ILayer",
    "tensor": "ITensor",
}
"""What the engine room calls its TensorRT objects, and what they are."""

RUNNING = ("about", "lane", "load", "resident", "run", "tensors")
"""Modules that run engines: there, `tensor` is our own and `config` another class."""

RUN_CLASSES = {
    "engine": "ICudaEngine",
    "_engine": "ICudaEngine",
    "context": "IExecutionContext",
    "runtime": "Runtime",
    "config": "IRuntimeConfig",
}
"""What those modules call TensorRT's objects."""

RUN_DETECTED = {
    "get_binding_name": "has_implicit_batch_dimension",
    "get_binding_shape": "has_implicit_batch_dimension",
    "get_binding_dtype": "has_implicit_batch_dimension",
    "binding_is_input": "has_implicit_batch_dimension",
    "num_bindings": "has_implicit_batch_dimension",
    "max_batch_size": "has_implicit_batch_dimension",
    "execute_async": "has_implicit_batch_dimension",
    "create_runtime_config": "CudaGraphStrategy",
    "cuda_graph_strategy": "CudaGraphStrategy",
    "get_engine_validity": "EngineValidity",
}
"""Names used only where that feature is there; an implicit batch is TensorRT 8.6's alone."""


@pytest.mark.parametrize("version", VERSIONS)
def test_every_name_used_to_run_an_engine_exists(version: str) -> None:
    names = surface(version)
    folder = Path(inspect.getfile(config)).parent
    used = set()
    for stem in RUNNING:
        for node in ast.walk(ast.parse((folder / f"{stem}.py").read_text())):
            if isinstance(node, ast.Attribute):
                holder = node.value
                name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
                if name in RUN_CLASSES:
                    used.add((RUN_CLASSES[name], node.attr))
    assert {cls for cls, _ in used} == set(RUN_CLASSES.values())
    features = {*names["enums"], *(["has_implicit_batch_dimension"] if version == "8.6.1" else [])}
    missing = {
        f"{cls}.{member}"
        for cls, member in used
        if member not in names["classes"].get(cls, {})
        and (member not in RUN_DETECTED or RUN_DETECTED[member] in features)
    }
    assert missing == set()


DETECTED = {
    "num_compute_capabilities": "ComputeCapability",
    "set_compute_capability": "ComputeCapability",
    "progress_monitor": "IProgressMonitor",
    "get_plugin_creator": None,
    "plugin_creator_list": None,
    "add_cumulative": "CumulativeOperation",
    "set_dynamic_range": "IInt8Calibrator",
    "precision": "IInt8Calibrator",
    "set_output_type": "IInt8Calibrator",
    "max_batch_size": "UffParser",
}
"""Names used only where the module has the class or enumeration given; None: where they exist.

Dynamic ranges, and layers asked for a precision, left together with the calibrators.
"""


def names_used() -> set[tuple[str, str]]:
    """Return (class, member) for what `engine/*.py` and the emitters do with TensorRT's objects."""
    folder = Path(inspect.getfile(config)).parent
    found = set()
    for path in [*folder.glob("*.py"), *folder.glob("emitters/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Attribute):
                continue
            holder = node.value
            name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
            if name in CLASSES and path.stem not in (*RUNNING, "benign", "witness", "narrow"):
                found.add((CLASSES[name], node.attr))
    return found


OURS = {
    ("ILayer", name) for name in ("kind", "inputs", "outputs", "origin", "weights", "__class__")
} | {("ITensor", "rank")}
"""What belongs to our own Layer and Tensor, which have the same names in the code."""


@pytest.mark.parametrize("version", VERSIONS)
def test_every_name_used_of_the_builders_objects_exists(version: str) -> None:
    names = surface(version)
    used = names_used() - OURS
    assert {cls for cls, _ in used} == set(CLASSES.values())
    missing = {
        member
        for cls, member in used
        if member not in names["classes"][cls] and member in DETECTED
        if DETECTED[member] in {*names["classes"], *names["enums"]}
    }
    missing |= {
        f"{cls}.{member}"
        for cls, member in used
        if member not in names["classes"][cls] and member not in DETECTED
    }
    assert missing == set()
