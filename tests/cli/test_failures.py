"""Failures of the command line itself: one JSON object, and the contract's exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from surgeon_gui.cli.app import exit_code, print_error
from surgeon_gui.errors import (
    BuildFailed,
    ConvertError,
    EngineError,
    JobCancelled,
    JobFailed,
    NotConvertible,
    OpenError,
    SurgeonError,
    Unsupported,
    UsageError,
)
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.text import parse_text
from tests.cli.command import surgeon
from tests.helpers.shared import data_path

CIFAR = data_path("cifar_small.pb")
MOBILENET = data_path("mobilenet_v1_0.25_128_frozen.pb")


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `surgeon` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "surgeon_gui", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_model_of_an_error_is_named_wherever_it_stands() -> None:
    ran = surgeon("-v", "export", "-o", "x.pb", "--rules", "clean", "nofile.pb", "--json")
    assert ran.status == 2
    assert ran.json["model"] == "nofile.pb"


@pytest.mark.parametrize("arguments", [(), ("nosuch",), ("inspect",), ("export", "x.pb", "--bad")])
def test_bad_usage_without_a_model_is_one_object_too(arguments: tuple[str, ...]) -> None:
    ran = surgeon(*arguments, "--json")
    assert ran.status == 2
    assert ran.json["error"]["code"] == "UsageError"


def test_a_fault_of_the_program_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    turns: Iterator[Callable[..., object]] = iter([fail, infer_types])
    monkeypatch.setattr(
        "surgeon_gui.cli.verbs.inspect.infer_types", lambda *args: next(turns)(*args)
    )
    ran = surgeon("inspect", CIFAR, MOBILENET, "--json")
    assert ran.status == 3
    broken, fine = ran.lines
    assert broken["model"] == str(CIFAR)
    assert broken["error"]["code"] == "InternalError"
    assert "ZeroDivisionError" in broken["error"]["message"]
    assert fine["nodes"] == 555


def test_out_of_memory_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("surgeon_gui.cli.verbs.export.export", fail)
    ran = surgeon("export", CIFAR, "-o", "x.onnx", "--json")
    assert ran.status == 3
    assert "memory" in ran.json["error"]["message"]


def without(folder: Path, package: str) -> dict[str, str]:
    """Return the environment of a Python in which `package` cannot be imported."""
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] == {package!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
    )
    return {"PYTHONPATH": str(folder), "SURGEON_HOME": str(folder / "home")}


@pytest.mark.parametrize(
    ("package", "arguments", "status", "hint"),
    [
        ("tensorflow", ("verify", CIFAR), 3, "surgeon-gui[reference]"),
        ("onnxruntime", ("verify", CIFAR), 3, "pip install onnxruntime"),
        ("onnx", ("inspect", CIFAR), 3, "pip install"),
        ("PySide6", ("export", CIFAR, "-o", "x.svg"), 3, "pip install"),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    package: str, arguments: tuple[object, ...], status: int, hint: str, tmp_path: Path
) -> None:
    ran = run(*arguments, "--json", **without(tmp_path, package))
    assert ran.returncode == status
    error = json.loads(ran.stdout)["error"]
    assert package.lower() in error["message"].lower()
    assert hint in error["hint"]


def test_without_tensorrt_building_says_how_to_get_it(tmp_path: Path) -> None:
    environment = without(tmp_path, "tensorrt_rtx")
    blocker = tmp_path / "sitecustomize.py"
    blocker.write_text(blocker.read_text().replace("== 'tensorrt_rtx'", "[:8] == 'tensorrt'"))
    engine = tmp_path / "x.engine"
    ran = run("build", CIFAR, "-o", engine, "--json", **environment)
    assert ran.returncode in (2, 3)
    assert "surgeon-gui[rtx]" in json.loads(ran.stdout)["error"]["hint"]
    assert not engine.exists()


def test_cancelling_is_one_object_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def cancel(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("surgeon_gui.cli.verbs.export.export", cancel)
    ran = surgeon("export", CIFAR, "-o", "x.onnx", "--json")
    assert ran.status == 3
    assert ran.json["error"]["code"] == "JobCancelled"
    assert "log" not in ran.json["error"]["hint"]


def inspected_into(output: IO[bytes], options: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run `surgeon inspect` with its standard output there."""
    return subprocess.run(
        [sys.executable, "-m", "surgeon_gui", "inspect", str(CIFAR), *options],
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("options", [("--json",), ()])
def test_a_full_standard_output_is_a_message(options: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = inspected_into(full, options)
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: The output cannot be written")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("options", [("--json",), ()])
def test_a_reader_that_has_had_enough_is_neither_yes_nor_no(options: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        ran = inspected_into(closed, options)
    assert ran.returncode == 3
    assert ran.stderr == ""


def test_a_model_that_may_not_be_read_does_not_keep_the_others_from_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.pb"
    secret.write_bytes(CIFAR.read_bytes())
    real = Path.read_bytes

    def read(self: Path) -> bytes:
        if self == secret:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self)

    # The suite may run as root, who may read everything: the system's answers are made.
    monkeypatch.setattr(Path, "read_bytes", read)
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != secret)
    refused, fine = surgeon("inspect", secret, CIFAR, "--json").lines
    assert "may not be read" in refused["error"]["message"]
    assert fine["nodes"] == 13


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("export", CIFAR, "-o", "x.xyz"), ".svg"),
        (("export", CIFAR, "-o", "nofolder/x.pb"), "Make the folder nofolder first"),
        (("edit", CIFAR, "--script", "broken.toml", "-o", "x.pb"), "Correct that line"),
        (("inspect", "empty"), "saved_model.pb"),
    ],
)
def test_each_mistake_has_its_own_remedy(
    arguments: tuple[object, ...], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.toml").write_text("[[edit\n")
    (tmp_path / "empty").mkdir()
    ran = surgeon(*arguments, "--json")
    assert ran.status == 2
    assert hint in ran.json["error"]["hint"]


def test_each_node_in_the_way_comes_with_its_own_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "two.pb"
    graph = """
        x = Placeholder() {shape=?, dtype=f32}
        shape = Const() {value=i32[1]{4}}
        r = RandomUniform(shape) {dtype=f32}
        y = Add(x, r)
    """
    save_graphdef(parse_text(graph), path)
    assert surgeon("export", path, "-o", tmp_path / "two.onnx").status == 1
    said = capsys.readouterr().err
    assert "2 nodes cannot be converted" in said
    assert "--shape x=" in said
    assert "draws other numbers" in said
    problem = Unsupported("r", "It is random.", rule="remove-dropout")
    print_error(problem, as_json=False)
    print_error(NotConvertible([problem, problem]), as_json=False)
    assert capsys.readouterr().err.count("Cure it with --rules remove-dropout.") == 3


def test_an_unwritable_place_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("It was told too late.")

    for verb in ("quantize", "freeze"):
        monkeypatch.setattr(f"surgeon_gui.cli.verbs.{verb}.run_job", work)
    nowhere = tmp_path / "nofolder"
    quantized = surgeon("quantize", CIFAR, "--random", "2", "-o", nowhere / "q.network", "--json")
    frozen = surgeon("freeze", CIFAR, "-o", nowhere / "f.pb", "--json")
    for ran in (quantized, frozen):
        assert ran.status == 2
        assert ran.json["error"]["code"] == "SaveError"


@pytest.mark.slow
def test_what_cannot_be_quantized_is_named_by_its_own_file(tmp_path: Path) -> None:
    path = tmp_path / "relu.pb"
    save_graphdef(parse_text("x = Placeholder() {shape=[1, 4], dtype=f32}\ny = Relu(x)"), path)
    ran = surgeon("quantize", path, "--random", "2", "-o", tmp_path / "q.network", "--json")
    assert ran.status == 1
    assert ran.json["error"]["where"] == str(path)


def test_a_node_at_fault_is_named_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "twice.pbtxt"
    path.write_text('node { name: "a" op: "NoOp" } node { name: "a" op: "NoOp" }')
    assert surgeon("inspect", path, "--json").json["error"]["where"] == f"a in {path}"


def test_names_no_terminal_can_show_do_not_stop_it(tmp_path: Path) -> None:
    path = tmp_path / "größe \udce9.pb"
    path.write_bytes(CIFAR.read_bytes())
    ran = run("inspect", path, PYTHONIOENCODING="ascii")
    assert ran.returncode == 0
    assert "gr\\xf6\\xdfe" in ran.stdout


def test_seeds_and_dimensions_out_of_range_are_bad_usage() -> None:
    assert surgeon("verify", CIFAR, "--seed", "-1", "--json").status == 2
    ran = surgeon("inspect", CIFAR, "--shape", "Input=1x32x32x99999999999", "--json")
    assert ran.status == 2
    assert ran.json["error"]["where"] == "--shape"


def test_names_may_carry_port_0_and_come_twice() -> None:
    options = ("--shape", "Input:0=2x32x32x3", "--output", "Output:0", "--output", "Output")
    facts = surgeon("inspect", CIFAR, *options, "--json").json
    assert facts["inputs"][0]["shape"] == [2, 32, 32, 3]
    assert facts["outputs"] == [{"name": "Output", "dtype": "float32", "shape": [2, 10]}]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConvertError("x"), 1),
        (OpenError("x"), 2),
        (UsageError("x"), 2),
        (JobFailed("TensorFlow is not installed."), 3),
        (EngineError("TensorRT is not installed."), 3),
        (BuildFailed("x"), 3),
        (JobCancelled("x"), 3),
    ],
)
def test_each_kind_of_error_has_its_exit_status(error: SurgeonError, status: int) -> None:
    assert exit_code(error) == status


def test_files_that_are_no_graph_are_named_by_the_old_converter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "odd.pb"
    for content in (b"", b"hello"):
        odd.write_bytes(content)
        assert surgeon("convert-to-uff", odd).status == 2
        assert str(odd) in capsys.readouterr().err


def _kinds(kind: type[SurgeonError]) -> Iterator[type[SurgeonError]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from _kinds(inner)


@pytest.mark.parametrize(
    "kind", dict.fromkeys(_kinds(SurgeonError)), ids=lambda kind: kind.__name__
)
def test_every_kind_of_error_says_what_to_do(kind: type[SurgeonError]) -> None:
    error = kind.__new__(kind)
    SurgeonError.__init__(error, "It went wrong.")
    hint = error.as_dict()["hint"]
    assert hint
    assert hint.endswith(".")
    SurgeonError.__init__(error, "It went wrong.", hint="Do this.")
    assert error.as_dict()["hint"] == "Do this."


def test_each_node_in_the_way_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Unsupported(f"block/n{at}", "No layer.") for at in range(14)]
    print_error(NotConvertible(problems), as_json=False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "error: 14 nodes cannot be converted:"
    assert lines[1:3] == ["  block/n0", "    No layer."]
    assert "  and 2 more" in lines


@pytest.mark.parametrize(
    "arguments",
    [("verify", "--save-outputs"), ("run", "--save-outputs"), ("compare", "{}@network", "--save")],
)
def test_kept_arrays_do_not_overwrite_a_model(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    model = tmp_path / "m.pb"
    model.write_bytes(b"the model")
    verb, *options = (word.format(model) for word in arguments)
    ran = surgeon(verb, model, *options, model, "--json")
    assert ran.status == 2
    assert "no .npz file" in ran.json["error"]["message"]
    assert model.read_bytes() == b"the model"
