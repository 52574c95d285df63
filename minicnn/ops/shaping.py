"""Moving elements about: reshape, transpose, indexing, padding, repeating. Their gradients move them back."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import numpy as np

from minicnn.backends import backend_for, beside
from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import Windows, explicit_pads, is_int, pair
from minicnn.kernels.recording import note
from minicnn.ops.checks import MOST_AXES, check_axes, check_floats, check_rank
from minicnn.tensor import Array, Gradients, as_array, differentiable, recordable


@differentiable
def reshape(x: Array, shape: Any) -> tuple:
    """The same elements in the same order in another shape; one -1 stands for what is left. Gradient: dy in x's shape.

    Raises ShapeError if the numbers of elements differ, ArgumentError for a shape that is none.
    """
    check_floats("reshape", x=x)
    shape = (shape,) if is_int(shape) else shape
    if not isinstance(shape, (tuple, list)) or not all(is_int(n) and n >= -1 for n in shape):
        raise ArgumentError(f"reshape: shape must be whole numbers, one of which may be -1; got {shape!r}")
    if len(shape) > MOST_AXES:
        raise ArgumentError(f"reshape: shape has {len(shape)} axes, at most {MOST_AXES} are possible")
    try:
        y = _reshaped(x, shape)
    except (ValueError, OverflowError):
        raise ShapeError(f"reshape: {x.size} elements of shape {x.shape} do not fit shape {shape}") from None
    return y, lambda dy: {"x": lambda: _reshaped(dy, x.shape)}


def _reshaped(x: Array, shape: Any) -> Array:
    """x.reshape(shape). What lies otherwise than row by row is copied for it: in a recorded step, each time."""
    y = x.reshape(shape)
    if not x.flags.c_contiguous:
        note(np.copyto, y.reshape(x.shape), x)
    return y


@differentiable
def transpose(x: Array, axes: Any = None) -> tuple:
    """The axes in another order (reversed if None). Gradient: dy with the axes back in order."""
    check_floats("transpose", x=x)
    order = tuple(reversed(range(x.ndim))) if axes is None else (axes,) if is_int(axes) else axes
    if len(check_axes("transpose", order, x.ndim, "axes")) != x.ndim:
        raise ArgumentError(f"transpose: axes must name each of the {x.ndim} axes once, got {axes!r}")
    back = tuple(np.argsort([a % x.ndim for a in order]).tolist())
    return x.transpose(order), lambda dy: {"x": lambda: dy.transpose(back)}


@differentiable
def getitem(x: Array, index: Any) -> tuple:
    """x[index]: slices, whole numbers, index arrays, masks. Gradient: dy into zeros; picked twice, it adds twice.

    Index arrays and masks are in main memory, whatever x is. Raises ArgumentError for an index that does not fit.
    """
    check_floats("getitem", x=x)
    try:
        if not isinstance(x, np.ndarray):  # CuPy does not look: an index that is too large starts again from 0
            np.broadcast_to(np.int8(0), x.shape)[index]
        y = x[index]
    except (IndexError, TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(f"getitem: index {index!r:.60} does not fit x of shape {x.shape}: {error}") from None
    if np.ndim(y) > MOST_AXES:
        raise ArgumentError(f"getitem: index {index!r:.60} makes {y.ndim} axes, at most {MOST_AXES} are possible")

    def pullback(dy: Array) -> Gradients:
        def dx() -> Array:
            spread = np.zeros_like(x, order="C")
            if isinstance(spread, np.ndarray):
                np.add.at(spread, index, dy)
            else:
                _add_at(spread, index, dy)
            return spread

        return {"x": dx}

    return as_array(y), pullback


def _add_at(spread: Array, index: Any, dy: Array) -> None:
    """spread[index] += dy on a device, with the same bits on each run, which atomic additions would not give.

    Slices and numbers pick nothing twice. What index arrays pick several times is added in rounds, in each of them an
    element once at most: first all first picks, then all second ones. spread is contiguous.
    """
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is Ellipsis or isinstance(part, slice) or is_int(part) for part in parts):
        spread[index] = dy
        return
    positions = np.arange(spread.size).reshape(spread.shape)[index].reshape(-1)
    order = np.argsort(positions, kind="stable")
    _, starts, counts = np.unique(positions[order], return_index=True, return_counts=True)
    rounds = np.arange(len(order)) - np.repeat(starts, counts)
    elements, gradients = spread.reshape(-1), dy.reshape(-1)
    for number in range(counts.max(initial=0)):
        picks = order[rounds == number]
        elements[positions[picks]] += gradients[picks]


@recordable
def concatenate(xs: Any, axis: int = 0) -> Any:
    """Arrays behind one another along an axis. Gradients: each its part of dy.

    xs: a list of arrays or Tensors of one dtype whose shapes differ along `axis` only. Raises ShapeError, DTypeError,
    ArgumentError for what is no list or an axis that is none.
    """
    if not isinstance(xs, (list, tuple)) or not xs:
        raise ArgumentError(f"concatenate: xs must be a list of arrays, got {xs!r:.60}")
    return _concatenate(axis=axis, **{f"x{i}": x for i, x in enumerate(xs)})


@differentiable
def _concatenate(axis: int, **xs: Array) -> tuple:
    check_floats("concatenate", **xs)
    first, *others = xs.values()
    (along,) = check_axes("concatenate", axis if is_int(axis) else (), first.ndim) or (None,)
    if along is None:
        raise ArgumentError(f"concatenate: axis must be a whole number, got {axis!r}")
    for x in others:
        if x.ndim != first.ndim or any(
            a != b for i, (a, b) in enumerate(zip(x.shape, first.shape, strict=True)) if i != along
        ):
            raise ShapeError(f"concatenate: shapes {first.shape} and {x.shape} must be equal but for axis {along}")
    backend = backend_for(*xs.values())
    ends = list(itertools.accumulate((x.shape[along] for x in xs.values()), initial=0))

    def pullback(dy: Array) -> Gradients:
        return {name: partial(backend.part, dy, along, *ends[i : i + 2]) for i, name in enumerate(xs)}

    return backend.concatenate(list(xs.values()), along), pullback


@differentiable
def zero_pad2d(x: Array, padding: Any) -> tuple:
    """Zeros around each image: (N, H, W, C) -> (N, top + H + bottom, left + W + right, C).

    padding: pixels, (vertical, horizontal) or ((top, bottom), (left, right)). Gradient: dy without the rim.
    Raises ShapeError for images without pixels.
    """
    check_floats("zero_pad2d", x=x)
    check_rank("zero_pad2d", "x", x, "N, H, W, C")
    if 0 in x.shape[1:]:
        raise ShapeError(f"zero_pad2d: x {x.shape} has no pixels to put zeros around")
    (top, bottom), (left, right) = explicit_pads(padding, "zero_pad2d: padding")
    # The patches that a window of one pixel sees, padding included.
    windows = Windows(x.shape[1:3], (1, 1), (1, 1), (1, 1), ((top, bottom), (left, right)))
    shape, patches = (len(x), *windows.outputs, x.shape[3]), (len(x), *windows.outputs, 1, 1, x.shape[3])
    if 0 in windows.outputs:
        return reshape.vjp(x, shape)  # no pixels, and none around them
    backend = backend_for(x)

    def pullback(dy: Array) -> Gradients:
        return {"x": lambda: backend.col2im(_reshaped(dy, patches), windows)}

    return _reshaped(backend.im2col(x, windows), shape), pullback


@differentiable
def upsample2d(x: Array, size: Any, interpolation: str = "nearest") -> tuple:
    """Larger images: (N, H, W, C) -> (N, H·size, W·size, C), each pixel repeated, or blended with its neighbours.

    Both are linear in x, rows and columns apart: y = U x Vᵀ for every channel, so dx = Uᵀ dy V.
    interpolation: "nearest", or "bilinear" with pixel centres at half pixels and edges held, as Keras has it.
    """
    check_floats("upsample2d", x=x)
    check_rank("upsample2d", "x", x, "N, H, W, C")
    size = pair(size, "upsample2d: size")
    if not isinstance(interpolation, str) or interpolation not in ("nearest", "bilinear"):
        raise ArgumentError(f"upsample2d: interpolation must be 'nearest' or 'bilinear', got {interpolation!r}")
    weights = _nearest if interpolation == "nearest" else _bilinear
    u, v = (beside(weights(n, factor).astype(x.dtype), x) for n, factor in zip(x.shape[1:3], size, strict=True))

    def pullback(dy: Array) -> Gradients:
        return {"x": lambda: np.einsum("pi,npqc,qj->nijc", u, dy, v, optimize=True)}

    return np.einsum("pi,nijc,qj->npqc", u, x, v, optimize=True), pullback


def _nearest(n: int, factor: int) -> np.ndarray:
    """(n·factor, n): row p holds a 1 in the column of the pixel that p repeats."""
    return np.repeat(np.eye(n), factor, axis=0)


def _bilinear(n: int, factor: int) -> np.ndarray:
    """(n·factor, n): row p holds the weights of the two pixels on either side of p's centre."""
    centre = (np.arange(n * factor) + 0.5) / factor - 0.5
    centre = centre.clip(0, n - 1)
    left = np.floor(centre).astype(int)
    right = np.minimum(left + 1, n - 1)
    weights = np.zeros((n * factor, n))
    rows = np.arange(n * factor)
    np.add.at(weights, (rows, left), 1 - (centre - left))
    np.add.at(weights, (rows, right), centre - left)
    return weights
