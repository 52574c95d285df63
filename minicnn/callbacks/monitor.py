"""Watching one number of the logs: which way is better, and by how much it must be."""

from __future__ import annotations

import math
import warnings
from typing import Any

from minicnn.callbacks.base import Callback, Logs
from minicnn.errors import ArgumentError
from minicnn.geometry import is_int

_BETTER_UP = (
    *("accuracy", "auc", "precision", "recall", "specificity", "sensitivity", "score", "iou", "similarity"),
    *("truepositives", "truenegatives", "dice"),
)
_BETTER_DOWN = ("error", "loss", "entropy", "hinge", "divergence", "poisson", "falsepositives", "falsenegatives")


class MonitorCallback(Callback):
    """The base of callbacks that wait for a number to get better.

    monitor: its name in the logs, "val_loss" and so on. mode: "min" or "max", the better direction, or "auto": found
    from the loss or metric of that name. min_delta: a change of less than this is none. baseline: what to beat first.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        if not isinstance(monitor, str):
            raise ArgumentError(f"{type(self).__name__}: monitor must be a name such as 'val_loss', got {monitor!r}")
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(f"{type(self).__name__}: mode must be 'auto', 'min' or 'max', got {mode!r}")
        self.monitor, self.mode = monitor, mode
        self.best = None if baseline is None else real(self, "baseline", baseline)
        self.min_delta = abs(real(self, "min_delta", min_delta))

    def monitored(self, logs: Logs | None, doing: str) -> float | None:
        """The number, or None and a warning that `doing` needs it."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"{doing} conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {', '.join(logs or {})}",
                stacklevel=3,
            )
        return value

    def is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether `value` is better than `reference` by more than min_delta. Raises ArgumentError as `mode` says."""
        if reference is None:
            return True
        if self._better_up():
            return value - self.min_delta > reference
        return value + self.min_delta < reference

    def _better_up(self) -> bool:
        if self.mode == "auto":
            self.mode = "max" if self._up() else "min"
        return self.mode == "max"

    def _up(self) -> bool:
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return False
        for metric in getattr(self.model, "metrics", ()):
            if metric.name == name:
                kind = type(metric).__name__.lower()
                if any(word in kind for word in _BETTER_UP):
                    return True
                if any(word in kind for word in _BETTER_DOWN):
                    return False
        raise ArgumentError(
            f"{type(self).__name__}: whether {self.monitor!r} should grow or shrink cannot be told from its name; "
            "say mode='max' or mode='min'"
        )


def real(owner: Any, name: str, value: Any) -> float:
    """A number that is not NaN. Raises ArgumentError that names the callback's class and the argument."""
    is_number = hasattr(value, "__float__") and not isinstance(value, (bool, str))
    if not is_number or math.isnan(float(value)):
        raise ArgumentError(f"{type(owner).__name__}: {name} must be a number, got {value!r:.80}")
    return float(value)


def count(owner: Any, name: str, value: Any, least: int = 0) -> int:
    """A whole number of at least `least`. Raises ArgumentError."""
    if not is_int(value) or value < least:
        raise ArgumentError(
            f"{type(owner).__name__}: {name} must be a whole number of at least {least}, got {value!r:.80}"
        )
    return int(value)
