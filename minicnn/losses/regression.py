"""Losses of numbers: how far predictions are from targets. y_true and y_pred (N, ..., K); means over the last axis."""

from __future__ import annotations

import math

import numpy as np

from minicnn import ops
from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.losses.base import Loss, PlainLoss, as_targets, per_example
from minicnn.losses.cross_entropy import clipped
from minicnn.ops.checks import check_number
from minicnn.ops.cross_entropy import CLIP
from minicnn.tensor import Tensor


class MeanSquaredError(PlainLoss):
    """The mean of (y_pred - y_true)²."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        return per_example((y_pred - as_targets(self, y_true, y_pred)) ** 2)


class MeanAbsoluteError(PlainLoss):
    """The mean of |y_pred - y_true|."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        return per_example(ops.absolute(y_pred - as_targets(self, y_true, y_pred)))


class MeanAbsolutePercentageError(PlainLoss):
    """100 times the mean of |y_pred - y_true| / max(|y_true|, 1e-7)."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        targets = as_targets(self, y_true, y_pred)
        return (
            per_example(ops.absolute((y_pred - targets) / np.maximum(np.abs(targets), targets.dtype.type(CLIP)))) * 100
        )


class MeanSquaredLogarithmicError(PlainLoss):
    """The mean of (log(y_pred + 1) - log(y_true + 1))², with both at least 1e-7."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        targets = np.maximum(as_targets(self, y_true, y_pred), CLIP)
        largest = ops.relu(y_pred - CLIP) + CLIP
        return per_example((ops.log(largest + 1) - np.log(targets + 1).astype(y_pred.dtype)) ** 2)


class Huber(Loss):
    """error² / 2 up to |error| = delta, then delta · (|error| - delta / 2): square near 0, straight far away.

    Source: Huber, Robust estimation of a location parameter (1964), section 4.
    """

    def __init__(
        self, delta: float = 1.0, reduction: str | None = "sum_over_batch_size", name: str | None = "huber_loss"
    ) -> None:
        super().__init__(name, reduction)
        self.delta = check_number("Huber", "delta", delta, least=0)

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        error = ops.absolute(y_pred - as_targets(self, y_true, y_pred))
        near = error - ops.relu(error - self.delta)  # the smaller of error and delta
        return per_example(near * (error - near / 2))


class LogCosh(PlainLoss):
    """The mean of log(cosh(error)): error² / 2 near 0, |error| - log 2 far away."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        error = ops.absolute(y_pred - as_targets(self, y_true, y_pred))
        return per_example(error + ops.log(ops.exp(error * -2) + 1) - math.log(2))


class KLDivergence(PlainLoss):
    """How much distribution y_pred differs from y_true: the sum of t · log(t / p), both from 1e-7 to 1.

    Source: Kullback and Leibler, On information and sufficiency (1951).
    """

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        targets = as_targets(self, y_true, y_pred).clip(CLIP, 1)
        return ((np.log(targets) - ops.log(clipped(y_pred, 1.0))) * targets).sum(axis=-1)


class Poisson(PlainLoss):
    """The mean of y_pred - y_true · log(y_pred + 1e-7): what counts of rate y_pred have, but for a constant."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        return per_example(y_pred - ops.log(y_pred + CLIP) * as_targets(self, y_true, y_pred))


class CosineSimilarity(Loss):
    """Minus the cosine between y_true and y_pred along `axis`: -1 where they point the same way."""

    def __init__(self, axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str | None = None) -> None:
        super().__init__(name, reduction)
        if not is_int(axis):
            raise ArgumentError(f"CosineSimilarity: axis must be a whole number, got {axis!r}")
        self.axis = int(axis)

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """The shape of y_pred without the axis."""
        targets = as_targets(self, y_true, y_pred)
        lengths = np.sqrt(np.maximum(np.square(targets).sum(axis=self.axis, keepdims=True), _SMALLEST))
        square = (y_pred**2).sum(axis=self.axis, keepdims=True)
        length = ops.sqrt(ops.relu(square - _SMALLEST) + _SMALLEST)  # never 0
        return -(y_pred / length * (targets / lengths).astype(y_pred.dtype)).sum(axis=self.axis)


_SMALLEST = 1e-12  # of a squared length
