"""Sums over rows, channel by channel, in a fixed order; the sibling of reduction.cuh, which says more."""

from minicnn.kernels.numba_cuda.launching import CHANNELS_OF_BLOCK, ROWS_AT_ONCE
from minicnn.kernels.numba_cuda.target import cuda

PARTS = ROWS_AT_ONCE, CHANNELS_OF_BLOCK
"""The shape of the shared memory that a sum needs. A kernel makes it, since only there its dtype is known."""


@cuda.jit(device=True, inline="always")
def chunk_of_rows(chunk, rows, rows_of_chunk):
    """The channel of this thread, and the rows [first, last) of its chunk."""
    first = chunk * rows_of_chunk
    return cuda.blockIdx.y * CHANNELS_OF_BLOCK + cuda.threadIdx.x, first, min(first + rows_of_chunk, rows)


@cuda.jit(device=True, inline="always")
def sum_of_threads(own, part):
    """The sum of what the 8 threads of a channel have, first to last. All threads of a block call it."""
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    part[y, x] = own
    cuda.syncthreads()
    total = part.dtype.type(0)
    for other in range(ROWS_AT_ONCE):
        total += part[other, x]
    cuda.syncthreads()  # nobody may write the next sum's parts before everybody has read these
    return total
