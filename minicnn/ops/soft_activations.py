"""Activations that bend instead of breaking, each with its slope; ReLU and the older ones stand in `activations`."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends import backend_for
from minicnn.errors import ShapeError
from minicnn.ops.checks import check_flag, check_floats, check_number
from minicnn.tensor import Array, Gradients, differentiable

# The numbers of Klambauer et al. with which a layer's outputs keep mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@differentiable
def elu(x: Array, alpha: float = 1.0, *, scale: float = 1.0) -> tuple:
    """Exponential linear unit: scale · x where x is positive, scale · alpha · (exp(x) - 1) elsewhere.

    x: (...) -> y: (...), in the dtype of x. Gradient: dy · scale · (1 or alpha · exp(x)).
    Raises DTypeError, ArgumentError for numbers that are none.
    Source: Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning by ELUs (2016).
    """
    check_floats("elu", x=x)
    alpha, scale = check_number("elu", "alpha", alpha), check_number("elu", "scale", scale)
    backend = backend_for(x)

    def pullback(dy: Array) -> Gradients:
        return {"x": lambda: backend.elu_gradient(dy, x, alpha, scale)}

    return backend.elu(x, alpha, scale), pullback


def selu(x: Array) -> Any:
    """1.0507 · elu(x, 1.6733), with which mean 0 and variance 1 last from layer to layer.

    Source: Klambauer, Unterthiner, Mayr and Hochreiter, Self-normalizing neural networks (2017).
    """
    return elu(x, SELU_ALPHA, scale=SELU_SCALE)


@differentiable
def gelu(x: Array, approximate: bool = False) -> tuple:
    """Gaussian error linear unit: x · Φ(x), with Φ the part of a normal distribution below x.

    approximate: Φ by a hyperbolic tangent, 1/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))), which is 5e-4 off at most.
    x: (...) -> y: (...), in the dtype of x. Gradient: dy · (Φ(x) + x · φ(x)), φ the density.
    Raises DTypeError, ArgumentError.
    Source: Hendrycks and Gimpel, Gaussian error linear units (2016).
    """
    check_floats("gelu", x=x)
    approximate = check_flag("gelu", "approximate", approximate)
    backend = backend_for(x)

    def pullback(dy: Array) -> Gradients:
        return {"x": lambda: backend.gelu_gradient(dy, x, approximate)}

    return backend.gelu(x, approximate), pullback


@differentiable
def silu(x: Array) -> tuple:
    """x · sigmoid(x), also called swish. Gradient: dy · s · (1 + x · (1 - s)), s = sigmoid(x).

    Source: Elfwing, Uchibe and Doya, Sigmoid-weighted linear units (2018).
    """
    check_floats("silu", x=x)
    backend = backend_for(x)
    return backend.silu(x), lambda dy: {"x": lambda: backend.silu_gradient(dy, x)}


@differentiable
def softplus(x: Array) -> tuple:
    """log(1 + exp(x)), a smooth ReLU. Gradient: dy · sigmoid(x).

    Source: Dugas, Bengio, Bélisle, Nadeau and Garcia, Incorporating second-order functional knowledge (2001).
    """
    check_floats("softplus", x=x)
    backend = backend_for(x)
    return backend.softplus(x), lambda dy: {"x": lambda: backend.softplus_gradient(dy, x)}


@differentiable
def log_softmax(x: Array) -> tuple:
    """The logarithm of softmax over the last axis: x - log Σ exp(x), less the maximum first.

    x: (..., K) -> y: (..., K), in the dtype of x. Gradient: dy - softmax(x) · Σ dy.
    Raises ShapeError if the last axis is empty, DTypeError.
    """
    check_floats("log_softmax", x=x)
    if x.ndim < 1 or x.shape[-1] == 0:
        raise ShapeError(f"log_softmax: x needs at least one element along its last axis, got shape {x.shape}")
    less = x - x.max(axis=-1, keepdims=True)
    y = less - np.log(np.exp(less).sum(axis=-1, keepdims=True))
    return y, lambda dy: {"x": lambda: dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)}
