"""What is told class by class: the confusion matrix, F scores, intersection over union."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.errors import ArgumentError, DataError, ShapeError
from minicnn.geometry import is_int
from minicnn.metrics.base import Metric, on_host, same_shape
from minicnn.metrics.counts import divided
from minicnn.numeric import numeric
from minicnn.ops.checks import check_number

MOST = 10_000  # classes of a matrix
_EPSILON = 1e-7


def confusion_matrix(y_true: Any, y_pred: Any, num_classes: int | None = None, sample_weight: Any = None) -> np.ndarray:
    """How often an example of class i (row) was taken for class j (column): (classes, classes).

    y_true: whole numbers (N,), or one-hot (N, classes); y_pred: whole numbers (N,), or scores (N, classes);
    num_classes: one more than the largest unless given; sample_weight: (N,), then the result holds floats.
    Raises ShapeError if they do not fit, DataError for a class that is not there.
    """
    labels, taken = _classes_of(y_true, "y_true"), _classes_of(y_pred, "y_pred")
    if labels.shape != taken.shape:
        raise ShapeError(f"confusion_matrix: {labels.shape} labels for {taken.shape} predictions")
    both = np.concatenate([labels, taken])
    n = int(both.max(initial=-1)) + 1 if num_classes is None else num_classes
    if not is_int(n) or n < 1:
        raise ArgumentError(f"confusion_matrix: num_classes must be a whole number of at least 1, got {num_classes!r}")
    if both.size and not 0 <= both.min() <= both.max() < n:
        raise DataError(
            f"confusion_matrix: classes must be from 0 to {n - 1}; they run from {both.min()} to {both.max()}"
        )
    weights = None if sample_weight is None else numeric(sample_weight, "confusion_matrix: sample_weight").ravel()
    if weights is not None and weights.shape != labels.shape:
        raise ShapeError(f"confusion_matrix: {weights.shape} weights for {labels.shape} labels")
    return np.bincount(labels * n + taken, weights, n * n).reshape(n, n)


def _classes_of(given: Any, name: str) -> np.ndarray:
    a = on_host(given, f"confusion_matrix: {name}")
    if a.ndim == 2 and a.shape[1] > 1:
        return a.argmax(axis=1)
    if a.size and not (np.mod(a, 1) == 0).all():
        raise DataError(f"confusion_matrix: {name} (N,) must hold whole numbers, scores have shape (N, classes)")
    return a.reshape(-1).astype(np.int64)


class FBetaScore(Metric):
    """(1 + beta²) · precision · recall / (beta² · precision + recall), of each class: labels and predictions (N, K).

    average: None for one number a class, "macro" for their mean, "weighted" for one weighed by how often each class
    is true, "micro" for that of all counts together. threshold: what a prediction must be above to be a yes; None: the
    largest of each row is.
    Source: van Rijsbergen, Information retrieval (1979), chapter 7.
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
    ) -> None:
        who = type(self).__name__
        if average not in (None, "micro", "macro", "weighted"):
            raise ArgumentError(f"{who}: average must be None, 'micro', 'macro' or 'weighted', got {average!r}")
        self.average, self.beta = average, check_number(who, "beta", beta, least=0)
        if self.beta == 0:
            raise ArgumentError(f"{who}: beta must be above 0")
        self.threshold = None if threshold is None else check_number(who, "threshold", threshold, least=0)
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise ArgumentError(f"{who}: threshold must be above 0 and at most 1, got {threshold!r}")
        super().__init__(name)
        self.reset_state()

    def reset_state(self) -> None:
        """Forgets everything seen."""
        self._found, self._wrong, self._missed = np.zeros(1), np.zeros(1), np.zeros(1)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch. Raises ShapeError if shapes are not (N, K)."""
        y_true, y_pred = on_host(y_true, f"{self.name}: y_true"), on_host(y_pred, f"{self.name}: y_pred")
        if y_pred.ndim != 2 or y_true.shape != y_pred.shape:
            raise ShapeError(f"{self.name}: takes labels and predictions (N, K), got {y_true.shape} and {y_pred.shape}")
        weights = np.ones(len(y_pred)) if sample_weight is None else numeric(sample_weight, f"{self.name}: weights")
        if weights.shape != y_pred.shape[:1]:
            raise ShapeError(f"{self.name}: sample_weight must have shape {y_pred.shape[:1]}, got {weights.shape}")
        if self.threshold is None:
            yes = (y_pred >= y_pred.max(axis=1, keepdims=True)) & (np.abs(y_pred) > 1e-9)
        else:
            yes = y_pred > self.threshold
        right = y_true * weights[:, None]
        axis = None if self.average == "micro" else 0
        self._found = self._found + (yes * right).sum(axis=axis)
        self._wrong = self._wrong + (yes * (1 - y_true) * weights[:, None]).sum(axis=axis)
        self._missed = self._missed + (~yes * right).sum(axis=axis)

    def result(self) -> Any:
        """One number, or without an average one a class."""
        precision = self._found / (self._found + self._wrong + _EPSILON)
        recall = self._found / (self._found + self._missed + _EPSILON)
        scores = precision * recall / (self.beta**2 * precision + recall + _EPSILON) * (1 + self.beta**2)
        if self.average is None:
            return scores
        if self.average == "weighted":
            true = self._found + self._missed
            return float((scores * true / (true.sum() + _EPSILON)).sum())
        return float(scores.mean())


class F1Score(FBetaScore):
    """FBetaScore with beta 1: the harmonic mean of precision and recall."""

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str | None = "f1_score"
    ) -> None:
        super().__init__(average, 1.0, threshold, name)


class IoU(Metric):
    """The mean over some classes of tp / (tp + fp + fn), of pixels or of examples.

    y_true: whole numbers, or one-hot with sparse_y_true=False; y_pred: whole numbers, or scores with
    sparse_y_pred=False; ignore_class: a label that is not counted. Classes that do not occur at all are left out.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        who = type(self).__name__
        if not is_int(num_classes) or not 1 <= num_classes <= MOST:
            raise ArgumentError(f"{who}: num_classes must be a whole number from 1 to {MOST:,}, got {num_classes!r}")
        self.num_classes, self.target_class_ids = int(num_classes), list(target_class_ids)
        if not all(is_int(c) and 0 <= c < num_classes for c in self.target_class_ids):
            raise ArgumentError(
                f"{who}: target_class_ids must be from 0 to {num_classes - 1}, got {target_class_ids!r}"
            )
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        super().__init__(name)
        self.reset_state()

    def reset_state(self) -> None:
        """Forgets everything seen."""
        self.total_cm = np.zeros((self.num_classes, self.num_classes))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch. Raises ShapeError or DataError for labels that do not fit."""
        y_true, y_pred = on_host(y_true, f"{self.name}: y_true"), on_host(y_pred, f"{self.name}: y_pred")
        y_true = y_true if self.sparse_y_true else y_true.argmax(axis=self.axis)
        y_pred = y_pred if self.sparse_y_pred else y_pred.argmax(axis=self.axis)
        y_true = same_shape(self, y_true, y_pred)
        weights = np.ones(len(y_pred)) if sample_weight is None else numeric(sample_weight, f"{self.name}: weights")
        if weights.shape not in (y_pred.shape, y_pred.shape[:1]):
            raise ShapeError(f"{self.name}: sample_weight must have shape {y_pred.shape[:1]}, got {weights.shape}")
        weights = np.broadcast_to(weights.reshape(*weights.shape, *(1,) * (y_pred.ndim - weights.ndim)), y_pred.shape)
        counted = np.ones(y_true.shape, bool) if self.ignore_class is None else y_true != self.ignore_class
        self.total_cm += confusion_matrix(y_true[counted], y_pred[counted], self.num_classes, weights[counted])

    def result(self) -> float:
        """0 to 1."""
        found = np.diag(self.total_cm)[self.target_class_ids]
        either = (self.total_cm.sum(axis=0) + self.total_cm.sum(axis=1))[self.target_class_ids] - found
        return float(divided(found, either).sum() / max((either > 0).sum(), 1))


class MeanIoU(IoU):
    """IoU of all classes."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        everything = range(num_classes) if is_int(num_classes) else ()
        super().__init__(num_classes, everything, name, ignore_class, sparse_y_true, sparse_y_pred, axis)
