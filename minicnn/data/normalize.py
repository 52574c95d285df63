"""Arrays scaled to a length of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.errors import ArgumentError
from minicnn.numeric import numeric


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """x divided by its norm of this order along an axis; what has a norm of zero stays as it is.

    Whole numbers become float64, floats keep their dtype. Raises DTypeError for no numbers, ArgumentError for an axis
    that x does not have.

    >>> normalize([[3, 4], [0, 0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    x = np.atleast_1d(numeric(x, "normalize: x"))
    if not -x.ndim <= axis < x.ndim:
        raise ArgumentError(f"normalize: axis must be in {-x.ndim}..{x.ndim - 1}, got {axis!r}")
    norms = np.atleast_1d(np.linalg.norm(x, order, axis, keepdims=True))
    return x / np.where(norms == 0, 1, norms)
