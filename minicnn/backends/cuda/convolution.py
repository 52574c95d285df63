"""Convolution by `convolution.cu`: one algorithm, implicit GEMM, whichever is asked for. Patches by `patches.cu`."""

from __future__ import annotations

import math

import numpy as np

from minicnn.backends.cuda.depthwise import (
    depthwise_conv2d,
    depthwise_conv2d_input_gradient,
    depthwise_conv2d_weight_gradient,
)
from minicnn.backends.cuda.device import Device, DeviceArray, launch
from minicnn.backends.cuda.geometry import numbers_of, rows_of
from minicnn.backends.cuda.rows import counted, for_each_row
from minicnn.backends.cuda.sums import column_sums
from minicnn.backends.cuda.tiles import THREADS, tiling
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
    y = device.empty((x.shape[0], *windows.outputs, w.shape[3]), x.dtype)
    _forward(device, "conv2d", x, w, b, (y,), windows, windows.outputs, groups)
    return y


def conv2d_relu(
    device: Device, x: DeviceArray, w: DeviceArray, b: DeviceArray | None, windows: Windows, groups: int, pool: int
) -> tuple[DeviceArray, DeviceArray]:
    """The largest of relu(conv2d) in each square of `pool` pixels, 1 or 2, and the winners, in one launch."""
    outputs = windows.outputs[0] // pool, windows.outputs[1] // pool
    shape = x.shape[0], *outputs, w.shape[3]
    y, winners = device.empty(shape, x.dtype), device.empty(shape, np.uint8)
    kernel, taken = ("conv2d_relu", outputs) if pool == 1 else ("conv2d_relu_pool", (2 * outputs[0], 2 * outputs[1]))
    _forward(device, kernel, x, w, b, (y, winners), windows, taken, groups)
    return y, winners


def _forward(
    device: Device,
    kernel: str,
    x: DeviceArray,
    w: DeviceArray,
    b: DeviceArray | None,
    results: tuple[DeviceArray, ...],
    windows: Windows,
    taken: tuple[int, int],
    groups: int,
) -> None:
    """taken: how many windows there are that a result depends on, down and across."""
    images, channels, filters = x.shape[0], x.shape[3], w.shape[3]
    pixels, lines = images * taken[0] * taken[1], (channels // groups, filters // groups)
    program, tiles = tiling(device, "convolution", (x, w, b, *results), lines, pixels, lines[1], groups)
    shape = *numbers_of(windows), np.int64(images), channels, filters, groups
    launch(device, program, kernel, x.dtype, (tiles, 1, groups), THREADS, x, w, b, *results, *shape)


def conv2d_input_gradient(
    device: Device, dy: DeviceArray, w: DeviceArray, windows: Windows, groups: int, algorithm: str = "auto"
) -> DeviceArray:
    """dy (N, OH, OW, K), w (R, S, C / groups, K) -> dx (N, H, W, C)."""
    if groups > 1 and w.shape[2] == 1:
        return depthwise_conv2d_input_gradient(device, dy, _by_channel(w, groups), windows)
    images, filters, channels = dy.shape[0], dy.shape[3], w.shape[2] * groups
    dx = device.empty((images, *windows.image, channels), dy.dtype)
    phases = [min(stride, pixels) for stride, pixels in zip(windows.strides, windows.image, strict=True)]
    rows = images * math.prod(-(-pixels // n) for pixels, n in zip(windows.image, windows.strides, strict=True))
    lines, copies = (filters // groups, channels // groups), groups * math.prod(phases)
    program, tiles = tiling(device, "convolution", (dy, w, dx), lines, rows, lines[1], copies)
    grid = tiles, phases[1], phases[0] * groups
    shape = *numbers_of(windows), np.int64(images), channels, filters, groups
    launch(device, program, "conv2d_input_gradient", dy.dtype, grid, THREADS, dy, w, dx, *shape)
    return dx


def conv2d_weight_gradient(
    device: Device, x: DeviceArray, dy: DeviceArray, windows: Windows, groups: int, algorithm: str = "auto"
) -> DeviceArray:
    """x (N, H, W, C), dy (N, OH, OW, K) -> dw (R, S, C / groups, K)."""
    images, channels, filters = x.shape[0], x.shape[3], dy.shape[3]
    result = *windows.size, channels // groups, filters
    if groups > 1 and groups == channels:
        return depthwise_conv2d_weight_gradient(device, x, dy, windows).reshape(result)
    pixels = counted(images * windows.outputs[0] * windows.outputs[1])
    splits = max(1, min(-(-pixels // PIXELS_OF_SPLIT), SPLITS))
    pixels_of_split = -(-pixels // splits)
    rows = windows.size[0] * windows.size[1] * (channels // groups)
    parts = device.empty((splits, rows, filters), x.dtype)
    lines = channels // groups, filters // groups
    program, tiles = tiling(device, "convolution", (x, dy, parts), lines, rows, lines[1], groups * splits)
    shape = *numbers_of(windows), np.int64(images), channels, filters, groups, np.int64(pixels_of_split)
    grid = tiles, splits, groups
    launch(device, program, "conv2d_weight_gradient", x.dtype, grid, THREADS, x, dy, parts, *shape)
    dw = parts if splits == 1 else column_sums(device, parts, splits, rows * filters)
    return dw.reshape(result)


def im2col(device: Device, x: DeviceArray, windows: Windows) -> DeviceArray:
    """x (N, H, W, C) -> (N, OH, OW, R, S, C)."""
    columns = device.empty((x.shape[0], *windows.outputs, *windows.size, x.shape[3]), x.dtype)
    size, shape = (rows_of(columns), x.shape[3]), (*numbers_of(windows), x.shape[3])
    for_each_row(device, "patches", "im2col", x.dtype, *size, x, columns, *shape)
    return columns


def col2im(device: Device, columns: DeviceArray, windows: Windows) -> DeviceArray:
    """(N, OH, OW, R, S, C) -> (N, H, W, C)."""
    channels = columns.shape[-1]
    x = device.empty((columns.shape[0], *windows.image, channels), columns.dtype)
    shape = *numbers_of(windows), channels
    for_each_row(device, "patches", "col2im", x.dtype, rows_of(x), channels, columns, x, *shape)
    return x


def _by_channel(w: DeviceArray, groups: int) -> DeviceArray:
    """(R, S, 1, K) of a convolution whose groups are single channels -> the (R, S, C, M) of a depthwise one."""
    return w.reshape((*w.shape[:2], groups, w.shape[3] // groups))
