"""Hinge losses, which ask for a margin, and those of overlapping regions."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn import ops
from minicnn.backends import beside
from minicnn.losses.base import Loss, PlainLoss, as_targets, fitting_targets, per_example
from minicnn.ops.checks import check_axes, check_number
from minicnn.ops.cross_entropy import CLIP
from minicnn.tensor import Tensor


class Hinge(PlainLoss):
    """The mean of max(1 - y_true · y_pred, 0); y_true is -1 or 1, and 0 or 1 are taken for them.

    Source: Cortes and Vapnik, Support-vector networks (1995).
    """

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        return per_example(_missing(self, y_true, y_pred))


class SquaredHinge(PlainLoss):
    """The mean of max(1 - y_true · y_pred, 0)²; y_true as in Hinge."""

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        return per_example(_missing(self, y_true, y_pred) ** 2)


class CategoricalHinge(PlainLoss):
    """max(largest wrong score - right score + 1, 0), y_true one-hot (N, ..., classes).

    Source: Crammer and Singer, On the algorithmic implementation of multiclass kernel-based vector machines (2001).
    """

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """(N, ...)."""
        targets = as_targets(self, y_true, y_pred)
        right, wrong = (y_pred * targets).sum(axis=-1), (y_pred * (1 - targets)).max(axis=-1)
        losses: Tensor = ops.relu(wrong - right + 1)
        return losses


class Tversky(Loss):
    """1 - overlap / (overlap + alpha · false positives + beta · false negatives), all summed over `axis` (None: all).

    Keras 3 gives alpha to what is in y_true and not in y_pred, beta to the other; so does this.
    Source: Salehi, Erdogmus and Gholipour, Tversky loss function for image segmentation (2017), section 2.1.
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Any = None,
    ) -> None:
        super().__init__(name, reduction)
        self.alpha = check_number(type(self).__name__, "alpha", alpha, least=0)
        self.beta = check_number(type(self).__name__, "beta", beta, least=0)
        self.axis = list(axis) if isinstance(axis, tuple) else axis

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """The shape of y_pred without the axes."""
        targets = as_targets(self, y_true, y_pred)
        axes = check_axes(self.name, self.axis, y_pred.ndim)
        overlap = (y_pred * targets).sum(axis=axes)
        missed = ((1 - y_pred) * targets).sum(axis=axes)
        added = (y_pred * (1 - targets)).sum(axis=axes)
        return 1 - overlap / (overlap + missed * self.alpha + added * self.beta + CLIP)


class Dice(Loss):
    """1 - twice the overlap / (sum of y_true + sum of y_pred), summed over `axis` (None: all of them).

    Source: Milletari, Navab and Ahmadi, V-Net (2016), section 3.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None, axis: Any = None
    ) -> None:
        super().__init__(name, reduction)
        self.axis = list(axis) if isinstance(axis, tuple) else axis

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """The shape of y_pred without the axes."""
        targets = as_targets(self, y_true, y_pred)
        axes = check_axes(self.name, self.axis, y_pred.ndim)
        overlap, total = (y_pred * targets).sum(axis=axes), y_pred.sum(axis=axes) + targets.sum(axis=axes)
        return 1 - overlap * 2 / (total + CLIP)


def _missing(loss: Loss, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
    """How much each prediction lacks of a margin of 1."""
    targets = fitting_targets(loss, y_true, y_pred)
    if np.isin(targets, (0, 1)).all():
        targets = 2 * targets - 1
    missing: Tensor = ops.relu(1 - y_pred * beside(targets, y_pred.data))
    return missing
