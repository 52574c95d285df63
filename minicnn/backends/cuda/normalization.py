"""Batch normalization, by `batch_norm.cu`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.cuda.device import BLOCK, Device, DeviceArray, for_each, launch
from minicnn.backends.cuda.geometry import rows_of
from minicnn.backends.cuda.sums import ROWS, THREADS, chunks_of, column_sums, grid_of

Three = tuple[DeviceArray, DeviceArray, DeviceArray]


def batch_norm(device: Device, x: DeviceArray, gamma: DeviceArray, beta: DeviceArray, epsilon: float) -> Three:
    """x (..., C) -> y (..., C), mean (C,), variance (C,)."""
    mean, variance = _moments(device, x)
    return batch_norm_inference(device, x, gamma, beta, mean, variance, epsilon), mean, variance


def batch_norm_inference(
    device: Device,
    x: DeviceArray,
    gamma: DeviceArray,
    beta: DeviceArray,
    mean: DeviceArray,
    variance: DeviceArray,
    epsilon: float,
) -> DeviceArray:
    """x (..., C) -> y (..., C) with given statistics."""
    y = device.empty(x.shape, x.dtype)
    statistics = mean, variance, float(epsilon)
    for_each(device, "batch_norm", "normalize", x.dtype, x.size, x, gamma, beta, *statistics, y, x.shape[-1])
    return y


def batch_norm_parameter_gradients(
    device: Device, dy: DeviceArray, x: DeviceArray, mean: DeviceArray, variance: DeviceArray, epsilon: float
) -> tuple[DeviceArray, DeviceArray]:
    """dy, x (..., C) -> dgamma, dbeta (C,)."""
    rows, channels = rows_of(x), x.shape[-1]
    chunks = chunks_of(rows)
    parts = device.empty((chunks, 2, channels), x.dtype)
    arrays = dy, x, mean, variance, float(epsilon), parts
    shape = np.int64(rows), channels, np.int64(ROWS)
    launch(device, "batch_norm", "parameter_gradients", x.dtype, grid_of(chunks, channels), THREADS, *arrays, *shape)
    sums = column_sums(device, parts, chunks, 2 * channels)
    return sums[:channels], sums[channels:]


def batch_norm_input_gradient(
    device: Device,
    dy: DeviceArray,
    x: DeviceArray,
    gamma: DeviceArray,
    mean: DeviceArray,
    variance: DeviceArray,
    epsilon: float,
    dgamma: DeviceArray,
    dbeta: DeviceArray,
) -> DeviceArray:
    """dx (..., C): what reaches x directly, less what every x did to the mean, less what it did to the variance."""
    dx = device.empty(x.shape, x.dtype)
    arrays = dy, x, gamma, mean, variance, float(epsilon), dgamma, dbeta, dx
    shape = np.int64(rows_of(x)), x.shape[-1]
    for_each(device, "batch_norm", "input_gradient", x.dtype, x.size, *arrays, *shape)
    return dx


def _moments(device: Device, x: DeviceArray) -> tuple[DeviceArray, DeviceArray]:
    """The mean and the biased variance of x (..., C) over everything but the channels, (C,) each."""
    rows, channels = rows_of(x), x.shape[-1]
    chunks = chunks_of(rows)
    means, squares = (device.empty((chunks, channels), x.dtype) for _ in range(2))
    mean, variance = (device.empty((channels,), x.dtype) for _ in range(2))
    shape = np.int64(rows), channels, np.int64(ROWS)
    grid = grid_of(chunks, channels)
    launch(device, "batch_norm", "chunk_moments", x.dtype, grid, THREADS, x, means, squares, *shape)
    blocks = (-(-channels // BLOCK),)
    arrays = means, squares, mean, variance
    launch(device, "batch_norm", "combine_moments", x.dtype, blocks, (BLOCK,), *arrays, *shape)
    return mean, variance
