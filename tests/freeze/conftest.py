"""Small models of every kind people have, made once with the installed TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.values import Array
from surgeon_gui.reference.tensorflow_import import import_tensorflow
from surgeon_gui.reference.tensorflow_runner import TensorflowRunner


@dataclass(frozen=True)
class Model:
    """A model on disk, an input, and what the model itself makes of it."""

    path: Path
    feeds: dict[str, Array]
    values: dict[str, Array]


def assert_computes(graph: Graph, model: Model) -> None:
    """The frozen graph gives the source's values for every output of the source."""
    assert graph.outputs is not None
    with TensorflowRunner(graph, graph.outputs) as runner:
        found = runner.run(model.feeds, graph.outputs)
    assert set(found) == set(model.values)
    for name, value in model.values.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="session")
def tensorflow() -> Any:
    return import_tensorflow()


@pytest.fixture(scope="session")
def keras_model(tensorflow: Any) -> Any:
    layers = tensorflow.keras.layers
    tensorflow.keras.utils.set_random_seed(1)
    model = tensorflow.keras.Sequential(
        [
            layers.Input((8, 8, 3), name="image"),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.5),
            layers.Dense(2, name="scores"),
        ]
    )
    random = np.random.default_rng(0)
    model.get_layer("norm").set_weights([random.uniform(0.5, 1.5, 4) for _ in range(4)])
    return model


@pytest.fixture(scope="session")
def image() -> Array:
    return np.random.default_rng(1).uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32)


@pytest.fixture(scope="session", params=["m.keras", "m.h5"])
def keras_file(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    keras_model: Any,
    image: Array,
) -> Model:
    path = tmp_path_factory.mktemp("keras") / request.param
    keras_model.save(path)
    return Model(path, {"image": image}, {"scores": keras_model(image, training=False).numpy()})


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, keras_model: Any, image: Array) -> Model:
    path = tmp_path_factory.mktemp("exported")
    keras_model.export(path, verbose=False)
    return Model(path, {"image": image}, {"output_0": keras_model(image, training=False).numpy()})


@pytest.fixture(scope="session")
def branching(tmp_path_factory: pytest.TempPathFactory, tensorflow: Any) -> Model:
    """A TensorFlow 2 SavedModel with a condition, a loop, and two signatures."""

    def compute(x: Any) -> dict[str, Any]:
        shifted = tensorflow.cond(tensorflow.reduce_sum(x) > 0, lambda: x + 1, lambda: x)
        _, waved = tensorflow.while_loop(
            lambda turn, _: turn < 3,
            lambda turn, value: (turn + 1, tensorflow.sin(value)),
            [tensorflow.constant(0), shifted],
        )
        return {"waved": waved, "doubled": 2 * shifted}

    module = tensorflow.Module()
    module.compute = tensorflow.function(
        compute, input_signature=[tensorflow.TensorSpec([None, 4], tensorflow.float32, name="x")]
    )
    path = tmp_path_factory.mktemp("branching")
    signatures = {"first": module.compute, "second": module.compute}
    tensorflow.saved_model.save(module, str(path), signatures=signatures)
    x = np.linspace(0, 1, 8, dtype=np.float32).reshape(2, 4)
    values = {name: value.numpy() for name, value in module.compute(x).items()}
    return Model(path, {"x": x}, values)


@pytest.fixture(scope="session")
def version1(tmp_path_factory: pytest.TempPathFactory, tensorflow: Any) -> Model:
    """A folder with a TensorFlow 1 training graph: checkpoint, GraphDef and SavedModel."""
    v1 = tensorflow.compat.v1
    path = tmp_path_factory.mktemp("version1")
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)
    with tensorflow.Graph().as_default() as graph, v1.Session() as session:
        v1.set_random_seed(3)
        given = v1.placeholder(tensorflow.float32, [None, 4], name="x")
        weights = v1.get_variable("w", [4, 3], use_resource=False)
        bias = v1.get_variable("b", [3], use_resource=True, initializer=v1.ones_initializer())
        parts = v1.get_variable(
            "p", [6, 3], partitioner=v1.fixed_size_partitioner(2), use_resource=False
        )
        total = tensorflow.reduce_sum(tensorflow.convert_to_tensor(parts), axis=0)
        y = tensorflow.nn.softmax(tensorflow.matmul(given, weights) + bias + total, name="y")
        loss = tensorflow.reduce_mean(tensorflow.math.log(y), name="loss")
        v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(path / "model.ckpt"), global_step=7)
        tensorflow.io.write_graph(graph.as_graph_def(), str(path), "graph.pb", as_text=False)
        v1.saved_model.simple_save(session, str(path / "saved"), {"x": given}, {"y": y})
        value = session.run(y, {given: x})
    return Model(path, {"x": x}, {"y": value})
