"""Models to files and back: the same bits, or a refusal that says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Sequential, layers, losses, metrics, optimizers
from minicnn.errors import ArgumentError, CheckpointError, OutputError, StateError
from minicnn.models import load_model, load_training, model_from_json, save_model, save_training
from minicnn.optimizers.schedules import CosineDecay
from minicnn.training.archive import read_archive, write_archive
from tests.layers.cases import CASES, LayerCase
from tests.training.tasks import linear, network, quarters

X, Y = quarters()


def trained(**compiling: Any) -> Sequential:
    model = network(**compiling)
    model.fit(X, Y, epochs=2, verbose=0)
    return model


def assert_same_weights(a: layers.Layer, b: layers.Layer) -> None:
    assert len(a.weights) == len(b.weights)
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_a_saved_model_comes_back_bit_for_bit(tmp_path: Path) -> None:
    model = trained()
    model.save(tmp_path / "model.minicnn")
    again = load_model(tmp_path / "model.minicnn")
    assert_same_weights(model, again)
    assert again.name == model.name
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.evaluate(X, Y) == model.evaluate(X, Y), "it is compiled as it was"
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


def test_saving_changes_nothing(tmp_path: Path) -> None:
    model, twin = trained(), trained()
    model.save(tmp_path / "a")
    model.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    model.fit(X, Y, verbose=0)
    twin.fit(X, Y, verbose=0)
    assert_same_weights(model, twin)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_layer_can_be_saved(case: LayerCase, tmp_path: Path) -> None:
    model = Sequential([Input(case.example), case.make()], dtype="float64")
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert_same_weights(model, again)
    x = np.random.default_rng(0).standard_normal((2, *case.example))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


@pytest.mark.parametrize("begin", [{"input_shape": (6, 6, 1)}, {}], ids=["input_shape", "deferred"])
def test_models_that_began_without_an_input(begin: dict[str, Any], tmp_path: Path) -> None:
    model = Sequential([layers.Flatten(**begin), layers.Dense(4)])
    model(X)
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").input_shape == (None, 6, 6, 1)
    assert_same_weights(load_model(tmp_path / "model"), model)


def test_frozen_layers_come_back_frozen(tmp_path: Path) -> None:
    model = network()
    model.get_layer("conv2d").trainable = False
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert [v.name for v in again.trainable_weights] == [v.name for v in model.trainable_weights]
    assert len(again.trainable_weights) == 4


SETTINGS: dict[str, dict[str, Any]] = {
    "sgd with momentum": {"optimizer": optimizers.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=1e-3)},
    "sgd on a schedule": {"optimizer": optimizers.SGD(CosineDecay(0.0, 20, warmup_target=0.1, warmup_steps=5))},
    "adam": {"optimizer": "adam"},
    "rmsprop": {"optimizer": optimizers.RMSprop(momentum=0.5, centered=True)},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_training_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    """With dropout, batch-norm, momentum, shuffling, a schedule: all that has a state."""

    def compiled() -> Sequential:
        optimizer = optimizers.get(SETTINGS[name]["optimizer"])
        return network(optimizer=optimizers.get(optimizers.serialize(optimizer)))

    whole, first = compiled(), compiled()
    whole.fit(X, Y, epochs=4, batch_size=16, verbose=0)
    first.fit(X, Y, epochs=2, batch_size=16, verbose=0)
    first.save(tmp_path / "training")
    second = load_model(tmp_path / "training")
    assert second.optimizer.iterations == first.optimizer.iterations == 8
    second.fit(X, Y, epochs=4, initial_epoch=2, batch_size=16, verbose=0)
    assert_same_weights(whole, second)
    for key, state in whole.optimizer.get_state().items():
        np.testing.assert_array_equal(second.optimizer.get_state()[key], state)


def test_what_goes_along_with_a_training(tmp_path: Path) -> None:
    model = trained()
    save_training(model, tmp_path / "training", {"note": [1, 2.5, "three"]})
    again, extra = load_training(tmp_path / "training")
    assert extra == {"note": [1, 2.5, "three"]}
    for one in (model, again, load_model(tmp_path / "training")):
        assert one.fit(X, Y, verbose=0).history == model.history.history
    with pytest.raises(ArgumentError, match="this cannot be saved, JSON does not hold it: Out of range float"):
        save_training(model, tmp_path / "training", {"loss": float("nan")})


def test_a_model_alone_is_no_training(tmp_path: Path) -> None:
    Sequential([Input((3,)), layers.Dense(2)]).save(tmp_path / "model")
    with pytest.raises(CheckpointError, match="holds a model, but no training that could go on"):
        load_training(tmp_path / "model")
    with pytest.raises(StateError, match="has not been compiled: it has no training to save"):
        save_training(Sequential([Input((3,)), layers.Dense(2)]), tmp_path / "training", {})


def test_a_learning_rate_that_a_callback_changed_is_kept(tmp_path: Path) -> None:
    model = trained()
    model.optimizer.learning_rate = 0.0123
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").optimizer.learning_rate == 0.0123


def test_the_state_of_other_weights_is_left_out(tmp_path: Path) -> None:
    """Frozen after training: the optimizer must begin anew in any case, and the model can be loaded."""
    model = trained()
    model.get_layer("conv2d").trainable = False
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.optimizer.iterations == 0
    again.fit(X, Y, verbose=0)
    assert_same_weights(again.get_layer("conv2d"), model.get_layer("conv2d"))


def test_loaded_without_what_it_was_compiled_with(tmp_path: Path) -> None:
    model = trained()
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model", compile=False, safe_mode=False)
    assert again.optimizer is None
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


# Where to.


@pytest.mark.parametrize("name", ["model/", "model.keras", "model.weights.h5", "model"])
def test_any_name_will_do_and_says_whether_it_is_a_folder(name: str, tmp_path: Path) -> None:
    model = trained()
    model.save(f"{tmp_path}/{name}")
    assert (tmp_path / name).is_dir() == name.endswith("/")
    again = load_model(tmp_path / name)
    assert_same_weights(model, again)
    assert again.optimizer.iterations == model.optimizer.iterations > 0
    again.save_weights(f"{tmp_path}/weights of {name}")
    again.load_weights(f"{tmp_path}/weights of {name}", by_name=True)


def test_zipped_and_overwrite_are_those_of_keras(tmp_path: Path) -> None:
    model = linear()
    save_model(model, tmp_path / "folder", zipped=False)
    model.save(tmp_path / "file", zipped=True)
    assert ((tmp_path / "folder").is_dir(), (tmp_path / "file").is_file()) == (True, True)
    for name in ("folder", "file"):
        assert_same_weights(load_model(tmp_path / name), model)
        with pytest.raises(OutputError, match=f"{name}: it exists; overwrite=True replaces it"):
            model.save(tmp_path / name, overwrite=False)
    with pytest.raises(OutputError, match="file: it exists"):
        model.save_weights(tmp_path / "file", overwrite=False)


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"PK\x03\x04 a zip", r"a zip, as Keras's \.keras files are"), (b"\x89HDF\r\n\x1a\n", "HDF5, as Keras's")],
    ids=["keras", "h5"],
)
def test_files_of_keras_are_told_from_ours(content: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"model\.keras is not a readable minicnn file \({kind}"):
        load_model(tmp_path / "model.keras")


# What is left out, and what is refused.


def test_a_loss_or_metric_of_ones_own_is_left_out_and_the_weights_are_saved(tmp_path: Path) -> None:
    def mine(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return y_pred.mean(axis=1)

    class Own(optimizers.SGD):
        pass

    for number, compiling in enumerate(({"loss": mine}, {"metrics": [mine]}, {"optimizer": Own()})):
        model = network(**compiling)
        model.save(tmp_path / str(number))
        again = load_model(tmp_path / str(number))
        assert_same_weights(model, again)
        with pytest.raises(StateError, match="has not been compiled"):
            again.evaluate(X, Y)
        with pytest.raises(ArgumentError, match="of a class of your own: it cannot be saved by name"):
            save_training(model, tmp_path / "training", {})
    assert not (tmp_path / "training").exists()


def test_metrics_and_losses_given_as_objects_come_back(tmp_path: Path) -> None:
    given = [metrics.SparseCategoricalAccuracy(name="right"), metrics.SparseCategoricalAccuracy, "accuracy"]
    model = linear(loss=losses.SparseCategoricalCrossentropy(from_logits=True), metrics=given)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.loss.from_logits
    assert again.metrics_names == ["loss", "right", "sparse_categorical_accuracy", "accuracy"] == model.metrics_names


def test_what_cannot_be_saved_is_told_before_a_file_is_written(tmp_path: Path) -> None:
    own = Sequential([Input((3,)), layers.Dense(2, activation=lambda x: x * 2.0)])
    with pytest.raises(ArgumentError, match="cannot be saved"):
        own.save(tmp_path / "model")
    with pytest.raises(StateError, match="sequential has no weights to save yet: build it, or call it once"):
        Sequential([layers.Dense(2)]).save(tmp_path / "model")
    with pytest.raises(OutputError, match="cannot write"):
        trained().save(tmp_path / "nul\0")
    with pytest.raises(ArgumentError, match="path must be a string or a Path, got None"):
        trained().save(None)
    assert list(tmp_path.iterdir()) == []


# Architectures.


def test_architecture_through_json() -> None:
    model = trained()
    again = model_from_json(model.to_json())
    assert isinstance(again, Sequential)
    assert again.get_config() == model.get_config()
    assert [w.shape for w in again.get_weights()] == [w.shape for w in model.get_weights()]
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert Sequential.from_config(model.get_config()).get_config() == model.get_config()


def test_a_model_from_json_starts_anew() -> None:
    text = network().to_json()
    assert not np.array_equal(model_from_json(text).get_weights()[0], model_from_json(text).get_weights()[0])


def test_a_model_that_is_not_built_stays_so() -> None:
    model = Sequential([layers.Dense(2)], name="open", dtype="float64")
    again = model_from_json(model.to_json())
    assert not again.built
    assert again.name == "open"
    assert again(np.ones((1, 3))).dtype == np.float64


def test_the_json_is_what_people_can_read() -> None:
    config = json.loads(linear().to_json())
    assert config["class_name"] == "Sequential"
    dense = config["config"]["layers"][-1]
    assert dense["class_name"] == "Dense"
    assert dense["config"]["units"] == 4
    assert dense["config"]["activation"] == "softmax"
    assert dense["config"]["kernel_initializer"] == {"class_name": "GlorotUniform", "config": {"seed": None}}


# Files whose checksum is right and whose content is not: only a hostile hand makes them.


def forged(tmp_path: Path, change: Any, training: bool = False) -> Path:
    path = tmp_path / "forged"
    model = trained()
    save_training(model, path, {"note": 1}) if training else model.save(path)
    arrays, config = read_archive(path)
    changed = change(arrays, config)
    write_archive(path, arrays, config if changed is None else changed)
    return path


FORGED: dict[str, Any] = {
    "no model": lambda arrays, config: config.clear(),
    "a list": lambda arrays, config: [1, 2],
    "null": lambda arrays, config: {"model": None},
    "a class that is none": lambda arrays, config: config["model"].update(class_name="Popen"),
    "a layer that is none": lambda arrays, config: config["model"]["config"]["layers"][1].update(class_name="eval"),
    "layers of another type": lambda arrays, config: config["model"]["config"].update(layers={"a": 1}),
    "a layer that is a number": lambda arrays, config: config["model"]["config"].update(layers=[5]),
    "an argument that is none": lambda arrays, config: config["model"]["config"]["layers"][1]["config"].update(x=1),
    "a size beyond reason": lambda arrays, config: config["model"]["config"]["layers"][-1]["config"].update(
        units=10**15
    ),
    "a size in words": lambda arrays, config: config["model"]["config"]["layers"][-1]["config"].update(units="4"),
    "an optimizer that is none": lambda arrays, config: config["compile"].update(optimizer="os.system"),
    "a learning rate in words": lambda arrays, config: config["compile"]["optimizer"]["config"].update(beta_1="x"),
    "compile settings that are none": lambda arrays, config: config.update(compile=[1]),
    "metrics that are none": lambda arrays, config: config["compile"].update(metrics=5),
    "a weight missing": lambda arrays, config: arrays.pop("weights/dense/bias"),
    "a weight of another shape": lambda arrays, config: arrays.update(
        {"weights/conv2d/kernel": np.zeros((2, 2), np.float32)}
    ),
    "a weight too many": lambda arrays, config: arrays.update({"weights/dense/more": np.zeros(2, np.float32)}),
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_forged_models(change: Any, tmp_path: Path) -> None:
    path = forged(tmp_path, lambda arrays, config: _none_but_lists(change(arrays, config)))
    with pytest.raises(CheckpointError, match=r"forged (does not describe a model|was saved from another model)"):
        load_model(path)


FORGED_TRAININGS: dict[str, Any] = {
    "no steps": lambda arrays, config: config["training"].pop("iterations"),
    "steps in words": lambda arrays, config: config["training"].update(iterations="8"),
    "steps below zero": lambda arrays, config: config["training"].update(iterations=-1),
    "a seed that is none": lambda arrays, config: config["training"].update(seed=[]),
    "no dropout": lambda arrays, config: config["training"].update(random={}),
    "dropout of another form": lambda arrays, config: config["training"].update(random={"dropout": 5}),
    "dropout drawn in words": lambda arrays, config: config["training"].update(random={"dropout": [5, "a"]}),
    "state missing": lambda arrays, config: arrays.pop("optimizer/0/first"),
    "state of another shape": lambda arrays, config: arrays.update({"optimizer/0/first": np.zeros(3, np.float32)}),
    "extra that is none": lambda arrays, config: config["training"].update(extra=5),
    "not compiled": lambda arrays, config: config.pop("compile"),
    "a training that is none": lambda arrays, config: config.update(training=5),
}


@pytest.mark.parametrize("change", FORGED_TRAININGS.values(), ids=FORGED_TRAININGS)
def test_forged_trainings(change: Any, tmp_path: Path) -> None:
    path = forged(tmp_path, lambda arrays, config: _none_but_lists(change(arrays, config)), training=True)
    with pytest.raises(CheckpointError, match="forged holds a model, but no training that could go on: "):
        load_training(path)


def _none_but_lists(result: Any) -> Any:
    """What a change returns is the new configuration, unless it is what `pop` or `update` happen to return."""
    return result if isinstance(result, list) or (isinstance(result, dict) and set(result) == {"model"}) else None


def test_a_layer_error_keeps_its_words(tmp_path: Path) -> None:
    path = forged(tmp_path, FORGED["a size in words"])
    with pytest.raises(CheckpointError, match="Dense: units must be a whole number of at least 1, got '4'"):
        load_model(path)
