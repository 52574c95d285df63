from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from minicnn import losses, ops
from minicnn.errors import ArgumentError, DataError, DTypeError, ShapeError
from minicnn.gradient_check import gradcheck
from minicnn.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from minicnn.tensor import Tensor

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((4, 3))
P = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
LABELS = np.array([2, 0, 1, 1])
ONE_HOT = np.eye(3)[LABELS]
SOFT = RNG.dirichlet(np.ones(3), 4)
YES = RNG.random((4, 3))
VALUES = RNG.standard_normal((4, 3))


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


# Name, loss, y_true, y_pred, and the loss of each example by its formula.
CASES = [
    ("sparse, logits", SparseCategoricalCrossentropy(from_logits=True), LABELS, LOGITS, -np.log((P * ONE_HOT).sum(1))),
    ("sparse", SparseCategoricalCrossentropy(), LABELS, P, -np.log((P * ONE_HOT).sum(1))),
    ("categorical, logits", CategoricalCrossentropy(from_logits=True), ONE_HOT, LOGITS, -(ONE_HOT * np.log(P)).sum(1)),
    ("categorical, soft", CategoricalCrossentropy(), SOFT, P, -(SOFT * np.log(P)).sum(1)),
    ("binary", BinaryCrossentropy(), YES, P, -(YES * np.log(P) + (1 - YES) * np.log(1 - P)).mean(1)),
    (
        "binary, logits",
        BinaryCrossentropy(from_logits=True),
        YES,
        LOGITS,
        -(YES * np.log(sigmoid(LOGITS)) + (1 - YES) * np.log(1 - sigmoid(LOGITS))).mean(1),
    ),
    ("squared", MeanSquaredError(), VALUES, LOGITS, ((LOGITS - VALUES) ** 2).mean(1)),
    ("absolute", MeanAbsoluteError(), VALUES, LOGITS, np.abs(LOGITS - VALUES).mean(1)),
]
every_loss = pytest.mark.parametrize(("loss", "y", "z", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])


@every_loss
def test_the_mean_over_examples(loss: Loss, y: np.ndarray, z: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(loss(y, z).item(), expected.mean(), rtol=1e-12)


@every_loss
def test_reductions_and_weights(loss: Loss, y: np.ndarray, z: np.ndarray, expected: np.ndarray) -> None:
    config = {key: value for key, value in loss.get_config().items() if key != "reduction"}
    weights = np.array([0, 1, 2, 0.5])
    each, total = type(loss)(**config, reduction=None), type(loss)(**config, reduction="sum")
    np.testing.assert_allclose(each(y, z).data, expected, rtol=1e-12)
    np.testing.assert_allclose(each(y, z, weights).data, expected * weights, rtol=1e-12)
    np.testing.assert_allclose(total(y, z, weights).item(), (expected * weights).sum(), rtol=1e-12)
    np.testing.assert_allclose(loss(y, z, weights).item(), (expected * weights).sum() / 4, rtol=1e-12)


@every_loss
def test_gradients(loss: Loss, y: np.ndarray, z: np.ndarray, expected: np.ndarray) -> None:
    gradcheck(lambda z: loss(y, z, [1, 0.5, 2, 0]), [z])


@every_loss
def test_float32_predictions_give_a_float32_loss(
    loss: Loss, y: np.ndarray, z: np.ndarray, expected: np.ndarray
) -> None:
    result = loss(y.astype(np.float32) if y.dtype == np.float64 else y, z.astype(np.float32), np.ones(4))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result.item(), expected.mean(), rtol=1e-5)


@every_loss
def test_config_round_trip(loss: Loss, y: np.ndarray, z: np.ndarray, expected: np.ndarray) -> None:
    again = losses.get(json.loads(json.dumps(losses.serialize(loss))))
    assert again.get_config() == loss.get_config()
    assert again(y, z).item() == loss(y, z).item()


def test_softmax_then_cross_entropy_agree_with_logits() -> None:
    for name in ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"):
        np.testing.assert_allclose(
            losses.get(name)(LABELS, P).item(), SparseCategoricalCrossentropy(from_logits=True)(LABELS, LOGITS).item()
        )


def test_logits_far_apart_lose_no_digits() -> None:
    loss = SparseCategoricalCrossentropy(from_logits=True)([1], [[1000.0, 0.0]])
    assert loss.item() == 1000


def test_labels_may_have_an_axis_of_one() -> None:
    loss = SparseCategoricalCrossentropy()
    assert loss(LABELS[:, None], P).item() == loss(LABELS, P).item() == loss(LABELS.tolist(), P).item()


def test_one_target_an_example_may_come_without_its_axis() -> None:
    column = LOGITS[:, :1]
    for loss, y in ((MeanSquaredError(), VALUES[:, 0]), (BinaryCrossentropy(from_logits=True), YES[:, 0])):
        assert loss(y, column).item() == loss(y[:, None], column).item()


def test_a_function_of_ones_own() -> None:
    loss = losses.get(lambda y_true, y_pred: (y_pred**2).mean(axis=1))
    np.testing.assert_allclose(loss(VALUES, Tensor(LOGITS)).item(), (LOGITS**2).mean())
    with pytest.raises(ArgumentError, match=r"the loss <lambda> must return a Tensor, .* it returned float64"):
        losses.get(lambda y_true, y_pred: np.float64(3))(VALUES, LOGITS)
    with pytest.raises(ArgumentError, match="of a class of your own"):
        losses.serialize(loss)


def test_every_loss_comes_back_from_its_config() -> None:
    for name, cls in losses._KNOWN.items():
        again = losses.get(json.loads(json.dumps(losses.serialize(losses.get(name)))))
        assert type(again) is cls
        assert again.get_config() == cls().get_config()


def test_gradients_of_the_others() -> None:
    targets = np.abs(VALUES)
    for loss in (
        losses.BinaryFocalCrossentropy(),
        losses.CategoricalFocalCrossentropy(),
        losses.KLDivergence(),
        losses.Poisson(),
        losses.Dice(axis=1),
        losses.Tversky(0.3, 0.8),
        losses.CosineSimilarity(),
        losses.Huber(0.4),
        losses.LogCosh(),
        losses.MeanAbsolutePercentageError(),
        losses.MeanSquaredLogarithmicError(),
        losses.CategoricalHinge(),
        losses.SquaredHinge(),
        SparseCategoricalCrossentropy(ignore_class=1),
    ):
        y = LABELS if isinstance(loss, SparseCategoricalCrossentropy) else YES if "Focal" in str(loss) else targets
        gradcheck(lambda z, loss=loss, y=y: loss(y, z), [P])


def test_pixels_that_are_all_ignored_cost_nothing() -> None:
    loss = SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    assert loss(np.full((2, 3), 255), np.ones((2, 3, 4))).item() == 0


BAD = {
    "one-hot for sparse": (
        lambda: SparseCategoricalCrossentropy()(ONE_HOT, P),
        ShapeError,
        "for one-hot labels use CategoricalCrossentropy",
    ),
    "labels for one-hot": (
        lambda: CategoricalCrossentropy()(LABELS, P),
        ShapeError,
        "for whole numbers use SparseCategoricalCrossentropy",
    ),
    "label out of range": (
        lambda: SparseCategoricalCrossentropy()(LABELS + 1, P),
        DataError,
        "labels must be from 0 to 2 for 3 classes; they run from 1 to 3",
    ),
    "labels that are floats": (
        lambda: SparseCategoricalCrossentropy()(LABELS * 1.0, P),
        DTypeError,
        "labels of shape .N,. must be whole numbers, got float64",
    ),
    "targets above 1": (lambda: BinaryCrossentropy()(YES + 1, P), DataError, "targets must be from 0 to 1"),
    "other shape": (
        lambda: MeanSquaredError()(VALUES[:, :2], LOGITS),
        ShapeError,
        r"y_true \(4, 2\) must have the shape of the predictions, \(4, 3\)",
    ),
    "ragged": (
        lambda: MeanSquaredError()([[1], [1, 2]], LOGITS),
        DTypeError,
        "mean_squared_error: y_true must hold real",
    ),
    "text": (lambda: MeanAbsoluteError()("abc", LOGITS), DTypeError, "y_true must hold real numbers"),
    "weights of another length": (
        lambda: MeanSquaredError()(VALUES, LOGITS, [1, 2]),
        ShapeError,
        r"sample_weight must hold one number an example, \(4,\); got \(2,\)",
    ),
    "weights in words": (lambda: MeanSquaredError()(VALUES, LOGITS, "heavy"), DTypeError, "sample_weight must hold"),
    "weights below zero": (
        lambda: MeanSquaredError()(VALUES, LOGITS, [1, 1, 1, -1]),
        DataError,
        "sample_weight must be",
    ),
    "no examples": (lambda: MeanSquaredError()(VALUES[:0], LOGITS[:0]), ShapeError, "mean"),
    "reduction": (lambda: MeanSquaredError(reduction="median"), ArgumentError, "MeanSquaredError: reduction must be"),
    "smoothing above one": (
        lambda: CategoricalCrossentropy(label_smoothing=1.5),
        ArgumentError,
        "CategoricalCrossentropy: label_smoothing must be at most 1, got 1.5",
    ),
    "smoothing in words": (
        lambda: BinaryCrossentropy(label_smoothing="some"),
        ArgumentError,
        "BinaryCrossentropy: label_smoothing must be a finite number",
    ),
    "ignored class in words": (
        lambda: SparseCategoricalCrossentropy(ignore_class="none"),
        ArgumentError,
        "ignore_class must be a whole number",
    ),
    "axis in words": (
        lambda: SparseCategoricalCrossentropy(axis="last"),
        ArgumentError,
        "axis must be a whole number, got 'last'",
    ),
    "axis of the batch": (
        lambda: CategoricalCrossentropy(axis=0)(ONE_HOT, P),
        ShapeError,
        "categorical_crossentropy: axis 0 is not one of predictions",
    ),
    "delta below zero": (lambda: losses.Huber(-1), ArgumentError, "Huber: delta must be at least 0, got -1"),
    "gamma in words": (
        lambda: losses.BinaryFocalCrossentropy(gamma="two"),
        ArgumentError,
        "BinaryFocalCrossentropy: gamma must be a finite number",
    ),
    "balancing": (
        lambda: losses.BinaryFocalCrossentropy(1),
        ArgumentError,
        "apply_class_balancing must be True or False, got 1",
    ),
    "axis of a cosine": (lambda: losses.CosineSimilarity("x"), ArgumentError, "axis must be a whole number, got 'x'"),
    "axis of regions": (lambda: losses.Dice(axis=7)(VALUES, LOGITS), ArgumentError, "dice: axis must be None or whole"),
    "from_logits": (lambda: BinaryCrossentropy(from_logits="no"), ArgumentError, "from_logits must be True or False"),
    "name": (lambda: losses.get("mean_sqared_error"), ArgumentError, "did you mean 'mean_squared_error'"),
    "nothing": (lambda: losses.get(None), ArgumentError, "loss must be a name or a Loss, got None"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit(call, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


FUNCTIONS = [name for name in losses.__all__ if name.islower() and name not in ("get", "serialize")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_function_is_the_loss_without_its_mean(name: str) -> None:
    loss, function = losses.get(name), getattr(losses, name)
    y = LABELS if "sparse" in name else ONE_HOT
    np.testing.assert_allclose(function(y, Tensor(P)).data.mean(), loss(y, P).item(), rtol=1e-12)
    assert type(losses.get(function)) is type(loss), "so that it can be saved"
    options = {"from_logits": True} if "entropy" in name else {}
    gradcheck(lambda z: function(y, z, **options), [LOGITS if options else P])


class Squares(losses.Loss):
    """As people write one who do not think of dtypes."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64", "bool"])
def test_a_loss_of_ones_own_gets_targets_in_the_dtype_of_the_predictions(dtype: str) -> None:
    y_true, y_pred = np.array([[1, 0], [0, 1]], dtype), np.array([[0.5, 0.0], [0.0, 0.0]], "float32")
    loss = Squares()(y_true, Tensor(y_pred, requires_grad=True))
    assert loss.dtype == np.float32
    assert loss.item() == 0.3125
    assert losses.get(lambda y, p: Squares().call(y, p))(y_true, y_pred).item() == 0.3125
