"""The operators' door: what is wrong with the arguments is said here, before any kernel runs.

Kernels have no bounds checks. Each check names the operator, the argument, what was given and what was expected.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minicnn.backends import check_together
from minicnn.errors import ArgumentError, DTypeError, ShapeError
from minicnn.geometry import is_int
from minicnn.tensor import Array

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
LARGEST = float(np.finfo(np.float64).max)
MOST_AXES = 32  # NumPy arrays may have 64, but some of its functions break on more than half of that, a few badly


def check_floats(operator: str, *, b: Array | None = None, **arrays: Array) -> None:
    """Every array is float32, or every array is float64, of at most 32 axes, in one place. b may be left out."""
    given = arrays if b is None else {**arrays, "b": b}
    check_dtypes(operator, given)
    if len({type(a) for a in given.values()}) > 1:
        check_together(operator, given)


def check_dtypes(operator: str, given: dict[str, Array]) -> None:
    """The same, wherever each of them lives."""
    for name, a in given.items():
        # Matrices and masked arrays are arrays whose arithmetic is another.
        if not hasattr(a, "dtype") or not hasattr(a, "shape") or isinstance(a, (np.matrix, np.ma.MaskedArray)):
            raise DTypeError(
                f"{operator}: {name} must be an array or a Tensor, got {type(a).__name__}; "
                "wrap it in numpy.asarray(..., dtype='float32')"
            )
        if a.dtype not in FLOATS:
            raise DTypeError(
                f"{operator}: {name} must be float32 or float64, got {a.dtype}; "
                f"convert it with {name}.astype('float32')"
            )
        if len(a.shape) > MOST_AXES:
            raise ShapeError(f"{operator}: {name} has {len(a.shape)} axes, at most {MOST_AXES} are possible")
    if len({a.dtype for a in given.values()}) > 1:
        found = ", ".join(f"{name} is {a.dtype}" for name, a in given.items())
        raise DTypeError(f"{operator}: all arrays must have one dtype, but {found}; convert one of them")


def check_rank(operator: str, name: str, a: Array, letters: str) -> None:
    """`letters` spells the axes, e.g. "N, H, W, C"."""
    if a.ndim != letters.count(",") + 1:
        raise ShapeError(f"{operator}: {name} must have the axes ({letters}), got shape {a.shape}{_hint(a, letters)}")


def _hint(a: Array, letters: str) -> str:
    if letters == "N, H, W, C" and a.ndim == 3:
        return "; a single image becomes a batch with x[None], grey images get their channel axis with x[..., None]"
    if letters == "N, I" and a.ndim > 2:
        return "; flatten it first (layers.Flatten, or x.reshape(len(x), -1))"
    return ""


def check_shape(operator: str, name: str, a: Array | None, expected: tuple[int, ...], why: str) -> None:
    """The exact shape; None passes."""
    if a is not None and a.shape != expected:
        raise ShapeError(f"{operator}: {name} must have shape {expected} ({why}), got {a.shape}")


def check_number(operator: str, name: str, value: Any, least: float = -np.inf, below: float = np.inf) -> float:
    """A finite number in [least, below)."""
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not abs(value) <= LARGEST:
        raise ArgumentError(f"{operator}: {name} must be a finite number, got {value!r:.60}")
    if not least <= value < below:
        upper = "" if below == np.inf else f" and below {below:g}"
        raise ArgumentError(f"{operator}: {name} must be at least {least:g}{upper}, got {value!r}")
    return float(value)


def check_flag(operator: str, name: str, value: Any) -> bool:
    """True or False, nothing that merely counts as one of them."""
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{operator}: {name} must be True or False, got {value!r:.60}")
    return bool(value)


@contextmanager
def naming(operator: str) -> Iterator[None]:
    """Puts the operator's name before what other rooms (geometry, random) have to say about its arguments."""
    try:
        yield
    except (ArgumentError, ShapeError) as error:
        raise type(error)(f"{operator}: {error}") from None


def check_axes(operator: str, axis: Any, ndim: int, name: str = "axis") -> tuple[int, ...]:
    """None, -1 or (0, 2) -> axes counted from 0, each once."""
    axes = tuple(range(ndim)) if axis is None else (axis,) if is_int(axis) else axis
    if not isinstance(axes, (tuple, list)) or not all(is_int(a) and -ndim <= a < ndim for a in axes):
        raise ArgumentError(f"{operator}: {name} must be None or whole numbers in {-ndim}..{ndim - 1}, got {axis!r}")
    counted = tuple(sorted(int(a) % ndim for a in axes))
    if len(set(counted)) < len(counted):
        raise ArgumentError(f"{operator}: {name} {axis!r} names an axis twice")
    return counted
