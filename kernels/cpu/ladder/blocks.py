"""Step 7 of the ladder: packed panels and cache blocks. Whatever is loaded again should be near by then.

Registers are the nearest memory. Behind them stand L1 (32 to 48 KB), L2 (about 1 MB), and far away the main memory.
Matrices that fit none of them are cut into pieces that do, in an order that uses each piece up:

    for each block of PIXELS pixels             their part of x stays in L2 while all filters pass over it
        for each block of DEPTH terms           y is added to once a block
            for each panel of NR filters        DEPTH x NR weights stay near L1 while all the pixels pass over them
                for each tile of MR pixels      the sums stay in registers

In w the NR weights of one q and the NR of the next lie K numbers apart, for large K on different pages of memory.
Packed into panels they lie in the order in which the tile reads them, which the processor's prefetcher foresees.
A last panel that is not full gets zeros, so any K will do.
Sources: Goto and van de Geijn (2008); Van Zee and van de Geijn, BLIS: a framework for rapidly instantiating BLAS
functionality (2015), section 4, where these five loops have names.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.jit import fma_kernel
from minicnn.kernels.cpu.ladder.implicit import Pair, tables
from minicnn.kernels.cpu.ladder.registers import MR, NR, accumulators
from minicnn.kernels.cpu.ladder.tile import filled_up

PIXELS = 32 * MR
DEPTH = 512  # adding to y costs more than a panel a little too large for L1


def conv2d(x: np.ndarray, w: np.ndarray, y: np.ndarray, strides: Pair) -> None:
    """x (N, H, W, C), w (R, S, C, K), strides (down, across) -> y (N, OH, OW, K). All contiguous."""
    row, column = tables(x.shape, w.shape, y.shape, strides)
    panels = packed(w.reshape(-1, w.shape[3]))
    _product(x.reshape(-1), filled_up(row), column, panels, y.reshape(-1, y.shape[3]))


@fma_kernel
def packed(w: np.ndarray) -> np.ndarray:
    """w (Q, K) -> panels (ceil(K / NR), Q, NR), zeros in the columns that do not exist."""
    panels = np.zeros((-(-w.shape[1] // NR), w.shape[0], NR), w.dtype)
    for p in range(len(panels)):
        for q in range(len(w)):
            weights = w[q, p * NR : (p + 1) * NR]
            for j in range(len(weights)):
                panels[p, q, j] = weights[j]
    return panels


@fma_kernel
def _product(x: np.ndarray, row: np.ndarray, column: np.ndarray, panels: np.ndarray, y: np.ndarray) -> None:
    for p in range(0, len(y), PIXELS):
        block(x, row[p : p + PIXELS], column, panels, y[p : p + PIXELS])


@fma_kernel
def block(x: np.ndarray, row: np.ndarray, column: np.ndarray, panels: np.ndarray, y: np.ndarray) -> None:
    """y[p] = Σ over q of x[row[p] + column[q]] · w[q] for one block of pixels; len(row) is whole tiles."""
    for q in range(0, len(column), DEPTH):
        for panel in range(len(panels)):
            weights = panels[panel, q : q + DEPTH]
            for p in range(0, len(row), MR):
                target = y[p : p + MR]
                _tile(x, row[p : p + MR], column[q : q + DEPTH], weights, target, panel * NR, q > 0)


@fma_kernel
def _tile(
    x: np.ndarray, row: np.ndarray, column: np.ndarray, weights: np.ndarray, y: np.ndarray, k: int, accumulate: bool
) -> None:
    """y[:, k : k + NR] (+)= the tile's sums; those of rows and columns that y does not have are dropped."""
    sums = accumulators(MR, NR)
    sums[:] = 0
    for q in range(len(column)):
        for j in range(NR):
            for i in range(MR):
                sums[i, j] += x[np.uintp(row[i] + column[q])] * weights[q, j]
    for i in range(len(y)):
        target = y[i, k : k + NR]
        for j in range(len(target)):
            target[j] = target[j] + sums[i, j] if accumulate else sums[i, j]
