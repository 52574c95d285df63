"""Every loss as Keras computes it: one expression for both libraries, and the numbers that Keras gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .archive import Group

RNG = np.random.default_rng(2024)
LOGITS = 4 * RNG.random((5, 4)) - 2
P = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
LABELS = np.array([2, 0, 1, 3, 1])
ONE_HOT = np.eye(4)[LABELS]
SOFT = np.round(RNG.random((5, 4)), 3)
YES = (RNG.random((5, 4)) > 0.5).astype(float)
VALUES = 6 * RNG.random((5, 4)) - 3
PIXELS = 4 * RNG.random((5, 3, 2, 4)) - 2
PIXEL_LABELS = RNG.integers(0, 4, (5, 3, 2))
PIXEL_ONE_HOT = np.eye(4)[PIXEL_LABELS]
SURE = np.array([[1.0, 0.0, 0.3, 0.7], [0.0, 1.0, 1e-9, 0.5], [0.2, 0.3, 0.4, 0.1], [0, 0, 0, 1], [0.1, 0.2, 0.9, 1]])
WEIGHTS = np.array([0.0, 1.0, 2.0, 0.5, 3.0])


class Case(NamedTuple):
    """A loss of either library, targets and predictions."""

    make: Callable[[Any], Any]
    y_true: np.ndarray
    y_pred: np.ndarray


CASES: dict[str, Case] = {
    "sparse": Case(lambda lo: lo.SparseCategoricalCrossentropy(), LABELS, P),
    "sparse logits": Case(lambda lo: lo.SparseCategoricalCrossentropy(True), LABELS[:, None], LOGITS),
    "sparse ignoring": Case(lambda lo: lo.SparseCategoricalCrossentropy(ignore_class=1), LABELS, P),
    "sparse ignoring 255": Case(
        lambda lo: lo.SparseCategoricalCrossentropy(True, ignore_class=255), np.where(LABELS == 1, 255, LABELS), LOGITS
    ),
    "sparse pixels": Case(lambda lo: lo.SparseCategoricalCrossentropy(True), PIXEL_LABELS, PIXELS),
    "sparse pixels ignoring": Case(
        lambda lo: lo.SparseCategoricalCrossentropy(True, ignore_class=0), PIXEL_LABELS, PIXELS
    ),
    "sparse axis": Case(
        lambda lo: lo.SparseCategoricalCrossentropy(True, axis=1), PIXEL_LABELS, np.moveaxis(PIXELS, -1, 1).copy()
    ),
    "categorical": Case(lambda lo: lo.CategoricalCrossentropy(), ONE_HOT, P),
    "categorical not summing to one": Case(lambda lo: lo.CategoricalCrossentropy(), ONE_HOT, P * 1.7),
    "categorical logits": Case(lambda lo: lo.CategoricalCrossentropy(True), SOFT, LOGITS),
    "categorical smoothed": Case(lambda lo: lo.CategoricalCrossentropy(label_smoothing=0.1), ONE_HOT, P),
    "categorical smoothed logits": Case(lambda lo: lo.CategoricalCrossentropy(True, 0.2), ONE_HOT, LOGITS),
    "categorical pixels": Case(lambda lo: lo.CategoricalCrossentropy(True, 0.1), PIXEL_ONE_HOT, PIXELS),
    "categorical axis": Case(
        lambda lo: lo.CategoricalCrossentropy(True, axis=1),
        np.moveaxis(PIXEL_ONE_HOT, -1, 1).copy(),
        np.moveaxis(PIXELS, -1, 1).copy(),
    ),
    "binary": Case(lambda lo: lo.BinaryCrossentropy(), YES, P),
    "binary sure": Case(lambda lo: lo.BinaryCrossentropy(), YES, SURE),
    "binary logits": Case(lambda lo: lo.BinaryCrossentropy(True), SOFT, LOGITS),
    "binary smoothed": Case(lambda lo: lo.BinaryCrossentropy(label_smoothing=0.2), YES, P),
    "binary pixels": Case(lambda lo: lo.BinaryCrossentropy(True), PIXEL_ONE_HOT, PIXELS),
    "binary focal": Case(lambda lo: lo.BinaryFocalCrossentropy(), YES, P),
    "binary focal balanced": Case(lambda lo: lo.BinaryFocalCrossentropy(True, 0.3, 1.5, True, 0.1), YES, LOGITS),
    "categorical focal": Case(lambda lo: lo.CategoricalFocalCrossentropy(), ONE_HOT, P * 0.8),
    "categorical focal logits": Case(lambda lo: lo.CategoricalFocalCrossentropy(0.4, 3.0, True, 0.1), ONE_HOT, LOGITS),
    "squared": Case(lambda lo: lo.MeanSquaredError(), VALUES, LOGITS),
    "squared pixels": Case(lambda lo: lo.MeanSquaredError(), PIXEL_ONE_HOT, PIXELS),
    "absolute": Case(lambda lo: lo.MeanAbsoluteError(), VALUES, LOGITS),
    "percentage": Case(lambda lo: lo.MeanAbsolutePercentageError(), VALUES, LOGITS),
    "logarithmic": Case(lambda lo: lo.MeanSquaredLogarithmicError(), np.abs(VALUES), LOGITS),
    "huber": Case(lambda lo: lo.Huber(), VALUES, LOGITS),
    "huber delta": Case(lambda lo: lo.Huber(delta=2.5), VALUES, LOGITS),
    "log cosh": Case(lambda lo: lo.LogCosh(), VALUES, LOGITS),
    "divergence": Case(lambda lo: lo.KLDivergence(), SOFT, P),
    "divergence sure": Case(lambda lo: lo.KLDivergence(), ONE_HOT, SURE * 0.999),
    "poisson": Case(lambda lo: lo.Poisson(), np.abs(VALUES), P),
    "cosine": Case(lambda lo: lo.CosineSimilarity(), VALUES, LOGITS),
    "cosine axis": Case(lambda lo: lo.CosineSimilarity(axis=1), PIXEL_ONE_HOT, PIXELS),
    "hinge": Case(lambda lo: lo.Hinge(), YES, LOGITS),
    "hinge signs": Case(lambda lo: lo.Hinge(), 2 * YES - 1, LOGITS),
    "squared hinge": Case(lambda lo: lo.SquaredHinge(), YES, LOGITS),
    "categorical hinge": Case(lambda lo: lo.CategoricalHinge(), ONE_HOT, LOGITS),
    "dice": Case(lambda lo: lo.Dice(axis=(1, 2, 3)), PIXEL_ONE_HOT, np.abs(PIXELS) / 2),
    "tversky": Case(lambda lo: lo.Tversky(0.3, 0.9, axis=(1, 2, 3)), PIXEL_ONE_HOT, np.abs(PIXELS) / 2),
    "tversky of all": Case(lambda lo: lo.Tversky(), PIXEL_ONE_HOT, np.abs(PIXELS) / 2),
}
WEIGHTED = [name for name, case in CASES.items() if case.y_pred.ndim == 2]
REDUCTIONS = ("sum_over_batch_size", "sum", "mean_with_sample_weight", None)


def in_float64(keras: Any, compute: Callable[[Any], dict[str, Group]]) -> dict[str, Group]:
    """compute(keras) with Keras computing in float64."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        return compute(keras)
    finally:
        keras.config.set_floatx(before)


def results(keras: Any) -> dict[str, Group]:
    """Each case's losses, the gradient of their mean, and all reductions with sample weights, as Keras has them."""
    import torch

    found = {}
    for name, case in CASES.items():
        y_pred = torch.tensor(case.y_pred, requires_grad=True)
        mean = case.make(keras.losses)(torch.tensor(case.y_true), y_pred)
        mean.backward()
        arrays = {"mean": mean.detach().numpy(), "gradient": y_pred.grad.numpy()}
        for reduction in REDUCTIONS:
            loss = case.make(keras.losses)
            loss.reduction = reduction
            if reduction is None:
                arrays["each"] = np.asarray(loss(case.y_true, case.y_pred))
            elif name in WEIGHTED:
                arrays[reduction] = np.asarray(loss(case.y_true, case.y_pred, WEIGHTS))
        found[name] = Group(arrays)
    return found
