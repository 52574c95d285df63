"""Weights rearranged for the micro-kernel: panels of as many columns as a tile is wide, each contiguous in memory.

A row of a panel is what one step of the micro-kernel loads, so that a panel is read from front to back, and stays
in the L2 cache while all tiles of a unit pass over it. Columns that do not exist are zeros.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel


@parallel_kernel
def pack(w, taps, group_stride, depth_stride, column_stride, columns, panels):  # type: ignore[no-untyped-def]
    """Weights w, flat, -> panels (groups, panels, taps · depth, width).

    Number d of tap t in column j of group g is w[taps[t] + g·group_stride + d·depth_stride + j·column_stride];
    a group has `columns` of them. What is summed over (depth) and what is not (columns) are C and K of the kernel
    (R, S, C, K) in a convolution, K and C in its input gradient: the strides make the one from the other.
    """
    for item in prange(panels.shape[0] * panels.shape[1]):
        _pack_one(np.int64(item), w, taps, group_stride, depth_stride, column_stride, columns, panels)


@kernel
def _pack_one(item, w, taps, group_stride, depth_stride, column_stride, columns, panels):  # type: ignore[no-untyped-def]
    _, count, length, width = panels.shape
    g, p = item // count, item % count
    panel = panels[g, p]
    depth = length // len(taps)
    used = min(width, columns - p * width)
    for t in range(len(taps)):
        start = taps[t] + g * group_stride + p * width * column_stride
        for d in range(depth):
            row = start + d * depth_stride
            if column_stride == 1:
                for j in range(used):
                    panel[t * depth + d, j] = w[row + j]
            else:
                for j in range(used):
                    panel[t * depth + d, j] = w[row + j * column_stride]
            for j in range(used, width):
                panel[t * depth + d, j] = 0
