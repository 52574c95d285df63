"""Where branches of a network meet, by `kernels.cpu.merging`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicnn.backends.numba.arrays import flat, plain
from minicnn.kernels.cpu import merging
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.cpu.threads import exclusive


def add(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x, y (...) -> (...)."""
    z = empty(x.shape, x.dtype)
    with exclusive:
        merging.add(flat(x), flat(y), z.reshape(-1))
    return z


def add_to(total: np.ndarray, x: np.ndarray) -> np.ndarray:
    """total, x (...) -> total."""
    with exclusive:
        merging.add_to(total.reshape(-1), flat(x))
    return total


def concatenate(xs: Sequence[np.ndarray], axis: int) -> np.ndarray:
    """(..., n, ...) each -> (..., sum of n, ...)."""
    first = xs[0].shape
    y = empty((*first[:axis], sum(x.shape[axis] for x in xs), *first[axis + 1 :]), xs[0].dtype)
    at = 0
    for x in xs:
        columns = _columns(x, axis)
        with exclusive:
            merging.copy_columns(columns, 0, _columns(y, axis), at, columns.shape[1])
        at += columns.shape[1]
    return y


def part(x: np.ndarray, axis: int, start: int, stop: int) -> np.ndarray:
    """(..., n, ...) -> (..., stop - start, ...)."""
    y = empty((*x.shape[:axis], stop - start, *x.shape[axis + 1 :]), x.dtype)
    inner = math.prod(x.shape[axis + 1 :])
    with exclusive:
        merging.copy_columns(_columns(x, axis), start * inner, _columns(y, axis), 0, (stop - start) * inner)
    return y


def _columns(a: np.ndarray, axis: int) -> np.ndarray:
    """(..., n, ...) -> (what comes before the axis, all from it on): whatever the axis, columns are put together."""
    return plain(a).reshape(math.prod(a.shape[:axis]), math.prod(a.shape[axis:]))
