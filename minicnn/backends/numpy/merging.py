"""Where branches of a network meet: sums, and arrays behind one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def add(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x, y (...) -> (...)."""
    return np.asarray(x + y)


def add_to(total: np.ndarray, x: np.ndarray) -> np.ndarray:
    """total, x (...) -> total."""
    total += x
    return total


def concatenate(xs: Sequence[np.ndarray], axis: int) -> np.ndarray:
    """(..., n, ...) each -> (..., sum of n, ...)."""
    return np.concatenate(xs, axis)


def part(x: np.ndarray, axis: int, start: int, stop: int) -> np.ndarray:
    """(..., n, ...) -> (..., stop - start, ...)."""
    return x[(slice(None),) * axis + (slice(start, stop),)].copy()
