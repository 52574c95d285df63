"""Fused groups, by convolutions that pool, `normalized_pool`, `normalized_sum` and `relu_pool` of `kernels.cpu`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.numba.arrays import flat, plain, rows
from minicnn.backends.numba.convolution import conv2d, forward_shape
from minicnn.backends.numba.normalization import inverse_deviation, moments, share
from minicnn.geometry import Windows
from minicnn.kernels.cpu import (
    activations,
    normalized_pool,
    normalized_sum,
    pooled_correlation,
    products,
    relu_pool,
    winograd,
)
from minicnn.kernels.cpu.choice import choose
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.cpu.threads import exclusive
from minicnn.kernels.recording import performed


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
    y, winners = _pooled(len(x), pooling, w.shape[3], x.dtype)
    if algorithm == "im2col" or (groups > 1 and w.shape[2] == 1):  # nothing that pools while it convolves
        relu_pool.relu_pool(conv2d(x, w, b, windows, groups, algorithm), pooling.size, y, winners)
        return y, winners
    x, w, b = plain(x), plain(w), None if b is None else plain(b)
    way = choose(algorithm, forward_shape(x, w, windows, groups))
    if way.algorithm == "winograd":
        winograd.conv2d_relu_pool(x, w, b, y, winners, windows.pads, pooling.size, way.tile)
        return y, winners
    pooled_correlation.conv2d_relu_pool(
        x, w, b, y, winners, windows.strides, windows.dilation, windows.pads, groups, pooling.size
    )
    return y, winners


def relu_pool_gradient(dy: np.ndarray, winners: np.ndarray, pooling: Windows) -> tuple[np.ndarray, np.ndarray]:
    """dy, winners (N, PH, PW, K) -> dz (N, OH, OW, K), and its sums (K,)."""
    dz = empty((len(dy), *pooling.image, dy.shape[3]), dy.dtype)
    sums = np.empty(dy.shape[3], dy.dtype)
    relu_pool.relu_pool_gradient(plain(dy), winners, pooling.size, dz, sums)
    return dz, sums


def batch_norm_relu_pool(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float, pooling: Windows
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x (N, H, W, C) -> y, winners (N, PH, PW, C), mean, variance (C,)."""
    x = plain(x)
    y, winners = _pooled(len(x), pooling, x.shape[3], x.dtype)
    mean, variance = moments(x)
    scale = inverse_deviation(variance, epsilon)
    normalized_pool.forward(x, mean, scale, plain(gamma), plain(beta), pooling.size, y, winners)
    return y, winners, mean, variance


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
    gradients = np.empty((2, x.shape[3]), x.dtype)
    scale = inverse_deviation(variance, epsilon)
    normalized_pool.parameter_gradients(plain(dy), winners, plain(x), mean, scale, pooling.size, gradients)
    return gradients[0], gradients[1]


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
    dx = empty(x.shape, x.dtype)
    n = x.size // x.shape[3]
    scale = inverse_deviation(variance, epsilon)
    factor = performed(np.multiply, gamma, scale, np.empty_like(scale))
    normalized_pool.input_gradient(
        plain(dy), winners, plain(x), mean, scale, factor, share(dbeta, n), share(dgamma, n), pooling.size, dx
    )
    return dx


def add_relu(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """max(x + y, 0), all of one shape."""
    z = empty(x.shape, x.dtype)
    with exclusive:
        activations.add_relu(flat(x), flat(y), flat(z))
    return z


def batch_norm_add(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, shortcut: np.ndarray, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, shortcut (..., C) -> y (..., C), mean, variance (C,)."""
    y, _, mean, variance = _normalized_sum(x, gamma, beta, shortcut, epsilon, "")
    return y, mean, variance


def batch_norm_add_relu(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, shortcut: np.ndarray, epsilon: float, relu_first: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, shortcut (..., C) -> y, winners (..., C), mean, variance (C,)."""
    return _normalized_sum(x, gamma, beta, shortcut, epsilon, "before" if relu_first else "after")


def batch_norm_add_relu_gradients(
    dy: np.ndarray, winners: np.ndarray, x: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy, winners, x (..., C) -> dz (..., C), dgamma, dbeta (C,)."""
    dz, sums = empty(x.shape, x.dtype), np.empty((2, x.shape[-1]), x.dtype)
    scale = inverse_deviation(variance, epsilon)
    normalized_sum.gradients(rows(dy), rows(winners), rows(x), plain(mean), scale, rows(dz), sums)
    return dz, sums[0], sums[1]


def dense_relu(x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    """max((N, I) @ (I, O) + (O,), 0) -> (N, O)."""
    y = empty((len(x), w.shape[1]), x.dtype)
    products.dense(plain(x), plain(w), None if b is None else plain(b), y, relu=True)
    return y


def _normalized_sum(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, shortcut: np.ndarray, epsilon: float, relu: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """y (..., C), the winners if there is ReLU, mean, variance (C,)."""
    x = plain(x)
    y, winners = empty(x.shape, x.dtype), empty(x.shape if relu else (0, x.shape[-1]), np.dtype(np.uint8))
    mean, variance = moments(x)
    scale = inverse_deviation(variance, epsilon)
    given = mean, scale, plain(gamma), plain(beta), rows(shortcut), relu
    normalized_sum.forward(rows(x), *given, rows(y), rows(winners))
    return y, winners, mean, variance


def _pooled(images: int, pooling: Windows, channels: int, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    shape = images, *pooling.outputs, channels
    return empty(shape, dtype), empty(shape, np.dtype(np.uint8))
