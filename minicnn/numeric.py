"""Numbers as people hand them in: lists, arrays, Tensors; and what is not numbers, told so."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends import HOST, device_of
from minicnn.errors import DTypeError
from minicnn.tensor import Tensor


def numeric(value: Any, name: str) -> np.ndarray:
    """`value` as an array of real numbers: arrays and Tensors as they are, wherever they live, lists as NumPy's.

    Raises DTypeError, saying `name`, for anything else: text, None, complex numbers, lists of different lengths.
    """
    given = value.data if isinstance(value, Tensor) else value
    try:
        array = given if device_of(given) != HOST else np.asarray(given)
    except ValueError:  # lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "iufb":
        found = f"{array.dtype}" if hasattr(given, "dtype") else f"{value!r:.60}"
        raise DTypeError(f"{name} must hold real numbers, in an array or evenly nested lists; got {found}")
    return array
