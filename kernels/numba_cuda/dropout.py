"""Dropout by the counter-based generator of minicnn.random; the sibling of dropout.cu, which says more.

Numba makes 64 bits of two times 32 (uint32 · uint32 is uint64), so each word is cut to 32 bits where it has to wrap.
"""

from minicnn.kernels.numba_cuda.launching import each_four, launched
from minicnn.kernels.numba_cuda.target import cuda, types

uint32, uint64 = types.uint32, types.uint64


@cuda.jit(device=True, inline="always")
def philox(a, b, c, d, key_0, key_1):
    """Ten rounds of multiplying, swapping and mixing in a key that steps on -> four words of 32 bits."""
    for _ in range(10):
        left, right = uint64(0xD2511F53) * uint64(a), uint64(0xCD9E8D57) * uint64(c)
        a, b = uint32(uint32(right >> uint64(32)) ^ b ^ key_0), uint32(right)
        c, d = uint32(uint32(left >> uint64(32)) ^ d ^ key_1), uint32(left)
        key_0, key_1 = uint32(key_0 + uint32(0x9E3779B9)), uint32(key_1 + uint32(0xBB67AE85))
    return a, b, c, d


@launched(each_four)
@cuda.jit
def dropout(x, threshold, scale, seed_low, seed_high, step, y, n):
    """y = scale · x where random number i is at least `threshold`, else 0.

    Number i is word i % 4 of Philox at counter (i / 4, step), with the seed as its key.
    """
    quad = cuda.grid(1)
    if 4 * quad >= n:
        return
    words = philox(uint32(quad), uint32(quad >> 32), uint32(step), uint32(0), uint32(seed_low), uint32(seed_high))
    for j in range(4):
        i = 4 * quad + j
        if i < n:
            y[i] = x[i] * scale if words[j] >= threshold else 0
