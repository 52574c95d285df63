"""Batch normalization, by `batch_norm.cu`."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends.cuda.device import BLOCK, Device, DeviceArray, launch
from minicnn.backends.cuda.geometry import rows_of, tiling
from minicnn.backends.cuda.rows import block_of, counted, for_each_row, grid_of
from minicnn.backends.cuda.sums import ROWS, chunks_of, column_sums
from minicnn.geometry import Windows

Three = tuple[DeviceArray, DeviceArray, DeviceArray]


def batch_norm(device: Device, x: DeviceArray, gamma: DeviceArray, beta: DeviceArray, epsilon: float) -> Three:
    """x (..., C) -> y (..., C), mean (C,), variance (C,)."""
    mean, variance = moments(device, x)
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
    arrays = x, gamma, beta, mean, variance, float(epsilon), y
    _for_each_row(device, "normalize", x, *arrays, x.shape[-1])
    return y


def normalize_relu_pool(
    device: Device,
    x: DeviceArray,
    gamma: DeviceArray,
    beta: DeviceArray,
    mean: DeviceArray,
    variance: DeviceArray,
    epsilon: float,
    pooling: Windows,
) -> tuple[DeviceArray, DeviceArray]:
    """x (N, H, W, C) -> the largest of relu(batch_norm_inference) in each window, and the winners (N, PH, PW, C)."""
    shape = x.shape[0], *pooling.outputs, x.shape[3]
    y, winners = device.empty(shape, x.dtype), device.empty(shape, np.uint8)
    arrays = x, gamma, beta, mean, variance, float(epsilon), y, winners
    _for_each_row(device, "normalize_relu_pool", y, *arrays, *tiling(pooling), x.shape[3])
    return y, winners


def normalize_add(
    device: Device,
    x: DeviceArray,
    gamma: DeviceArray,
    beta: DeviceArray,
    mean: DeviceArray,
    variance: DeviceArray,
    epsilon: float,
    shortcut: DeviceArray,
    winners: DeviceArray | None,
    relu_first: bool,
) -> DeviceArray:
    """x, shortcut (..., C) -> batch_norm_inference + shortcut (..., C); with ReLU if there are winners to be filled."""
    y = device.empty(x.shape, x.dtype)
    arrays = x, gamma, beta, mean, variance, float(epsilon), shortcut, relu_first, y, winners
    _for_each_row(device, "normalize_add", x, *arrays, x.shape[-1])
    return y


def batch_norm_parameter_gradients(
    device: Device, dy: DeviceArray, x: DeviceArray, mean: DeviceArray, variance: DeviceArray, epsilon: float
) -> tuple[DeviceArray, DeviceArray]:
    """dy, x (..., C) -> dgamma, dbeta (C,)."""
    return _parameter_gradients(device, "parameter_gradients", (dy, x, mean, variance, float(epsilon)), dy, ())


def batch_norm_add_relu_gradients(
    device: Device,
    dy: DeviceArray,
    winners: DeviceArray,
    x: DeviceArray,
    mean: DeviceArray,
    variance: DeviceArray,
    epsilon: float,
) -> tuple[DeviceArray, DeviceArray, DeviceArray]:
    """dy, winners, x (..., C) -> dz (..., C), dgamma, dbeta (C,)."""
    dz = device.empty(x.shape, x.dtype)
    arrays = dy, winners, x, mean, variance, float(epsilon), dz
    return dz, *_parameter_gradients(device, "held_back_parameter_gradients", arrays, dy, ())


def batch_norm_relu_pool_parameter_gradients(
    device: Device,
    dy: DeviceArray,
    winners: DeviceArray,
    x: DeviceArray,
    mean: DeviceArray,
    variance: DeviceArray,
    epsilon: float,
    pooling: Windows,
) -> tuple[DeviceArray, DeviceArray]:
    """dy, winners (N, PH, PW, C) of normalize_relu_pool, x (N, H, W, C) -> dgamma, dbeta (C,)."""
    arrays = dy, winners, x, mean, variance, float(epsilon)
    return _parameter_gradients(device, "pooled_parameter_gradients", arrays, dy, tiling(pooling))


def _parameter_gradients(
    device: Device, kernel: str, arrays: tuple, dy: DeviceArray, geometry: tuple[int, ...]
) -> tuple[DeviceArray, DeviceArray]:
    rows, channels = counted(rows_of(dy)), dy.shape[-1]
    chunks = chunks_of(rows)
    parts = device.empty((chunks, 2, channels), dy.dtype)
    shape = *geometry, np.int64(rows), channels, np.int64(ROWS)
    grid, block = grid_of(chunks, channels), block_of(channels)
    launch(device, "batch_norm", kernel, dy.dtype, grid, block, *arrays, parts, *shape)
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
    _for_each_row(device, "input_gradient", x, *arrays, np.int64(rows_of(x)), x.shape[-1])
    return dx


def batch_norm_relu_pool_input_gradient(
    device: Device,
    dy: DeviceArray,
    winners: DeviceArray,
    x: DeviceArray,
    gamma: DeviceArray,
    mean: DeviceArray,
    variance: DeviceArray,
    epsilon: float,
    dgamma: DeviceArray,
    dbeta: DeviceArray,
    pooling: Windows,
) -> DeviceArray:
    """The same from dy, winners (N, PH, PW, C) of normalize_relu_pool: dx (N, H, W, C)."""
    dx = device.empty(x.shape, x.dtype)
    arrays = dy, winners, x, gamma, mean, variance, float(epsilon), dgamma, dbeta, dx
    shape = *tiling(pooling), np.int64(rows_of(x)), x.shape[3]
    _for_each_row(device, "pooled_input_gradient", x, *arrays, *shape)
    return dx


def moments(device: Device, x: DeviceArray) -> tuple[DeviceArray, DeviceArray]:
    """The mean and the biased variance of x (..., C) over everything but the channels, (C,) each."""
    rows, channels = rows_of(x), x.shape[-1]
    chunks = chunks_of(rows)
    means, squares = (device.empty((chunks, channels), x.dtype) for _ in range(2))
    mean, variance = (device.empty((channels,), x.dtype) for _ in range(2))
    shape = np.int64(rows), channels, np.int64(ROWS)
    grid, block = grid_of(chunks, channels), block_of(channels)
    launch(device, "batch_norm", "chunk_moments", x.dtype, grid, block, x, means, squares, *shape)
    blocks = (-(-channels // BLOCK),)
    arrays = means, squares, mean, variance
    launch(device, "batch_norm", "combine_moments", x.dtype, blocks, (BLOCK,), *arrays, *shape)
    return mean, variance


def _for_each_row(device: Device, kernel: str, result: DeviceArray, *arguments: Any) -> None:
    rows, channels = rows_of(result), result.shape[-1]
    for_each_row(device, "batch_norm", kernel, result.dtype, rows, channels, *arguments)
