"""Arithmetic, element by element with broadcasting, and the matrix product.

These are plain NumPy: array libraries that follow its protocols, CuPy among them, answer for their own arrays. What
layers of this library are made of goes by `computed`, so that a recorded step does it again; sums of two arrays alike,
with which each residual block ends, are the backend's.
Broadcasting repeats the smaller operand, so its gradient is a sum over the repeats: that is `_unbroadcast`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends import HOST, backend_for, beside, device_of
from minicnn.errors import ShapeError
from minicnn.kernels.recording import computed, note
from minicnn.ops.checks import check_floats, check_number
from minicnn.tensor import Array, Gradients, as_array, differentiable


@differentiable
def add(x: Array, y: Array) -> tuple:
    """x + y. Gradients: dz to both. Raises ShapeError if the shapes do not broadcast, DTypeError for mixed dtypes."""
    x, y = _operands("add", x, y)

    def pullback(dz: Array) -> Gradients:
        return {"x": lambda: _unbroadcast(dz, x), "y": lambda: _unbroadcast(dz, y)}

    z = backend_for(x, y).add(x, y) if x.shape == y.shape else computed(np.add, x, y)
    return z, pullback


@differentiable
def subtract(x: Array, y: Array) -> tuple:
    """x - y. Gradients: dz and -dz. Raises as `add`."""
    x, y = _operands("subtract", x, y)

    def pullback(dz: Array) -> Gradients:
        return {"x": lambda: _unbroadcast(dz, x), "y": lambda: _unbroadcast(computed(np.negative, dz), y)}

    return computed(np.subtract, x, y), pullback


@differentiable
def multiply(x: Array, y: Array) -> tuple:
    """x · y. Gradients: dz · y and dz · x, each the other factor. Raises as `add`."""
    x, y = _operands("multiply", x, y)

    def pullback(dz: Array) -> Gradients:
        return {
            "x": lambda: _unbroadcast(computed(np.multiply, dz, y), x),
            "y": lambda: _unbroadcast(computed(np.multiply, dz, x), y),
        }

    return computed(np.multiply, x, y), pullback


@differentiable
def divide(x: Array, y: Array) -> tuple:
    """x / y. Gradients: dz / y and -dz · x / y². Raises as `add`."""
    x, y = _operands("divide", x, y)
    z = computed(np.divide, x, y)

    def pullback(dz: Array) -> Gradients:
        return {
            "x": lambda: _unbroadcast(computed(np.divide, dz, y), x),
            "y": lambda: _unbroadcast(computed(_to_divisor, dz, z, y), y),
        }

    return z, pullback


@differentiable
def maximum(x: Array, y: Array) -> tuple:
    """The larger of x and y. Gradient: dz to the larger one, half of it to each where they are equal."""
    x, y = _operands("maximum", x, y)

    def pullback(dz: Array) -> Gradients:
        return {
            "x": lambda: _unbroadcast(computed(_to_larger, dz, x, y), x),
            "y": lambda: _unbroadcast(computed(_to_larger, dz, y, x), y),
        }

    return computed(np.maximum, x, y), pullback


@differentiable
def minimum(x: Array, y: Array) -> tuple:
    """The smaller of x and y. Gradient: dz to the smaller one, half of it to each where they are equal."""
    x, y = _operands("minimum", x, y)

    def pullback(dz: Array) -> Gradients:
        return {
            "x": lambda: _unbroadcast(computed(_to_larger, dz, y, x), x),
            "y": lambda: _unbroadcast(computed(_to_larger, dz, x, y), y),
        }

    return computed(np.minimum, x, y), pullback


@differentiable
def power(x: Array, exponent: float) -> tuple:
    """x to a fixed power. Gradient: exponent · x^(exponent - 1) · dz; of the constant x⁰ = 1 it is 0, also at x = 0."""
    check_floats("power", x=x)
    exponent = check_number("power", "exponent", exponent)

    def pullback(dz: Array) -> Gradients:
        if exponent == 0:  # else it would be 0 · ∞ at x = 0
            return {"x": lambda: np.zeros_like(x)}
        return {"x": lambda: dz * exponent * x ** (exponent - 1)}

    return x**exponent, pullback


@differentiable
def negative(x: Array) -> tuple:
    """-x. Gradient: -dz."""
    check_floats("negative", x=x)
    return -x, lambda dz: {"x": lambda: -dz}


@differentiable
def exp(x: Array) -> tuple:
    """e to the power x. Gradient: the result itself times dz."""
    check_floats("exp", x=x)
    y = np.exp(x)
    return y, lambda dy: {"x": lambda: dy * y}


@differentiable
def log(x: Array) -> tuple:
    """The natural logarithm. Gradient: dy / x."""
    check_floats("log", x=x)
    return np.log(x), lambda dy: {"x": lambda: dy / x}


@differentiable
def sqrt(x: Array) -> tuple:
    """The square root. Gradient: dy / (2 · the result)."""
    check_floats("sqrt", x=x)
    y = np.sqrt(x)
    return y, lambda dy: {"x": lambda: dy / (2 * y)}


@differentiable
def absolute(x: Array) -> tuple:
    """|x|. Gradient: dy · sign(x), 0 at the kink."""
    check_floats("absolute", x=x)
    return np.abs(x), lambda dy: {"x": lambda: dy * np.sign(x)}


@differentiable
def matmul(x: Array, y: Array) -> tuple:
    """The matrix product (..., N, M) @ (..., M, K) -> (..., N, K). Gradients: dz @ yᵀ and xᵀ @ dz.

    Leading axes broadcast. Raises ShapeError if an operand has fewer than two axes or the M differ.
    """
    check_floats("matmul", x=x, y=y)
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-2]:
        raise ShapeError(f"matmul: x {x.shape} and y {y.shape} must be (..., N, M) and (..., M, K) with the same M")
    _check_broadcast("matmul", x.shape[:-2], y.shape[:-2])

    def pullback(dz: Array) -> Gradients:
        return {
            "x": lambda: _unbroadcast(dz @ np.swapaxes(y, -1, -2), x),
            "y": lambda: _unbroadcast(np.swapaxes(x, -1, -2) @ dz, y),
        }

    return x @ y, pullback


def _operands(operator: str, x: Any, y: Any) -> tuple[Array, Array]:
    """Two arrays of one dtype; a Python number, or a list of them, takes dtype and place of the array beside it."""
    dtype = getattr(x, "dtype", getattr(y, "dtype", np.float32))
    x, y = _operand(f"{operator}: x", x, y, dtype), _operand(f"{operator}: y", y, x, dtype)
    check_floats(operator, x=x, y=y)
    _check_broadcast(operator, x.shape, y.shape)
    return x, y


def _operand(name: str, value: Any, other: Any, dtype: Any) -> Array:
    array = as_array(value, dtype, name)
    if device_of(other) == HOST or (hasattr(value, "dtype") and not isinstance(value, np.generic)):
        return array
    return beside(array, other) if array.ndim else array[()]  # a number goes to the device with the launch


def _check_broadcast(operator: str, x: tuple[int, ...], y: tuple[int, ...]) -> None:
    try:
        np.broadcast_shapes(x, y)
    except ValueError:
        raise ShapeError(
            f"{operator}: shapes {x} and {y} do not broadcast: counted from the last, axes must be equal or 1"
        ) from None


def _to_divisor(dz: Array, z: Array, y: Array, out: Array | None = None) -> Array:
    """-dz · z / y."""
    return np.divide(-dz * z, y, out=out)


def _to_larger(dz: Array, x: Array, y: Array, out: Array | None = None) -> Array:
    """dz where x is larger than y, half of it where they are equal, else 0."""
    return np.multiply(dz, (x > y) + (x == y) * x.dtype.type(0.5), out=out)


def _unbroadcast(gradient: Array, like: Array) -> Array:
    """Sums over the axes along which `like` was repeated, so that its gradient has its shape."""
    added = gradient.ndim - like.ndim
    repeated = [added + axis for axis, n in enumerate(like.shape) if n == 1 and gradient.shape[added + axis] != 1]
    axes = (*range(added), *repeated)
    if not axes:
        return gradient
    total = np.sum(gradient, axes, None, None, True)
    note(np.sum, gradient, axes, None, total, True)
    return total.reshape(like.shape)
