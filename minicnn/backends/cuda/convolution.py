"""Convolution by `convolution.cu`: one algorithm, implicit GEMM, whichever is asked for. Patches by `patches.cu`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.cuda.dense import THREADS, tiles_of
from minicnn.backends.cuda.depthwise import (
    depthwise_conv2d,
    depthwise_conv2d_input_gradient,
    depthwise_conv2d_weight_gradient,
)
from minicnn.backends.cuda.device import Device, DeviceArray, for_each, launch
from minicnn.backends.cuda.geometry import numbers_of
from minicnn.backends.cuda.sums import column_sums
from minicnn.geometry import Windows

PIXELS_OF_SPLIT = 2048
"""At least so many pixels are summed in one go for the weights' gradient."""

SPLITS = 64
"""At most so many sums of pixels there are: each takes memory for all the weights."""


def conv2d(
    device: Device,
    x: DeviceArray,
    w: DeviceArray,
    b: DeviceArray | None,
    windows: Windows,
    groups: int,
    algorithm: str = "auto",
) -> DeviceArray:
    """x (N, H, W, C), w (R, S, C / groups, K) -> y (N, OH, OW, K)."""
    if groups > 1 and w.shape[2] == 1:
        return depthwise_conv2d(device, x, _by_channel(w, groups), b, windows)
    images, channels, filters = x.shape[0], x.shape[3], w.shape[3]
    y = device.empty((images, *windows.outputs, filters), x.dtype)
    grid = *tiles_of(images * windows.outputs[0] * windows.outputs[1], filters // groups), groups
    shape = *numbers_of(windows), np.int64(images), channels, filters, groups
    launch(device, "convolution", "conv2d", x.dtype, grid, THREADS, x, w, b, y, *shape)
    return y


def conv2d_input_gradient(
    device: Device, dy: DeviceArray, w: DeviceArray, windows: Windows, groups: int, algorithm: str = "auto"
) -> DeviceArray:
    """dy (N, OH, OW, K), w (R, S, C / groups, K) -> dx (N, H, W, C)."""
    if groups > 1 and w.shape[2] == 1:
        return depthwise_conv2d_input_gradient(device, dy, _by_channel(w, groups), windows)
    images, filters, channels = dy.shape[0], dy.shape[3], w.shape[2] * groups
    dx = device.empty((images, *windows.image, channels), dy.dtype)
    grid = *tiles_of(images * windows.image[0] * windows.image[1], channels // groups), groups
    shape = *numbers_of(windows), np.int64(images), channels, filters, groups
    launch(device, "convolution", "conv2d_input_gradient", dy.dtype, grid, THREADS, dy, w, dx, *shape)
    return dx


def conv2d_weight_gradient(
    device: Device, x: DeviceArray, dy: DeviceArray, windows: Windows, groups: int, algorithm: str = "auto"
) -> DeviceArray:
    """x (N, H, W, C), dy (N, OH, OW, K) -> dw (R, S, C / groups, K)."""
    images, channels, filters = x.shape[0], x.shape[3], dy.shape[3]
    result = *windows.size, channels // groups, filters
    if groups > 1 and groups == channels:
        return depthwise_conv2d_weight_gradient(device, x, dy, windows).reshape(result)
    pixels = images * windows.outputs[0] * windows.outputs[1]
    splits = max(1, min(-(-pixels // PIXELS_OF_SPLIT), SPLITS))
    pixels_of_split = -(-pixels // splits)
    rows = windows.size[0] * windows.size[1] * (channels // groups)
    parts = device.empty((splits, rows, filters), x.dtype)
    grid = *tiles_of(rows, filters // groups), groups * splits
    shape = *numbers_of(windows), np.int64(images), channels, filters, groups, np.int64(pixels_of_split)
    launch(device, "convolution", "conv2d_weight_gradient", x.dtype, grid, THREADS, x, dy, parts, *shape)
    dw = parts if splits == 1 else column_sums(device, parts, splits, rows * filters)
    return dw.reshape(result)


def im2col(device: Device, x: DeviceArray, windows: Windows) -> DeviceArray:
    """x (N, H, W, C) -> (N, OH, OW, R, S, C)."""
    columns = device.empty((x.shape[0], *windows.outputs, *windows.size, x.shape[3]), x.dtype)
    for_each(device, "patches", "im2col", x.dtype, columns.size, x, columns, *numbers_of(windows), x.shape[3])
    return columns


def col2im(device: Device, columns: DeviceArray, windows: Windows) -> DeviceArray:
    """(N, OH, OW, R, S, C) -> (N, H, W, C)."""
    channels = columns.shape[-1]
    x = device.empty((columns.shape[0], *windows.image, channels), columns.dtype)
    for_each(device, "patches", "col2im", x.dtype, x.size, columns, x, *numbers_of(windows), channels)
    return x


def _by_channel(w: DeviceArray, groups: int) -> DeviceArray:
    """(R, S, 1, K) of a convolution whose groups are single channels -> the (R, S, C, M) of a depthwise one."""
    return w.reshape((*w.shape[:2], groups, w.shape[3] // groups))
