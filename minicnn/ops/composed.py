"""More of Keras's `ops`, each made of operators that have gradients: there is no gradient to derive here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.backends import to_host
from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import is_int
from minicnn.ops.arithmetic import add, matmul, maximum, minimum, multiply, negative, sqrt, subtract
from minicnn.ops.checks import check_axes
from minicnn.ops.reductions import max, mean
from minicnn.ops.shaping import concatenate, getitem, reshape
from minicnn.tensor import Tensor


def square(x: Any) -> Any:
    """x². Raises DTypeError for what is not float32 or float64."""
    return multiply(x, x)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """x, kept between x_min and x_max. Raises as `maximum`."""
    return minimum(maximum(x, x_min), x_max)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The minimum over `axis` (all axes if None). Raises as `max`."""
    return negative(max(negative(x), axis, keepdims))


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean square distance from the mean, over `axis` (all axes if None). Raises as `mean`."""
    return mean(square(subtract(x, mean(x, axis, True))), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The square root of `var`."""
    return sqrt(var(x, axis, keepdims))


def dot(x: Any, y: Any) -> Any:
    """The product of a matrix (N, M) and a matrix (M, K); for vectors and more axes see `matmul`. Raises as that."""
    return matmul(x, y)


def expand_dims(x: Any, axis: int) -> Any:
    """x with one more axis, of length one, that will be axis number `axis`. Raises ArgumentError."""
    if not is_int(axis) or not -x.ndim - 1 <= axis <= x.ndim:
        raise ArgumentError(f"expand_dims: axis must be in {-x.ndim - 1}..{x.ndim}, got {axis!r:.60}")
    shape = list(x.shape)
    shape.insert(axis % (x.ndim + 1), 1)
    return reshape(x, _known(shape))


def squeeze(x: Any, axis: Any = None) -> Any:
    """x without these axes, which must have a length of one (all that have it, if None). Raises ShapeError."""
    ones = tuple(i for i, n in enumerate(x.shape) if n == 1)
    axes = ones if axis is None else check_axes("squeeze", axis, x.ndim)
    if not set(axes) <= set(ones):
        raise ShapeError(f"squeeze: axes {axes} of shape {x.shape} are to have a length of 1")
    return reshape(x, _known([n for i, n in enumerate(x.shape) if i not in axes]))


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape on top of one another, along a new axis. Raises as `concatenate`."""
    if not isinstance(xs, (list, tuple)) or not xs:
        raise ArgumentError(f"stack: xs must be a list of arrays, got {xs!r:.60}")
    return concatenate([expand_dims(x, axis) for x in xs], axis)


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, y where it does not, with broadcasting; x or y may be a number.

    Each element's gradient goes to the one that was picked, and none to the condition. Raises as `add`.
    """
    holds = to_host(condition.data if isinstance(condition, Tensor) else np.asarray(condition)) != 0
    shape = np.broadcast_shapes(holds.shape, np.shape(x), np.shape(y))
    dtype = next((a.dtype for a in (x, y) if hasattr(a, "dtype")), np.dtype("float32"))
    spread = np.zeros(shape, dtype)
    both = concatenate([reshape(add(a, spread), (-1,)) for a in (x, y)])
    return getitem(both, np.arange(spread.size).reshape(shape) + np.where(holds, 0, spread.size))


def _known(shape: list[int | None]) -> tuple[int, ...]:
    """A shape for `reshape`: the batch axis of a symbolic tensor is what is left."""
    return tuple(-1 if n is None else n for n in shape)
