"""Pooling, by `kernels.cpu.pooling`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.numba.arrays import plain
from minicnn.geometry import Windows
from minicnn.kernels.cpu import pooling
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.cpu.threads import exclusive


def max_pool2d(x: np.ndarray, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """x (N, H, W, C) -> y and winners, both (N, OH, OW, C); winners holds tap numbers r·S + s (int32)."""
    y = empty((len(x), *windows.outputs, x.shape[3]), x.dtype)
    winners = empty(y.shape, np.dtype(np.int32))
    with exclusive:
        pooling.max_pool2d(plain(x), windows.size, windows.strides, windows.corner, y, winners)
    return y, winners


def max_pool2d_gradient(dy: np.ndarray, winners: np.ndarray, windows: Windows) -> np.ndarray:
    """dy (N, OH, OW, C) -> dx (N, H, W, C)."""
    dx = empty((len(dy), *windows.image, dy.shape[3]), dy.dtype)
    with exclusive:
        pooling.max_pool2d_gradient(plain(dy), winners, windows.size, windows.strides, windows.corner, dx)
    return dx


def average_pool2d(x: np.ndarray, windows: Windows) -> np.ndarray:
    """x (N, H, W, C) -> y (N, OH, OW, C)."""
    y = empty((len(x), *windows.outputs, x.shape[3]), x.dtype)
    with exclusive:
        pooling.average_pool2d(plain(x), windows.size, windows.strides, windows.corner, y)
    return y


def average_pool2d_gradient(dy: np.ndarray, windows: Windows) -> np.ndarray:
    """dy (N, OH, OW, C) -> dx (N, H, W, C)."""
    dx = empty((len(dy), *windows.image, dy.shape[3]), dy.dtype)
    with exclusive:
        pooling.average_pool2d_gradient(plain(dy), windows.size, windows.strides, windows.corner, dx)
    return dx
