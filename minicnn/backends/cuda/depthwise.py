"""Depthwise convolution, by `depthwise.cu`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.cuda.device import Device, DeviceArray, launch
from minicnn.backends.cuda.geometry import numbers_of, rows_of
from minicnn.backends.cuda.rows import block_of, counted, for_each_row, grid_of
from minicnn.backends.cuda.sums import ROWS, chunks_of, column_sums
from minicnn.geometry import Windows


def depthwise_conv2d(
    device: Device, x: DeviceArray, w: DeviceArray, b: DeviceArray | None, windows: Windows
) -> DeviceArray:
    """x (N, H, W, C), w (R, S, C, M) -> y (N, OH, OW, C·M)."""
    channels, multiplier = w.shape[2:]
    y = device.empty((x.shape[0], *windows.outputs, channels * multiplier), x.dtype)
    shape = *numbers_of(windows), channels, multiplier
    for_each_row(device, "depthwise", "depthwise", x.dtype, rows_of(y), y.shape[3], x, w, b, y, *shape)
    return y


def depthwise_conv2d_input_gradient(device: Device, dy: DeviceArray, w: DeviceArray, windows: Windows) -> DeviceArray:
    """dy (N, OH, OW, C·M), w (R, S, C, M) -> dx (N, H, W, C)."""
    channels, multiplier = w.shape[2:]
    dx = device.empty((dy.shape[0], *windows.image, channels), dy.dtype)
    shape = *numbers_of(windows), channels, multiplier
    size = rows_of(dx), channels
    for_each_row(device, "depthwise", "depthwise_input_gradient", dy.dtype, *size, dy, w, dx, *shape)
    return dx


def depthwise_conv2d_weight_gradient(device: Device, x: DeviceArray, dy: DeviceArray, windows: Windows) -> DeviceArray:
    """x (N, H, W, C), dy (N, OH, OW, C·M) -> dw (R, S, C, M)."""
    images, channels, filters = x.shape[0], x.shape[3], dy.shape[3]
    multiplier, taps = filters // channels, windows.size[0] * windows.size[1]
    chunks = chunks_of(counted(images * windows.outputs[0] * windows.outputs[1]))
    parts = device.empty((chunks, taps * filters), x.dtype)
    shape = *numbers_of(windows), np.int64(images), channels, multiplier, np.int64(ROWS)
    grid, block = grid_of(chunks * taps, filters), block_of(filters)
    launch(device, "depthwise", "depthwise_weight_gradient", x.dtype, grid, block, x, dy, parts, *shape)
    return column_sums(device, parts, chunks, taps * filters).reshape((*windows.size, channels, multiplier))
