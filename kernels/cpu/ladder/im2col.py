"""Step 4 of the ladder: im2col. The windows are copied into the rows of a matrix, and a library multiplies.

    P (N·OH·OW, R·S·C) @ w (R·S·C, K) -> y (N·OH·OW, K)

People have tuned the matrix product for decades, and BLAS has all of it: the steps that follow here are hidden in
that `@`. The price is the matrix: each pixel is written as often as a window sees it, R·S times at stride 1. For
small K, writing and reading it back takes as long as multiplying it.
Source: Chellapilla, Puri and Simard, High performance convolutional neural networks for document processing (2006).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Pair = tuple[int, int]


def conv2d(x: np.ndarray, w: np.ndarray, y: np.ndarray, strides: Pair) -> None:
    """x (N, H, W, C), w (R, S, C, K), strides (down, across) -> y (N, OH, OW, K). As many threads as BLAS takes."""
    windows = sliding_window_view(x, w.shape[:2], axis=(1, 2))[:, :: strides[0], :: strides[1]]  # a view: no copy yet
    columns = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, w[..., 0].size)  # (N·OH·OW, R·S·C): here it is made
    np.matmul(columns, w.reshape(-1, w.shape[3]), out=y.reshape(-1, y.shape[3]))
