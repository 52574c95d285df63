from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import Sequential, cross_validate, layers
from minicnn.callbacks import LambdaCallback
from minicnn.errors import ArgumentError, DataError
from minicnn.random import fresh_seed, seeds_from
from minicnn.training.cross_validation import Scores
from tests.training.tasks import quarters

X, Y = quarters(40)


def make() -> Sequential:
    model = Sequential([layers.Flatten(), layers.Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_score_for_each_fold_and_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    scores = cross_validate(make, X, Y, k=4, repeats=2, epochs=2)
    assert {name: values.shape for name, values in scores.values.items()} == {"loss": (8,), "accuracy": (8,)}
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[:8]] == [f"fold {i}/8" for i in range(1, 9)]
    assert "\n".join(lines[8:]) == str(scores)


def test_mean_and_spread() -> None:
    scores = Scores({"loss": np.array([1.0, 2.0, 3.0]), "accuracy": np.array([0.5, 0.5, 0.5])})
    assert scores.mean == {"loss": 2.0, "accuracy": 0.5}
    assert scores.spread == {"loss": 1.0, "accuracy": 0.0}
    assert str(scores).splitlines() == [
        "3 folds: mean ± standard deviation",
        "loss      2.0000 ± 1.0000   from 1.0000 to 3.0000",
        "accuracy  0.5000 ± 0.0000   from 0.5000 to 0.5000",
    ]


def test_the_same_seed_gives_the_same_scores_and_leaves_other_seeds_alone() -> None:
    def scores(seed: int) -> list[float]:
        return cross_validate(make, X, Y, k=2, seed=seed, verbose=0).values["loss"].tolist()

    with seeds_from(5):
        expected = fresh_seed()
    with seeds_from(5):
        first = scores(1)
        assert fresh_seed() == expected
    assert first == scores(1)
    assert first != scores(2)


def test_what_is_validated_has_not_been_trained_on() -> None:
    """Labels of noise: who has seen an example can know its label, nobody else can."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 200)).astype("float32"), rng.integers(0, 4, 60)
    seen = LambdaCallback(on_train_end=lambda logs: accuracies.append(logs["accuracy"]))
    accuracies: list[float] = []
    scores = cross_validate(make, x, y, k=3, epochs=60, batch_size=5, callbacks=[seen], verbose=0)
    assert min(accuracies) > 0.95
    assert scores.mean["accuracy"] < 0.5


def test_weights_go_with_their_examples() -> None:
    weights = np.where(Y == 0, 0.0, 1.0)
    whole = cross_validate(make, X, Y, k=2, verbose=0).mean["loss"]
    assert cross_validate(make, X, Y, k=2, sample_weight=weights, verbose=0).mean["loss"] < whole


def test_what_cannot_be_validated() -> None:
    model = make()
    BAD: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        (model, {}, ArgumentError, "make_model must be a function that gives a model"),
        (lambda: model, {}, ArgumentError, "a new, compiled model each time"),
        (lambda: None, {}, ArgumentError, "a new, compiled model each time"),
        (make, {"validation_split": 0.5}, ArgumentError, "validation_split is what it decides by itself"),
        (make, {"k": 30}, DataError, "examples for 30 folds"),
    ]
    for maker, options, error, message in BAD:
        with pytest.raises(error, match=message):
            cross_validate(maker, X, Y, **{"verbose": 0, "k": 2, **options})
