"""Mean and variance of every channel in one pass over memory.

Each block of rows is summed, and then, while it still lies in the cache, its squared distances from its own mean.
Blocks are put together by Chan's formula: the distances within the blocks, and those of their means from the common
mean. Nothing cancels, as it does in mean(x²) - mean(x)².
Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance (1983), equation 2.1.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu import channel_rows
from minicnn.kernels.cpu.calls import address_of, call_address
from minicnn.kernels.cpu.channel_rows import rows_at_a_time
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.relu_pool import kind_of
from minicnn.kernels.cpu.sums import ROWS


def block_moments(x: np.ndarray, partial: np.ndarray) -> None:
    """x (rows, C) -> partial (blocks, 2, C): the mean of each block of rows, and its summed squared distances."""
    kind = kind_of(x)
    _block_moments(channel_rows.sums(kind), channel_rows.squares(kind), x, partial)


@parallel_kernel
def _block_moments(sums, squares, x, partial):
    for block in prange(len(partial)):
        _moments_of_block(np.int64(block), sums, squares, x, partial)


@kernel
def _moments_of_block(block, sums, squares, x, partial):
    channels = x.shape[1]
    first, last = block * ROWS, min((block + 1) * ROWS, len(x))
    mean = address_of(partial) + block * 2 * channels * x.itemsize
    spread = mean + channels * x.itemsize
    together = rows_at_a_time(channels)
    partial[block] = 0
    for row in range(first, last, together):
        start = address_of(x) + row * channels * x.itemsize
        call_address(sums, (min(together, last - row), channels, start, mean))
    for c in range(channels):
        partial[block, 0, c] /= x.dtype.type(last - first)
    for row in range(first, last, together):
        start = address_of(x) + row * channels * x.itemsize
        call_address(squares, (min(together, last - row), channels, start, mean, spread))


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
