"""Which TensorRT is installed and what it offers, found by looking, never by version number."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from surgeon_gui.errors import EngineError
from surgeon_gui.jobs.message import flavour_title

MODULES = {"rtx": "tensorrt_rtx", "tensorrt": "tensorrt"}
"""Python module of each flavour."""

RTX_CAPABILITIES = ("sm75", "sm80", "sm86", "sm89", "sm120", "sm121")
"""What plans of TensorRT for RTX 1.7 run on (its ComputeCapability members)."""

DEFAULT_TARGETS = ("sm80", "sm86", "sm89", "sm120")
"""What is built for where nobody says and no GPU is there."""


@dataclass(frozen=True)
class Flavour:
    """One installed TensorRT.

    Attributes:
        id: `rtx` or `tensorrt`.
        version: as the module says.
        module: the Python module, or anything with the same attributes.
        chooses: let the builder choose dtypes by itself where it could be held to the network's.
    """

    id: str
    version: str
    module: Any
    chooses: bool = False

    @property
    def title(self) -> str:
        """Name and version as a person would say them."""
        return f"{flavour_title(self.id)} {self.version}"

    def has(self, *path: str) -> bool:
        """Whether the module has `path`, for example ("BuilderFlag", "FP16")."""
        found = self.module
        for name in path:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True

    def get(self, *path: str) -> Any:
        """Return what the module has at `path`.

        Raises:
            EngineError: this version does not have it.
        """
        if not self.has(*path):
            raise EngineError(f"{self.title} has no {'.'.join(path)}.")
        found = self.module
        for name in path:
            found = getattr(found, name)
        return found

    @property
    def targets(self) -> tuple[str, ...]:
        """Compute capabilities this flavour builds for without a GPU; none: only for the GPU."""
        if not self.has("ComputeCapability"):
            return ()
        members = self.module.ComputeCapability.__members__
        return tuple(name.lower() for name in members if name.startswith("SM"))

    @property
    def strongly_typed(self) -> bool:
        """Whether tensors keep the dtypes the network gives them."""
        return not self.chooses and self.has("NetworkDefinitionCreationFlag", "STRONGLY_TYPED")

    @property
    def has_ranges(self) -> bool:
        """Whether its builder takes dynamic ranges of tensors (TensorRT up to 10)."""
        return self.has("ITensor", "set_dynamic_range") and self.has("BuilderFlag", "INT8")


def load_flavour(flavour_id: str) -> Flavour:
    """Import one flavour.

    Raises:
        EngineError: it is not installed, or does not load.
    """
    name = MODULES.get(flavour_id)
    if name is None:
        raise EngineError(
            f"There is no TensorRT flavour {flavour_id!r}.", hint=f"Choose {' or '.join(MODULES)}."
        )
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise EngineError(
            f"{flavour_title(flavour_id)} is not installed here.", hint=_how_to_install(flavour_id)
        ) from error
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(
            f"{flavour_title(flavour_id)} is installed but does not load: {error}.",
            hint="Free some memory, or install it again: its wheel must fit the CUDA driver.",
        ) from error
    return Flavour(flavour_id, str(module.__version__), module)


def installed_flavours() -> tuple[Flavour, ...]:
    """Return every flavour that loads."""
    return _look()[0]


def _look() -> tuple[tuple[Flavour, ...], EngineError | None]:
    """Return every flavour that loads, and why another, installed too, does not."""
    found = []
    broken = None
    for flavour_id in MODULES:
        try:
            found.append(load_flavour(flavour_id))
        except EngineError as error:
            if not isinstance(error.__cause__, ModuleNotFoundError):
                broken = broken or error
    return tuple(found), broken


def choose_flavour(wanted: str | None, capability: str | None = None) -> Flavour:
    """Return the flavour asked for, or the installed one that fits.

    Args:
        wanted: `rtx`, `tensorrt`, or None for the one that fits.
        capability: compute capability of the GPU that is there (`sm89`), or None without one.

    Raises:
        EngineError: it is not installed, or none is, or what is does not load.
    """
    if wanted is not None:
        return load_flavour(wanted)
    found, broken = _look()
    if not found:
        raise broken or EngineError("TensorRT is not installed here.", hint=_how_to_install("rtx"))
    fits = [flavour for flavour in found if runs_on(flavour.id, capability)]
    return (fits or list(found))[0]


def runs_on(flavour_id: str, capability: str | None) -> bool:
    """Whether plans of a flavour run on a GPU of `capability`; None: no GPU to run on."""
    return capability is None or flavour_id != "rtx" or capability in RTX_CAPABILITIES


def _how_to_install(flavour_id: str) -> str:
    if flavour_id == "rtx":
        return "Install it with: pip install 'surgeon-gui[rtx]'. It needs no GPU to build."
    return "Install it with: pip install tensorrt."
