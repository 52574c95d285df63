"""Sums over everything but the channels; the sibling of sums.cu."""

from minicnn.kernels.numba_cuda.launching import ROWS_AT_ONCE, chunks_of_rows, launched
from minicnn.kernels.numba_cuda.reduction import PARTS, chunk_of_rows, sum_of_threads
from minicnn.kernels.numba_cuda.target import cuda


@launched(chunks_of_rows)
@cuda.jit
def column_sums(a, sums, rows, channels, rows_of_chunk):
    """a (rows, channels) -> sums (chunks, channels), each over its rows_of_chunk rows."""
    part = cuda.shared.array(PARTS, a.dtype)
    channel, first, last = chunk_of_rows(cuda.blockIdx.x, rows, rows_of_chunk)
    own = a.dtype.type(0)
    if channel < channels:
        for row in range(first + cuda.threadIdx.y, last, ROWS_AT_ONCE):
            own += a[row * channels + channel]
    total = sum_of_threads(own, part)
    if channel < channels and cuda.threadIdx.y == 0:
        sums[cuda.blockIdx.x * channels + channel] = total
