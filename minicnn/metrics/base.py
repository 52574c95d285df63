"""What every metric does: forget, gather batch by batch, tell."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn import initializers
from minicnn.backends import to_host
from minicnn.errors import ArgumentError, ShapeError
from minicnn.layers.variable import Variable
from minicnn.numeric import numeric
from minicnn.registry import snake_case


class Metric:
    """A weighted mean over all examples seen since `reset_state`; a subclass gives the value of each in `values`.

    One that is no such mean keeps what it needs, in variables (`add_weight`) or in attributes, and defines
    `update_state` and `result` instead, and `reset_state` unless all that it keeps are variables that begin at zero.
    Whatever is gathered, it is the same for any cut into batches.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.variables: list[Variable] = []
        self.total, self.weight = 0.0, 0.0

    def add_weight(
        self, shape: tuple[int, ...] = (), initializer: Any = "zeros", dtype: str | None = None, name: str | None = None
    ) -> Variable:
        """A new variable, float32 unless told otherwise: `assign` and `assign_add` change it."""
        values = initializers.get(initializer)(shape, dtype or "float32")
        variable = Variable(values, name or "variable", trainable=False)
        self.variables.append(variable)
        return variable

    add_variable = add_weight

    def reset_state(self) -> None:
        """Forgets everything seen."""
        self.total, self.weight = 0.0, 0.0
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape))

    def __call__(self, *given: Any, **options: Any) -> Any:
        """`update_state`, and then `result`."""
        self.update_state(*given, **options)
        return self.result()

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """One number an example: (N,)."""
        raise TypeError(f"{type(self).__name__} must define values(y_true, y_pred)")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch. Raises ShapeError if labels, predictions and weights do not fit, DTypeError."""
        y_true, y_pred = on_host(y_true, f"{self.name}: y_true"), on_host(y_pred, f"{self.name}: y_pred")
        if y_pred.ndim == 0 or y_true.ndim == 0 or len(y_true) != len(y_pred):
            raise ShapeError(f"{self.name}: y_true {y_true.shape} and y_pred {y_pred.shape} must have a row an example")
        self._add(self.values(y_true, y_pred), sample_weight)

    def _add(self, values: np.ndarray, sample_weight: Any) -> None:
        weights = np.ones(values.shape) if sample_weight is None else numeric(sample_weight, f"{self.name}: weights")
        if weights.shape != values.shape:
            raise ShapeError(f"{self.name}: sample_weight must have shape {values.shape}, got {weights.shape}")
        self.total += float((values * weights.astype(np.float64)).sum())
        self.weight += float(weights.sum())

    def result(self) -> Any:
        """The mean so far; 0 before anything was seen."""
        return self.total / self.weight if self.weight else 0.0

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}


class Mean(Metric):
    """The mean of given values: `update_state(values)`."""

    def update_state(self, y_true: Any, y_pred: Any = None, sample_weight: Any = None) -> None:
        """Adds values (N,), each with its weight."""
        self._add(np.atleast_1d(on_host(y_true, f"{self.name}: values")), sample_weight)


class FunctionMetric(Metric):
    """A function of your own, `f(y_true, y_pred) -> (N, ...)` or one number a batch, as a metric: the mean of it.

    Both are arrays in main memory; labels that are floats come in the dtype of the predictions.
    """

    def __init__(self, function: Callable[[np.ndarray, np.ndarray], Any]) -> None:
        super().__init__(getattr(function, "__name__", "metric"))
        self.function = function

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """function(y_true, y_pred): (N,)."""
        if y_true.dtype.kind == "f":
            y_true = y_true.astype(y_pred.dtype, copy=False)
        values = on_host(self.function(y_true, y_pred), f"what the metric {self.name} returns")
        if values.shape[:1] not in ((), (len(y_pred),)):
            raise ArgumentError(
                f"the metric {self.name} must return one number an example, ({len(y_pred)},), or one for the batch; "
                f"it returned shape {values.shape}"
            )
        return of_rows(values) if values.ndim else np.broadcast_to(values, (len(y_pred),))


def on_host(given: Any, name: str) -> np.ndarray:
    """Labels or predictions as an array in main memory: metrics are counted there. Raises DTypeError."""
    return to_host(numeric(given, name))


def same_shape(metric: Metric, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """y_true in the shape of y_pred, from which it may differ by axes of one. Raises ShapeError."""
    if y_true.size == y_pred.size and y_true.shape[0] == y_pred.shape[0]:
        y_true = y_true.reshape(y_pred.shape)
    if y_true.shape != y_pred.shape:
        raise ShapeError(f"{metric.name}: labels {y_true.shape} must have the shape of the predictions, {y_pred.shape}")
    return y_true


def of_rows(values: np.ndarray) -> np.ndarray:
    """The mean over all axes but the first."""
    return values.reshape(len(values), -1).mean(axis=1)
