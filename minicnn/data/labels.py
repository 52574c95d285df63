"""Labels in other forms, and how much each class should count."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.errors import ArgumentError, DataError
from minicnn.geometry import is_int
from minicnn.numeric import numeric


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers (N, ...) or (N, ..., 1) as one-hot rows (N, ..., num_classes), float64, as Keras's.

    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])

    num_classes: one more than the largest, unless given. Raises DataError for negative labels or labels too large.
    """
    labels = numeric(x, "to_categorical: x").astype(np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is not None and (not is_int(num_classes) or num_classes < 1):
        raise ArgumentError(
            f"to_categorical: num_classes must be a whole number of at least 1, got {num_classes!r:.80}"
        )
    classes = int(labels.max(initial=0)) + 1 if num_classes is None else int(num_classes)
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise DataError(
            f"to_categorical: labels go from {labels.min()} to {labels.max()}; with {classes} classes they must be "
            f"0 to {classes - 1}"
        )
    return np.eye(classes)[labels]


def balanced_class_weight(labels: Any) -> dict[int, float]:
    """Weights for `fit(class_weight=...)` with which every class counts the same: N / (classes · its examples).

    labels: class numbers (N,). Source: King and Zeng, Logistic regression in rare events data (2001).
    """
    classes, counts = np.unique(numeric(labels, "labels"), return_counts=True)
    return {int(c): float(counts.sum() / (len(classes) * n)) for c, n in zip(classes, counts, strict=True)}
