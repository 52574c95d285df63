"""What every loss does: check, weigh the examples' losses, reduce them to one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.backends import beside
from minicnn.errors import ArgumentError, DataError, ShapeError
from minicnn.numeric import numeric
from minicnn.registry import snake_case
from minicnn.tensor import Array, Tensor

_MEANS = ("sum_over_batch_size", "mean")  # Keras has two names for it
REDUCTIONS = (*_MEANS, "mean_with_sample_weight", "sum", "none", None)


class Loss:
    """The base: a subclass gives the loss of each example in `call`.

    reduction: "sum_over_batch_size" (default) or "mean", the mean; "sum"; "mean_with_sample_weight", divided by the sum
    of the weights instead of the number of examples; None or "none" for one number an example.
    Raises ArgumentError for another reduction.
    """

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size") -> None:
        if reduction not in REDUCTIONS:
            raise ArgumentError(f"{type(self).__name__}: reduction must be one of {REDUCTIONS}, got {reduction!r:.80}")
        self.name = name or snake_case(type(self).__name__)
        self.reduction = None if reduction == "none" else reduction

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """The loss of each example: (N,), or (N, ...) for predictions of pixels. y_true is in main memory."""
        raise TypeError(f"{type(self).__name__} must define call(y_true, y_pred)")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss of a batch. y_pred: Tensor or array (N, ...); y_true: array; sample_weight: (N,) or None.

        Raises ShapeError, DTypeError or DataError if they do not fit one another.
        """
        y_pred = y_pred if isinstance(y_pred, Tensor) else Tensor(y_pred)
        losses = self.call(numeric(y_true, f"{self.name}: y_true"), y_pred)
        if sample_weight is None:
            return self._reduced(losses, losses.size)
        weights = checked_weights(sample_weight, losses.shape, self.name)
        return self._reduced(losses * beside(weights.astype(losses.dtype), losses.data), float(weights.sum()))

    def _reduced(self, losses: Tensor, weight: float) -> Tensor:
        if self.reduction is None:
            return losses
        if self.reduction in _MEANS:
            return losses.mean()
        return losses.sum() if self.reduction == "sum" else losses.sum() / (weight or 1.0)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return dict(vars(self))


class PlainLoss(Loss):
    """The base of losses without arguments of their own: those that all have, in the order that Keras gives them."""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = None) -> None:
        super().__init__(name, reduction)


class FunctionLoss(Loss):
    """A function of your own, `f(y_true, y_pred) -> Tensor` of one number an example, as a loss.

    y_true comes in the dtype of y_pred, and (N,) as (N, 1) where y_pred has that shape. On a device both live there.
    """

    def __init__(self, function: Callable[[np.ndarray, Tensor], Tensor]) -> None:
        super().__init__(getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """function(y_true, y_pred): (N,). Raises ArgumentError if that is no Tensor."""
        if y_true.ndim == 1 and y_pred.shape == (len(y_true), 1):
            y_true = y_true[:, None]
        losses = self.function(beside(y_true.astype(y_pred.dtype, copy=False), y_pred.data), y_pred)
        if not isinstance(losses, Tensor):
            raise ArgumentError(
                f"the loss {self.name} must return a Tensor, made of y_pred by minicnn.ops; "
                f"it returned {type(losses).__name__}"
            )
        return losses


def as_targets(loss: Loss, y_true: Array, y_pred: Tensor) -> Array:
    """Targets of the shape and dtype of the predictions, and where they live. Raises as `fitting_targets`."""
    return beside(fitting_targets(loss, y_true, y_pred), y_pred.data)


def fitting_targets(loss: Loss, y_true: Array, y_pred: Tensor) -> Array:
    """Targets of the shape and dtype of the predictions; (N,) is taken for (N, 1). Raises ShapeError."""
    if y_true.ndim == 1 and y_pred.ndim == 2 and y_pred.shape[1] == 1:
        y_true = y_true[:, None]
    if y_true.shape != y_pred.shape:
        raise ShapeError(f"{loss.name}: y_true {y_true.shape} must have the shape of the predictions, {y_pred.shape}")
    return y_true.astype(y_pred.dtype, copy=False)


def per_example(values: Tensor) -> Tensor:
    """The mean over the last axis: (N, ..., K) -> (N, ...); (N,) stays."""
    return values.mean(axis=-1) if values.ndim > 1 else values


def checked_weights(sample_weight: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """The weight of each loss, of their shape; (N,) serves all losses of an example. Raises as `Loss.__call__`."""
    weights = numeric(sample_weight, f"{name}: sample_weight")
    if weights.shape not in (shape, shape[:1]):
        raise ShapeError(f"sample_weight must hold one number an example, {shape[:1]}; got {weights.shape}")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise DataError("sample_weight must be finite and at least 0")
    return np.broadcast_to(weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim)), shape)
