"""Convolution: results allocated here, computed by `kernels.cpu.correlation` and `kernels.cpu.weight_gradient`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.numba.arrays import plain
from minicnn.backends.numba.depthwise import (
    depthwise_conv2d,
    depthwise_conv2d_input_gradient,
    depthwise_conv2d_weight_gradient,
)
from minicnn.geometry import Windows
from minicnn.kernels.cpu import correlation, patches, weight_gradient
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.cpu.threads import exclusive


def conv2d(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, windows: Windows, groups: int) -> np.ndarray:
    """x (N, H, W, C), w (R, S, C / groups, K) -> y (N, OH, OW, K)."""
    if groups > 1 and w.shape[2] == 1:
        return depthwise_conv2d(x, _by_channel(w, groups), b, windows)
    y = empty((len(x), *windows.outputs, w.shape[3]), x.dtype)
    b = None if b is None else plain(b)
    correlation.conv2d(plain(x), plain(w), b, y, windows.strides, windows.dilation, windows.pads, groups)
    return y


def conv2d_input_gradient(dy: np.ndarray, w: np.ndarray, windows: Windows, groups: int) -> np.ndarray:
    """dy (N, OH, OW, K), w (R, S, C / groups, K) -> dx (N, H, W, C)."""
    if groups > 1 and w.shape[2] == 1:
        return depthwise_conv2d_input_gradient(dy, _by_channel(w, groups), windows)
    dx = empty((len(dy), *windows.image, w.shape[2] * groups), dy.dtype)
    correlation.conv2d_input_gradient(plain(dy), plain(w), dx, windows.strides, windows.dilation, windows.pads, groups)
    return dx


def conv2d_weight_gradient(x: np.ndarray, dy: np.ndarray, windows: Windows, groups: int) -> np.ndarray:
    """x (N, H, W, C), dy (N, OH, OW, K) -> dw (R, S, C / groups, K)."""
    if groups > 1 and groups == x.shape[3]:
        dw = depthwise_conv2d_weight_gradient(x, dy, windows)
        return dw.reshape(*windows.size, 1, dy.shape[3])
    dw = empty((*windows.size, x.shape[3] // groups, dy.shape[3]), x.dtype)
    weight_gradient.conv2d_weight_gradient(
        plain(x), plain(dy), dw, windows.strides, windows.dilation, windows.pads, groups
    )
    return dw


def im2col(x: np.ndarray, windows: Windows) -> np.ndarray:
    """x (N, H, W, C) -> (N, OH, OW, R, S, C)."""
    columns = empty((len(x), *windows.outputs, *windows.size, x.shape[3]), x.dtype)
    with exclusive:
        patches.im2col(plain(x), windows.strides, windows.dilation, windows.corner, columns)
    return columns


def col2im(columns: np.ndarray, windows: Windows) -> np.ndarray:
    """(N, OH, OW, R, S, C) -> (N, H, W, C)."""
    x = empty((len(columns), *windows.image, columns.shape[-1]), columns.dtype)
    with exclusive:
        patches.col2im(plain(columns), windows.strides, windows.dilation, windows.corner, x)
    return x


def _by_channel(w: np.ndarray, groups: int) -> np.ndarray:
    """(R, S, 1, K) of a convolution whose groups are single channels -> the (R, S, C, M) of a depthwise one."""
    return plain(w).reshape(*w.shape[:2], groups, w.shape[3] // groups)
