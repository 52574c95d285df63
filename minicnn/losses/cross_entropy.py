"""Cross-entropies, for classes that exclude one another and for those that do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn import ops
from minicnn.backends import beside
from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import is_int
from minicnn.losses.base import Loss, checked_weights, fitting_targets
from minicnn.numeric import numeric
from minicnn.ops.checks import check_number
from minicnn.ops.cross_entropy import CLIP
from minicnn.tensor import Tensor


class _Crossentropy(Loss):
    """What all of them share. from_logits: predictions are logits, not probabilities: better conditioned, faster.

    label_smoothing: so much of each target is spread evenly over the classes, 0 to 1 (Szegedy et al., Rethinking the
    Inception architecture (2016), section 7). axis: where the classes are.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(name, reduction)
        self.from_logits = _flag(self, "from_logits", from_logits)
        self.label_smoothing = check_number(type(self).__name__, "label_smoothing", label_smoothing, least=0)
        if self.label_smoothing > 1:
            raise ArgumentError(f"{type(self).__name__}: label_smoothing must be at most 1, got {label_smoothing!r}")
        self.axis = _axis(self, axis)

    def _rows(self, y_true: np.ndarray, y_pred: Tensor) -> tuple[np.ndarray, Tensor, tuple[int, ...]]:
        """Targets and predictions as rows of classes (M, K), and the shape that the M losses are to have."""
        targets = fitting_targets(self, y_true, y_pred)  # the operators look them through, and move them
        if targets.ndim == 2 and self.axis in (-1, 1):
            return targets, y_pred, targets.shape[:1]
        y_pred = _classes_last(self, y_pred, self.axis)
        targets = np.moveaxis(targets, self.axis, -1)
        k = targets.shape[-1]
        return targets.reshape(-1, k), y_pred.reshape((-1, k)), targets.shape[:-1]


class CategoricalCrossentropy(_Crossentropy):
    """Cross-entropy for labels that are one-hot or probabilities, (N, classes); y_pred (N, classes).

    Arguments as Keras: from_logits, label_smoothing, axis, reduction, name. Pixels, (N, ..., classes), give (N, ...).
    """

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """- sum of target · log p: (N,)."""
        if y_true.ndim < 2:
            raise ShapeError(
                f"{type(self).__name__} takes one-hot labels (N, classes), got shape {y_true.shape}; "
                "for whole numbers use SparseCategoricalCrossentropy"
            )
        targets, rows, shape = self._rows(y_true, y_pred)
        losses = self._of_rows(self._smoothed(targets), rows)
        return losses if len(shape) == 1 else losses.reshape(shape)

    def _smoothed(self, targets: np.ndarray) -> np.ndarray:
        if not self.label_smoothing:
            return targets
        return targets * targets.dtype.type(1 - self.label_smoothing) + targets.dtype.type(
            self.label_smoothing / targets.shape[1]
        )

    def _of_rows(self, targets: np.ndarray, rows: Tensor) -> Tensor:
        losses: Tensor = (
            ops.softmax_cross_entropy(rows, targets) if self.from_logits else ops.cross_entropy(rows, targets)
        )
        return losses


class CategoricalFocalCrossentropy(CategoricalCrossentropy):
    """Cross-entropy in which what is predicted well already counts less: each term times alpha · (1 - p)^gamma.

    Source: Lin, Goyal, Girshick, He and Dollár, Focal loss for dense object detection (2017), section 3.
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name)
        self.alpha = check_number("CategoricalFocalCrossentropy", "alpha", alpha, least=0)
        self.gamma = check_number("CategoricalFocalCrossentropy", "gamma", gamma, least=0)

    def _of_rows(self, targets: np.ndarray, rows: Tensor) -> Tensor:
        p: Tensor = ops.softmax(rows) if self.from_logits else rows / rows.sum(axis=1, keepdims=True)
        p, targets = clipped(p, 1 - CLIP), beside(targets, rows.data)
        losses: Tensor = -((1 - p) ** self.gamma * ops.log(p) * targets).sum(axis=1) * self.alpha
        return losses


class SparseCategoricalCrossentropy(Loss):
    """Cross-entropy for labels that are whole numbers, (N,) or (N, 1); y_pred (N, classes).

    from_logits: y_pred holds logits, not probabilities: better conditioned, and faster. ignore_class: examples (pixels)
    of this label, which may lie outside the classes, count nothing, neither in the sum nor in the mean.
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
    ) -> None:
        super().__init__(name, reduction)
        self.from_logits = _flag(self, "from_logits", from_logits)
        if ignore_class is not None and not is_int(ignore_class):
            raise ArgumentError(f"{type(self).__name__}: ignore_class must be a whole number, got {ignore_class!r}")
        self.ignore_class = None if ignore_class is None else int(ignore_class)
        self.axis = _axis(self, axis)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss of a batch, as of every loss."""
        if self.ignore_class is None:
            return super().__call__(y_true, y_pred, sample_weight)
        y_pred = y_pred if isinstance(y_pred, Tensor) else Tensor(y_pred)
        labels = self._labels(numeric(y_true, f"{self.name}: y_true"), y_pred)
        counted = (labels != self.ignore_class).astype(np.float64)
        if self.reduction in ("sum_over_batch_size", "mean"):
            counted *= counted.size / max(counted.sum(), 1)  # the mean is to be that of the counted
        if sample_weight is not None:
            counted *= checked_weights(sample_weight, labels.shape, self.name)
        return super().__call__(np.where(labels == self.ignore_class, 0, labels), y_pred, counted)

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """- log p[label]: (N,)."""
        labels = self._labels(y_true, y_pred)
        if y_pred.ndim > 2:
            y_pred = _classes_last(self, y_pred, self.axis)
            rows = y_pred.reshape((-1, y_pred.shape[-1]))
            return self._of_rows(labels.reshape(-1), rows).reshape(labels.shape)
        return self._of_rows(labels, y_pred)

    def _of_rows(self, labels: np.ndarray, rows: Tensor) -> Tensor:
        losses: Tensor = (
            ops.softmax_cross_entropy(rows, labels) if self.from_logits else ops.cross_entropy(rows, labels)
        )
        return losses

    def _labels(self, y_true: np.ndarray, y_pred: Tensor) -> np.ndarray:
        """Labels without an axis of one: (N,), or (N, ...) for pixels."""
        labels = y_true
        if labels.ndim == y_pred.ndim and labels.shape[self.axis] == 1:
            labels = np.squeeze(labels, self.axis)
        if labels.ndim == 1 < y_pred.ndim - 1:
            raise ShapeError(
                f"{type(self).__name__}: predictions have shape {y_pred.shape}, a row of classes for each pixel, but "
                f"there is one label an example, {y_true.shape}; is there a Flatten or GlobalAveragePooling2D missing?"
            )
        if labels.ndim != y_pred.ndim - 1:
            raise ShapeError(
                f"{type(self).__name__} takes labels (N,) that are whole numbers, got shape {y_true.shape}; "
                "for one-hot labels use CategoricalCrossentropy"
            )
        return labels


class BinaryCrossentropy(_Crossentropy):
    """Cross-entropy of yes-or-no predictions, each for itself: y_true (0 .. 1) and y_pred (N, K); (N,) is (N, 1).

    Arguments as Keras: from_logits, label_smoothing, axis (over which the mean is taken), reduction, name.
    """

    def call(self, y_true: np.ndarray, y_pred: Tensor) -> Tensor:
        """The mean of - t · log p - (1 - t) · log(1 - p) over the K: (N,)."""
        targets, rows, shape = self._rows(y_true, y_pred)
        if self.label_smoothing:
            targets = targets * targets.dtype.type(1 - self.label_smoothing) + targets.dtype.type(
                self.label_smoothing / 2
            )
        losses = self._of_rows(targets, rows)
        return losses if len(shape) == 1 else losses.reshape(shape)

    def _of_rows(self, targets: np.ndarray, rows: Tensor) -> Tensor:
        losses: Tensor = ops.binary_cross_entropy(rows, targets, from_logits=self.from_logits)
        return losses


class BinaryFocalCrossentropy(BinaryCrossentropy):
    """Binary cross-entropy times (1 - p of what is true)^gamma; with apply_class_balancing also times alpha for 1s,
    1 - alpha for 0s.

    Source: Lin, Goyal, Girshick, He and Dollár, Focal loss for dense object detection (2017), section 3.
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name)
        self.apply_class_balancing = _flag(self, "apply_class_balancing", apply_class_balancing)
        self.alpha = check_number("BinaryFocalCrossentropy", "alpha", alpha, least=0)
        self.gamma = check_number("BinaryFocalCrossentropy", "gamma", gamma, least=0)

    def _of_rows(self, targets: np.ndarray, rows: Tensor) -> Tensor:
        p: Tensor = ops.sigmoid(rows) if self.from_logits else rows
        q, targets = clipped(p, 1 - CLIP), beside(targets, rows.data)
        surprise = -(ops.log(q) * targets + ops.log(1 - q) * (1 - targets))
        losses = (1 - (p * targets + (1 - p) * (1 - targets))) ** self.gamma * surprise
        if self.apply_class_balancing:
            losses = losses * (targets * self.alpha + (1 - targets) * (1 - self.alpha)).astype(targets.dtype)
        return losses.mean(axis=1)


def clipped(p: Tensor, upper: float) -> Tensor:
    """p between CLIP and upper; no gradient outside, nor at the very ends."""
    between: Tensor = ops.relu(p - CLIP, max_value=upper - CLIP) + CLIP
    return between


def _classes_last(loss: Loss, y_pred: Tensor, axis: int) -> Tensor:
    if not -y_pred.ndim <= axis < y_pred.ndim or axis % y_pred.ndim == 0:
        raise ShapeError(f"{loss.name}: axis {axis} is not one of predictions {y_pred.shape} after the first")
    axis %= y_pred.ndim
    if axis == y_pred.ndim - 1:
        return y_pred
    return y_pred.transpose([a for a in range(y_pred.ndim) if a != axis] + [axis])


def _flag(loss: Loss, name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ArgumentError(f"{type(loss).__name__}: {name} must be True or False, got {value!r}")
    return value


def _axis(loss: Loss, axis: Any) -> int:
    if not is_int(axis):
        raise ArgumentError(f"{type(loss).__name__}: axis must be a whole number, got {axis!r}")
    return int(axis)
