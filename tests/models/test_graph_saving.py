"""Functional models to files and back, and files that only look like them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Model, Sequential, layers, models, ops, set_random_seed
from minicnn.errors import ArgumentError, CheckpointError
from minicnn.layers import Layer
from minicnn.models import clone_model, load_model, load_training, model_from_json, save_training
from minicnn.training.archive import write_archive

X = np.random.default_rng(0).random((6, 8, 8, 2), dtype=np.float32)
ROW = np.random.default_rng(1).random((6, 3), dtype=np.float32)
Y = {"kind": np.arange(6) % 2, "size": ROW.sum(axis=1, keepdims=True)}


def everything() -> Model:
    """Models within, a layer called twice, operators with constants, training said in the graph, several of all."""
    eye = Sequential([Input((8, 8, 2)), layers.Conv2D(3, 3, activation="relu"), layers.GlobalAveragePooling2D()])
    image, row = Input((8, 8, 2), name="image"), Input((3,), name="row")
    dense = layers.Dense(3, name="twice")
    inner = Model([a := Input((3,)), b := Input((3,))], {"apart": layers.Subtract()([a, b])}, name="inner")
    x = inner([dense(eye(image)), dense(row)])["apart"]
    x = layers.Dropout(0.5, seed=3)(x, training=False)
    x = ops.relu(x * np.array([1.0, 2, 3], np.float32) + 0.5)[:, ::2]
    x = layers.Dropout(0.2, seed=1)(x)
    model = Model([image, row], {"kind": layers.Dense(2, activation="softmax")(x), "size": layers.Dense(1)(x)})
    model.compile(
        "adam",
        {"kind": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights={"kind": 1.0, "size": 0.1},
        metrics={"size": ["mae"]},
    )
    return model


def test_a_saved_model_comes_back_bit_for_bit(tmp_path: Path) -> None:
    model = everything()
    model.fit([X, ROW], Y, epochs=2, verbose=0)
    model.save(tmp_path / "model.minicnn")
    again = load_model(tmp_path / "model.minicnn")
    assert again.get_config() == model.get_config()
    for name, y in model.predict([X, ROW]).items():
        np.testing.assert_array_equal(again.predict({"image": X, "row": ROW})[name], y)
    assert again.evaluate([X, ROW], Y, return_dict=True) == model.evaluate([X, ROW], Y, return_dict=True)
    assert again.get_layer("twice").name == "twice"
    assert len(again.get_layer("twice").calls) == 2
    model.save(tmp_path / "b")
    again.save(tmp_path / "c")
    assert (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


def test_a_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    model = everything()
    model.fit([X, ROW], Y, epochs=2, verbose=0)
    save_training(model, tmp_path / "run", {"note": 1})
    model.save(tmp_path / "model")
    again, extra = load_training(tmp_path / "run")
    assert extra == {"note": 1}
    others = again, load_model(tmp_path / "model")
    for one in (model, *others):
        one.fit([X, ROW], Y, epochs=2, verbose=0)
    for other in others:
        for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_part_that_begins_in_the_middle(tmp_path: Path) -> None:
    x = Input((3,))
    hidden = layers.Dense(4, name="hidden")(x)
    head = Model(hidden, layers.Dense(2)(hidden))
    head.save(tmp_path / "head")
    again = load_model(tmp_path / "head")
    given = np.ones((2, 4), np.float32)
    np.testing.assert_array_equal(again.predict(given), head.predict(given))
    assert again.count_params() == 10


def test_a_clone_has_the_architecture_and_new_weights() -> None:
    model = everything()
    clone = clone_model(model)
    assert clone.get_config() == model.get_config()
    assert clone.weights[0] is not model.weights[0]
    assert np.abs(clone.get_weights()[0] - model.get_weights()[0]).max() > 0
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict([X, ROW])["size"], model.predict([X, ROW])["size"])


def test_json_and_back() -> None:
    model = everything()
    again = model_from_json(model.to_json())
    assert [w.shape for w in again.get_weights()] == [w.shape for w in model.get_weights()]
    assert Model.from_config(model.get_config()).get_config() == model.get_config()


class Twice(Layer):
    """A layer of one's own."""

    def __init__(self, factor: float = 2.0, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return x * self.factor


def halved(x: Any, by: float = 2.0) -> Any:
    return x / by


def own() -> Model:
    x = Input((3,))
    return Model(x, layers.Lambda(halved, arguments={"by": 4.0})(Twice(8.0)(x)))


def test_layers_and_functions_of_ones_own_only_where_passed_in(tmp_path: Path) -> None:
    model = own()
    np.testing.assert_array_equal(model.predict(ROW), 2 * ROW)
    model.save(tmp_path / "model")
    with pytest.raises(CheckpointError, match=r"there is no layer 'Twice'"):
        load_model(tmp_path / "model")
    with pytest.raises(CheckpointError, match="Lambda: function must be a function, got 'halved'"):
        load_model(tmp_path / "model", custom_objects={"Twice": Twice})
    again = load_model(tmp_path / "model", custom_objects={"Twice": Twice, "halved": halved})
    np.testing.assert_array_equal(again.predict(ROW), 2 * ROW)
    np.testing.assert_array_equal(clone_model(model).predict(ROW), 2 * ROW)
    with pytest.raises(ArgumentError, match="custom_objects must map names to classes or functions"):
        load_model(tmp_path / "model", custom_objects=["Twice"])  # type: ignore[arg-type]


def test_a_function_without_a_name_cannot_be_saved(tmp_path: Path) -> None:
    x = Input((3,))
    with pytest.raises(ArgumentError, match="function without a name, which no file could bring back; define it with"):
        Model(x, layers.Lambda(lambda t: t * 2.0)(x)).save(tmp_path / "model")


def config() -> dict[str, Any]:
    set_random_seed(0)
    return json.loads(json.dumps(everything().get_config()))


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Writes the last of `path` where the others lead."""

    def change(c: Any) -> None:
        *way, last, value = path
        for key in way:
            c = c[key]
        c[last] = value

    return change


HOSTILE: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no calls": (lambda c: c.pop("calls"), 'must have "layers", "calls", "inputs" and "outputs"'),
    "no layers": (put("layers", 5), "a model's config must be"),
    "a call of nobody": (put("calls", 0, "layer", "nobody"), "a call must be"),
    "a call that is a number": (put("calls", 0, 5), "a call must be .* got 5"),
    "a name that is a list": (put("calls", 0, "layer", ["twice"]), "a call must be"),
    "training by a word": (put("calls", 0, "training", "yes"), "a call must be"),
    "a cycle": (put("calls", 0, "inputs", "dense:0:0"), "names 'dense:0:0', a tensor that no call before it gives"),
    "inputs that are numbers": (put("calls", 0, "inputs", [1, 2]), "names 1, a tensor that no call"),
    "no inputs": (put("calls", 0, "inputs", []), "."),
    "an output from nowhere": (put("outputs", "kind", "dense:7:0"), "names 'dense:7:0'"),
    "outputs that are nothing": (put("outputs", None), "names None"),
    "an input that is left out": (put("inputs", ["image:0:0"]), "disconnected"),
    "two layers of one name": (lambda c: c["layers"].append(c["layers"][0]), "there are two layers named"),
    "an unknown operator": (put("layers", -5, "config", "operator", "system"), "there is no operator 'system'"),
    "an operator's place": (
        put("layers", -5, "config", "arguments", [{"tensor": 99}]),
        "there is no tensor number 99 among the 1 inputs",
    ),
    "an argument too many": (
        put("layers", -5, "config", "arguments", [{"tensor": 0}, 1.0]),
        "Operation: relu cannot be called so: too many positional arguments",
    ),
    "a number beyond its type": (
        put("layers", -5, "config", "arguments", [{"array": [1e300], "dtype": "float32"}]),
        r"Operation: \[1e\+300\] is no array of float32",
    ),
    "an argument of no kind": (put("layers", -5, "config", "arguments", [{"eval": "1"}]), "an argument cannot be"),
    "a huge input": (put("layers", 0, "config", "shape", [2**40, 2**40]), "would hold|more than"),
    "an unknown class": (put("layers", 0, "class_name", "Thread"), "there is no layer 'Thread'"),
    "a model that is none": (put("layers", 1, "class_name", "Model"), "config must be|must have"),
}


@pytest.mark.parametrize(("change", "message"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_architectures_are_refused_with_a_reason(
    change: Callable[[dict[str, Any]], Any], message: str, tmp_path: Path
) -> None:
    bad = copy.deepcopy(config())
    assert [entry["class_name"] for entry in bad["layers"]].count("Operation") == 4
    change(bad)
    entry = {"class_name": "Model", "config": bad}
    with pytest.raises((ArgumentError, ValueError), match=message):
        models.from_config(entry)
    write_archive(tmp_path / "bad", {}, {"model": entry, "weights": []})
    with pytest.raises(CheckpointError, match="does not describe a model that this version knows"):
        load_model(tmp_path / "bad")


def test_models_nested_without_end_are_refused() -> None:
    entry: dict[str, Any] = {"class_name": "Sequential", "config": {"name": "a", "layers": []}}
    for _ in range(3000):
        entry = {"class_name": "Sequential", "config": {"name": "a", "layers": [entry]}}
    with pytest.raises(ArgumentError, match="nested more deeply"):
        models.from_config(entry)
