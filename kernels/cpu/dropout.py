"""Dropout by counter: number i decides about element i, whoever computes it and in whatever order.

Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011): Philox4x32-10.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel

# All in uint64, cut to 32 bits where Philox says so: Numba makes uint64 of uint32 · uint32, and float64 of uint64 with
# a plain integer, without a word.
_MULTIPLIER_A, _MULTIPLIER_C = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_STEP_0, _STEP_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_ROUNDS = 10


BLOCK = 512  # counters that a thread takes at a time: four numbers each


@parallel_kernel
def dropout(x, threshold, scale, key, y):
    """y = x · scale where random number i is at least `threshold`, else 0. x, y flat; threshold, key (2,) uint64."""
    for block in prange(-(-len(x) // (4 * BLOCK))):
        start = np.int64(block) * 4 * BLOCK
        stop = start + 4 * BLOCK
        _drop(np.int64(block) * BLOCK, x[start:stop], threshold, scale, key[0], key[1], y[start:stop])


@kernel
def _drop(counter, x, threshold, scale, seed, step, y):
    words = np.empty((4, BLOCK), np.uint32)
    philox(counter, step, seed, words)
    zero = x.dtype.type(0)
    for i in range(len(x)):
        y[i] = x[i] * scale if words[i & 3, i >> 2] >= threshold else zero


@kernel
def philox(first, step, seed, words):
    """Philox4x32-10 of the counters (i low, i high, step, 0), i from `first` on -> words (4, n) of 32 bits each.

    One plain array for each word, and no branch: so the loop over counters becomes vectors.
    """
    for i in range(words.shape[1]):
        counter = np.uint64(first + i)
        a, b, c, d = counter & _LOW, counter >> _32, step & _LOW, np.uint64(0)
        k0, k1 = seed & _LOW, seed >> _32
        for _ in range(_ROUNDS):
            left, right = _MULTIPLIER_A * a, _MULTIPLIER_C * c
            a, b, c, d = (right >> _32) ^ b ^ k0, right & _LOW, (left >> _32) ^ d ^ k1, left & _LOW
            k0, k1 = (k0 + _STEP_0) & _LOW, (k1 + _STEP_1) & _LOW
        words[0, i], words[1, i], words[2, i], words[3, i] = a, b, c, d
