"""Pooling, forwards by window and backwards by pixel: everything gathers, nothing scatters, so no thread waits.

Rows are the pieces of work; channels, which are contiguous, are the innermost loop and become vectors.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel


@parallel_kernel
def max_pool2d(x, size, strides, pads, y, winners):  # type: ignore[no-untyped-def]
    """x (N, H, W, C) -> y and winners (N, OH, OW, C), the winning tap r·S + s; size, strides, pads = (top, left)."""
    for row in prange(y.shape[0] * y.shape[1]):
        _max_pool_row(np.int64(row), x, size, strides, pads, y, winners)


@kernel
def _max_pool_row(row, x, size, strides, pads, y, winners):  # type: ignore[no-untyped-def]
    n, i = row // y.shape[1], row % y.shape[1]
    for j in range(y.shape[2]):
        best, winner = y[n, i, j], winners[n, i, j]
        best[:] = -np.inf
        winner[:] = 0
        for r in range(size[0]):
            h = i * strides[0] + r - pads[0]
            if h < 0 or h >= x.shape[1]:
                continue
            for s in range(size[1]):
                w = j * strides[1] + s - pads[1]
                if w < 0 or w >= x.shape[2]:
                    continue
                pixel = x[n, h, w]
                tap = np.int32(r * size[1] + s)
                for c in range(len(pixel)):
                    # "not at most" and not "more than": a NaN wins, so that it stays visible
                    better = not pixel[c] <= best[c]
                    best[c] = pixel[c] if better else best[c]
                    winner[c] = tap if better else winner[c]


@parallel_kernel
def max_pool2d_gradient(dy, winners, size, strides, pads, dx):  # type: ignore[no-untyped-def]
    """dy, winners (N, OH, OW, C) -> dx (N, H, W, C)."""
    for row in prange(dx.shape[0] * dx.shape[1]):
        _max_pool_gradient_row(np.int64(row), dy, winners, size, strides, pads, dx)


@kernel
def _max_pool_gradient_row(row, dy, winners, size, strides, pads, dx):  # type: ignore[no-untyped-def]
    n, h = row // dx.shape[1], row % dx.shape[1]
    dx[n, h] = 0
    zero = dy.dtype.type(0)
    first, last = _windows_over(h + pads[0], size[0], strides[0], dy.shape[1])
    for i in range(first, last):
        r = h + pads[0] - i * strides[0]
        for j in range(dy.shape[2]):
            upstream, winner = dy[n, i, j], winners[n, i, j]
            for s in range(size[1]):
                w = j * strides[1] + s - pads[1]
                if 0 <= w < dx.shape[2]:
                    pixel = dx[n, h, w]
                    tap = np.int32(r * size[1] + s)
                    for c in range(len(pixel)):
                        pixel[c] += upstream[c] if winner[c] == tap else zero


@parallel_kernel
def average_pool2d(x, size, strides, pads, y):  # type: ignore[no-untyped-def]
    """x (N, H, W, C) -> y (N, OH, OW, C)."""
    for row in prange(y.shape[0] * y.shape[1]):
        _average_pool_row(np.int64(row), x, size, strides, pads, y)


@kernel
def _average_pool_row(row, x, size, strides, pads, y):  # type: ignore[no-untyped-def]
    n, i = row // y.shape[1], row % y.shape[1]
    top, bottom = _inside(i, size[0], strides[0], pads[0], x.shape[1])
    for j in range(y.shape[2]):
        left, right = _inside(j, size[1], strides[1], pads[1], x.shape[2])
        total = y[n, i, j]
        total[:] = 0
        for h in range(top, bottom):
            for w in range(left, right):
                pixel = x[n, h, w]
                for c in range(len(pixel)):
                    total[c] += pixel[c]
        count = x.dtype.type((bottom - top) * (right - left))
        for c in range(len(total)):
            total[c] /= count


@parallel_kernel
def average_pool2d_gradient(dy, size, strides, pads, dx):  # type: ignore[no-untyped-def]
    """dy (N, OH, OW, C) -> dx (N, H, W, C)."""
    for row in prange(dx.shape[0] * dx.shape[1]):
        _average_pool_gradient_row(np.int64(row), dy, size, strides, pads, dx)


@kernel
def _average_pool_gradient_row(row, dy, size, strides, pads, dx):  # type: ignore[no-untyped-def]
    n, h = row // dx.shape[1], row % dx.shape[1]
    dx[n, h] = 0
    first, last = _windows_over(h + pads[0], size[0], strides[0], dy.shape[1])
    for i in range(first, last):
        top, bottom = _inside(i, size[0], strides[0], pads[0], dx.shape[1])
        for j in range(dy.shape[2]):
            left, right = _inside(j, size[1], strides[1], pads[1], dx.shape[2])
            count = dy.dtype.type((bottom - top) * (right - left))
            upstream = dy[n, i, j]
            for w in range(left, right):
                pixel = dx[n, h, w]
                for c in range(len(pixel)):
                    pixel[c] += upstream[c] / count


@kernel
def _windows_over(pixel, size, stride, windows):  # type: ignore[no-untyped-def]
    """(first, last + 1) of the windows that see `pixel`, which counts the padding before it."""
    return max(0, (pixel - size + stride) // stride), min(windows, pixel // stride + 1)


@kernel
def _inside(window, size, stride, pad, pixels):  # type: ignore[no-untyped-def]
    """(first, last + 1) of the pixels of a window that are not padding."""
    start = window * stride - pad
    return max(0, start), min(pixels, start + size)
