"""Build options to IBuilderConfig: each only where this TensorRT has it, else a clear error."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from surgeon_gui.engine.devices import current_capability
from surgeon_gui.engine.flavours import DEFAULT_TARGETS, Flavour
from surgeon_gui.errors import BuildFailed, SaveError, UsageError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.jobs.spec import BuildSpec, ShapeRange
from surgeon_gui.network.ir import Network, Tensor

_LOG = logging.getLogger(__name__)

_LEVELS = range(6)


def check_options(spec: BuildSpec, flavour: Flavour) -> None:
    """Find out before any work whether this flavour can do what `spec` asks.

    Raises:
        UsageError: it cannot; `where` is the option.
    """
    level = spec.optimization_level
    if level is not None and level not in _LEVELS:
        raise UsageError(
            f"Optimization levels are 0 to 5, not {level}.", where="optimization_level"
        )
    if spec.workspace_bytes is not None and spec.workspace_bytes <= 0:
        raise UsageError("The workspace must be larger than 0 bytes.", where="workspace_bytes")
    if spec.timing_cache is not None and flavour.targets:
        raise UsageError(
            f"{flavour.title} has no timing cache.",
            where="timing_cache",
            hint="Leave the option out; its builds are quick without one.",
        )
    if spec.hardware_compatible and flavour.targets:
        raise UsageError(
            f"{flavour.title} builds for the GPUs you name instead of a compatibility level.",
            where="hardware_compatible",
            hint="Leave the option out and list the GPUs.",
        )
    if spec.ranges is not None and not flavour.has_ranges:
        raise UsageError(
            f"{flavour.title} takes no dynamic ranges; TensorRT 10 is the last that does.",
            where="ranges",
            hint="Round the network itself, which every TensorRT takes: leave --implicit out.",
        )
    if spec.ranges is not None and spec.precision != "int8":
        raise UsageError("Dynamic ranges go with int8 only.", where="ranges")
    if spec.dla_core is not None and (flavour.targets or not flavour.has("DeviceType", "DLA")):
        raise UsageError(
            f"{flavour.title} builds for GPUs alone.",
            where="dla_core",
            hint="Leave the accelerator out; TensorRT 8 and 10 on Jetson and DRIVE have it.",
        )
    if spec.dla_core is not None and spec.dla_core < 0:
        raise UsageError("Accelerators are counted from 0.", where="dla_core")
    for wanted, name in (
        (spec.sparse_weights, "SPARSE_WEIGHTS"),
        (spec.refittable, "REFIT"),
        (spec.version_compatible, "VERSION_COMPATIBLE"),
    ):
        if wanted and not flavour.has("BuilderFlag", name):
            raise UsageError(f"{flavour.title} has no builder flag {name}.", where=name.lower())


def targets_of(spec: BuildSpec, flavour: Flavour) -> tuple[str, ...]:
    """Return the compute capabilities to build for; `current` where the flavour cannot name them.

    Raises:
        UsageError: this flavour does not build for one of them.
    """
    known = flavour.targets
    if not known:
        if set(spec.gpus) - {"current"}:
            raise UsageError(
                f"{flavour.title} builds for the GPU of this machine only.",
                where="gpus",
                hint="Leave the list out, or build with TensorRT for RTX.",
            )
        return ("current",)
    if not spec.gpus:
        here = current_capability()
        return (here,) if here in known else DEFAULT_TARGETS
    if "current" in spec.gpus:
        if len(spec.gpus) > 1:
            raise UsageError("`current` cannot be combined with other GPUs.", where="gpus")
        return (_capability_here(flavour),)
    unknown = [name for name in spec.gpus if name not in known]
    if unknown:
        raise UsageError(
            f"{flavour.title} does not build for {', '.join(unknown)}.",
            where="gpus",
            hint=f"It builds for {', '.join(known)}.",
        )
    return tuple(dict.fromkeys(spec.gpus))


def _capability_here(flavour: Flavour) -> str:
    here = current_capability()
    if here is None:
        raise UsageError(
            "There is no GPU here to build for.",
            where="gpus",
            hint=f"Name the GPUs it shall run on: {', '.join(flavour.targets)}.",
        )
    if here not in flavour.targets:
        raise UsageError(
            f"{flavour.title} does not build for the GPU here ({here}).",
            where="gpus",
            hint=f"It builds for {', '.join(flavour.targets)}; `tensorrt` builds for others.",
        )
    return here


def configure(
    builder: Any, flavour: Flavour, spec: BuildSpec, targets: Sequence[str], network: Network
) -> Any:
    """Return the IBuilderConfig for `spec`.

    Raises:
        UsageError: an optimization profile does not fit the network.
        BuildFailed: TensorRT refuses an option.
    """
    config = builder.create_builder_config()
    if flavour.targets:
        _set_targets(config, flavour, targets)
    if spec.workspace_bytes is not None:
        pool = flavour.get("MemoryPoolType", "WORKSPACE")
        config.set_memory_pool_limit(pool, spec.workspace_bytes)
    if spec.optimization_level is not None:
        config.builder_optimization_level = spec.optimization_level
    _set_flags(config, flavour, spec, network)
    if spec.hardware_compatible:
        config.hardware_compatibility_level = flavour.get(
            "HardwareCompatibilityLevel", "AMPERE_PLUS"
        )
    if spec.detailed:
        config.profiling_verbosity = flavour.get("ProfilingVerbosity", "DETAILED")
    if spec.dla_core is not None:
        _use_dla(builder, config, flavour, spec.dla_core)
    if spec.timing_cache is not None:
        stored = spec.timing_cache.read_bytes() if spec.timing_cache.exists() else b""
        config.set_timing_cache(config.create_timing_cache(stored), False)
    for ranges in checked_profiles(spec.profiles, network):
        profile = builder.create_optimization_profile()
        for item in ranges:
            profile.set_shape(item.input, item.minimum, item.optimum, item.maximum)
        if config.add_optimization_profile(profile) < 0:
            raise BuildFailed("TensorRT refuses the optimization profile.")
    return config


def _use_dla(builder: Any, config: Any, flavour: Flavour, core: int) -> None:
    """Put the layers an accelerator takes on it, and the others on the GPU."""
    if core >= builder.num_DLA_cores:
        raise UsageError(
            f"This machine has {builder.num_DLA_cores} deep learning accelerators.",
            where="dla_core",
            hint="Leave the option out.",
        )
    config.default_device_type = flavour.get("DeviceType", "DLA")
    config.DLA_core = core
    config.set_flag(flavour.get("BuilderFlag", "GPU_FALLBACK"))


def _set_targets(config: Any, flavour: Flavour, targets: Sequence[str]) -> None:
    config.num_compute_capabilities = len(targets)
    for index, name in enumerate(targets):
        capability = flavour.get("ComputeCapability", name.upper())
        if not config.set_compute_capability(capability, index):
            raise BuildFailed(f"TensorRT refuses the GPU {name}.")


def _set_flags(config: Any, flavour: Flavour, spec: BuildSpec, network: Network) -> None:
    flags = {
        "TF32": spec.tf32,
        "SPARSE_WEIGHTS": spec.sparse_weights,
        "REFIT": spec.refittable,
        "VERSION_COMPATIBLE": spec.version_compatible,
    }
    if not flavour.strongly_typed:
        # An old builder uses a dtype only when it is allowed to, and then where it likes, unless
        # it must obey what the layers ask for.
        used = {tensor.dtype.text for tensor in network.tensors.values()}
        parsed = spec.route != "direct"
        flags["FP16"] = "float16" in used or (parsed and spec.precision == "fp16")
        flags["INT8"] = "int8" in used or spec.ranges is not None
        asks = bool(spec.kept) if spec.ranges is not None else not parsed and flags["FP16"]
        flags["OBEY_PRECISION_CONSTRAINTS"] = asks
    for name, wanted in flags.items():
        if wanted:
            config.set_flag(flavour.get("BuilderFlag", name))
        elif flavour.has("BuilderFlag", name):
            config.clear_flag(flavour.get("BuilderFlag", name))


def store_timing_cache(config: Any, spec: BuildSpec) -> None:
    """Write the timing cache back, where the build used one; the engine is good without it."""
    if spec.timing_cache is None:
        return
    try:
        spec.timing_cache.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(spec.timing_cache, [memoryview(config.get_timing_cache().serialize())])
    except (OSError, SaveError) as error:
        _LOG.warning("The timing cache is not kept: %s", error)


def checked_profiles(
    profiles: Sequence[Sequence[ShapeRange]], network: Network
) -> Sequence[Sequence[ShapeRange]]:
    """Return `profiles` after making sure that they say all that is needed, and nothing wrong.

    Raises:
        UsageError: `where` is the network's input.
    """
    dynamic = {tensor.name: tensor for tensor in network.inputs if min(tensor.shape, default=0) < 0}
    if dynamic and not profiles:
        names = ", ".join(map(str, dynamic.values()))
        raise UsageError(
            f"These inputs have dynamic dimensions: {names}.",
            where=next(iter(dynamic)),
            hint="Give each a profile, NAME=MIN:OPT:MAX, or fix the shape with --shape.",
        )
    known = {tensor.name: tensor for tensor in network.inputs}
    for ranges in profiles:
        for item in ranges:
            if item.input not in known:
                raise UsageError(
                    "The network has no such input.",
                    where=item.input,
                    hint=f"Its inputs are: {', '.join(known)}.",
                )
            _check_range(item, known[item.input])
        missing = set(dynamic) - {item.input for item in ranges}
        if missing:
            raise UsageError(
                "This dynamic input has no range in a profile.", where=sorted(missing)[0]
            )
    return profiles


def _check_range(item: ShapeRange, tensor: Tensor) -> None:
    corners = (item.minimum, item.optimum, item.maximum)
    if any(len(corner) != tensor.rank for corner in corners):
        raise UsageError(f"The profile must give {tensor.rank} dimensions.", where=item.input)
    for axis, (low, best, high) in enumerate(zip(*corners, strict=True)):
        fixed = tensor.shape[axis]
        if fixed >= 0 and {low, best, high} != {fixed}:
            raise UsageError(f"Dimension {axis} is fixed at {fixed}.", where=item.input)
        if not 0 <= low <= best <= high:
            raise UsageError(
                f"Dimension {axis} must have minimum ≤ optimum ≤ maximum, "
                f"not {low}, {best}, {high}.",
                where=item.input,
            )
