"""Depthwise convolution, by `kernels.cpu.depthwise`.

There each filter belongs to one channel. Of M filters for each, the channels are repeated M times beforehand, and
gradients of the repetitions summed afterwards.
"""

from __future__ import annotations

import numpy as np

from minicnn.backends.numba.arrays import plain
from minicnn.geometry import Windows
from minicnn.kernels.cpu import depthwise
from minicnn.kernels.cpu.memory import empty


def depthwise_conv2d(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, windows: Windows) -> np.ndarray:
    """x (N, H, W, C), w (R, S, C, M) -> y (N, OH, OW, C·M)."""
    y = empty((len(x), *windows.outputs, w.shape[2] * w.shape[3]), x.dtype)
    bias = np.zeros(y.shape[3], y.dtype) if b is None else plain(b)
    depthwise.depthwise_conv2d(
        _repeated(x, w.shape[3]), _filters(w), bias, y, windows.strides, windows.dilation, windows.corner
    )
    return y


def depthwise_conv2d_input_gradient(dy: np.ndarray, w: np.ndarray, windows: Windows) -> np.ndarray:
    """dy (N, OH, OW, C·M), w (R, S, C, M) -> dx (N, H, W, C)."""
    dx = empty((len(dy), *windows.image, dy.shape[3]), dy.dtype)
    depthwise.depthwise_conv2d_input_gradient(
        plain(dy), _filters(w), dx, windows.strides, windows.dilation, windows.corner
    )
    return dx if w.shape[3] == 1 else dx.reshape(*dx.shape[:3], *w.shape[2:]).sum(axis=4)


def depthwise_conv2d_weight_gradient(x: np.ndarray, dy: np.ndarray, windows: Windows) -> np.ndarray:
    """x (N, H, W, C), dy (N, OH, OW, C·M) -> dw (R, S, C, M)."""
    dw = empty((*windows.size, dy.shape[3]), x.dtype)
    multiplier = dy.shape[3] // x.shape[3]
    depthwise.depthwise_conv2d_weight_gradient(
        _repeated(x, multiplier), plain(dy), dw, windows.strides, windows.dilation, windows.corner
    )
    return dw.reshape(*windows.size, x.shape[3], multiplier)


def _filters(w: np.ndarray) -> np.ndarray:
    return plain(w).reshape(*w.shape[:2], -1)


def _repeated(x: np.ndarray, times: int) -> np.ndarray:
    return plain(x) if times == 1 else np.repeat(x, times, axis=3)
