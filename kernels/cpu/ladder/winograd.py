"""Step 10 of the ladder: Winograd's F(2x2, 3x3). The same outputs with fewer multiplications.

All steps before did the definition's multiplications, only faster. But four neighbouring outputs of a 3x3 kernel, a
2x2 tile, share most of their pixels: they depend on 4x4 of them. Winograd's identity computes the four with
16 multiplications, where the definition takes 4 · 9 = 36, 2.25 times as many:

    Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A        d (4, 4) pixels, g (3, 3) taps, Y (2, 2) outputs, ⊙ element by element

Bᵀ, G and Aᵀ hold only 0, 1, -1 and ½: additions. The sum over channels goes inside the brackets and makes 16 matrix
products of all tiles at once, (tiles, C) @ (C, K), and those are step 7's blocks. G g Gᵀ is done once.

One dimension shows how: with u = g0 + g2, the products m1 = (d1 + d2) · (u + g1) / 2 and m2 = (d2 - d1) · (u - g1) / 2
serve both outputs: Y0 = (d0 - d2) · g0 + m1 + m2, Y1 = m1 - m2 - (d1 - d3) · g2. Multiply out and see.

The sums and differences on the way round as well, and what they add must cancel. Here that costs nothing, sums of C
numbers are shorter than sums of 9·C; for the larger F(4x4, 3x3) the error is some ten times the definition's.
Source: Lavin and Gray, Fast algorithms for convolutional neural networks (2016), section 4.1.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import fma_kernel, parallel_kernel
from minicnn.kernels.cpu.ladder.blocks import block, packed
from minicnn.kernels.cpu.ladder.implicit import Pair
from minicnn.kernels.cpu.ladder.registers import MR
from minicnn.kernels.cpu.threads import exclusive

G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], np.float32)
TILES = 8 * MR  # that one thread transforms and multiplies at a time: they stay in L2


def conv2d(x: np.ndarray, w: np.ndarray, y: np.ndarray, strides: Pair) -> None:
    """x (N, H, W, C), w (3, 3, C, K) -> y (N, OH, OW, K). All contiguous.

    Raises ValueError for kernels that are not 3x3 and for strides: their outputs share too little.
    """
    if w.shape[:2] != (3, 3) or strides != (1, 1):
        raise ValueError(
            f"Winograd's F(2x2, 3x3) needs a 3x3 kernel and strides (1, 1); got a {w.shape[0]}x{w.shape[1]} kernel "
            f"and strides {strides}; take any other step"
        )
    channels, filters = w.shape[2:]
    u = (G @ (G @ w.reshape(3, -1)).reshape(4, 3, -1)).reshape(16, channels, filters)  # G g Gᵀ
    panels = tuple(packed(matrix) for matrix in u)
    even = [(0, 0), (0, y.shape[1] % 2), (0, y.shape[2] % 2), (0, 0)]  # half a tile at the rim reads zeros
    with exclusive:
        _all_tiles(np.pad(x, even) if y.shape[1] % 2 or y.shape[2] % 2 else x, panels, y, exclusive.count)


@parallel_kernel
def _all_tiles(x: np.ndarray, panels: np.ndarray, y: np.ndarray, threads: int) -> None:
    for thread in prange(threads):
        _some_tiles(x, panels, y, np.int64(thread), threads)


@fma_kernel
def _some_tiles(x: np.ndarray, panels: np.ndarray, y: np.ndarray, thread: int, threads: int) -> None:
    """What one thread does: its share of the batches of TILES tiles. Which thread it is changes no number."""
    channels, filters = x.shape[3], y.shape[3]
    down, across = -(-y.shape[1] // 2), -(-y.shape[2] // 2)
    v, m = np.empty((16, TILES, channels), x.dtype), np.empty((16, TILES, filters), x.dtype)
    half = np.empty((4, 4, max(channels, filters)), x.dtype)
    row, column = np.arange(TILES) * channels, np.arange(channels)  # the tables of a plain matrix
    tiles = len(y) * down * across
    for first in range(thread * TILES, tiles, threads * TILES):
        count = min(TILES, tiles - first)
        for t in range(count):
            n, i, j = (first + t) // (down * across), (first + t) // across % down, (first + t) % across
            _pixels_in(x[n, 2 * i : 2 * i + 4], 2 * j, half, v, t)
        whole = row[: -(-count // MR) * MR]
        for f in range(16):
            block(v[f].reshape(-1), whole, column, panels[f], m[f])
        for t in range(count):
            n, i, j = (first + t) // (down * across), (first + t) // across % down, (first + t) % across
            _outputs_from(m, t, half, y[n, 2 * i : 2 * i + 2], 2 * j)


@fma_kernel
def _pixels_in(d: np.ndarray, j: int, half: np.ndarray, v: np.ndarray, t: int) -> None:
    """Bᵀ d B: four rows of pixels d (4, W, C), from column j on -> v[:, t], (16, C)."""
    for s in range(4):
        for c in range(d.shape[2]):
            d0, d1, d2, d3 = d[0, j + s, c], d[1, j + s, c], d[2, j + s, c], d[3, j + s, c]
            half[0, s, c], half[1, s, c], half[2, s, c], half[3, s, c] = d0 - d2, d1 + d2, d2 - d1, d1 - d3
    for a in range(4):
        v0, v1, v2, v3 = v[4 * a, t], v[4 * a + 1, t], v[4 * a + 2, t], v[4 * a + 3, t]
        for c in range(d.shape[2]):
            d0, d1, d2, d3 = half[a, 0, c], half[a, 1, c], half[a, 2, c], half[a, 3, c]
            v0[c], v1[c], v2[c], v3[c] = d0 - d2, d1 + d2, d2 - d1, d1 - d3


@fma_kernel
def _outputs_from(m: np.ndarray, t: int, half: np.ndarray, y: np.ndarray, j: int) -> None:
    """Aᵀ m A: m[:, t], (16, K) -> one or two rows of outputs y (·, OW, K), columns j and, if it exists, j + 1."""
    for b in range(4):
        m0, m1, m2, m3 = m[b, t], m[4 + b, t], m[8 + b, t], m[12 + b, t]
        for k in range(y.shape[2]):
            half[0, b, k], half[1, b, k] = m0[k] + m1[k] + m2[k], m1[k] - m2[k] - m3[k]
    for a in range(len(y)):
        for k in range(y.shape[2]):
            y[a, j, k] = half[a, 0, k] + half[a, 1, k] + half[a, 2, k]
        if j + 1 < y.shape[1]:
            for k in range(y.shape[2]):
                y[a, j + 1, k] = half[a, 1, k] - half[a, 2, k] - half[a, 3, k]
