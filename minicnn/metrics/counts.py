"""What follows from counting right and wrong yeses and noes at thresholds: precision, recall, areas under curves.

All of them keep, for each threshold, the weights of true and false positives and negatives: a prediction above the
threshold is a yes. That is the same for any cut into batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.errors import ArgumentError, DataError, ShapeError
from minicnn.geometry import is_int
from minicnn.metrics.base import Metric, on_host, same_shape
from minicnn.numeric import numeric
from minicnn.ops.checks import check_number

MOST = 100_000  # thresholds: several numbers are kept for each
_EVERYTHING = -1e10  # a threshold that all predictions are above


class Counts(Metric):
    """The base: `true_positives`, `false_positives`, `true_negatives`, `false_negatives`, one number a threshold.

    top_k: only the k largest predictions of an example may be a yes; class_id: only this column counts.
    """

    def __init__(
        self,
        thresholds: Sequence[float] | np.ndarray,
        name: str | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
    ) -> None:
        self._thresholds = np.asarray(thresholds, np.float64)
        for argument, value in (("top_k", top_k), ("class_id", class_id)):
            if value is not None and (not is_int(value) or value < (argument == "top_k")):
                raise ArgumentError(f"{type(self).__name__}: {argument} must be a whole number, got {value!r}")
        self.top_k, self.class_id = top_k, class_id
        super().__init__(name)
        self.reset_state()

    def reset_state(self) -> None:
        """Forgets everything seen."""
        self.true_positives, self.false_positives, self.true_negatives, self.false_negatives = np.zeros(
            (4, *self._thresholds.shape)
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch: labels 0 or 1 and predictions, both (N,) or (N, K); weights (N,) or None."""
        y_true, y_pred, weights = self._checked(y_true, y_pred, sample_weight)
        self._count(y_true.ravel() != 0, y_pred.ravel(), weights.ravel())

    def _checked(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels, predictions and weights of one shape, (N, K)."""
        y_true, y_pred = on_host(y_true, f"{self.name}: y_true"), on_host(y_pred, f"{self.name}: y_pred")
        if y_pred.ndim == 0 or y_true.ndim == 0 or len(y_true) != len(y_pred):
            raise ShapeError(f"{self.name}: y_true {y_true.shape} and y_pred {y_pred.shape} must have a row an example")
        y_true = same_shape(self, y_true, y_pred)
        if np.isnan(y_pred).any():
            raise DataError(f"{self.name}: predictions hold NaN: it is neither above a threshold nor below it")
        if y_pred.ndim == 1:
            y_true, y_pred = y_true[:, None], y_pred[:, None]
        if self.top_k is not None:
            y_pred = _largest(y_pred, self.top_k)
        if self.class_id is not None:
            if self.class_id >= y_pred.shape[-1]:
                raise ShapeError(f"{self.name}: there is no class_id {self.class_id} in predictions {y_pred.shape}")
            y_true, y_pred = (a[..., self.class_id, None] for a in (y_true, y_pred))
        weights = np.ones(len(y_pred)) if sample_weight is None else numeric(sample_weight, f"{self.name}: weights")
        if weights.shape != y_pred.shape[:1]:
            raise ShapeError(f"{self.name}: sample_weight must have shape {y_pred.shape[:1]}, got {weights.shape}")
        return y_true, y_pred, np.broadcast_to(weights.reshape(-1, *(1,) * (y_pred.ndim - 1)), y_pred.shape)

    def _count(self, yes: np.ndarray, scores: np.ndarray, weights: np.ndarray, column: Any = ...) -> None:
        """Adds flat arrays to the counts, or to column `column` of them."""
        order = np.argsort(self._thresholds if self._thresholds.ndim == 1 else self._thresholds[:, 0])
        thresholds = self._thresholds[order] if self._thresholds.ndim == 1 else self._thresholds[order, 0]
        thresholds = thresholds.astype(scores.dtype if scores.dtype.kind == "f" else np.float64)
        below = np.searchsorted(thresholds, scores, side="left")  # how many thresholds a score is above
        for label, above_counts, below_counts in (
            (yes, self.true_positives, self.false_negatives),
            (~yes, self.false_positives, self.true_negatives),
        ):
            of_each = np.bincount(below[label], weights[label], len(thresholds) + 1)
            place = order if column is ... else (order, column)
            # Both sums from their own end: a difference of sums would leave a rest where there is nothing.
            above_counts[place] += np.cumsum(of_each[::-1])[-2::-1]
            below_counts[place] += np.cumsum(of_each)[:-1]


class _AtThresholds(Counts):
    """thresholds: one number, 0 to 1, or several; then the result has one number for each."""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
    ) -> None:
        self.thresholds = thresholds if thresholds is None else _thresholds(type(self).__name__, thresholds)
        default = 0.5 if top_k is None else _EVERYTHING
        used: Any = default if thresholds is None else self.thresholds
        super().__init__(np.atleast_1d(used), name, top_k, class_id)

    def _told(self, values: np.ndarray) -> Any:
        return float(values[0]) if len(values) == 1 else values


class Precision(_AtThresholds):
    """Of all yeses, the part that is right: tp / (tp + fp); 0 without a yes."""

    def result(self) -> Any:
        """One number, or one a threshold."""
        return self._told(divided(self.true_positives, self.true_positives + self.false_positives))


class Recall(_AtThresholds):
    """Of all that are positive, the part that was found: tp / (tp + fn); 0 without any."""

    def result(self) -> Any:
        """One number, or one a threshold."""
        return self._told(divided(self.true_positives, self.true_positives + self.false_negatives))


class _Number(_AtThresholds):
    def __init__(self, thresholds: Any = None, name: str | None = None) -> None:
        super().__init__(thresholds, name=name)


class TruePositives(_Number):
    """The weight of the positives that were found."""

    def result(self) -> Any:
        """One number, or one a threshold."""
        return self._told(self.true_positives)


class FalsePositives(_Number):
    """The weight of the yeses that are wrong."""

    def result(self) -> Any:
        """One number, or one a threshold."""
        return self._told(self.false_positives)


class TrueNegatives(_Number):
    """The weight of the noes that are right."""

    def result(self) -> Any:
        """One number, or one a threshold."""
        return self._told(self.true_negatives)


class FalseNegatives(_Number):
    """The weight of the positives that were missed."""

    def result(self) -> Any:
        """One number, or one a threshold."""
        return self._told(self.false_negatives)


class _BestWhere(Counts):
    """The best of one rate at the thresholds where another is at least a value; 0 where there is none."""

    def __init__(self, asked: str, value: float, num_thresholds: int, class_id: int | None, name: str | None) -> None:
        who = type(self).__name__
        if check_number(who, asked, value, least=0) > 1:
            raise ArgumentError(f"{who}: {asked} must be at most 1, got {value!r}")
        self.num_thresholds = checked_number(who, num_thresholds, least=1)
        super().__init__([0.5] if num_thresholds == 1 else np.linspace(0, 1, num_thresholds), name, class_id=class_id)
        setattr(self, asked, float(value))

    def _best(self, wanted: np.ndarray, condition: np.ndarray, least: float) -> float:
        return float(np.where(condition >= least, wanted, 0).max())

    @property
    def _precisions(self) -> np.ndarray:
        return divided(self.true_positives, self.true_positives + self.false_positives)

    @property
    def _sensitivities(self) -> np.ndarray:
        return divided(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def _specificities(self) -> np.ndarray:
        return divided(self.true_negatives, self.true_negatives + self.false_positives)


class SensitivityAtSpecificity(_BestWhere):
    """The best tp / (tp + fn) where tn / (tn + fp) is at least `specificity`."""

    specificity: float

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__("specificity", specificity, num_thresholds, class_id, name)

    def result(self) -> float:
        """0 to 1."""
        return self._best(self._sensitivities, self._specificities, self.specificity)


class SpecificityAtSensitivity(_BestWhere):
    """The best tn / (tn + fp) where tp / (tp + fn) is at least `sensitivity`."""

    sensitivity: float

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__("sensitivity", sensitivity, num_thresholds, class_id, name)

    def result(self) -> float:
        """0 to 1."""
        return self._best(self._specificities, self._sensitivities, self.sensitivity)


class PrecisionAtRecall(_BestWhere):
    """The best precision where the recall is at least `recall`."""

    recall: float

    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__("recall", recall, num_thresholds, class_id, name)

    def result(self) -> float:
        """0 to 1."""
        return self._best(self._precisions, self._sensitivities, self.recall)


class RecallAtPrecision(_BestWhere):
    """The best recall where the precision is at least `precision`."""

    precision: float

    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__("precision", precision, num_thresholds, class_id, name)

    def result(self) -> float:
        """0 to 1."""
        return self._best(self._sensitivities, self._precisions, self.precision)


def divided(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b, 0 where b is 0."""
    return np.divide(a, b, out=np.zeros(np.broadcast(a, b).shape), where=np.asarray(b) != 0)


def checked_number(who: str, num_thresholds: Any, least: int) -> int:
    """A number of thresholds, at most MOST. Raises ArgumentError."""
    if not is_int(num_thresholds) or not least <= num_thresholds <= MOST:
        raise ArgumentError(
            f"{who}: num_thresholds must be a whole number of at least {least} and at most {MOST:,}, "
            f"got {num_thresholds!r}"
        )
    return int(num_thresholds)


def _thresholds(who: str, given: Any) -> Any:
    several = list(given) if isinstance(given, (tuple, list, np.ndarray)) else [given]
    numbers = [check_number(who, "thresholds", t, least=0) for t in several]
    if not numbers or max(numbers) > 1:
        raise ArgumentError(f"{who}: thresholds must be from 0 to 1, got {given!r:.80}")
    return numbers if isinstance(given, (tuple, list, np.ndarray)) else numbers[0]


def _largest(y_pred: np.ndarray, k: int) -> np.ndarray:
    """The k largest of each row as they are, of ties the first; all others beneath every threshold."""
    places = np.argsort(-y_pred, axis=-1, kind="stable")[..., :k]
    kept = np.full(y_pred.shape, _EVERYTHING, np.float64)
    np.put_along_axis(kept, places, np.take_along_axis(y_pred, places, axis=-1), axis=-1)
    return kept
