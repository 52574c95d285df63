"""Matrices rearranged for the micro-kernel: panels of as many columns as a tile is wide, each contiguous in memory.

A row of a panel is what one step of the micro-kernel loads, so that a panel is read from front to back, and stays
in the L2 cache while all tiles of a unit pass over it. Columns that do not exist are zeros.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel

LINE, COLUMN = 16, 32  # numbers of a block that is turned round in the L1 cache: along a row of w, and down


@parallel_kernel
def pack_filters(w, taps, channels, filters, transposed, panels):
    """Weights w (R·S·C, K) -> panels (groups, panels, taps · depth, width) of the taps that start at rows `taps` of w.

    A convolution sums over C and has K columns, its input gradient (`transposed`) sums over K and has C columns.
    In groups, C = `channels` and K / groups = `filters` belong to each.
    """
    for item in prange(panels.shape[0] * panels.shape[1]):
        _pack_panel(np.int64(item), w, taps, channels, filters, transposed, panels)


@kernel
def _pack_panel(item, w, taps, channels, filters, transposed, panels):
    g, p = item // panels.shape[1], item % panels.shape[1]
    depth, width = panels.shape[2] // len(taps), panels.shape[3]
    first = p * width
    for t in range(len(taps)):
        panel = panels[g, p, t * depth : (t + 1) * depth]
        if transposed:
            last = min(first + width, channels)
            pack_transposed(w[taps[t] + first : taps[t] + last, g * filters : (g + 1) * filters], panel)
        else:
            last = min(first + width, filters)
            pack(w[taps[t] : taps[t] + depth, g * filters + first : g * filters + last], panel)


@kernel
def pack(part, panel):
    """part (n, used) -> panel (n, width), zeros in the columns that are left."""
    used = part.shape[1]
    if used < panel.shape[1]:
        panel[:] = 0  # all of it at once is quicker than a few numbers in every row
    for i in range(len(part)):
        source, target = part[i], panel[i]
        for j in range(used):
            target[j] = source[j]


@kernel
def pack_transposed(part, panel):
    """part (used, n) -> panel (n, width), zeros in the columns that are left."""
    used = len(part)
    if used < panel.shape[1]:
        panel[:] = 0
    for i in range(part.shape[1]):
        target = panel[i]
        for j in range(used):  # written in order, read down a column: the other way round takes three times as long
            target[j] = part[j, i]


@parallel_kernel
def flip_and_transpose(w, turned):
    """w (R, S, C, K) -> turned (R, S, K, C), taps from the last to the first: the kernel of the input gradient."""
    blocks = -(-w.shape[3] // LINE)
    for item in prange(w.shape[0] * w.shape[1] * blocks):
        _transpose_block(np.int64(item), blocks, w, turned)


@kernel
def _transpose_block(item, blocks, w, turned):
    tap, first = item // blocks, item % blocks * LINE
    r, s = tap // w.shape[1], tap % w.shape[1]
    source, target = w[r, s], turned[w.shape[0] - 1 - r, w.shape[1] - 1 - s]
    for start in range(0, source.shape[0], COLUMN):
        for k in range(first, min(first + LINE, source.shape[1])):
            row = target[k]
            for c in range(start, min(start + COLUMN, source.shape[0])):
                row[c] = source[c, k]
