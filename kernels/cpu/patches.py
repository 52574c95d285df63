"""im2col and col2im, for those who want to see the matrix: the convolutions here never build it."""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel


@parallel_kernel
def im2col(x, strides, dilation, pads, columns):
    """x (N, H, W, C) -> columns (N, OH, OW, R, S, C), zeros for padding; pads = (top, left)."""
    for row in prange(columns.shape[0] * columns.shape[1]):
        _gather(np.int64(row), x, strides, dilation, pads, columns)


@kernel
def _gather(row, x, strides, dilation, pads, columns):
    n, i = row // columns.shape[1], row % columns.shape[1]
    for j in range(columns.shape[2]):
        for r in range(columns.shape[3]):
            h = i * strides[0] + r * dilation[0] - pads[0]
            for s in range(columns.shape[4]):
                w = j * strides[1] + s * dilation[1] - pads[1]
                if 0 <= h < x.shape[1] and 0 <= w < x.shape[2]:
                    columns[n, i, j, r, s] = x[n, h, w]
                else:
                    columns[n, i, j, r, s] = 0


@parallel_kernel
def col2im(columns, strides, dilation, pads, x):
    """columns (N, OH, OW, R, S, C) -> x (N, H, W, C): every pixel sums what the windows over it hold."""
    for row in prange(x.shape[0] * x.shape[1]):
        _collect(np.int64(row), columns, strides, dilation, pads, x)


@kernel
def _collect(row, columns, strides, dilation, pads, x):
    n, h = row // x.shape[1], row % x.shape[1]
    x[n, h] = 0
    for r in range(columns.shape[3]):
        up = h + pads[0] - r * dilation[0]
        if up < 0 or up % strides[0] or up // strides[0] >= columns.shape[1]:
            continue
        for s in range(columns.shape[4]):
            for j in range(columns.shape[2]):
                w = j * strides[1] + s * dilation[1] - pads[1]
                if 0 <= w < x.shape[2]:
                    held, pixel = columns[n, up // strides[0], j, r, s], x[n, h, w]
                    for c in range(len(pixel)):
                        pixel[c] += held[c]
