"""Activations and dropout, by `elementwise.cu`, `soft_activations.cu`, `softmax.cu` and `dropout.cu`."""

from __future__ import annotations

import math

import numpy as np

from minicnn.backends.cuda.device import BLOCK, Device, DeviceArray, for_each, launch
from minicnn.backends.cuda.geometry import rows_of
from minicnn.kernels.recording import performed
from minicnn.random import Key

WARPS = 32, 4
"""A block of kernels that take a row a warp: four rows."""


def relu(
    device: Device, x: DeviceArray, negative_slope: float, max_value: float | None, threshold: float
) -> DeviceArray:
    """x (...) -> y (...)."""
    y = device.empty(x.shape, x.dtype)
    for_each(device, "elementwise", "relu", x.dtype, x.size, x, *_bends(negative_slope, max_value, threshold), y)
    return y


def add_relu(device: Device, x: DeviceArray, y: DeviceArray) -> DeviceArray:
    """x, y (...) -> max(x + y, 0) (...)."""
    return _map(device, "add_relu", x, y)


def relu_gradient(
    device: Device,
    dy: DeviceArray,
    x: DeviceArray,
    negative_slope: float,
    max_value: float | None,
    threshold: float,
) -> DeviceArray:
    """dy, x (...) -> dx (...)."""
    dx = device.empty(x.shape, x.dtype)
    bends = _bends(negative_slope, max_value, threshold)
    for_each(device, "elementwise", "relu_gradient", x.dtype, x.size, dy, x, *bends, dx)
    return dx


def sigmoid(device: Device, x: DeviceArray) -> DeviceArray:
    """x (...) -> y (...) in 0..1."""
    return _map(device, "sigmoid", x)


def sigmoid_gradient(device: Device, dy: DeviceArray, y: DeviceArray) -> DeviceArray:
    """dy, y (...) -> dx (...)."""
    return _map(device, "sigmoid_gradient", dy, y)


def tanh(device: Device, x: DeviceArray) -> DeviceArray:
    """x (...) -> y (...) in -1..1."""
    return _map(device, "tanh_forward", x)


def tanh_gradient(device: Device, dy: DeviceArray, y: DeviceArray) -> DeviceArray:
    """dy, y (...) -> dx (...)."""
    return _map(device, "tanh_gradient", dy, y)


def elu(device: Device, x: DeviceArray, alpha: float, scale: float) -> DeviceArray:
    """x (...) -> y (...)."""
    return _bent(device, "elu", (x,), float(alpha), float(scale))


def elu_gradient(device: Device, dy: DeviceArray, x: DeviceArray, alpha: float, scale: float) -> DeviceArray:
    """dy, x (...) -> dx (...)."""
    return _bent(device, "elu_gradient", (dy, x), float(alpha), float(scale))


def gelu(device: Device, x: DeviceArray, approximate: bool) -> DeviceArray:
    """x (...) -> y (...)."""
    return _bent(device, "gelu_approximate" if approximate else "gelu", (x,))


def gelu_gradient(device: Device, dy: DeviceArray, x: DeviceArray, approximate: bool) -> DeviceArray:
    """dy, x (...) -> dx (...)."""
    return _bent(device, "gelu_approximate_gradient" if approximate else "gelu_gradient", (dy, x))


def silu(device: Device, x: DeviceArray) -> DeviceArray:
    """x (...) -> y (...)."""
    return _bent(device, "silu", (x,))


def silu_gradient(device: Device, dy: DeviceArray, x: DeviceArray) -> DeviceArray:
    """dy, x (...) -> dx (...)."""
    return _bent(device, "silu_gradient", (dy, x))


def softplus(device: Device, x: DeviceArray) -> DeviceArray:
    """x (...) -> y (...)."""
    return _bent(device, "softplus", (x,))


def softplus_gradient(device: Device, dy: DeviceArray, x: DeviceArray) -> DeviceArray:
    """dy, x (...) -> dx (...)."""
    return _bent(device, "softplus_gradient", (dy, x))


def softmax(device: Device, x: DeviceArray) -> DeviceArray:
    """x (..., K) -> y (..., K), each row positive with sum 1."""
    return _map_rows(device, "softmax", x)


def softmax_gradient(device: Device, dy: DeviceArray, y: DeviceArray) -> DeviceArray:
    """dy, y (..., K) -> dx (..., K)."""
    return _map_rows(device, "softmax_gradient", dy, y)


def dropout(device: Device, x: DeviceArray, rate: float, key: Key) -> DeviceArray:
    """x (...) -> y (...): the kept elements are scaled up so that the expected value stays."""
    y = device.empty(x.shape, x.dtype)
    if x.size:
        performed(_drop, device, x, y, rate, key)
    return y


def _drop(device: Device, x: DeviceArray, y: DeviceArray, rate: float, key: Key) -> None:
    """Fills y. Where it is recorded, the key's words are another draw's in each further run: so they are read here."""
    seed, step = (int(word) for word in key.words)
    words = np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32), np.uint32(step)
    blocks = (-(-x.size // (4 * BLOCK)),)  # a thread takes four numbers
    numbers = np.uint32(rate * 2**32), x.dtype.type(1 / (1 - rate)), *words
    device.run("dropout", "dropout", x.dtype, blocks, (BLOCK,), (x, *numbers, y, np.int64(x.size)))


def grid_of_rows(rows: int) -> tuple[int]:
    """How many blocks of `WARPS` there are for as many rows."""
    return (-(-rows // WARPS[1]),)


def _map(device: Device, kernel: str, *arrays: DeviceArray) -> DeviceArray:
    """Has `kernel` fill a new array like the others, element by element."""
    result = device.empty(arrays[0].shape, arrays[0].dtype)
    for_each(device, "elementwise", kernel, result.dtype, result.size, *arrays, result)
    return result


def _bent(device: Device, kernel: str, arrays: tuple[DeviceArray, ...], *numbers: float) -> DeviceArray:
    """The same by one of `soft_activations.cu`, which may take numbers between the arrays and the result."""
    result = device.empty(arrays[0].shape, arrays[0].dtype)
    for_each(device, "soft_activations", kernel, result.dtype, result.size, *arrays, *numbers, result)
    return result


def _map_rows(device: Device, kernel: str, *arrays: DeviceArray) -> DeviceArray:
    """The same, row by row."""
    result = device.empty(arrays[0].shape, arrays[0].dtype)
    rows = rows_of(result)
    shape = np.int64(rows), result.shape[-1]
    launch(device, "softmax", kernel, result.dtype, grid_of_rows(rows), WARPS, *arrays, result, *shape)
    return result


def _bends(negative_slope: float, max_value: float | None, threshold: float) -> tuple[float, float, float]:
    """The three numbers that shape a ReLU. No ceiling is a NaN, which nothing reaches, not even infinity."""
    return float(negative_slope), math.nan if max_value is None else float(max_value), float(threshold)
