"""Matrix products of very few rows with a matrix that no cache holds: the matrix passes by once, row after row.

A dense layer that predicts for one image does two operations with each weight: nothing but reading them takes time. So
they are read in the order in which they lie in memory, which is what the memory is fastest at; the sums that they go
into, a row of C for each row of A, stay in the caches. Rows of B are dealt out to a fixed number of partial sums, which
are added in their order: the same bits on any number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import fma_kernel, kernel, parallel_kernel
from minicnn.kernels.cpu.threads import exclusive, scratch

ROWS = 8  # of A at most: with more of them arithmetic takes the time
NUMBERS = 1 << 20  # in B at least: a smaller one stays in the caches from call to call
SLOTS = 16  # partial sums
STEPS = 4  # rows of B that are added at a time: so often fewer the sums are loaded and stored


def suits(rows: int, columns: int, depth: int) -> bool:
    """Whether C (rows, columns) = A (rows, depth) @ B is worth it."""
    return rows <= ROWS and columns * depth >= NUMBERS


def product(a: np.ndarray, b: np.ndarray, bias: np.ndarray | None, c: np.ndarray, relu: bool) -> None:
    """c (M, N) = a (M, K) @ b (K, N) + bias (N,), and of that what is positive if `relu`. All contiguous, one dtype."""
    with exclusive:
        partial = scratch("slots", SLOTS * c.size, c.dtype).reshape(SLOTS, *c.shape)
        _sum_slots(a, b, partial)
        _finish(partial, c[0] if bias is None else bias, bias is None, relu, c)


@parallel_kernel
def _sum_slots(a, b, partial):
    for slot in prange(len(partial)):
        _sum_slot(np.int64(slot), a, b, partial)


@fma_kernel
def _sum_slot(slot, a, b, partial):
    total = partial[slot]
    total[:] = 0
    first, last = slot * len(b) // len(partial), (slot + 1) * len(b) // len(partial)
    whole = first + (last - first) // STEPS * STEPS
    for k in range(first, whole, STEPS):
        b0, b1, b2, b3 = b[k], b[k + 1], b[k + 2], b[k + 3]
        for i in range(len(a)):
            a0, a1, a2, a3 = a[i, k], a[i, k + 1], a[i, k + 2], a[i, k + 3]
            row = total[i]
            for j in range(len(row)):
                row[j] += a0 * b0[j] + a1 * b1[j] + a2 * b2[j] + a3 * b3[j]
    for k in range(whole, last):
        for i in range(len(a)):
            for j in range(b.shape[1]):
                total[i, j] += a[i, k] * b[k, j]


@kernel
def _finish(partial, bias, no_bias, relu, c):
    """The sum of the parts in their order, and what comes after it; NaN stays through ReLU."""
    zero = c.dtype.type(0)
    for i in range(len(c)):
        for j in range(c.shape[1]):
            value = partial[0, i, j]
            for part in range(1, len(partial)):
                value += partial[part, i, j]
            if not no_bias:
                value += bias[j]
            c[i, j] = zero if relu and value < zero else value
