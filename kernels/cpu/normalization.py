"""Batch normalization in two passes over x for the statistics and one for the result.

The variance is the mean of the squared distances from the mean, not mean(x²) - mean(x)², which cancels.
All sums are taken block by block in a fixed order, as in `sums`.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.sums import ROWS


@parallel_kernel
def squared_distances(x, mean, partial):
    """x (rows, C), mean (C,) -> partial (blocks, C): sums of (x - mean)² over each block of rows."""
    for block in prange(len(partial)):
        _squared_distances(x[np.int64(block) * ROWS : (np.int64(block) + 1) * ROWS], mean, partial[block])


@kernel
def _squared_distances(x, mean, total):
    total[:] = 0
    for i in range(len(x)):
        for c in range(x.shape[1]):
            distance = x[i, c] - mean[c]
            total[c] += distance * distance


@parallel_kernel
def scale_and_shift(x, mean, scale, gamma, beta, y):
    """x (rows, C) -> y (rows, C) = (x - mean) · scale · gamma + beta; the others (C,)."""
    for block in prange(-(-len(x) // ROWS)):
        start = np.int64(block) * ROWS
        _scale_and_shift(x[start : start + ROWS], mean, scale, gamma, beta, y[start : start + ROWS])


@kernel
def _scale_and_shift(x, mean, scale, gamma, beta, y):
    for i in range(len(x)):
        for c in range(x.shape[1]):
            y[i, c] = (x[i, c] - mean[c]) * scale[c] * gamma[c] + beta[c]


@parallel_kernel
def parameter_gradients(dy, x, mean, scale, partial):
    """dy, x (rows, C) -> partial (blocks, 2, C): sums of dy · (x - mean) · scale, and of dy."""
    for block in prange(len(partial)):
        rows = slice(np.int64(block) * ROWS, (np.int64(block) + 1) * ROWS)
        _parameter_gradients(dy[rows], x[rows], mean, scale, partial[block])


@kernel
def _parameter_gradients(dy, x, mean, scale, total):
    total[:] = 0
    for i in range(len(dy)):
        for c in range(dy.shape[1]):
            total[0, c] += dy[i, c] * ((x[i, c] - mean[c]) * scale[c])
            total[1, c] += dy[i, c]


@parallel_kernel
def input_gradient(dy, x, mean, scale, gamma, through_mean, through_variance, dx):
    """dx (rows, C) = (dy - through_mean - normalized x · through_variance) · gamma · scale; the others (C,)."""
    for block in prange(-(-len(x) // ROWS)):
        rows = slice(np.int64(block) * ROWS, (np.int64(block) + 1) * ROWS)
        _input_gradient(dy[rows], x[rows], mean, scale, gamma, through_mean, through_variance, dx[rows])


@kernel
def _input_gradient(dy, x, mean, scale, gamma, through_mean, through_variance, dx):
    for i in range(len(x)):
        for c in range(x.shape[1]):
            normalized = (x[i, c] - mean[c]) * scale[c]
            dx[i, c] = (dy[i, c] - through_mean[c] - normalized * through_variance[c]) * (gamma[c] * scale[c])
