"""Sums over everything but the channels, whose bits do not depend on who adds what when.

Rows are dealt out to blocks of a fixed length, each summed from its first row to its last by one thread, and the
sums of the blocks are added in their order. Two short chains of additions also round less than one long one.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel

ROWS = 256  # in a block
NUMBERS = 4096  # of a result that one thread sums at a time


def blocks_of(rows: int) -> int:
    """How many blocks so many rows make; at least one, so that the sum of nothing is zero."""
    return max(1, -(-rows // ROWS))


@parallel_kernel
def column_sums(x, partial):
    """x (rows, C) -> partial (blocks, C), the sum of each block of rows."""
    for block in prange(len(partial)):
        _column_sums(x[np.int64(block) * ROWS : (np.int64(block) + 1) * ROWS], partial[block])


@kernel
def _column_sums(x, total):
    total[:] = 0
    for i in range(len(x)):
        for c in range(x.shape[1]):
            total[c] += x[i, c]


@parallel_kernel
def sum_in_order(partial, result):
    """partial (parts, n) -> result (n,), always in the order of the parts."""
    for block in prange(-(-len(result) // NUMBERS)):
        _sum_in_order(partial, np.int64(block) * NUMBERS, result)


@kernel
def _sum_in_order(partial, start, result):
    stop = min(start + NUMBERS, len(result))
    for i in range(start, stop):
        result[i] = partial[0, i]
    for part in range(1, len(partial)):
        for i in range(start, stop):
            result[i] += partial[part, i]
