"""Where branches of a network meet: sums of two arrays, and columns of one put into another."""

from __future__ import annotations

from numba import prange

from minicnn.kernels.cpu.jit import parallel_kernel


@parallel_kernel
def add(x, y, z):
    """x, y, z (n,): z = x + y."""
    for i in prange(len(x)):
        z[i] = x[i] + y[i]


@parallel_kernel
def add_to(total, x):
    """total, x (n,): total += x. A kernel of its own: where it may be the same memory, `add` has no vectors."""
    for i in prange(len(x)):
        total[i] += x[i]


@parallel_kernel
def copy_columns(x, start, y, first, width):
    """x (rows, columns) from column `start` on, `width` of them, into y (rows, others) from column `first` on."""
    for row in prange(len(x)):
        for c in range(width):
            y[row, first + c] = x[row, start + c]
