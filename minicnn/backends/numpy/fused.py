"""Fused groups, for the textbook: nothing but the functions that they are made of, one after another."""

from __future__ import annotations

import numpy as np

from minicnn.backends.numpy.convolution import conv2d
from minicnn.backends.numpy.dense import bias_gradient, dense
from minicnn.backends.numpy.normalization import batch_norm, batch_norm_input_gradient, batch_norm_parameter_gradients
from minicnn.backends.numpy.pooling import max_pool2d, max_pool2d_gradient
from minicnn.geometry import Windows


def conv2d_relu_pool(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    windows: Windows,
    groups: int,
    pooling: Windows,
    algorithm: str = "auto",
) -> tuple[np.ndarray, np.ndarray]:
    """x (N, H, W, C), w (R, S, C / groups, K) -> y, winners (N, PH, PW, K)."""
    return _relu_pool(conv2d(x, w, b, windows, groups), pooling)


def relu_pool_gradient(dy: np.ndarray, winners: np.ndarray, pooling: Windows) -> tuple[np.ndarray, np.ndarray]:
    """dy, winners (N, PH, PW, K) -> dz (N, OH, OW, K), and its sums (K,)."""
    dz = max_pool2d_gradient(dy, winners, pooling)  # no tap has the number that stands for none
    return dz, bias_gradient(dz)


def batch_norm_relu_pool(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float, pooling: Windows
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x (N, H, W, C) -> y, winners (N, PH, PW, C), mean, variance (C,)."""
    normalized, mean, variance = batch_norm(x, gamma, beta, epsilon)
    return *_relu_pool(normalized, pooling), mean, variance


def batch_norm_relu_pool_parameter_gradients(
    dy: np.ndarray,
    winners: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float,
    pooling: Windows,
) -> tuple[np.ndarray, np.ndarray]:
    """dy, winners (N, PH, PW, C), x (N, H, W, C) -> dgamma, dbeta (C,)."""
    dz = max_pool2d_gradient(dy, winners, pooling)
    return batch_norm_parameter_gradients(dz, x, mean, variance, epsilon)


def batch_norm_relu_pool_input_gradient(
    dy: np.ndarray,
    winners: np.ndarray,
    x: np.ndarray,
    gamma: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float,
    dgamma: np.ndarray,
    dbeta: np.ndarray,
    pooling: Windows,
) -> np.ndarray:
    """dx (N, H, W, C)."""
    dz = max_pool2d_gradient(dy, winners, pooling)
    return batch_norm_input_gradient(dz, x, gamma, mean, variance, epsilon, dgamma, dbeta)


def add_relu(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """max(x + y, 0), all of one shape."""
    return np.maximum(x + y, 0)


def batch_norm_add(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, shortcut: np.ndarray, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, shortcut (..., C) -> y (..., C), mean, variance (C,)."""
    normalized, mean, variance = batch_norm(x, gamma, beta, epsilon)
    return normalized + shortcut, mean, variance


def batch_norm_add_relu(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, shortcut: np.ndarray, epsilon: float, relu_first: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, shortcut (..., C) -> y, winners (..., C), mean, variance (C,)."""
    normalized, mean, variance = batch_norm(x, gamma, beta, epsilon)
    z = normalized if relu_first else normalized + shortcut
    y = np.maximum(z, 0) + shortcut if relu_first else np.maximum(z, 0)
    return y, (z <= 0).astype(np.uint8), mean, variance


def batch_norm_add_relu_gradients(
    dy: np.ndarray, winners: np.ndarray, x: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy, winners, x (..., C) -> dz (..., C), dgamma, dbeta (C,)."""
    dz = np.where(winners == 0, dy, 0)
    return dz, *batch_norm_parameter_gradients(dz, x, mean, variance, epsilon)


def dense_relu(x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    """max((N, I) @ (I, O) + (O,), 0) -> (N, O)."""
    return np.maximum(dense(x, w, b), 0)


def _relu_pool(x: np.ndarray, pooling: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The maximum of what ReLU let through is what ReLU lets through of the maximum."""
    largest, winners = max_pool2d(x, pooling)
    none = pooling.size[0] * pooling.size[1]
    return np.maximum(largest, 0), np.where(largest <= 0, none, winners).astype(np.uint8)
