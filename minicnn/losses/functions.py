"""Losses as functions of (y_true, y_pred): the loss of each example, to build losses of one's own from."""

from __future__ import annotations

from typing import Any

from minicnn.losses import cross_entropy, margins, regression
from minicnn.losses.base import Loss
from minicnn.tensor import Tensor


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """BinaryCrossentropy of each example."""
    return _each(cross_entropy.BinaryCrossentropy(from_logits, label_smoothing, axis), y_true, y_pred)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """BinaryFocalCrossentropy of each example."""
    settings = apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis
    return _each(cross_entropy.BinaryFocalCrossentropy(*settings), y_true, y_pred)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """CategoricalCrossentropy of each example."""
    return _each(cross_entropy.CategoricalCrossentropy(from_logits, label_smoothing, axis), y_true, y_pred)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """CategoricalFocalCrossentropy of each example."""
    settings = alpha, gamma, from_logits, label_smoothing, axis
    return _each(cross_entropy.CategoricalFocalCrossentropy(*settings), y_true, y_pred)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """SparseCategoricalCrossentropy of each example."""
    return _each(cross_entropy.SparseCategoricalCrossentropy(from_logits, ignore_class, axis=axis), y_true, y_pred)


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """MeanSquaredError of each example."""
    return _each(regression.MeanSquaredError(), y_true, y_pred)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """MeanAbsoluteError of each example."""
    return _each(regression.MeanAbsoluteError(), y_true, y_pred)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """MeanAbsolutePercentageError of each example."""
    return _each(regression.MeanAbsolutePercentageError(), y_true, y_pred)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """MeanSquaredLogarithmicError of each example."""
    return _each(regression.MeanSquaredLogarithmicError(), y_true, y_pred)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Huber of each example."""
    return _each(regression.Huber(delta), y_true, y_pred)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """LogCosh of each example."""
    return _each(regression.LogCosh(), y_true, y_pred)


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """KLDivergence of each example."""
    return _each(regression.KLDivergence(), y_true, y_pred)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Poisson of each example."""
    return _each(regression.Poisson(), y_true, y_pred)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """CosineSimilarity of each example."""
    return _each(regression.CosineSimilarity(axis), y_true, y_pred)


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Hinge of each example."""
    return _each(margins.Hinge(), y_true, y_pred)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """SquaredHinge of each example."""
    return _each(margins.SquaredHinge(), y_true, y_pred)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """CategoricalHinge of each example."""
    return _each(margins.CategoricalHinge(), y_true, y_pred)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Tensor:
    """Dice, summed over the axes."""
    return _each(margins.Dice(axis=axis), y_true, y_pred)


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Tensor:
    """Tversky, summed over the axes."""
    return _each(margins.Tversky(alpha, beta, axis=axis), y_true, y_pred)


def _each(loss: Loss, y_true: Any, y_pred: Any) -> Tensor:
    loss.reduction = None
    return loss(y_true, y_pred)
