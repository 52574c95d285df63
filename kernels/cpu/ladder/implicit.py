"""Step 5 of the ladder: implicit im2col. The same matrix product, but its left matrix is never built.

Element (p, q) of im2col's matrix is a number of x. Where it lies is a sum: where window p starts, plus where tap q
lies within a window.

    P[p, q] = x[row[p] + column[q]]

Two small tables take the place of the matrix. In NHWC most of a row of P is even contiguous in x: a row of the
filter's taps is S·C neighbours. Everything from here on works for whatever the tables say: strides are only another
`row`, dilation another `column`, and a plain matrix is row[p] = p·Q, column[q] = q.

The product itself is a plain loop again, for now. BLAS wants a matrix, so from here on we must do what it did.
Source: Chetlur et al., cuDNN: efficient primitives for deep learning (2014), section 3.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from minicnn.kernels.cpu.jit import fma_kernel

Pair = tuple[int, int]
Shape = tuple[int, ...]


def conv2d(x: np.ndarray, w: np.ndarray, y: np.ndarray, strides: Pair) -> None:
    """x (N, H, W, C), w (R, S, C, K), strides (down, across) -> y (N, OH, OW, K). All contiguous."""
    row, column = tables(x.shape, w.shape, y.shape, strides)
    _product(x.reshape(-1), row, column, w.reshape(-1, w.shape[3]), y.reshape(-1, y.shape[3]))


@lru_cache(maxsize=64)
def tables(x: Shape, w: Shape, y: Shape, strides: Pair) -> tuple[np.ndarray, np.ndarray]:
    """row (N·OH·OW,): where each window starts in x; column (R·S·C,): where each tap lies in a window. In numbers.

    They depend on shapes alone, so that a layer needs them once.
    """
    _, height, width, channels = x
    n, i, j = np.ogrid[: y[0], : y[1], : y[2]]
    r, s, c = np.ogrid[: w[0], : w[1], : w[2]]
    row = ((n * height + i * strides[0]) * width + j * strides[1]) * channels
    column = (r * width + s) * channels + c
    return row.reshape(-1), column.reshape(-1)


@fma_kernel
def _product(x: np.ndarray, row: np.ndarray, column: np.ndarray, w: np.ndarray, y: np.ndarray) -> None:
    """y[p] = Σ over q of x[row[p] + column[q]] · w[q]. Each term loads a w and a y, and stores a y."""
    for p in range(len(row)):
        totals = y[p]
        totals[:] = 0
        for q in range(len(column)):
            pixel = x[row[p] + column[q]]
            weights = w[q]
            for k in range(len(weights)):
                totals[k] += pixel * weights[k]
