"""Batch normalization and its three gradient paths.

Source: Ioffe and Szegedy, Batch Normalization (2015), algorithm 1 and section 3. The variance is the biased one
(divided by n), for normalizing and for what the caller keeps as running average; Keras does the same.
"""

from __future__ import annotations

import numpy as np

from minicnn.backends.numpy.sums import channel_sums


def batch_norm(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x (..., C) -> y (..., C), mean (C,), variance (C,)."""
    n = x.size // x.shape[-1]
    mean = channel_sums(x) / n
    variance = channel_sums(np.square(x - mean)) / n  # not mean(x²) - mean²: that cancels
    return batch_norm_inference(x, gamma, beta, mean, variance, epsilon), mean, variance


def batch_norm_inference(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> np.ndarray:
    """x (..., C) -> y (..., C) with given statistics."""
    return _normalized(x, mean, variance, epsilon) * gamma + beta


def batch_norm_parameter_gradients(
    dy: np.ndarray, x: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """dy, x (..., C) -> dgamma, dbeta (C,)."""
    return channel_sums(dy * _normalized(x, mean, variance, epsilon)), channel_sums(dy)


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
    n = x.size // x.shape[-1]
    direct = dy
    through_mean = dbeta / n
    through_variance = _normalized(x, mean, variance, epsilon) * (dgamma / n)
    return (direct - through_mean - through_variance) * _scale(gamma, variance, epsilon)


def _normalized(x: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float) -> np.ndarray:
    return (x - mean) * _scale(np.ones_like(variance), variance, epsilon)


def _scale(gamma: np.ndarray, variance: np.ndarray, epsilon: float) -> np.ndarray:
    return gamma / np.sqrt(variance + gamma.dtype.type(epsilon))
