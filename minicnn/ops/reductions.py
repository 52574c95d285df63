"""Sums, means and maxima over axes. What was summed away is repeated on the way back."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.ops.checks import check_axes, check_flag, check_floats
from minicnn.tensor import Array, Gradients, as_array, differentiable


@differentiable
def sum(x: Array, axis: Any = None, keepdims: bool = False) -> tuple:
    """The sum over `axis` (all axes if None). Gradient: dy to every element that was summed."""
    check_floats("sum", x=x)
    axes, keepdims = check_axes("sum", axis, x.ndim), check_flag("sum", "keepdims", keepdims)

    def pullback(dy: Array) -> Gradients:
        return {"x": lambda: np.broadcast_to(_kept(dy, axes, x), x.shape).copy()}

    return as_array(x.sum(axis=axes, keepdims=keepdims)), pullback


@differentiable
def mean(x: Array, axis: Any = None, keepdims: bool = False) -> tuple:
    """The mean over `axis` (all axes if None). Gradient: dy / n to each of the n. Raises ShapeError if n is 0."""
    check_floats("mean", x=x)
    axes, keepdims = check_axes("mean", axis, x.ndim), check_flag("mean", "keepdims", keepdims)
    n = int(np.prod([x.shape[a] for a in axes]))
    if n == 0:
        raise ShapeError(f"mean: there is no mean over axes {axes} of shape {x.shape}: they hold no elements")

    def pullback(dy: Array) -> Gradients:
        return {"x": lambda: np.broadcast_to(_kept(dy, axes, x) / n, x.shape).copy()}

    return as_array(x.mean(axis=axes, keepdims=keepdims)), pullback


@differentiable
def max(x: Array, axis: Any = None, keepdims: bool = False) -> tuple:
    """The maximum over `axis` (all axes if None). Gradient: dy to the element that won, the first one of ties."""
    check_floats("max", x=x)
    axes, keepdims = check_axes("max", axis, x.ndim), check_flag("max", "keepdims", keepdims)
    others = [a for a in range(x.ndim) if a not in axes]
    reduced = tuple(x.shape[a] for a in axes)
    if 0 in reduced:
        raise ShapeError(f"max: there is no maximum over axes {axes} of shape {x.shape}: they hold no elements")
    # The reduced axes last and flattened, so that one winner a row can be named.
    rows = x.transpose(*others, *axes).reshape((*(x.shape[a] for a in others), int(np.prod(reduced))))
    winners = rows.argmax(axis=-1)[..., None]
    y = np.take_along_axis(rows, winners, axis=-1)[..., 0]
    kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))

    def pullback(dy: Array) -> Gradients:
        def dx() -> Array:
            spread = np.zeros_like(rows)
            np.put_along_axis(spread, winners, dy.reshape(y.shape)[..., None], axis=-1)
            spread = spread.reshape(tuple(x.shape[a] for a in (*others, *axes)))
            return spread.transpose(tuple(np.argsort([*others, *axes]).tolist()))

        return {"x": dx}

    return y.reshape(kept) if keepdims else y, pullback


def _kept(dy: Array, axes: tuple[int, ...], x: Array) -> Array:
    """dy with the reduced axes back in place, one element long."""
    return dy.reshape(tuple(1 if a in axes else n for a, n in enumerate(x.shape)))
