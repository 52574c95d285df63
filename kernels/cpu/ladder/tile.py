"""Step 6 of the ladder: the register tile. Load a number once, multiply it many times.

So far every multiply-add loaded two numbers and stored one, and the processor can load only two vectors in the time
of two multiply-adds. Now MR pixels and NR filters are computed together. Their MR·NR sums stay in registers while q
runs over all of the window:

    for each q:  load NR weights and MR pixels;  do MR·NR multiply-adds

Both are used again and again: MR + NR loads for MR·NR terms. And the sums do not depend on one another, so many
additions are under way at once.

`sums` is an array only to the reader. The loops over i and j have constant lengths; LLVM makes vectors of the
columns, unrolls the rest and finds that all of `sums` fits in registers (`registers` says why it may).
Source: Goto and van de Geijn, Anatomy of high-performance matrix multiplication (2008), section 4.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.jit import fma_kernel
from minicnn.kernels.cpu.ladder.implicit import Pair, tables
from minicnn.kernels.cpu.ladder.registers import MR, NR, accumulators


def conv2d(x: np.ndarray, w: np.ndarray, y: np.ndarray, strides: Pair) -> None:
    """x (N, H, W, C), w (R, S, C, K), strides (down, across) -> y (N, OH, OW, K). All contiguous.

    Raises ValueError unless K is a multiple of NR: a tile would reach past the last filter. Step 7 sees to that.
    """
    filters = w.shape[3]
    if filters % NR:
        raise ValueError(
            f"this step computes {NR} filters at a time on this CPU: it needs a multiple of them, and w has "
            f"{filters}; give it {filters + -filters % NR}, or take step 7, which fills its panels up"
        )
    row, column = tables(x.shape, w.shape, y.shape, strides)
    _product(x.reshape(-1), filled_up(row), column, w.reshape(-1, filters), y.reshape(-1, filters))


def filled_up(row: np.ndarray) -> np.ndarray:
    """`row` with its last entry repeated until tiles are full: those pixels are computed again, and not stored."""
    return np.pad(row, (0, -len(row) % MR), mode="edge")


@fma_kernel
def _product(x: np.ndarray, row: np.ndarray, column: np.ndarray, w: np.ndarray, y: np.ndarray) -> None:
    for p in range(0, len(row), MR):
        for k in range(0, w.shape[1], NR):
            _tile(x, row[p : p + MR], column, w, y, p, k)


@fma_kernel
def _tile(x: np.ndarray, row: np.ndarray, column: np.ndarray, w: np.ndarray, y: np.ndarray, p: int, k: int) -> None:
    """y[p : p + MR, k : k + NR], all of q."""
    sums = accumulators(MR, NR)
    sums[:] = 0
    for q in range(len(column)):
        weights = w[q, k : k + NR]
        for j in range(NR):
            for i in range(MR):
                # Unsigned: Numba need not ask whether the index is negative and counts from the end.
                sums[i, j] += x[np.uintp(row[i] + column[q])] * weights[j]
    for i in range(min(MR, len(y) - p)):
        target = y[p + i, k : k + NR]
        for j in range(NR):
            target[j] = sums[i, j]
