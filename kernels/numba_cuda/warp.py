"""A warp as a team of 32 threads; the sibling of warp.cuh, which says more."""

import math

from minicnn.kernels.numba_cuda.target import cuda

LANES = 32
ALL_LANES = 0xFFFFFFFF


@cuda.jit(device=True, inline="always")
def warp_sum(value):
    """The sum of what the lanes have, known to all of them."""
    distance = LANES // 2
    while distance > 0:
        value += cuda.shfl_xor_sync(ALL_LANES, value, distance)
        distance //= 2
    return value


@cuda.jit(device=True, inline="always")
def warp_max(value):
    """The largest of what the lanes have, known to all of them. NaN wins: it must not go unnoticed."""
    distance = LANES // 2
    while distance > 0:
        other = cuda.shfl_xor_sync(ALL_LANES, value, distance)
        if other > value or other != other:
            value = other
        distance //= 2
    return value


@cuda.jit(device=True, inline="always")
def row_of_warp():
    """The row of this thread's warp."""
    return cuda.blockIdx.x * cuda.blockDim.y + cuda.threadIdx.y


@cuda.jit(device=True, inline="always")
def row_max(row):
    """The largest of a row, known to all lanes."""
    largest = row.dtype.type(-math.inf)
    for k in range(cuda.threadIdx.x, row.size, LANES):
        if row[k] > largest or row[k] != row[k]:
            largest = row[k]
    return warp_max(largest)
