"""Activations: what makes a network more than one matrix. Each with its slope."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends import backend_for
from minicnn.errors import ShapeError
from minicnn.ops.arithmetic import _unbroadcast
from minicnn.ops.checks import check_floats, check_number
from minicnn.tensor import Array, Gradients, differentiable, recordable


@differentiable
def relu(x: Array, *, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> tuple:
    """Rectified linear unit: x where it is positive, otherwise 0. With the options, Keras's general form:

        max_value where x >= max_value, x where threshold <= x, negative_slope · (x - threshold) below.

    x: (...) -> y: (...), in the dtype of x.
    Gradient: dy · 1 between threshold and max_value, dy · negative_slope up to threshold, 0 from max_value on. NaN
    stays NaN, and its gradient is dy, since it is not below anything; where the slope is 0 even a dy of NaN is stopped.
    Raises DTypeError, ArgumentError if an option is negative or max_value below threshold.
    Source: Nair and Hinton, Rectified linear units improve restricted Boltzmann machines (2010).
    """
    check_floats("relu", x=x)
    slope = check_number("relu", "negative_slope", negative_slope, least=0)
    floor = check_number("relu", "threshold", threshold, least=0)
    ceiling = None if max_value is None else check_number("relu", "max_value", max_value, least=floor)
    backend = backend_for(x)

    def pullback(dy: Array) -> Gradients:
        return {"x": lambda: backend.relu_gradient(dy, x, slope, ceiling, floor)}

    return backend.relu(x, slope, ceiling, floor), pullback


@recordable
def relu6(x: Array) -> Any:
    """min(max(x, 0), 6). Source: Krizhevsky, Convolutional deep belief networks on CIFAR-10 (2010)."""
    return relu(x, max_value=6.0)


@recordable
def leaky_relu(x: Array, negative_slope: float = 0.2) -> Any:
    """x where positive, negative_slope · x elsewhere. Source: Maas, Hannun and Ng, Rectifier nonlinearities (2013)."""
    return relu(x, negative_slope=negative_slope)


@differentiable
def prelu(x: Array, alpha: Array) -> tuple:
    """x where positive, alpha · x elsewhere, with a slope that is learned.

    x: (N, ...), alpha: a shape that broadcasts to x[0] -> y: (N, ...); one dtype.
    Gradients: dL/dx = dy or dy · alpha, dL/dalpha = dy · x where x is not positive, summed over what shares alpha.
    Raises ShapeError if alpha does not broadcast, DTypeError.
    Source: He, Zhang, Ren and Sun, Delving deep into rectifiers (2015), section 2.1.
    """
    check_floats("prelu", x=x, alpha=alpha)
    if alpha.ndim > x.ndim - 1 or any(a not in (1, n) for a, n in zip(alpha.shape[::-1], x.shape[::-1], strict=False)):
        raise ShapeError(f"prelu: alpha {alpha.shape} must broadcast to one element of the batch, {x.shape[1:]}")

    def pullback(dy: Array) -> Gradients:
        return {
            "x": lambda: np.where(x > 0, dy, alpha * dy),
            "alpha": lambda: _unbroadcast(np.where(x > 0, 0, x) * dy, alpha),
        }

    return np.where(x > 0, x, alpha * x), pullback


@differentiable
def sigmoid(x: Array) -> tuple:
    """The logistic function 1 / (1 + exp(-x)). Gradient: dy · y · (1 - y)."""
    check_floats("sigmoid", x=x)
    backend = backend_for(x)
    y = backend.sigmoid(x)
    return y, lambda dy: {"x": lambda: backend.sigmoid_gradient(dy, y)}


@differentiable
def tanh(x: Array) -> tuple:
    """The hyperbolic tangent. Gradient: dy · (1 - y²)."""
    check_floats("tanh", x=x)
    backend = backend_for(x)
    y = backend.tanh(x)
    return y, lambda dy: {"x": lambda: backend.tanh_gradient(dy, y)}


@differentiable
def softmax(x: Array) -> tuple:
    """Rows of numbers to rows of probabilities: exp(x) / Σ exp(x) over the last axis.

    x: (..., K) -> y: (..., K), in the dtype of x. Adding a constant to a row changes nothing.
    Gradient: dx = y · (dy - Σ dy · y).
    Raises ShapeError if the last axis is empty, DTypeError.
    Source: Bridle, Probabilistic interpretation of feedforward classification network outputs (1990).

    >>> import numpy as np
    >>> softmax(np.array([1.0, 2, 3, 4, 1, 2, 3])).round(3)
    array([0.024, 0.064, 0.175, 0.475, 0.024, 0.064, 0.175])
    """
    check_floats("softmax", x=x)
    if x.ndim < 1 or x.shape[-1] == 0:
        raise ShapeError(f"softmax: x needs at least one element along its last axis, got shape {x.shape}")
    backend = backend_for(x)
    y = backend.softmax(x)
    return y, lambda dy: {"x": lambda: backend.softmax_gradient(dy, y)}
