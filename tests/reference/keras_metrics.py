"""Every metric as Keras computes it over batches: one expression for both libraries, and Keras's numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .archive import Group

N = 60
RNG = np.random.default_rng(31)
SCORES = RNG.permutation((np.arange(4 * N) + 0.37) / (4 * N)).reshape(N, 4)  # no two alike, none on a threshold
PROBABILITIES = SCORES / SCORES.sum(axis=1, keepdims=True)
LABELS = RNG.integers(0, 4, N)
ONE_HOT = np.eye(4)[LABELS]
YES = (RNG.random((N, 4)) > 0.6).astype(float)
ONE_YES, ONE_SCORE = YES[:, 0], SCORES[:, :1]
VALUES = 4 * RNG.random((N, 4)) - 2
TARGETS = 4 * RNG.random((N, 4)) - 2
PIXELS = RNG.integers(0, 3, (N, 5))
PIXEL_LABELS = RNG.integers(0, 3, (N, 5))
WEIGHTS = np.round(RNG.random(N), 3)
CUTS = (7, 8, 31)


class Case(NamedTuple):
    """A metric of either library, labels and predictions; weighted: whether sample weights fit it."""

    make: Callable[[Any], Any]
    y_true: np.ndarray
    y_pred: np.ndarray
    weighted: bool = True


CASES: dict[str, Case] = {
    "accuracy": Case(lambda m: m.Accuracy(), PIXEL_LABELS[:, :1], PIXELS[:, :1]),
    "binary accuracy": Case(lambda m: m.BinaryAccuracy(), YES, SCORES),
    "binary accuracy at": Case(lambda m: m.BinaryAccuracy(threshold=0.8), ONE_YES[:, None], ONE_SCORE),
    "categorical accuracy": Case(lambda m: m.CategoricalAccuracy(), ONE_HOT, SCORES),
    "sparse accuracy": Case(lambda m: m.SparseCategoricalAccuracy(), LABELS, SCORES),
    "top k": Case(lambda m: m.TopKCategoricalAccuracy(k=2), ONE_HOT, SCORES),
    "sparse top k": Case(lambda m: m.SparseTopKCategoricalAccuracy(k=3), LABELS, SCORES),
    "precision": Case(lambda m: m.Precision(), YES, SCORES),
    "precision one": Case(lambda m: m.Precision(), ONE_YES, ONE_SCORE),
    "precision at": Case(lambda m: m.Precision(thresholds=[0.8, 0.1, 0.5]), YES, SCORES),
    "precision top": Case(lambda m: m.Precision(top_k=2), YES, SCORES),
    "precision class": Case(lambda m: m.Precision(class_id=2), YES, SCORES),
    "recall": Case(lambda m: m.Recall(), YES, SCORES),
    "recall top class": Case(lambda m: m.Recall(top_k=2, class_id=1), YES, SCORES),
    "recall at": Case(lambda m: m.Recall(thresholds=0.7), YES, SCORES),
    "true positives": Case(lambda m: m.TruePositives(), YES, SCORES),
    "false positives": Case(lambda m: m.FalsePositives([0.2, 0.9]), YES, SCORES),
    "true negatives": Case(lambda m: m.TrueNegatives(0.3), YES, SCORES),
    "false negatives": Case(lambda m: m.FalseNegatives(), YES, SCORES),
    "sensitivity": Case(lambda m: m.SensitivityAtSpecificity(0.6), YES, SCORES),
    "specificity": Case(lambda m: m.SpecificityAtSensitivity(0.6, num_thresholds=11), YES, SCORES),
    "precision at recall": Case(lambda m: m.PrecisionAtRecall(0.5), YES, SCORES),
    "recall at precision": Case(lambda m: m.RecallAtPrecision(0.45), YES, SCORES),
    "area": Case(lambda m: m.AUC(), YES, SCORES),
    "area few": Case(lambda m: m.AUC(num_thresholds=5), ONE_YES[:, None], ONE_SCORE),
    "area minoring": Case(lambda m: m.AUC(10, summation_method="minoring"), YES, SCORES),
    "area PR": Case(lambda m: m.AUC(curve="PR"), YES, SCORES),
    "area PR majoring": Case(lambda m: m.AUC(10, "PR", "majoring"), YES, SCORES),
    "area thresholds": Case(lambda m: m.AUC(thresholds=[0.2, 0.33, 0.9]), YES, SCORES),
    "area columns": Case(lambda m: m.AUC(multi_label=True), YES, SCORES, False),
    "area columns weighed": Case(
        lambda m: m.AUC(curve="PR", multi_label=True, num_labels=4, label_weights=[1.0, 2, 0.5, 0]), YES, SCORES, False
    ),
    "area logits": Case(lambda m: m.AUC(from_logits=True), YES, VALUES),
    "f1": Case(lambda m: m.F1Score(), YES, SCORES),
    "f1 macro": Case(lambda m: m.F1Score(average="macro", threshold=0.4), YES, SCORES),
    "f1 micro": Case(lambda m: m.F1Score(average="micro"), YES, SCORES),
    "f beta weighted": Case(lambda m: m.FBetaScore(average="weighted", beta=2.0, threshold=0.5), YES, SCORES),
    "overlap": Case(lambda m: m.MeanIoU(num_classes=4), PIXEL_LABELS, PIXELS, False),
    "overlap of some": Case(lambda m: m.IoU(3, [0, 2], ignore_class=1), PIXEL_LABELS, PIXELS, False),
    "squared": Case(lambda m: m.MeanSquaredError(), TARGETS, VALUES),
    "root squared": Case(lambda m: m.RootMeanSquaredError(), TARGETS, VALUES),
    "absolute": Case(lambda m: m.MeanAbsoluteError(), TARGETS, VALUES),
    "percentage": Case(lambda m: m.MeanAbsolutePercentageError(), TARGETS, VALUES),
    "logarithmic": Case(lambda m: m.MeanSquaredLogarithmicError(), TARGETS, VALUES),
    "log cosh": Case(lambda m: m.LogCoshError(), TARGETS, VALUES),
    "cosine": Case(lambda m: m.CosineSimilarity(), TARGETS, VALUES),
    "divergence": Case(lambda m: m.KLDivergence(), ONE_HOT, PROBABILITIES),
    "poisson": Case(lambda m: m.Poisson(), np.abs(TARGETS), PROBABILITIES),
    "hinge": Case(lambda m: m.Hinge(), YES, VALUES),
    "squared hinge": Case(lambda m: m.SquaredHinge(), YES, VALUES),
    "categorical hinge": Case(lambda m: m.CategoricalHinge(), ONE_HOT, VALUES),
    "binary entropy": Case(lambda m: m.BinaryCrossentropy(label_smoothing=0.1), YES, PROBABILITIES),
    "categorical entropy": Case(lambda m: m.CategoricalCrossentropy(from_logits=True), ONE_HOT, VALUES),
    "sparse entropy": Case(lambda m: m.SparseCategoricalCrossentropy(), LABELS, PROBABILITIES),
}


def streamed(metric: Any, case: Case, weights: np.ndarray | None) -> np.ndarray:
    """The result after uneven batches."""
    for part in np.split(np.arange(N), CUTS):
        given = None if weights is None else weights[part]
        metric.update_state(case.y_true[part], case.y_pred[part], sample_weight=given)
    return np.asarray(metric.result(), np.float64)


def results(keras: Any) -> dict[str, Group]:
    """Each case's result, plain and with sample weights, and the metric's name."""
    found = {}
    for name, case in CASES.items():
        arrays = {"plain": streamed(case.make(keras.metrics), case, None)}
        if case.weighted:
            arrays["weighted"] = streamed(case.make(keras.metrics), case, WEIGHTS)
        found[name] = Group(arrays)
    return found
