"""How often a prediction is right, or among the best k."""

from __future__ import annotations

import numpy as np

from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import is_int
from minicnn.metrics.base import Metric, of_rows, same_shape
from minicnn.ops.checks import check_number


class Accuracy(Metric):
    """How often a prediction equals its label."""

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The part of each example that is right: (N,)."""
        return of_rows(same_shape(self, y_true, y_pred) == y_pred)


class BinaryAccuracy(Metric):
    """How often a prediction above `threshold` meets a label of 1: both (N, K), or labels (N,) for K = 1."""

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = check_number("BinaryAccuracy", "threshold", threshold, least=0)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The part of the K that is right: (N,)."""
        return of_rows((y_pred > self.threshold) == same_shape(self, y_true, y_pred))


class CategoricalAccuracy(Metric):
    """How often the largest prediction is that of the one-hot label: both (N, classes), or (N, ..., classes)."""

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 where right: (N,)."""
        return of_rows(y_pred.argmax(axis=-1) == same_shape(self, y_true, y_pred).argmax(axis=-1))


class SparseCategoricalAccuracy(Metric):
    """How often the largest prediction is the label: labels (N,) or (N, 1), predictions (N, classes); or of pixels."""

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 where right: (N,)."""
        return of_rows(y_pred.argmax(axis=-1) == _labels(self, y_true, y_pred))


class _TopK(Metric):
    def __init__(self, k: int = 5, name: str | None = None) -> None:
        super().__init__(name)
        if not is_int(k) or k < 1:
            raise ArgumentError(f"{type(self).__name__}: k must be a whole number of at least 1, got {k!r}")
        self.k = int(k)

    def _among_best(self, labels: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        own = np.take_along_axis(y_pred, labels[..., None].astype(np.int64), axis=-1)
        return of_rows((y_pred > own).sum(axis=-1) < self.k)


class TopKCategoricalAccuracy(_TopK):
    """How often fewer than k predictions are larger than that of the one-hot label."""

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy") -> None:
        super().__init__(k, name)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 where right: (N,)."""
        return self._among_best(same_shape(self, y_true, y_pred).argmax(axis=-1), y_pred)


class SparseTopKCategoricalAccuracy(_TopK):
    """How often fewer than k predictions are larger than that of the label."""

    def __init__(self, k: int = 5, name: str | None = "sparse_top_k_categorical_accuracy") -> None:
        super().__init__(k, name)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 where right: (N,). Raises ShapeError for labels that are no class."""
        labels = _labels(self, y_true, y_pred)
        if labels.size and not 0 <= labels.min() <= labels.max() < y_pred.shape[-1]:
            raise ShapeError(f"{self.name}: labels must be from 0 to {y_pred.shape[-1] - 1}, the classes predicted")
        return self._among_best(labels, y_pred)


def _labels(metric: Metric, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    if y_pred.ndim < 2 or y_true.size * y_pred.shape[-1] != y_pred.size:
        raise ShapeError(
            f"{metric.name}: takes labels (N,) and predictions (N, classes); got {y_true.shape} and {y_pred.shape}"
        )
    return y_true.reshape(y_pred.shape[:-1])
