"""Depthwise convolution, by `kernels.cpu.depthwise`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.numba.arrays import plain
from minicnn.geometry import Windows
from minicnn.kernels.cpu import depthwise
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.cpu.sums import sum_in_order
from minicnn.kernels.cpu.threads import exclusive, scratch

PARTS = 16  # partial sums over images in the weight gradient


def depthwise_conv2d(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, windows: Windows) -> np.ndarray:
    """x (N, H, W, C), w (R, S, C, M) -> y (N, OH, OW, C·M)."""
    y = empty((len(x), *windows.outputs, w.shape[2] * w.shape[3]), x.dtype)
    bias = np.zeros(y.shape[3], y.dtype) if b is None else plain(b)
    with exclusive:
        depthwise.depthwise_conv2d(plain(x), plain(w), bias, windows.strides, windows.dilation, windows.corner, y)
    return y


def depthwise_conv2d_input_gradient(dy: np.ndarray, w: np.ndarray, windows: Windows) -> np.ndarray:
    """dy (N, OH, OW, C·M), w (R, S, C, M) -> dx (N, H, W, C)."""
    dx = empty((len(dy), *windows.image, w.shape[2]), dy.dtype)
    with exclusive:
        depthwise.depthwise_conv2d_input_gradient(
            plain(dy), plain(w), windows.strides, windows.dilation, windows.corner, dx
        )
    return dx


def depthwise_conv2d_weight_gradient(x: np.ndarray, dy: np.ndarray, windows: Windows) -> np.ndarray:
    """x (N, H, W, C), dy (N, OH, OW, C·M) -> dw (R, S, C, M)."""
    dw = empty((*windows.size, x.shape[3], dy.shape[3] // x.shape[3]), x.dtype)
    images = max(1, -(-len(x) // PARTS))  # in a part
    parts = max(1, -(-len(x) // images))
    with exclusive:
        partial = scratch("slots", parts * dw.size, dw.dtype).reshape(parts, *dw.shape)
        depthwise.depthwise_conv2d_weight_gradient(
            plain(x), plain(dy), windows.strides, windows.dilation, windows.corner, images, partial
        )
        sum_in_order(partial.reshape(parts, -1), dw.reshape(-1))
    return dw
