"""Steps 2 and 3 of the ladder: the six loops again, compiled; and then in an order that the machine likes.

Numba translates the loops to machine code. That alone is worth a factor of a thousand, since Python looks up every
index and boxes every number. But the order of the definition, with the sum innermost, is a bad one:

- Each addition waits for the one before it, four or five cycles; the processor could start two in every cycle.
- Neighbouring terms lie K numbers apart in w, so there is no vector of them to load.

With the filters innermost, x[n, h, w, c] meets a row of w and a row of y, both contiguous. Neighbouring additions
belong to different sums, so LLVM may do a whole register of them with one instruction, and product and sum in one
(a fused multiply-add). Every y still adds up the same products in the same order.
Sources: Lam, Pitrou and Seibert, Numba: a LLVM-based Python JIT compiler (2015); Allen and Kennedy, Automatic loop
interchange (1984).
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.jit import fma_kernel, kernel

Pair = tuple[int, int]


@kernel
def definition_order(x: np.ndarray, w: np.ndarray, y: np.ndarray, strides: Pair) -> None:
    """x (N, H, W, C), w (R, S, C, K), strides (down, across) -> y (N, OH, OW, K). One y after the other."""
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for k in range(y.shape[3]):
                    total = np.float32(0)
                    for r in range(w.shape[0]):
                        for s in range(w.shape[1]):
                            for c in range(w.shape[2]):
                                total += x[n, i * strides[0] + r, j * strides[1] + s, c] * w[r, s, c, k]
                    y[n, i, j, k] = total


@fma_kernel
def filters_innermost(x: np.ndarray, w: np.ndarray, y: np.ndarray, strides: Pair) -> None:
    """x (N, H, W, C), w (R, S, C, K), strides (down, across) -> y (N, OH, OW, K). All K sums of a pixel at once."""
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                totals = y[n, i, j]
                totals[:] = 0
                for r in range(w.shape[0]):
                    for s in range(w.shape[1]):
                        for c in range(w.shape[2]):
                            pixel = x[n, i * strides[0] + r, j * strides[1] + s, c]
                            row = w[r, s, c]
                            for k in range(w.shape[3]):
                                totals[k] += pixel * row[k]
