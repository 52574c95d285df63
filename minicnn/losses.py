"""Losses: one number for how wrong a batch is. Names, arguments and defaults are Keras 3's.

A loss is called as `loss(y_true, y_pred, sample_weight=None)` and gives a Tensor with one number: the sum of the
examples' losses, each times its weight, divided by the number of examples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn import ops
from minicnn.backends import beside
from minicnn.errors import ArgumentError, DataError, ShapeError
from minicnn.numeric import numeric
from minicnn.registry import from_identifier, to_identifier
from minicnn.tensor import Tensor


class Loss:
    """The base: a subclass gives the loss of each example in `call`.

    reduction: "sum_over_batch_size" (default), "sum", or None for one number an example, (N,).
    """

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size") -> None:
        if reduction not in ("sum_over_batch_size", "sum", None):
            raise ArgumentError(
                f"{type(self).__name__}: reduction must be 'sum_over_batch_size', 'sum' or None, got {reduction!r}"
            )
        self.name, self.reduction = name or type(self).__name__, reduction

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """The loss of each example: (N,)."""
        raise TypeError(f"{type(self).__name__} must define call(y_true, y_pred)")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss of a batch. y_pred: Tensor or array (N, ...); y_true: array; sample_weight: (N,) or None.

        Raises ShapeError, DTypeError or DataError if they do not fit one another.
        """
        y_pred = y_pred if isinstance(y_pred, Tensor) else Tensor(y_pred)
        losses = self.call(numeric(y_true, f"{self.name}: y_true"), y_pred)
        if sample_weight is not None:
            weights = numeric(sample_weight, f"{self.name}: sample_weight")
            if weights.shape != losses.shape:
                raise ShapeError(f"sample_weight must hold one number an example, {losses.shape}; got {weights.shape}")
            if not (np.isfinite(weights).all() and (weights >= 0).all()):
                raise DataError("sample_weight must be finite and at least 0")
            losses = losses * beside(weights.astype(losses.dtype), losses.data)
        if self.reduction is None:
            return losses
        return losses.mean() if self.reduction == "sum_over_batch_size" else losses.sum()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return dict(vars(self))


class _FromLogits(Loss):
    def __init__(
        self, from_logits: bool = False, name: str | None = None, reduction: str | None = "sum_over_batch_size"
    ) -> None:
        super().__init__(name, reduction)
        if not isinstance(from_logits, bool):
            raise ArgumentError(f"{type(self).__name__}: from_logits must be True or False, got {from_logits!r}")
        self.from_logits = from_logits


class SparseCategoricalCrossentropy(_FromLogits):
    """Cross-entropy for labels that are whole numbers, (N,) or (N, 1); y_pred (N, classes).

    from_logits: y_pred holds logits, not probabilities: better conditioned, and faster.
    """

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """- log p[label]: (N,)."""
        labels = y_true[:, 0] if y_true.ndim == 2 and y_true.shape[1] == 1 else y_true
        if labels.ndim != 1:
            raise ShapeError(
                f"{type(self).__name__} takes labels (N,) that are whole numbers, got shape {y_true.shape}; "
                "for one-hot labels use CategoricalCrossentropy"
            )
        return ops.softmax_cross_entropy(y_pred, labels) if self.from_logits else ops.cross_entropy(y_pred, labels)


class CategoricalCrossentropy(_FromLogits):
    """Cross-entropy for labels that are one-hot or probabilities, (N, classes); y_pred (N, classes)."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """- sum of target · log p: (N,)."""
        if y_true.ndim != 2:
            raise ShapeError(
                f"{type(self).__name__} takes one-hot labels (N, classes), got shape {y_true.shape}; "
                "for whole numbers use SparseCategoricalCrossentropy"
            )
        targets = _as_targets(self, y_true, y_pred)
        return ops.softmax_cross_entropy(y_pred, targets) if self.from_logits else ops.cross_entropy(y_pred, targets)


class BinaryCrossentropy(_FromLogits):
    """Cross-entropy of yes-or-no predictions, each for itself: y_true (0 .. 1) and y_pred (N, K); (N,) is (N, 1)."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """The mean of - t · log p - (1 - t) · log(1 - p) over the K: (N,)."""
        return ops.binary_cross_entropy(y_pred, _as_targets(self, y_true, y_pred), from_logits=self.from_logits)


class MeanSquaredError(Loss):
    """The mean of (y_pred - y_true)² over all axes but the first."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N,)."""
        return _per_example((y_pred - _as_targets(self, y_true, y_pred)) ** 2)


class MeanAbsoluteError(Loss):
    """The mean of |y_pred - y_true| over all axes but the first."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N,)."""
        return _per_example(ops.absolute(y_pred - _as_targets(self, y_true, y_pred)))


class FunctionLoss(Loss):
    """A function of your own, `f(y_true, y_pred) -> Tensor` of one number an example, as a loss."""

    def __init__(self, function: Callable[[np.ndarray, Tensor], Tensor]) -> None:
        super().__init__(getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """function(y_true, y_pred): (N,). Raises ArgumentError if that is no Tensor."""
        losses = self.function(y_true, y_pred)
        if not isinstance(losses, Tensor):
            raise ArgumentError(
                f"the loss {self.name} must return a Tensor, made of y_pred by minicnn.ops; "
                f"it returned {type(losses).__name__}"
            )
        return losses


_KNOWN: dict[str, type[Loss]] = {
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
}


def get(identifier: Any) -> Loss:
    """A loss from its name, class, config, a function, or as it is. Raises ArgumentError for an unknown one."""
    if callable(identifier) and not isinstance(identifier, (Loss, type)):
        return FunctionLoss(identifier)
    return from_identifier("loss", identifier, Loss, _KNOWN)


def serialize(loss: Loss) -> dict[str, Any]:
    """{"class_name", "config"} of a loss. Raises ArgumentError for one of your own: it cannot be saved."""
    return to_identifier("loss", loss, _KNOWN)


def _as_targets(loss: Loss, y_true: np.ndarray, y_pred: Tensor) -> np.ndarray:
    """Targets of the shape and dtype of the predictions; (N,) is taken for (N, 1)."""
    if y_true.ndim == 1 and y_pred.ndim == 2 and y_pred.shape[1] == 1:
        y_true = y_true[:, None]
    if y_true.shape != y_pred.shape:
        raise ShapeError(f"{loss.name}: y_true {y_true.shape} must have the shape of the predictions, {y_pred.shape}")
    return beside(y_true.astype(y_pred.dtype, copy=False), y_pred.data)


def _per_example(values: Tensor) -> Tensor:
    return values.mean(axis=tuple(range(1, values.ndim))) if values.ndim > 1 else values
