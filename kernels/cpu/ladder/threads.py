"""Step 8 of the ladder: threads. The blocks of pixels are shared out, and nothing else changes.

Every block writes pixels of its own and reads what nobody writes, so the threads need not speak to one another
before they are done. How the work is cut does not depend on how many they are: each y is the same sum in the same
order whoever computes it, and the result has the same bits on one core and on a hundred.

Two cores have twice the registers, L1 and L2, so the inner loops gain what they should. The main memory they share.
Source: Smith et al., Anatomy of high-performance many-threaded matrix multiplication (2014): which of the loops to
share out, and why.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import parallel_kernel
from minicnn.kernels.cpu.ladder.blocks import PIXELS, block, packed
from minicnn.kernels.cpu.ladder.implicit import Pair, tables
from minicnn.kernels.cpu.ladder.registers import MR
from minicnn.kernels.cpu.ladder.tile import filled_up
from minicnn.kernels.cpu.threads import exclusive


def conv2d(x: np.ndarray, w: np.ndarray, y: np.ndarray, strides: Pair) -> None:
    """x (N, H, W, C), w (R, S, C, K), strides (down, across) -> y (N, OH, OW, K). All contiguous."""
    row, column = tables(x.shape, w.shape, y.shape, strides)
    panels = packed(w.reshape(-1, w.shape[3]))
    with exclusive:
        _product(x.reshape(-1), filled_up(row), column, panels, y.reshape(-1, y.shape[3]))


@parallel_kernel
def _product(x: np.ndarray, row: np.ndarray, column: np.ndarray, panels: np.ndarray, y: np.ndarray) -> None:
    blocks = -(-len(y) // PIXELS)
    size = -(-len(y) // (blocks * MR)) * MR  # all about as large, so that nobody waits for the last one
    for b in prange(blocks):
        p = min(np.int64(b) * size, len(y))  # prange counts in unsigned numbers, which do not mix with signed ones
        block(x, row[p : p + size], column, panels, y[p : p + size])
