"""Metrics: what is reported beside the loss, gathered over batches exactly. Names and defaults are Keras 3's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.backends import to_host
from minicnn.errors import ArgumentError, ShapeError
from minicnn.numeric import numeric
from minicnn.ops.checks import check_number
from minicnn.registry import from_identifier, snake_case, to_identifier


class Metric:
    """A weighted mean over all examples seen since `reset_state`; a subclass gives the value of each in `values`."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.reset_state()

    def reset_state(self) -> None:
        """Forgets everything seen."""
        self.total, self.weight = 0.0, 0.0

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """One number an example: (N,)."""
        raise TypeError(f"{type(self).__name__} must define values(y_true, y_pred)")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch. Raises ShapeError if labels, predictions and weights do not fit, DTypeError."""
        y_true = to_host(numeric(y_true, f"{self.name}: y_true"))
        y_pred = to_host(numeric(y_pred, f"{self.name}: y_pred"))
        if y_pred.ndim == 0 or y_true.ndim == 0 or len(y_true) != len(y_pred):
            raise ShapeError(f"{self.name}: y_true {y_true.shape} and y_pred {y_pred.shape} must have a row an example")
        self._add(self.values(y_true, y_pred), sample_weight)

    def _add(self, values: np.ndarray, sample_weight: Any) -> None:
        weights = np.ones(values.shape) if sample_weight is None else numeric(sample_weight, f"{self.name}: weights")
        if weights.shape != values.shape:
            raise ShapeError(f"{self.name}: sample_weight must have shape {values.shape}, got {weights.shape}")
        self.total += float((values * weights.astype(np.float64)).sum())
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
        self._add(np.atleast_1d(numeric(y_true, f"{self.name}: values")), sample_weight)


class SparseCategoricalAccuracy(Metric):
    """How often the largest prediction is the label: labels (N,) or (N, 1), predictions (N, classes)."""

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 where right: (N,)."""
        if y_pred.ndim != 2 or y_true.size != len(y_pred):
            raise ShapeError(
                f"{self.name}: takes labels (N,) and predictions (N, classes); got {y_true.shape} and {y_pred.shape}"
            )
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
        self.threshold = check_number("BinaryAccuracy", "threshold", threshold, least=0)

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
        values = numeric(self.function(y_true, y_pred), f"what the metric {self.name} returns")
        if values.shape not in ((), (len(y_pred),)):
            raise ArgumentError(
                f"the metric {self.name} must return one number an example, ({len(y_pred)},), or one for the batch; "
                f"it returned shape {values.shape}"
            )
        return np.broadcast_to(values, (len(y_pred),))


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


def serialize(metric: Metric) -> dict[str, Any]:
    """{"class_name", "config"} of a metric. Raises ArgumentError for one of your own: it cannot be saved."""
    return to_identifier("metric", metric, _KNOWN)


def _same_shape(metric: Metric, y_true: np.ndarray, y_pred: np.ndarray) -> None:
    if y_true.shape != y_pred.shape:
        raise ShapeError(f"{metric.name}: labels {y_true.shape} must have the shape of the predictions, {y_pred.shape}")


def _difference(metric: Metric, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    y_true = y_true.reshape(y_pred.shape) if y_true.size == y_pred.size else y_true
    _same_shape(metric, y_true, y_pred)
    return y_pred - y_true


def _mean_rows(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), -1).mean(axis=1)
