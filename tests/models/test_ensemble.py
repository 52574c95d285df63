"""Ensembles: the mean is the mean, weights are chosen by what they are good for, and files hold all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicnn import Ensemble, Input, Model, Sequential, layers
from minicnn.errors import ArgumentError, CheckpointError, DataError, StateError
from minicnn.models import clone_model, load_model
from minicnn.training.archive import read_archive, write_archive
from tests.training.tasks import linear, network, quarters

X, Y = quarters(40)


def members(count: int = 3) -> list[Any]:
    return [network(seed) for seed in range(count)]


def several_outputs(name: str) -> Model:
    """Two inputs, two outputs by name."""
    image, number = Input((6, 6, 1), name="image"), Input((1,), name="number")
    x = layers.Concatenate()([layers.Flatten()(image), number])
    return Model([image, number], {"kind": layers.Dense(4)(x), "size": layers.Dense(1)(x)}, name=name)


class Halves(Model):
    """A model without a graph."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(4, activation="softmax")

    def call(self, x: Any) -> Any:
        return self.dense(x[:, :3].reshape(len(x), 18))


def test_it_predicts_the_weighted_mean() -> None:
    nets = members()
    votes = np.stack([net.predict(X) for net in nets])
    plain, weighted = Ensemble(nets), Ensemble(nets, [1, 3, 0])
    np.testing.assert_allclose(plain.predict(X), votes.mean(0), rtol=1e-6)
    np.testing.assert_allclose(weighted.predict(X), votes[0] / 4 + votes[1] * 3 / 4, rtol=1e-6)
    assert weighted.shares == (0.25, 0.75, 0)
    assert weighted.predict(X).dtype == np.float32


def test_it_is_the_average_that_keras_users_write() -> None:
    one, other = members(2)
    image = Input((6, 6, 1))
    by_hand = Model(image, layers.Average()([one(image), other(image)]))
    np.testing.assert_allclose(Ensemble([one, other]).predict(X), by_hand.predict(X), rtol=1e-6)


def test_it_is_evaluated_trained_and_shown_as_any_model(capsys: pytest.CaptureFixture[str]) -> None:
    nets = members(2)
    both = Ensemble(nets, name="both")
    with pytest.raises(StateError, match="both has not been compiled"):
        both.evaluate(X, Y)
    both.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    before = both.evaluate(X, Y)[0]
    both.fit(X, Y, epochs=20, verbose=0)
    after, accuracy = both.evaluate(X, Y)
    assert after < before
    assert accuracy == np.mean((nets[0].predict(X) + nets[1].predict(X)).argmax(1) == Y)
    both.summary()
    shown = capsys.readouterr().out
    assert 'Model: "both" (Ensemble)' in shown
    assert f"Total params: {2 * nets[0].count_params()}" in shown


def test_several_inputs_and_outputs_keep_their_names() -> None:
    one, other = several_outputs("one"), several_outputs("other")
    both = Ensemble([one, other])
    x = {"number": np.ones((40, 1), np.float32), "image": X}
    for name, y in both.predict(x).items():
        np.testing.assert_allclose(y, (one.predict(x)[name] + other.predict(x)[name]) / 2, rtol=1e-5, atol=1e-6)
    assert both.output_names == ["kind", "size"]
    image = Input((6, 6, 1))
    flat = layers.Flatten()(image)
    listed = [Model(image, [layers.Dense(2, name="a")(flat), layers.Dense(3, name="b")(flat)]) for _ in range(2)]
    assert Ensemble(listed).output_names == ["a", "b"]


def test_a_model_of_ones_own_class_can_be_a_member() -> None:
    own, net = Halves(), network()
    own(X)
    np.testing.assert_allclose(Ensemble([own, net]).predict(X), (own.predict(X) + net.predict(X)) / 2, rtol=1e-6)


def test_a_file_of_it_holds_all_and_files_that_are_called_alike_go_together(tmp_path: Path) -> None:
    for number, net in enumerate(members(2)):
        net.save(tmp_path / f"{number}.minicnn")
    loaded: list[Any] = [load_model(tmp_path / f"{number}.minicnn") for number in range(2)]
    assert loaded[0].name == loaded[1].name
    both = Ensemble(loaded, [2, 1])
    assert loaded[0].name != loaded[1].name
    both.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    both.save(tmp_path / "both.minicnn")
    again: Any = load_model(tmp_path / "both.minicnn")
    assert type(again) is Ensemble
    assert again.shares == both.shares
    np.testing.assert_array_equal(again.predict(X), both.predict(X))
    assert again.evaluate(X, Y) == both.evaluate(X, Y)
    assert clone_model(Sequential([both])).count_params() == both.count_params()


@pytest.mark.parametrize(
    "damage",
    [
        lambda config: config.pop("models"),
        lambda config: config.update(models=[]),
        lambda config: config["models"].pop(),
        lambda config: config.update(models=config["models"][:1] * 2 + [{"class_name": "Dense", "config": {}}]),
        lambda config: config.update(weights=[1]),
        lambda config: config.update(weights=["a", "b", "c"]),
    ],
)
def test_a_file_that_only_looks_like_one(damage: Any, tmp_path: Path) -> None:
    Ensemble(members()).save(tmp_path / "whole")
    arrays, config = read_archive(tmp_path / "whole")
    damage(config["model"]["config"])
    write_archive(tmp_path / "damaged", arrays, config)
    with pytest.raises(CheckpointError, match="does not describe a model"):
        load_model(tmp_path / "damaged")


def with_bias(answer: int, sure: float) -> Any:
    """A model that says the same of everything."""
    model: Any = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(4, activation="softmax")])
    model.set_weights([np.zeros((36, 4), np.float32), sure * np.eye(4, dtype=np.float32)[answer]])
    return model


def test_selection_weighs_models_by_what_they_add() -> None:
    """Half of the examples are of class 0, a quarter of class 1: so should the mean say, and class 3 is never right."""
    y = np.array([0, 0, 1, 2] * 10)
    nets = [with_bias(answer, 20.0) for answer in (0, 1, 2, 3)]
    chosen = Ensemble.selected(nets, X, y, "sparse_categorical_crossentropy", rounds=8)
    np.testing.assert_allclose(chosen.shares, [0.5, 0.25, 0.25, 0])
    np.testing.assert_allclose(chosen.predict(X[:1]), [[0.5, 0.25, 0.25, 0]], atol=1e-6)


def test_a_model_that_predicts_nan_is_not_selected() -> None:
    chosen = Ensemble.selected(
        [with_bias(0, 20.0), with_bias(1, np.nan)], X, Y, "sparse_categorical_crossentropy", rounds=3
    )
    assert chosen.shares == (1, 0)


def test_selection_is_no_worse_than_its_best_member_and_uses_its_loss() -> None:
    nets = members()
    for epochs, net in enumerate(nets, 1):
        net.fit(X, Y, epochs=2 * epochs, verbose=0)
    chosen = Ensemble.selected(nets, X, Y, name="chosen")
    assert (chosen.name, round(sum(chosen.shares), 12)) == ("chosen", 1)
    chosen.compile("sgd", "sparse_categorical_crossentropy")
    assert chosen.evaluate(X, Y) <= min(net.evaluate(X, Y)[0] for net in nets) + 1e-6


def test_models_and_weights_that_make_no_ensemble() -> None:
    net, other = members(2)
    wide = Sequential([Input((8, 8, 1)), layers.Flatten(), layers.Dense(4)], name="wide")
    long = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(5)], name="long")
    bad: list[tuple[Any, Any, type[Exception], str]] = [
        (net, None, ArgumentError, "models must be a list of at least two models"),
        ([net], None, ArgumentError, "models must be a list of at least two models"),
        ([net, layers.Dense(4)], None, ArgumentError, r"models\[1\] is no model: <Dense"),
        ([net, other, net], None, ArgumentError, r"models\[2\], '.*', is there already: give it a larger weight"),
        ([net, Sequential([layers.Dense(4)])], None, StateError, "has not been built"),
        ([net, wide], None, ArgumentError, r"'wide', takes \(None, 8, 8, 1\), models\[0\], '.*', takes \(None, 6, 6"),
        ([net, long], None, ArgumentError, r"'long', gives \(None, 5\), models\[0\], '.*', gives \(None, 4\)"),
        ([net, linear()], None, ArgumentError, r"computes in float64, models\[0\], '.*', computes in float32"),
        ([net, other], [1, 2, 3], ArgumentError, "weights must be 2 numbers"),
        ([net, other], 3, ArgumentError, "weights must be 2 numbers"),
        ([net, other], [1, -1], ArgumentError, "a weight must be at least 0"),
        ([net, other], [1, float("nan")], ArgumentError, "a weight must be a finite number"),
        ([net, other], [0, 0], ArgumentError, "at least one weight must be above 0"),
    ]
    for models, weights, error, message in bad:
        with pytest.raises(error, match=message):
            Ensemble(models, weights)


def test_what_nothing_can_be_selected_by() -> None:
    nets, loss = [with_bias(0, 1.0), with_bias(1, 1.0)], "sparse_categorical_crossentropy"
    with pytest.raises(ArgumentError, match="needs a loss, and models with one output"):
        Ensemble.selected(nets, X, Y)
    with pytest.raises(ArgumentError, match="needs a loss, and models with one output"):
        Ensemble.selected([several_outputs("one"), several_outputs("other")], X, Y, loss)
    with pytest.raises(ArgumentError, match="rounds must be a whole number of at least 1, got 0"):
        Ensemble.selected(nets, X, Y, loss, rounds=0)
    with pytest.raises(DataError, match="39 labels for 40 images"):
        Ensemble.selected(nets, X, Y[:-1], loss)
