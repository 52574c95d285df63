"""Batch normalization, for training (statistics of this batch) and for inference (given statistics)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minicnn.backends import backend_for
from minicnn.errors import ArgumentError, ShapeError
from minicnn.kernels.recording import computed
from minicnn.ops.checks import check_floats, check_number, check_shape
from minicnn.tensor import Array, Gradients, differentiable


@differentiable
def batch_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    *,
    epsilon: float = 1e-3,
    observe: Callable[[Array, Array], None] | None = None,
) -> tuple:
    """Each channel to mean 0 and variance 1 over the batch, then to a scale and a shift that are learned.

        y = gamma · (x - mean) / sqrt(variance + epsilon) + beta

    x: (..., C), gamma, beta: (C,) -> y: (..., C); one dtype. mean and variance are taken over all axes but the last,
    the variance divided by n (biased). `observe(mean, variance)` is told both, (C,) each, for running averages.
    Gradients, with x̂ the normalized x and n elements a channel:
        dL/dgamma  Σ dy · x̂,      dL/dbeta  Σ dy,
        dL/dx      gamma / sqrt(variance + epsilon) · (dy - Σ dy / n - x̂ · Σ (dy · x̂) / n):
                   what reaches x directly, less what x did through the mean, less what it did through the variance.
    Raises ShapeError, also for a batch without elements; DTypeError; ArgumentError if epsilon is negative.
    Source: Ioffe and Szegedy, Batch Normalization (2015), algorithm 1 and section 3.
    """
    epsilon = check_batch_norm("batch_norm", x, gamma, beta, epsilon, observe)
    backend = backend_for(x)
    y, mean, variance = backend.batch_norm(x, gamma, beta, epsilon)
    if observe is not None:
        observe(mean, variance)

    def pullback(dy: Array) -> Gradients:
        dgamma, dbeta = backend.batch_norm_parameter_gradients(dy, x, mean, variance, epsilon)
        return {
            "x": lambda: backend.batch_norm_input_gradient(dy, x, gamma, mean, variance, epsilon, dgamma, dbeta),
            "gamma": dgamma,
            "beta": dbeta,
        }

    return y, pullback


@differentiable
def batch_norm_inference(
    x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, *, epsilon: float = 1e-3
) -> tuple:
    """The same with given statistics, which are constants: a scale and a shift for each channel.

    x: (..., C); gamma, beta, mean, variance: (C,) -> y: (..., C); one dtype.
    Gradients: dL/dx = dy · gamma / sqrt(variance + epsilon), dL/dgamma and dL/dbeta as in `batch_norm`.
    Raises as `batch_norm`.
    """
    _check("batch_norm_inference", x, gamma=gamma, beta=beta, mean=mean, variance=variance)
    epsilon = check_number("batch_norm_inference", "epsilon", epsilon, least=0)
    backend = backend_for(x)

    def scaled(dy: Array, gamma: Array, variance: Array, out: Array | None = None) -> Array:
        return np.multiply(dy, gamma / np.sqrt(variance + gamma.dtype.type(epsilon)), out=out)

    def pullback(dy: Array) -> Gradients:
        dgamma, dbeta = backend.batch_norm_parameter_gradients(dy, x, mean, variance, epsilon)
        return {"x": lambda: computed(scaled, dy, gamma, variance), "gamma": dgamma, "beta": dbeta}

    return backend.batch_norm_inference(x, gamma, beta, mean, variance, epsilon), pullback


def check_batch_norm(operator: str, x: Array, gamma: Array, beta: Array, epsilon: float, observe: object) -> float:
    """The door of `batch_norm`, and of what is fused with it: epsilon as a float."""
    _check(operator, x, gamma=gamma, beta=beta)
    if x.size == 0:
        raise ShapeError(f"{operator}: x {x.shape} has no elements to take a mean of")
    if observe is not None and not callable(observe):
        raise ArgumentError(f"{operator}: observe must be a function of mean and variance, got {observe!r:.60}")
    return check_number(operator, "epsilon", epsilon, least=0)


def _check(operator: str, x: Array, **parameters: Array) -> None:
    check_floats(operator, x=x, **parameters)
    if x.ndim < 2:
        raise ShapeError(f"{operator}: x must have a batch axis and a channel axis, (..., C); got shape {x.shape}")
    for name, parameter in parameters.items():
        check_shape(operator, name, parameter, (x.shape[-1],), "one number a channel, the last axis of x")
