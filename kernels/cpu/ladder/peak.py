"""What no kernel can beat: multiply-adds that wait for nothing, and copying at full speed.

These are measured, not read from a data sheet: clock rates change with heat and company.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import fma_kernel, parallel_kernel
from minicnn.kernels.cpu.ladder.registers import MR, NR, accumulators

ROUNDS = 100_000
FLOPS = 2 * MR * NR * ROUNDS
"""Multiplications and additions in one call of `multiply_add`."""


@fma_kernel
def multiply_add(factor: float) -> float:
    """A register tile of sums, none of which needs another: as many multiply-adds are under way as there can be."""
    sums = accumulators(MR, NR)
    sums[:] = 1
    for _ in range(ROUNDS):
        for j in range(NR):
            for i in range(MR):
                sums[i, j] = sums[i, j] * factor + factor
    total = np.float32(0)  # if nobody wanted the sums, LLVM would compute none
    for i in range(MR):
        for j in range(NR):
            total += sums[i, j]
    return total


@parallel_kernel
def multiply_add_on_all(factors: np.ndarray, results: np.ndarray) -> None:
    """`multiply_add` of each of factors (threads,) -> results (threads,), on a thread each."""
    for thread in prange(len(results)):
        results[thread] = multiply_add(factors[thread])


@parallel_kernel
def copy(source: np.ndarray, target: np.ndarray) -> None:
    """source (threads, n) -> target (threads, n), a row for each thread."""
    for thread in prange(len(source)):
        _copy(source[thread], target[thread])


@fma_kernel
def _copy(source: np.ndarray, target: np.ndarray) -> None:
    for i in range(len(source)):
        target[i] = source[i]
