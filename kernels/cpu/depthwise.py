"""Depthwise convolution: no sum over channels, so no matrix product; one multiply-add for each number loaded.

Channels are contiguous and independent: they are the innermost loop and become vectors. Rows are the pieces of work.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel


@parallel_kernel
def depthwise_conv2d(x, w, bias, strides, dilation, pads, y):
    """x (N, H, W, C), w (R, S, C, M), bias (C·M,) -> y (N, OH, OW, C·M); pads = (top, left)."""
    for row in prange(y.shape[0] * y.shape[1]):
        _forward_row(np.int64(row), x, w, bias, strides, dilation, pads, y)


@kernel
def _forward_row(row, x, w, bias, strides, dilation, pads, y):
    n, i = row // y.shape[1], row % y.shape[1]
    multiplier = w.shape[3]
    for j in range(y.shape[2]):
        total = y[n, i, j]
        total[:] = bias
        for r in range(w.shape[0]):
            h = i * strides[0] + r * dilation[0] - pads[0]
            if h < 0 or h >= x.shape[1]:
                continue
            for s in range(w.shape[1]):
                column = j * strides[1] + s * dilation[1] - pads[1]
                if column < 0 or column >= x.shape[2]:
                    continue
                pixel, tap = x[n, h, column], w[r, s]
                if multiplier == 1:
                    for c in range(len(pixel)):
                        total[c] += pixel[c] * tap[c, 0]
                else:
                    for c in range(len(pixel)):
                        for m in range(multiplier):
                            total[c * multiplier + m] += pixel[c] * tap[c, m]


@parallel_kernel
def depthwise_conv2d_input_gradient(dy, w, strides, dilation, pads, dx):
    """dy (N, OH, OW, C·M), w (R, S, C, M) -> dx (N, H, W, C)."""
    for row in prange(dx.shape[0] * dx.shape[1]):
        _input_gradient_row(np.int64(row), dy, w, strides, dilation, pads, dx)


@kernel
def _input_gradient_row(row, dy, w, strides, dilation, pads, dx):
    n, h = row // dx.shape[1], row % dx.shape[1]
    dx[n, h] = 0
    for r in range(w.shape[0]):
        up = h + pads[0] - r * dilation[0]  # row up / stride of dy saw this row through tap r
        if up < 0 or up % strides[0] or up // strides[0] >= dy.shape[1]:
            continue
        for s in range(w.shape[1]):
            tap = w[r, s]
            for j in range(dy.shape[2]):
                column = j * strides[1] + s * dilation[1] - pads[1]
                if 0 <= column < dx.shape[2]:
                    _add_products(dy[n, up // strides[0], j], tap, dx[n, h, column])


@kernel
def _add_products(upstream, tap, total):
    multiplier = tap.shape[1]
    if multiplier == 1:
        for c in range(len(total)):
            total[c] += upstream[c] * tap[c, 0]
    else:
        for c in range(len(total)):
            for m in range(multiplier):
                total[c] += upstream[c * multiplier + m] * tap[c, m]


@parallel_kernel
def depthwise_conv2d_weight_gradient(x, dy, strides, dilation, pads, images, partial):
    """x (N, H, W, C), dy (N, OH, OW, C·M) -> partial (parts, R, S, C, M), each the sum over `images` images."""
    for part in prange(len(partial)):
        _weight_gradient_part(np.int64(part), x, dy, strides, dilation, pads, images, partial[part])


@kernel
def _weight_gradient_part(part, x, dy, strides, dilation, pads, images, total):
    total[:] = 0
    row_total = np.empty(total.shape[2:], total.dtype)
    for n in range(part * images, min((part + 1) * images, len(x))):
        for r in range(total.shape[0]):
            for s in range(total.shape[1]):
                for i in range(dy.shape[1]):
                    h = i * strides[0] + r * dilation[0] - pads[0]
                    if h < 0 or h >= x.shape[1]:
                        continue
                    row_total[:] = 0  # in two levels: one long chain of additions would round more
                    for j in range(dy.shape[2]):
                        column = j * strides[1] + s * dilation[1] - pads[1]
                        if 0 <= column < x.shape[2]:
                            _add_outer(x[n, h, column], dy[n, i, j], row_total)
                    total[r, s] += row_total


@kernel
def _add_outer(pixel, upstream, total):
    multiplier = total.shape[1]
    if multiplier == 1:
        for c in range(len(pixel)):
            total[c, 0] += pixel[c] * upstream[c]
    else:
        for c in range(len(pixel)):
            for m in range(multiplier):
                total[c, m] += pixel[c] * upstream[c * multiplier + m]
