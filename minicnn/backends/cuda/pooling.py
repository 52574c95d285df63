"""Pooling, by `pooling.cu`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.cuda.device import Device, DeviceArray, for_each
from minicnn.backends.cuda.geometry import numbers_of, tiling
from minicnn.geometry import Windows


def max_pool2d(device: Device, x: DeviceArray, windows: Windows) -> tuple[DeviceArray, DeviceArray]:
    """x (N, H, W, C) -> y and winners, both (N, OH, OW, C); winners holds tap numbers r·S + s (int32)."""
    shape = x.shape[0], *windows.outputs, x.shape[3]
    y, winners = device.empty(shape, x.dtype), device.empty(shape, np.int32)
    for_each(device, "pooling", "max_pool2d", x.dtype, y.size, x, y, winners, *numbers_of(windows), x.shape[3])
    return y, winners


def max_pool2d_gradient(device: Device, dy: DeviceArray, winners: DeviceArray, windows: Windows) -> DeviceArray:
    """dy (N, OH, OW, C) -> dx (N, H, W, C)."""
    dx = device.empty((dy.shape[0], *windows.image, dy.shape[3]), dy.dtype)
    shape = *numbers_of(windows), dy.shape[3]
    for_each(device, "pooling", "max_pool2d_gradient", dx.dtype, dx.size, dy, winners, dx, *shape)
    return dx


def average_pool2d(device: Device, x: DeviceArray, windows: Windows) -> DeviceArray:
    """x (N, H, W, C) -> y (N, OH, OW, C)."""
    y = device.empty((x.shape[0], *windows.outputs, x.shape[3]), x.dtype)
    for_each(device, "pooling", "average_pool2d", x.dtype, y.size, x, y, *numbers_of(windows), x.shape[3])
    return y


def average_pool2d_gradient(device: Device, dy: DeviceArray, windows: Windows) -> DeviceArray:
    """dy (N, OH, OW, C) -> dx (N, H, W, C)."""
    dx = device.empty((dy.shape[0], *windows.image, dy.shape[3]), dy.dtype)
    shape = *numbers_of(windows), dy.shape[3]
    for_each(device, "pooling", "average_pool2d_gradient", dx.dtype, dx.size, dy, dx, *shape)
    return dx


def relu_pool(device: Device, x: DeviceArray, pooling: Windows) -> tuple[DeviceArray, DeviceArray]:
    """x (N, H, W, C) -> the largest of relu(x) in each window (N, PH, PW, C), and the winners (uint8)."""
    shape = x.shape[0], *pooling.outputs, x.shape[3]
    y, winners = device.empty(shape, x.dtype), device.empty(shape, np.uint8)
    for_each(device, "pooling", "relu_pool", x.dtype, y.size, x, y, winners, *tiling(pooling), x.shape[3])
    return y, winners


def unpool(device: Device, dy: DeviceArray, winners: DeviceArray, pooling: Windows) -> DeviceArray:
    """dy, winners (N, PH, PW, C) of relu_pool -> dx (N, H, W, C)."""
    dx = device.empty((dy.shape[0], *pooling.image, dy.shape[3]), dy.dtype)
    shape = *tiling(pooling), dy.shape[3]
    for_each(device, "pooling", "relu_pool_gradient", dx.dtype, dx.size, dy, winners, dx, *shape)
    return dx
