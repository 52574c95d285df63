"""Areas under curves, and the curve itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.errors import ArgumentError, DataError, ShapeError
from minicnn.metrics.base import on_host
from minicnn.metrics.counts import Counts, checked_number, divided
from minicnn.numeric import numeric
from minicnn.ops.checks import check_number

_EPSILON = 1e-7


class AUC(Counts):
    """The area under the curve of the true against the false positive rate ("ROC"), or precision against recall ("PR").

    The curve is known at num_thresholds thresholds from 0 to 1 (or at those that are given, with 0 and 1): predictions
    must be from 0 to 1, or logits with from_logits. summation_method: "interpolation", "minoring" or "majoring".
    multi_label: one curve for each of the columns, and the mean of their areas; label_weights: weighs the columns.
    Source: Davis and Goadrich, The relationship between precision-recall and ROC curves (2006), for the PR curve
    between its points.
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        checked_number("AUC", num_thresholds, least=2)
        if curve not in ("ROC", "PR"):
            raise ArgumentError(f"AUC: curve must be 'ROC' or 'PR', got {curve!r}")
        if summation_method not in ("interpolation", "minoring", "majoring"):
            raise ArgumentError(
                f"AUC: summation_method must be 'interpolation', 'minoring' or 'majoring', got {summation_method!r}"
            )
        for argument, value in (("multi_label", multi_label), ("from_logits", from_logits)):
            if not isinstance(value, bool):
                raise ArgumentError(f"AUC: {argument} must be True or False, got {value!r}")
        if num_labels is not None and not multi_label:
            raise ArgumentError("AUC: num_labels goes with multi_label=True only")
        inner = np.linspace(0, 1, num_thresholds)[1:-1]
        if thresholds is not None:
            inner = np.sort([check_number("AUC", "thresholds", t, least=0, below=1 + _EPSILON) for t in thresholds])
        self.num_thresholds = len(inner) + 2
        self.curve, self.summation_method, self.multi_label = curve, summation_method, multi_label
        self.num_labels, self.from_logits = num_labels, from_logits
        self.thresholds = None if thresholds is None else [float(t) for t in thresholds]
        if label_weights is not None:
            label_weights = [check_number("AUC", "label_weights", weight, least=0) for weight in label_weights]
        self.label_weights = label_weights
        super().__init__(np.array([-_EPSILON, *inner, 1 + _EPSILON]), name)

    def reset_state(self) -> None:
        """Forgets everything seen."""
        self._labels: int | None = None
        super().reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch: labels 0 or 1 and predictions, both (N,) or (N, K); weights (N,) or None."""
        y_true, y_pred, weights = self._checked(y_true, y_pred, sample_weight)
        if self.from_logits:
            y_pred = 1 / (1 + np.exp(-y_pred.clip(-700, 700).astype(np.float64)))
        if y_pred.size and not (y_pred.min() >= 0 and y_pred.max() <= 1):
            raise DataError(f"{self.name}: predictions must be from 0 to 1; logits go with from_logits=True")
        if self.label_weights is not None and len(self.label_weights) != y_pred.shape[-1]:
            raise ShapeError(f"{self.name}: {len(self.label_weights)} label_weights for predictions {y_pred.shape}")
        if not self.multi_label:
            if self.label_weights is not None:
                weights = weights * np.asarray(self.label_weights)
            self._count(y_true.ravel() != 0, y_pred.ravel(), weights.ravel())
            return
        self._make_columns(y_pred.shape)
        for column in range(y_pred.shape[1]):
            self._count(y_true[:, column] != 0, y_pred[:, column], weights[:, column], column)

    def _make_columns(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 2 or self.num_labels not in (None, shape[1]) or self._labels not in (None, shape[1]):
            wanted = self._labels or self.num_labels or "labels"
            raise ShapeError(f"{self.name}: multi_label takes predictions (N, {wanted}), got shape {shape}")
        if self._labels is None:
            self._labels = shape[1]
            self.true_positives, self.false_positives, self.true_negatives, self.false_negatives = np.zeros(
                (4, self.num_thresholds, shape[1])
            )

    def result(self) -> float:
        """The area, 0 to 1."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = self._between_points()
        else:
            recall = divided(self.true_positives, self.true_positives + self.false_negatives)
            if self.curve == "ROC":
                x, y = divided(self.false_positives, self.false_positives + self.true_negatives), recall
            else:
                x, y = recall, divided(self.true_positives, self.true_positives + self.false_positives)
            heights = {"interpolation": np.add(y[:-1], y[1:]) / 2, "minoring": np.minimum(y[:-1], y[1:])}
            height = heights.get(self.summation_method)
            areas = ((x[:-1] - x[1:]) * (np.maximum(y[:-1], y[1:]) if height is None else height)).sum(axis=0)
        if not self.multi_label:
            return float(areas)
        return float(np.average(areas, weights=self.label_weights))

    def _between_points(self) -> np.ndarray:
        """Between two points of a PR curve precision does not run straight: positives tp grow linearly with yeses p."""
        tp, p = self.true_positives, self.true_positives + self.false_positives
        dtp, dp = tp[:-1] - tp[1:], np.maximum(p[:-1] - p[1:], 0)
        slope = divided(dtp, dp)
        intercept = tp[1:] - slope * p[1:]
        both = (p[:-1] > 0) & (p[1:] > 0)
        ratio = np.where(both, divided(p[:-1], np.where(both, p[1:], 1)), 1)
        positives = tp[1:] + self.false_negatives[1:]
        areas: np.ndarray = divided(slope * (dtp + intercept * np.log(ratio)), positives).sum(axis=0)
        return areas


def roc_curve(y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The exact receiver operating characteristic: false and true positive rates, and the thresholds they belong to.

    y_true: 0 or 1, (N,) or (N, 1); y_pred: scores of any range, of the same shape; sample_weight: (N,).
    A score of at least the threshold is a yes; the first threshold is infinity, where nothing is. `numpy.trapezoid` of
    the one over the other is the exact area. Raises ShapeError, DataError if both labels are not there.
    """
    y_true, y_pred = on_host(y_true, "roc_curve: y_true").ravel(), on_host(y_pred, "roc_curve: y_pred").ravel()
    weights = np.ones(len(y_pred)) if sample_weight is None else numeric(sample_weight, "roc_curve: sample_weight")
    if y_true.shape != y_pred.shape or weights.shape != y_pred.shape:
        raise ShapeError(
            f"roc_curve: one label, one score and one weight an example; got {y_true.shape}, {y_pred.shape} and "
            f"{weights.shape}"
        )
    if not np.isin(y_true, (0, 1)).all() or np.isnan(y_pred).any():
        raise DataError("roc_curve: labels must be 0 or 1, and scores must not be NaN")
    order = np.argsort(-y_pred, kind="stable")
    y_true, y_pred, weights = y_true[order], y_pred[order], weights[order].astype(np.float64)
    last = np.append(np.flatnonzero(np.diff(y_pred)), len(y_pred) - 1)  # of equal scores
    found, wrong = np.cumsum(weights * y_true)[last], np.cumsum(weights * (1 - y_true))[last]
    if not (len(y_pred) and found[-1] > 0 and wrong[-1] > 0):
        raise DataError("roc_curve: there must be labels of 0 and of 1")
    false_rate, true_rate = np.append(0.0, wrong / wrong[-1]), np.append(0.0, found / found[-1])
    return false_rate, true_rate, np.append(np.inf, y_pred[last])
