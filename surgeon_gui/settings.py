"""Settings: one field states a setting's type, default, range, help and old names.

They are kept in `settings.toml` of the platform's configuration folder; only what differs from the
default is written, so a better default reaches everyone who never chose.
"""

from __future__ import annotations

import dataclasses
import difflib
import logging
import os
import sys
import tomllib
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import tomli_w

from surgeon_gui.errors import SaveError

log = logging.getLogger(__name__)

APP = "graph-surgeon"


@dataclass(frozen=True)
class SettingInfo:
    """What a settings dialog shows of one field."""

    name: str
    group: str
    label: str
    help: str
    default: Any
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    old_names: tuple[str, ...] = ()


def setting(
    group: str,
    label: str,
    tip: str,
    default: Any,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    old_names: tuple[str, ...] = (),
) -> Any:
    """Return a dataclass field stating one setting.

    Args:
        group: the page it stands on.
        label: what a dialog calls it.
        tip: one sentence on what it does.
        default: its value when the file does not name it; its type is the setting's type.
        choices: the words a text setting can be.
        low: the least number allowed.
        high: the greatest number allowed.
        old_names: keys it had before; read, and written back under the present name.
    """
    info = {
        "group": group,
        "label": label,
        "help": tip,
        "choices": choices,
        "low": low,
        "high": high,
        "old_names": old_names,
    }
    return dataclasses.field(default=default, metadata=info)


@dataclass(frozen=True)
class Settings:
    """What a user can choose once and for all."""

    theme: str = setting(
        "Look",
        "Theme",
        "Follow the system's colours and contrast, or always take these.",
        "system",
        choices=("system", "light", "dark", "contrast-light", "contrast-dark"),
    )
    colors: str = setting(
        "Look",
        "Colours",
        "Safe ones for kinds of op and verdicts can be told apart by colour-blind people.",
        "standard",
        choices=("standard", "safe"),
    )
    ui_scale: int = setting(
        "Look",
        "Scale (%)",
        "The size of everything in the window; taken at the next start.",
        100,
        low=50,
        high=400,
    )
    fold_series: bool = setting(
        "Look",
        "Fold numbered blocks",
        "Show numbered namespaces that are alike (block_1 … block_12) as one box to open.",
        True,
    )
    animate: bool = setting(
        "Look",
        "Move smoothly",
        "Let boxes glide to their places when a namespace opens; never where the system "
        "asks for less motion.",
        True,
    )
    target: str = setting(
        "Look",
        "Target",
        "The target a graph is checked against when it is opened; empty takes the first.",
        "",
    )
    recent_files: int = setting(
        "Look", "Recent files", "How many files the Open Recent menu keeps.", 10, low=0, high=50
    )
    worker_python: str = setting(
        "Jobs",
        "Worker's Python",
        "The Python that has TensorRT and TensorFlow; empty takes the one this program runs in.",
        "",
    )
    job_timeout_s: int = setting(
        "Jobs",
        "Time limit (s)",
        "A job that takes longer is stopped; 0 sets no limit.",
        3600,
        low=0,
        high=7 * 24 * 3600,
    )
    warm_reference: bool = setting(
        "Jobs",
        "Keep TensorFlow loaded",
        "Keep a spare worker with TensorFlow loaded, so that Verify starts at once.",
        True,
    )
    precision: str = setting(
        "Build",
        "Precision",
        "The number format TensorRT may compute in.",
        "fp32",
        choices=("fp32", "fp16", "bf16", "int8"),
    )
    gpus: tuple[str, ...] = setting(
        "Build",
        "GPUs without one here",
        "Compute capabilities to build for when this machine has no GPU.",
        ("sm80", "sm86", "sm89", "sm120"),
    )
    workspace_mib: int = setting(
        "Build",
        "Workspace (MiB)",
        "The most scratch memory a TensorRT layer may use; 0 leaves it to TensorRT.",
        0,
        low=0,
        high=1 << 20,
    )
    plugins: tuple[str, ...] = setting(
        "Build",
        "Plugin libraries",
        "Libraries of TensorRT plugins that builds and runs load; they are code.",
        (),
    )
    verify_seed: int = setting(
        "Verify", "Seed", "Makes the random inputs of Verify repeatable.", 0, low=0, high=2**31 - 1
    )
    verify_max_rel: float = setting(
        "Verify",
        "Largest relative error",
        "Verify fails when an output differs by more than this.",
        1e-3,
        low=0.0,
        high=1.0,
    )
    verify_cosine: float = setting(
        "Verify",
        "Least cosine similarity",
        "Verify fails when an output's direction differs by more than this.",
        0.99999,
        low=0.0,
        high=1.0,
    )
    log_level: str = setting(
        "Log",
        "Level",
        "The least severe message that is kept.",
        "info",
        choices=("debug", "info", "warning", "error"),
    )


SettingsType = TypeVar("SettingsType")


@dataclass(frozen=True)
class Loaded(Generic[SettingsType]):
    """Settings as read, what was wrong with the file, and whether old keys were found in it."""

    settings: SettingsType
    problems: tuple[str, ...] = ()
    migrated: bool = False


def setting_infos(kind: type[Any] = Settings) -> tuple[SettingInfo, ...]:
    """Return the settings in order, for a dialog."""
    return tuple(
        SettingInfo(name=field.name, default=field.default, **field.metadata)
        for field in dataclasses.fields(kind)
        if field.default is not MISSING
    )


def config_dir() -> Path:
    """Return the folder for settings, rule sets and window state (`SURGEON_HOME` overrides)."""
    override = os.environ.get("SURGEON_HOME")
    if override:
        return Path(override)
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
        return Path(base) / APP
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / APP
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / APP


def cache_dir() -> Path:
    """Return the folder for logs and job folders, which may be deleted at any time."""
    override = os.environ.get("SURGEON_HOME")
    if override:
        return Path(override) / "cache"
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        return Path(base) / APP / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / APP
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / APP


def settings_path() -> Path:
    return config_dir() / "settings.toml"


def load_settings(path: Path | None = None) -> Loaded[Settings]:
    """Return the user's settings; a wrong value is replaced by its default and reported, once."""
    loaded = read_settings(Settings, path or settings_path())
    for problem in loaded.problems:
        log.warning("%s", problem)
    return loaded


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Write what differs from the defaults.

    Raises:
        SaveError: the file cannot be written.
    """
    write_settings(settings, path or settings_path())


def read_settings(kind: type[SettingsType], path: Path) -> Loaded[SettingsType]:
    """Return settings of any such dataclass from a TOML file; a missing file is all defaults."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Loaded(kind())
    except (OSError, ValueError, RecursionError) as error:
        return Loaded(kind(), (f"{path}: the settings cannot be read ({error}); using defaults.",))
    infos = setting_infos(kind)
    values: dict[str, Any] = {}
    problems: list[str] = []
    migrated = False
    current = {info.name for info in infos}
    names = {old: info.name for info in infos for old in info.old_names if old not in current}
    by_name = {info.name: info for info in infos}
    for key, value in table.items():
        name = names.get(key, key)
        info = by_name.get(name)
        if info is None:
            near = difflib.get_close_matches(key, by_name, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            problems.append(f"{path}: there is no setting {key}.{hint}")
        elif name != key and name in table:
            migrated = True
        else:
            migrated = migrated or name != key
            wrong = problem_with(info, value)
            if wrong:
                problems.append(f"{path}: {name} {wrong}; using {info.default!r}.")
            else:
                values[name] = _as_typed(info, value)
    return Loaded(kind(**values), tuple(problems), migrated)


def write_settings(settings: Any, path: Path) -> None:
    """Write what differs from the defaults, replacing the file whole.

    Raises:
        SaveError: the file cannot be written.
    """
    table: dict[str, Any] = {}
    for info in setting_infos(type(settings)):
        value = getattr(settings, info.name)
        if value != info.default:
            table[info.name] = list(value) if isinstance(value, tuple) else value
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(tomli_w.dumps(table), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise SaveError(
            "The settings cannot be saved.", where=str(path), hint=str(error.strerror)
        ) from error


def problem_with(info: SettingInfo, value: Any) -> str | None:
    """Return what is wrong with a value (`must be at least 0`), or None."""
    default = info.default
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "must be true or false"
    if isinstance(default, int | float):
        allowed = int if isinstance(default, int) else (int, float)
        if isinstance(value, bool) or not isinstance(value, allowed):
            return f"must be a {'whole ' if isinstance(default, int) else ''}number"
        if info.low is not None and not value >= info.low:
            return f"must be at least {info.low}"
        if info.high is not None and not value <= info.high:
            return f"must be at most {info.high}"
        return None
    if isinstance(default, tuple):
        is_list = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return None if is_list else "must be a list of words"
    if not isinstance(value, str):
        return "must be text"
    if info.choices and value not in info.choices:
        return f"must be one of {', '.join(info.choices)}"
    return None


def _as_typed(info: SettingInfo, value: Any) -> Any:
    if isinstance(info.default, tuple):
        return tuple(value)
    return float(value) if isinstance(info.default, float) else value
