"""Functions of Keras's `ops` that are written with the operators: they have no gradient of their own to be derived.

On symbolic tensors they are the layers of those operators. Shapes may begin with None, the batch.
"""

from __future__ import annotations

from typing import Any

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.ops.arithmetic import absolute, maximum, minimum, multiply, negative, power
from minicnn.ops.checks import check_axes, check_number
from minicnn.ops.reductions import max as largest
from minicnn.ops.reductions import mean
from minicnn.ops.shaping import concatenate, getitem, reshape, transpose

abs = absolute


def square(x: Any) -> Any:
    """x · x."""
    return multiply(x, x)


def rsqrt(x: Any) -> Any:
    """1 / √x."""
    return power(x, -0.5)


def clip(x: Any, x_min: float, x_max: float) -> Any:
    """x between x_min and x_max. Gradient: dy between them, half of it where x is equal to one, 0 outside."""
    low = check_number("clip", "x_min", x_min)
    return minimum(maximum(x, low), check_number("clip", "x_max", x_max, least=low))


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The minimum over `axis` (all axes if None), as `ops.max`."""
    return negative(largest(negative(x), axis, keepdims))


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The (biased) variance over `axis`: the mean of (x - mean)²."""
    return mean(square(x - mean(x, axis, True)), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The square root of `var`."""
    return power(var(x, axis, keepdims), 0.5)


def expand_dims(x: Any, axis: int) -> Any:
    """A new axis of length 1 that is number `axis` of the result. Raises ArgumentError."""
    at = _axis("expand_dims", axis, x.ndim + 1)
    return reshape(x, (*_sizes(x)[:at], 1, *_sizes(x)[at:]))


def squeeze(x: Any, axis: Any = None) -> Any:
    """Without the axes of length 1, or those of them that `axis` names. Raises ArgumentError for a longer one."""
    ones = [a for a, n in enumerate(x.shape) if n == 1] if axis is None else check_axes("squeeze", axis, x.ndim)
    if any(x.shape[a] != 1 for a in ones):
        raise ArgumentError(f"squeeze: axis {axis} of shape {x.shape} is not of length 1")
    return reshape(x, tuple(n for a, n in enumerate(_sizes(x)) if a not in ones))


def flip(x: Any, axis: Any = None) -> Any:
    """The elements along `axis` (all axes if None) from the last to the first."""
    turned = check_axes("flip", axis, x.ndim)
    return getitem(x, tuple(slice(None, None, -1 if a in turned else None) for a in range(x.ndim)))


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    order = list(range(x.ndim))
    one, other = _axis("swapaxes", axis1, x.ndim), _axis("swapaxes", axis2, x.ndim)
    order[one], order[other] = order[other], order[one]
    return transpose(x, order)


def stack(x: Any, axis: int = 0) -> Any:
    """Arrays of one shape side by side along a new axis. Raises ArgumentError for what is no list."""
    if not isinstance(x, (list, tuple)) or not x:
        raise ArgumentError(f"stack: x must be a list of arrays, got {x!r:.60}")
    return concatenate([expand_dims(part, axis) for part in x], _axis("stack", axis, x[0].ndim + 1))


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along an axis: as many equal ones, or those that begin at the indices. Raises ArgumentError."""
    along, parts = _axis("split", axis, x.ndim), indices_or_sections
    length = x.shape[along]
    if is_int(parts) and parts > 0 and length is not None and length % parts == 0:
        parts = [length // parts * i for i in range(1, parts)]
    if not isinstance(parts, (list, tuple)) or not all(map(is_int, parts)):
        raise ArgumentError(f"split: {length} cannot be split by {indices_or_sections!r:.60} into equal parts")
    ends = zip([None, *parts], [*parts, None], strict=True)
    return [getitem(x, (*[slice(None)] * along, slice(start, end))) for start, end in ends]


def _axis(operator: str, axis: Any, ndim: int) -> int:
    if not is_int(axis):
        raise ArgumentError(f"{operator}: axis must be a whole number, got {axis!r:.60}")
    return check_axes(operator, axis, ndim)[0]


def _sizes(x: Any) -> tuple[int, ...]:
    """The shape, as `reshape` takes it: -1 for the batch of a symbolic tensor."""
    return tuple(-1 if n is None else n for n in x.shape)
