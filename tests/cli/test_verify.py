"""`surgeon verify`: the answer, the exit status, and what is left on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.settings import Settings, save_settings
from tests.cli.command import surgeon
from tests.helpers.shared import data_path

pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))


def test_verify_says_yes_for_a_real_model(tmp_path: Path) -> None:
    answer = tmp_path / "y.npz"
    ran = surgeon("verify", data_path("cifar_small.pb"), "--json", "--save-outputs", answer)
    assert ran.status == 0
    assert ran.json["ok"] is True
    (output,) = ran.json["outputs"]
    assert (output["name"], output["shape"]) == ("Output", [1, 10])
    assert output["max_rel"] <= 1e-3
    assert output["cosine"] >= 0.99999
    assert ran.json["first_divergence"] is None
    assert answer.exists()
    assert list((tmp_path / "home" / "cache" / "jobs").iterdir()) == []


def test_verify_against_another_graph_says_no_and_where(tmp_path: Path) -> None:
    model = open_graph(data_path("cifar_small.pb"))
    changed = tmp_path / "changed.pb"
    draft = Draft(model)
    relu = next(node for node in model if node.op == "Relu")
    draft.change(relu.name, op="Tanh")
    save_graphdef(draft.commit(), changed)
    ran = surgeon("verify", changed, "--original", data_path("cifar_small.pb"), "--json")
    assert ran.status == 1
    assert ran.json["ok"] is False
    assert ran.json["first_divergence"]["op"] == "Relu"


@pytest.mark.parametrize(("precision", "least"), [("fp16", 2**-14), ("bf16", 2**-11)])
def test_verify_tells_what_half_precision_costs(precision: str, least: float) -> None:
    ran = surgeon("verify", data_path("cifar_small.pb"), "--precision", precision, "--json")
    assert ran.status == 0
    (output,) = ran.json["outputs"]
    assert least < output["max_rel"] < 2e-1
    words = surgeon("verify", data_path("cifar_small.pb"), "--precision", precision)
    assert f"In {precision} the relative difference is" in words.stdout


def test_what_half_precision_may_cost_can_be_said() -> None:
    model = data_path("cifar_small.pb")
    options = ("--precision", "fp16", "--json")
    usual = surgeon("verify", model, *options)
    assert usual.json["precision"] == "fp16"
    assert usual.json["tolerance"] == {"max_rel": 0.05, "min_cosine": 0.999}
    (output,) = usual.json["outputs"]
    strict = surgeon("verify", model, *options, "--max-rel", output["max_rel"] / 2)
    assert strict.status == 1
    assert strict.json["ok"] is False
    assert f"over {output['max_rel'] / 2:g}" in strict.json["outputs"][0]["problem"]
    for wrong in ("-1", "nan", "x"):
        assert surgeon("verify", model, "--max-rel", wrong, "--json").status == 2


def test_the_settings_say_what_counts_as_equal(tmp_path: Path) -> None:
    save_settings(Settings(verify_max_rel=0.5, verify_cosine=0.5))
    ran = surgeon("verify", data_path("cifar_small.pb"), "--json")
    assert ran.json["tolerance"] == {"max_rel": 0.5, "min_cosine": 0.5}
    given = surgeon("verify", data_path("cifar_small.pb"), "--json", "--max-rel", "1e-12")
    assert given.status == 1


def test_what_stays_in_float_goes_with_half_precision() -> None:
    ran = surgeon("verify", data_path("cifar_small.pb"), "--keep", "conv", "--json")
    assert ran.status == 2
    assert ran.json["error"]["where"] == "--keep"


def test_a_missing_inputs_file_is_bad_input(tmp_path: Path) -> None:
    missing = tmp_path / "x.npz"
    ran = surgeon("verify", data_path("cifar_small.pb"), "--inputs", missing, "--json")
    assert ran.status == 2
    assert ran.json["error"]["where"] == str(missing)
    assert len(list((tmp_path / "home" / "cache" / "jobs").iterdir())) == 1


def test_verify_without_numbers_proves_nothing(tmp_path: Path) -> None:
    model = tmp_path / "log.pb"
    with tf.Graph().as_default() as graph:
        data = tf.compat.v1.placeholder(tf.float32, (1, 4), name="data")
        tf.math.log(tf.minimum(data, -1.0), name="lost")
        model.write_bytes(graph.as_graph_def().SerializeToString())
    ran = surgeon("verify", model)
    assert ran.status == 1
    assert "Nothing is proven" in ran.stdout
    assert "TensorFlow's numbers end at lost (Log)." in ran.stdout
    assert "differ" not in ran.stdout.splitlines()[-1]
