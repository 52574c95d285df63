from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from minicnn import metrics
from minicnn.errors import ArgumentError, DTypeError, ShapeError
from minicnn.metrics import (
    BinaryAccuracy,
    CategoricalAccuracy,
    Mean,
    MeanAbsoluteError,
    MeanSquaredError,
    Metric,
    SparseCategoricalAccuracy,
)

RNG = np.random.default_rng(0)
N = 47
SCORES = RNG.standard_normal((N, 5))
LABELS = RNG.integers(0, 5, N)
ONE_HOT = np.eye(5)[LABELS]
PROBABILITIES, YES = RNG.random((N, 3)), RNG.integers(0, 2, (N, 3))
WEIGHTS = RNG.random(N)
RIGHT = SCORES.argmax(axis=1) == LABELS

# The metric, y_true, y_pred and the value of each example.
CASES = {
    "sparse": (SparseCategoricalAccuracy, LABELS, SCORES, RIGHT),
    "sparse, with an axis of one": (SparseCategoricalAccuracy, LABELS[:, None], SCORES, RIGHT),
    "categorical": (CategoricalAccuracy, ONE_HOT, SCORES, RIGHT),
    "binary": (BinaryAccuracy, YES, PROBABILITIES, ((PROBABILITIES > 0.5) == YES).mean(1)),
    "binary, one output": (BinaryAccuracy, YES[:, 0], PROBABILITIES[:, :1], (PROBABILITIES[:, 0] > 0.5) == YES[:, 0]),
    "squared": (MeanSquaredError, ONE_HOT, SCORES, ((SCORES - ONE_HOT) ** 2).mean(1)),
    "absolute": (MeanAbsoluteError, ONE_HOT, SCORES, np.abs(SCORES - ONE_HOT).mean(1)),
}
every_metric = pytest.mark.parametrize(("cls", "y", "p", "each"), CASES.values(), ids=CASES)


@every_metric
def test_the_mean_over_examples(cls: type[Metric], y: np.ndarray, p: np.ndarray, each: np.ndarray) -> None:
    metric = cls()
    metric.update_state(y, p)
    np.testing.assert_allclose(metric.result(), each.mean(), rtol=1e-12)


@every_metric
@pytest.mark.parametrize("cuts", [[1], [10, 20, 30, 40], [46], [5, 6, 30]], ids=str)
def test_gathered_over_uneven_batches_is_the_same_as_at_once(
    cls: type[Metric], y: np.ndarray, p: np.ndarray, each: np.ndarray, cuts: list[int]
) -> None:
    metric = cls()
    for part in np.split(np.arange(N), cuts):
        metric.update_state(y[part], p[part], sample_weight=WEIGHTS[part])
    np.testing.assert_allclose(metric.result(), (each * WEIGHTS).sum() / WEIGHTS.sum(), rtol=1e-12)
    metric.reset_state()
    assert metric.result() == 0
    metric.update_state(y, p)
    np.testing.assert_allclose(metric.result(), each.mean(), rtol=1e-12)


@every_metric
def test_config_round_trip(cls: type[Metric], y: np.ndarray, p: np.ndarray, each: np.ndarray) -> None:
    metric = cls(name="mine")
    again = metrics.get(json.loads(json.dumps(metrics.serialize(metric))))
    assert type(again) is cls
    assert again.get_config() == metric.get_config()


def test_the_mean_of_given_values() -> None:
    mean = Mean()
    mean.update_state([1.0, 2.0], sample_weight=[1, 3])
    mean.update_state(10.0)
    assert mean.result() == (1 + 6 + 10) / 5


def test_ties_go_to_the_first_class() -> None:
    metric = SparseCategoricalAccuracy()
    metric.update_state([0, 1], np.zeros((2, 3)))
    assert metric.result() == 0.5


def test_threshold() -> None:
    metric = BinaryAccuracy(threshold=0.8)
    metric.update_state([1, 1, 0], [[0.9], [0.7], [0.79]])
    np.testing.assert_allclose(metric.result(), 2 / 3)


def test_accuracy_stands_for_the_one_that_fits() -> None:
    assert type(metrics.get("accuracy", outputs=1)) is BinaryAccuracy
    assert type(metrics.get("acc", sparse_labels=True, outputs=10)) is SparseCategoricalAccuracy
    assert type(metrics.get("accuracy", sparse_labels=False, outputs=10)) is CategoricalAccuracy
    assert metrics.get("accuracy").name == "accuracy"
    assert metrics.get("mse").name == "mse"
    assert metrics.get(MeanSquaredError).name == "mean_squared_error"


def test_functions_of_ones_own_give_a_number_an_example_or_one_for_the_batch() -> None:
    def top(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return y_pred.max(axis=1)

    metric = metrics.get(top)
    assert metric.name == "top"
    metric.update_state(LABELS, SCORES)
    np.testing.assert_allclose(metric.result(), SCORES.max(axis=1).mean())
    whole = metrics.get(lambda y_true, y_pred: 0.25)
    whole.update_state(LABELS, SCORES)
    assert whole.result() == 0.25


BAD = {
    "unequal": (lambda: SparseCategoricalAccuracy().update_state(LABELS[:3], SCORES), ShapeError, "a row an example"),
    "one-hot for sparse": (
        lambda: SparseCategoricalAccuracy().update_state(ONE_HOT, SCORES),
        ShapeError,
        r"takes labels \(N,\) and predictions \(N, classes\); got \(47, 5\)",
    ),
    "other width": (
        lambda: CategoricalAccuracy().update_state(ONE_HOT[:, :2], SCORES),
        ShapeError,
        r"labels \(47, 2\) must have the shape of the predictions",
    ),
    "squared": (lambda: MeanSquaredError().update_state(LABELS, SCORES), ShapeError, "must have the shape"),
    "words": (lambda: MeanSquaredError().update_state(["a"] * N, SCORES), DTypeError, "y_true must hold real numbers"),
    "weights": (
        lambda: MeanSquaredError().update_state(ONE_HOT, SCORES, [1, 2]),
        ShapeError,
        r"sample_weight must have shape \(47,\), got \(2,\)",
    ),
    "a function's shape": (
        lambda: metrics.get(lambda t, p: np.ones(3)).update_state(LABELS, SCORES),
        ArgumentError,
        r"the metric <lambda> must return one number an example, \(47,\), or one for the batch",
    ),
    "a function's type": (
        lambda: metrics.get(lambda t, p: None).update_state(LABELS, SCORES),
        DTypeError,
        "what the metric <lambda> returns must hold real numbers",
    ),
    "threshold": (lambda: BinaryAccuracy(threshold="half"), ArgumentError, "BinaryAccuracy: threshold must be"),
    "name": (lambda: metrics.get("acuracy"), ArgumentError, "no metric 'acuracy'; did you mean"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit(call, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


class Largest(metrics.Metric):
    """Keeps what it needs in a variable, as metrics of one's own do in Keras."""

    def __init__(self, name: str = "largest") -> None:
        super().__init__(name)
        self.seen = self.add_weight(name="seen", shape=(2,))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.seen.assign(np.maximum(self.seen.numpy(), y_pred.max(axis=0)))
        self.seen.assign_add(np.array([0.0, 1.0]))
        self.seen.assign_sub(np.array([0.0, 1.0]))

    def result(self) -> Any:
        return self.seen


def test_variables_of_a_metric_begin_at_zero_and_are_reset_to_it() -> None:
    metric = Largest()
    assert metric(np.zeros(2), np.array([[1.0, 5.0], [3.0, 2.0]])).numpy().tolist() == [3.0, 5.0]
    assert [v.path for v in metric.variables] == ["seen"]
    metric.reset_state()
    assert metric.result().numpy().tolist() == [0.0, 0.0]


def test_functions_give_the_value_of_each_example() -> None:
    for name in ("categorical_accuracy", "top_k_categorical_accuracy", "mean_squared_error"):
        values = np.asarray(getattr(metrics, name)(ONE_HOT, SCORES))
        metric = metrics.get(name)
        metric.update_state(ONE_HOT, SCORES)
        assert values.shape == (N,)
        assert values.mean() == pytest.approx(metric.result())
    assert metrics.sparse_categorical_accuracy(LABELS, SCORES).tolist() == (SCORES.argmax(axis=1) == LABELS).tolist()
    assert metrics.sparse_top_k_categorical_accuracy(LABELS, SCORES, k=5).tolist() == [1.0] * N
    assert metrics.binary_accuracy([[1.0, 0.0]], [[0.6, 0.6]], threshold=0.5).tolist() == [0.5]
