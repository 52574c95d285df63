"""Metrics: what is reported beside the loss, gathered over batches exactly. Names and defaults are Keras 3's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.registry import from_identifier


class Metric:
    """A weighted mean over all examples seen since `reset_state`; a subclass gives the value of each in `values`."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or type(self).__name__
        self.reset_state()

    def reset_state(self) -> None:
        """Forgets everything seen."""
        self.total, self.weight = 0.0, 0.0

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """One number an example: (N,)."""
        raise TypeError(f"{type(self).__name__} must define values(y_true, y_pred)")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch. Raises ShapeError if labels and predictions do not fit."""
        values = self.values(np.asarray(y_true), np.asarray(y_pred)).astype(np.float64)
        weights = np.ones_like(values) if sample_weight is None else np.asarray(sample_weight, np.float64)
        self.total += float((values * weights).sum())
        self.weight += float(weights.sum())

    def result(self) -> float:
        """The mean so far; 0 before anything was seen."""
        return self.total / self.weight if self.weight else 0.0

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name}


class Mean(Metric):
    """The mean of given values: `update_state(values)`."""

    def update_state(self, y_true: Any, y_pred: Any = None, sample_weight: Any = None) -> None:
        """Adds values (N,), each with its weight."""
        values = np.atleast_1d(np.asarray(y_true, np.float64))
        weights = np.ones_like(values) if sample_weight is None else np.asarray(sample_weight, np.float64)
        self.total += float((values * weights).sum())
        self.weight += float(weights.sum())


class SparseCategoricalAccuracy(Metric):
    """How often the largest prediction is the label: labels (N,) or (N, 1), predictions (N, classes)."""

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 where right: (N,)."""
        return y_pred.argmax(axis=-1) == y_true.reshape(len(y_pred))


class CategoricalAccuracy(Metric):
    """The same for one-hot labels (N, classes)."""

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 where right: (N,)."""
        _same_shape(self, y_true, y_pred)
        return y_pred.argmax(axis=-1) == y_true.argmax(axis=-1)


class BinaryAccuracy(Metric):
    """How often a prediction above `threshold` meets a label of 1: both (N, K), or labels (N,) for K = 1."""

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = threshold

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The part of the K that is right: (N,)."""
        y_true = y_true.reshape(y_pred.shape) if y_true.size == y_pred.size else y_true
        _same_shape(self, y_true, y_pred)
        right = (y_pred > self.threshold) == (y_true > 0.5)
        return right.reshape(len(right), -1).mean(axis=1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "threshold": self.threshold}


class MeanSquaredError(Metric):
    """The mean of (y_pred - y_true)²."""

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """(N,)."""
        return _mean_rows(np.square(_difference(self, y_true, y_pred)))


class MeanAbsoluteError(Metric):
    """The mean of |y_pred - y_true|."""

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """(N,)."""
        return _mean_rows(np.abs(_difference(self, y_true, y_pred)))


class FunctionMetric(Metric):
    """A function of your own, `f(y_true, y_pred) -> (N,)` or one number a batch, as a metric."""

    def __init__(self, function: Callable[[np.ndarray, np.ndarray], Any]) -> None:
        super().__init__(getattr(function, "__name__", "metric"))
        self.function = function

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """function(y_true, y_pred): (N,)."""
        return np.broadcast_to(np.asarray(self.function(y_true, y_pred)), (len(y_pred),))


_KNOWN: dict[str, type[Metric]] = {
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "binary_accuracy": BinaryAccuracy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
}


def get(identifier: Any, *, sparse_labels: bool = True, outputs: int = 2) -> Metric:
    """A metric from its name, class, a function, or as it is. Raises ArgumentError for an unknown one.

    "accuracy" (or "acc") stands for the accuracy that fits: binary for one output, sparse for labels that are whole
    numbers, categorical for one-hot labels.
    """
    if identifier in ("accuracy", "acc"):
        cls = BinaryAccuracy if outputs == 1 else SparseCategoricalAccuracy if sparse_labels else CategoricalAccuracy
        return cls(name=identifier)
    if callable(identifier) and not isinstance(identifier, (Metric, type)):
        return FunctionMetric(identifier)
    metric = from_identifier("metric", identifier, Metric, _KNOWN)
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


def _same_shape(metric: Metric, y_true: np.ndarray, y_pred: np.ndarray) -> None:
    if y_true.shape != y_pred.shape:
        raise ShapeError(f"{metric.name}: labels {y_true.shape} must have the shape of the predictions, {y_pred.shape}")


def _difference(metric: Metric, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    y_true = y_true.reshape(y_pred.shape) if y_true.size == y_pred.size else y_true
    _same_shape(metric, y_true, y_pred)
    return y_pred - y_true


def _mean_rows(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), -1).mean(axis=1)
