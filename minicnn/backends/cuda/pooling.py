"""Pooling, by `pooling.cu`."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends.cuda.device import Device, DeviceArray
from minicnn.backends.cuda.geometry import numbers_of, rows_of, tiling
from minicnn.backends.cuda.rows import for_each_row
from minicnn.geometry import Windows


def max_pool2d(device: Device, x: DeviceArray, windows: Windows) -> tuple[DeviceArray, DeviceArray]:
    """x (N, H, W, C) -> y and winners, both (N, OH, OW, C); winners holds tap numbers r·S + s (int32)."""
    shape = x.shape[0], *windows.outputs, x.shape[3]
    y, winners = device.empty(shape, x.dtype), device.empty(shape, np.int32)
    _launch(device, "max_pool2d", y, x, y, winners, *numbers_of(windows))
    return y, winners


def max_pool2d_gradient(device: Device, dy: DeviceArray, winners: DeviceArray, windows: Windows) -> DeviceArray:
    """dy (N, OH, OW, C) -> dx (N, H, W, C)."""
    dx = device.empty((dy.shape[0], *windows.image, dy.shape[3]), dy.dtype)
    _launch(device, "max_pool2d_gradient", dx, dy, winners, dx, *numbers_of(windows))
    return dx


def average_pool2d(device: Device, x: DeviceArray, windows: Windows) -> DeviceArray:
    """x (N, H, W, C) -> y (N, OH, OW, C)."""
    y = device.empty((x.shape[0], *windows.outputs, x.shape[3]), x.dtype)
    _launch(device, "average_pool2d", y, x, y, *numbers_of(windows))
    return y


def average_pool2d_gradient(device: Device, dy: DeviceArray, windows: Windows) -> DeviceArray:
    """dy (N, OH, OW, C) -> dx (N, H, W, C)."""
    dx = device.empty((dy.shape[0], *windows.image, dy.shape[3]), dy.dtype)
    _launch(device, "average_pool2d_gradient", dx, dy, dx, *numbers_of(windows))
    return dx


def relu_pool(device: Device, x: DeviceArray, pooling: Windows) -> tuple[DeviceArray, DeviceArray]:
    """x (N, H, W, C) -> the largest of relu(x) in each window (N, PH, PW, C), and the winners (uint8)."""
    shape = x.shape[0], *pooling.outputs, x.shape[3]
    y, winners = device.empty(shape, x.dtype), device.empty(shape, np.uint8)
    _launch(device, "relu_pool", y, x, y, winners, *tiling(pooling))
    return y, winners


def unpool(device: Device, dy: DeviceArray, winners: DeviceArray, pooling: Windows) -> DeviceArray:
    """dy, winners (N, PH, PW, C) of relu_pool -> dx (N, H, W, C)."""
    dx = device.empty((dy.shape[0], *pooling.image, dy.shape[3]), dy.dtype)
    _launch(device, "relu_pool_gradient", dx, dy, winners, dx, *tiling(pooling))
    return dx


def _launch(device: Device, kernel: str, result: DeviceArray, *arguments: Any) -> None:
    rows, channels = rows_of(result), result.shape[3]
    for_each_row(device, "pooling", kernel, result.dtype, rows, channels, *arguments, channels)
