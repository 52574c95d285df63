"""Pooling, forwards by window and backwards by pixel: everything gathers, nothing scatters, so no thread waits.

Rows are the pieces of work; channels, which are contiguous, are the innermost loop and become vectors. Indices in those
loops are unsigned: Numba tests every signed one for being negative, and a loop with that test in it stays scalar.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel


@parallel_kernel
def max_pool2d(x, size, strides, pads, y, winners):
    """x (N, H, W, C) -> y and winners (N, OH, OW, C), the winning tap r·S + s; size, strides, pads = (top, left)."""
    for row in prange(y.shape[0] * y.shape[1]):
        _max_pool_row(np.int64(row), x, size, strides, pads, y, winners)


@kernel
def _max_pool_row(row, x, size, strides, pads, y, winners):
    n, i = row // y.shape[1], row % y.shape[1]
    pixels, best, winner = x.reshape(-1), y.reshape(-1), winners.reshape(-1)
    channels = np.uint64(x.shape[3])
    start = np.uint64(row * y.shape[2] * y.shape[3])
    for q in range(start, start + np.uint64(y.shape[2] * y.shape[3])):
        best[q] = -np.inf
        winner[q] = 0
    for r in range(size[0]):
        h = i * strides[0] + r - pads[0]
        if h < 0 or h >= x.shape[1]:
            continue
        for s in range(size[1]):
            tap = np.int32(r * size[1] + s)
            first, last = _in_image(s - pads[1], strides[1], x.shape[2], y.shape[2])
            for j in range(first, last):
                w = j * strides[1] + s - pads[1]
                here = np.uint64(((n * x.shape[1] + h) * x.shape[2] + w) * x.shape[3])
                there = start + np.uint64(j * x.shape[3])
                for c in range(channels):
                    pixel, old = pixels[here + c], best[there + c]
                    better = pixel > old or pixel != pixel  # a NaN wins, and only another beats it: it stays visible
                    best[there + c] = pixel if better else old
                    winner[there + c] = tap if better else winner[there + c]


@parallel_kernel
def max_pool2d_gradient(dy, winners, size, strides, pads, dx):
    """dy, winners (N, OH, OW, C) -> dx (N, H, W, C)."""
    for row in prange(dx.shape[0] * dx.shape[1]):
        _max_pool_gradient_row(np.int64(row), dy, winners, size, strides, pads, dx)


@kernel
def _max_pool_gradient_row(row, dy, winners, size, strides, pads, dx):
    n, h = row // dx.shape[1], row % dx.shape[1]
    dx[n, h] = 0
    upstream, winner, total = dy.reshape(-1), winners.reshape(-1), dx.reshape(-1)
    channels, zero = np.uint64(dx.shape[3]), dx.dtype.type(0)
    first_row, last_row = _windows_over(h + pads[0], size[0], strides[0], dy.shape[1])
    for i in range(first_row, last_row):
        r = h + pads[0] - i * strides[0]
        for s in range(size[1]):
            tap = np.int32(r * size[1] + s)
            first, last = _in_image(s - pads[1], strides[1], dx.shape[2], dy.shape[2])
            for j in range(first, last):
                w = j * strides[1] + s - pads[1]
                here = np.uint64(((n * dx.shape[1] + h) * dx.shape[2] + w) * dx.shape[3])
                there = np.uint64(((n * dy.shape[1] + i) * dy.shape[2] + j) * dx.shape[3])
                for c in range(channels):
                    # Loaded whether it won or not: who won cannot be predicted, so this must be no branch.
                    gradient = upstream[there + c]
                    total[here + c] += gradient if winner[there + c] == tap else zero


@parallel_kernel
def average_pool2d(x, size, strides, pads, y):
    """x (N, H, W, C) -> y (N, OH, OW, C)."""
    for row in prange(y.shape[0] * y.shape[1]):
        _average_pool_row(np.int64(row), x, size, strides, pads, y)


@kernel
def _average_pool_row(row, x, size, strides, pads, y):
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
def average_pool2d_gradient(dy, size, strides, pads, dx):
    """dy (N, OH, OW, C) -> dx (N, H, W, C)."""
    for row in prange(dx.shape[0] * dx.shape[1]):
        _average_pool_gradient_row(np.int64(row), dy, size, strides, pads, dx)


@kernel
def _average_pool_gradient_row(row, dy, size, strides, pads, dx):
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
def _windows_over(pixel, size, stride, windows):
    """(first, last + 1) of the windows that see `pixel`, which counts the padding before it."""
    return max(0, (pixel - size + stride) // stride), min(windows, pixel // stride + 1)


@kernel
def _inside(window, size, stride, pad, pixels):
    """(first, last + 1) of the pixels of a window that are not padding."""
    start = window * stride - pad
    return max(0, start), min(pixels, start + size)


@kernel
def _in_image(offset, stride, pixels, windows):
    """(first, last + 1) of the windows whose pixel at `offset` from their start lies in the image."""
    return max(0, (stride - 1 - offset) // stride), min(windows, (pixels - 1 - offset) // stride + 1)
