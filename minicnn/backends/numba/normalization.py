"""Batch normalization, by `kernels.cpu.normalization`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.numba.arrays import plain, rows
from minicnn.kernels.cpu import moments as moment_kernels
from minicnn.kernels.cpu import normalization
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.cpu.sums import blocks_of, sum_in_order
from minicnn.kernels.cpu.threads import exclusive, scratch
from minicnn.kernels.recording import performed


def batch_norm(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x (..., C) -> y (..., C), mean (C,), variance (C,)."""
    mean, variance = moments(x)
    return batch_norm_inference(x, gamma, beta, mean, variance, epsilon), mean, variance


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the biased variance of x (..., C) over everything but the channels, (C,) each."""
    x2d = rows(x)
    n, channels = x2d.shape
    mean, variance = np.empty((2, channels), x.dtype)
    with exclusive:
        partial = scratch("sums", blocks_of(n) * 2 * channels, x.dtype).reshape(blocks_of(n), 2, channels)
        moment_kernels.block_moments(x2d, partial)
        moment_kernels.combine(partial, n, mean, variance)
    return mean, variance


def batch_norm_inference(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> np.ndarray:
    """x (..., C) -> y (..., C) with given statistics."""
    y = empty(x.shape, x.dtype)
    with exclusive:
        normalization.scale_and_shift(
            rows(x), plain(mean), inverse_deviation(variance, epsilon), plain(gamma), plain(beta), rows(y)
        )
    return y


def batch_norm_parameter_gradients(
    dy: np.ndarray, x: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """dy, x (..., C) -> dgamma, dbeta (C,)."""
    x2d = rows(x)
    n, channels = x2d.shape
    gradients = np.empty((2, channels), x.dtype)
    with exclusive:
        partial = scratch("sums", blocks_of(n) * 2 * channels, x.dtype).reshape(blocks_of(n), 2, channels)
        normalization.parameter_gradients(rows(dy), x2d, plain(mean), inverse_deviation(variance, epsilon), partial)
        sum_in_order(partial.reshape(len(partial), -1), gradients.reshape(-1))
    return gradients[0], gradients[1]


def batch_norm_input_gradient(
    dy: np.ndarray,
    x: np.ndarray,
    gamma: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float,
    dgamma: np.ndarray,
    dbeta: np.ndarray,
) -> np.ndarray:
    """dx (..., C): what reaches x directly, less what every x did to the mean, less what it did to the variance."""
    dx = empty(x.shape, x.dtype)
    n = x.size // x.shape[-1]
    with exclusive:
        normalization.input_gradient(
            rows(dy),
            rows(x),
            plain(mean),
            inverse_deviation(variance, epsilon),
            plain(gamma),
            share(dbeta, n),
            share(dgamma, n),
            rows(dx),
        )
    return dx


def inverse_deviation(variance: np.ndarray, epsilon: float) -> np.ndarray:
    """1 / the standard deviation, (C,)."""
    result = np.empty_like(variance)
    performed(np.add, variance, variance.dtype.type(epsilon), result)
    performed(np.sqrt, result, result)
    performed(np.divide, variance.dtype.type(1), result, result)
    return result


def share(sums: np.ndarray, n: int) -> np.ndarray:
    """(C,) sums as what each of the n elements contributed."""
    return performed(np.divide, sums, sums.dtype.type(n), np.empty_like(sums))
