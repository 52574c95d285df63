"""Losses as metrics: the mean of what a loss says of each example, and the root of one."""

from __future__ import annotations

import math

import numpy as np

from minicnn import losses
from minicnn.losses import Loss
from minicnn.metrics.base import Metric, of_rows
from minicnn.tensor import Tensor, no_grad


class _OfLoss(Metric):
    """The mean of a loss."""

    def __init__(self, loss: Loss, name: str | None) -> None:
        super().__init__(name)
        self._loss = loss

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The loss of each example: (N,)."""
        if y_pred.dtype.kind != "f":
            y_pred = y_pred.astype(np.float64)
        if y_true.size == y_pred.size:
            y_true = y_true.reshape(y_pred.shape)
        with no_grad():
            return of_rows(self._loss.call(y_true, Tensor(y_pred)).data)


class MeanSquaredError(_OfLoss):
    """The mean of (y_pred - y_true)²."""

    def __init__(self, name: str | None = "mean_squared_error") -> None:
        super().__init__(losses.MeanSquaredError(name=name), name)


class RootMeanSquaredError(_OfLoss):
    """The root of the mean of (y_pred - y_true)²."""

    def __init__(self, name: str | None = "root_mean_squared_error") -> None:
        super().__init__(losses.MeanSquaredError(name=name), name)

    def result(self) -> float:
        """The root of the mean so far."""
        return math.sqrt(super().result())


class MeanAbsoluteError(_OfLoss):
    """The mean of |y_pred - y_true|."""

    def __init__(self, name: str | None = "mean_absolute_error") -> None:
        super().__init__(losses.MeanAbsoluteError(name=name), name)


class MeanAbsolutePercentageError(_OfLoss):
    """100 times the mean of |y_pred - y_true| / |y_true|."""

    def __init__(self, name: str | None = "mean_absolute_percentage_error") -> None:
        super().__init__(losses.MeanAbsolutePercentageError(name=name), name)


class MeanSquaredLogarithmicError(_OfLoss):
    """The mean of (log(y_pred + 1) - log(y_true + 1))²."""

    def __init__(self, name: str | None = "mean_squared_logarithmic_error") -> None:
        super().__init__(losses.MeanSquaredLogarithmicError(name=name), name)


class LogCoshError(_OfLoss):
    """The mean of log(cosh(y_pred - y_true))."""

    def __init__(self, name: str | None = "logcosh") -> None:
        super().__init__(losses.LogCosh(name=name), name)


class CosineSimilarity(_OfLoss):
    """The mean cosine between y_true and y_pred: 1 where they point the same way (the loss is minus that)."""

    def __init__(self, name: str | None = "cosine_similarity", axis: int = -1) -> None:
        loss = losses.CosineSimilarity(axis, name=name)
        super().__init__(loss, name)
        self.axis = loss.axis

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """(N,)."""
        return -super().values(y_true, y_pred)


class KLDivergence(_OfLoss):
    """The mean of Σ t · log(t / p)."""

    def __init__(self, name: str | None = "kl_divergence") -> None:
        super().__init__(losses.KLDivergence(name=name), name)


class Poisson(_OfLoss):
    """The mean of p - t · log(p)."""

    def __init__(self, name: str | None = "poisson") -> None:
        super().__init__(losses.Poisson(name=name), name)


class Hinge(_OfLoss):
    """The mean of max(1 - t · p, 0)."""

    def __init__(self, name: str | None = "hinge") -> None:
        super().__init__(losses.Hinge(name=name), name)


class SquaredHinge(_OfLoss):
    """The mean of max(1 - t · p, 0)²."""

    def __init__(self, name: str | None = "squared_hinge") -> None:
        super().__init__(losses.SquaredHinge(name=name), name)


class CategoricalHinge(_OfLoss):
    """The mean of max(largest wrong score - right score + 1, 0)."""

    def __init__(self, name: str | None = "categorical_hinge") -> None:
        super().__init__(losses.CategoricalHinge(name=name), name)


class BinaryCrossentropy(_OfLoss):
    """The mean binary cross-entropy."""

    def __init__(
        self, name: str | None = "binary_crossentropy", from_logits: bool = False, label_smoothing: float = 0
    ) -> None:
        super().__init__(losses.BinaryCrossentropy(from_logits, label_smoothing, name=name), name)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing


class CategoricalCrossentropy(_OfLoss):
    """The mean cross-entropy with one-hot labels."""

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(losses.CategoricalCrossentropy(from_logits, label_smoothing, axis, name=name), name)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis


class SparseCategoricalCrossentropy(_OfLoss):
    """The mean cross-entropy with labels that are whole numbers."""

    def __init__(
        self, name: str | None = "sparse_categorical_crossentropy", from_logits: bool = False, axis: int = -1
    ) -> None:
        super().__init__(losses.SparseCategoricalCrossentropy(from_logits, axis=axis, name=name), name)
        self.from_logits, self.axis = from_logits, axis
