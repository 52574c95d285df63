"""Mean and variance of every channel in one pass over memory.

Each block of rows is summed, and then, while it still lies in the cache, its squared distances from its own mean.
Blocks are put together by Chan's formula: the distances within the blocks, and those of their means from the common
mean. Nothing cancels, as it does in mean(x²) - mean(x)².
Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance (1983), equation 2.1.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.sums import ROWS


@parallel_kernel
def block_moments(x, partial):
    """x (rows, C) -> partial (blocks, 2, C): the mean of each block of rows, and its summed squared distances."""
    for block in prange(len(partial)):
        rows = x[np.int64(block) * ROWS : (np.int64(block) + 1) * ROWS]
        _block_moments(rows, partial[block, 0], partial[block, 1])


@kernel
def _block_moments(x, mean, squares):
    mean[:] = 0
    squares[:] = 0
    for i in range(len(x)):
        for c in range(x.shape[1]):
            mean[c] += x[i, c]
    n = x.dtype.type(len(x))
    for c in range(x.shape[1]):
        mean[c] /= n
    for i in range(len(x)):
        for c in range(x.shape[1]):
            distance = x[i, c] - mean[c]
            squares[c] += distance * distance


@kernel
def combine(partial, n, mean, variance):
    """partial (blocks, 2, C) of n rows -> mean and biased variance (C,), in float64 and in the order of the blocks."""
    channels = partial.shape[2]
    means, squares = np.zeros(channels), np.zeros(channels)
    for block in range(len(partial)):
        rows = min(ROWS, n - block * ROWS)
        for c in range(channels):
            means[c] += rows * np.float64(partial[block, 0, c])
    means /= n
    for block in range(len(partial)):
        rows = min(ROWS, n - block * ROWS)
        for c in range(channels):
            distance = partial[block, 0, c] - means[c]
            squares[c] += partial[block, 1, c] + rows * distance * distance
    for c in range(channels):
        mean[c] = means[c]
        variance[c] = squares[c] / n
