"""Batch normalization of x (rows, channels), both ways; the sibling of batch_norm.cu, which says more."""

import math

from minicnn.kernels.numba_cuda.launching import ROWS_AT_ONCE, chunks_of_rows, each, each_channel, launched
from minicnn.kernels.numba_cuda.reduction import PARTS, chunk_of_rows, sum_of_threads
from minicnn.kernels.numba_cuda.target import cuda


@launched(chunks_of_rows)
@cuda.jit
def chunk_moments(x, means, squares, rows, channels, rows_of_chunk):
    """The mean of each chunk of rows and its sum of squared distances to that mean, both (chunks, channels)."""
    Real = x.dtype.type
    part = cuda.shared.array(PARTS, x.dtype)
    channel, first, last = chunk_of_rows(cuda.blockIdx.x, rows, rows_of_chunk)
    inside = channel < channels
    start, stop = first + cuda.threadIdx.y, last if inside else first

    own = Real(0)
    for row in range(start, stop, ROWS_AT_ONCE):
        own += x[row * channels + channel]
    mean = sum_of_threads(own, part) / Real(last - first)

    own = Real(0)
    for row in range(start, stop, ROWS_AT_ONCE):
        distance = x[row * channels + channel] - mean
        own += distance * distance
    total = sum_of_threads(own, part)

    if inside and cuda.threadIdx.y == 0:
        means[cuda.blockIdx.x * channels + channel] = mean
        squares[cuda.blockIdx.x * channels + channel] = total


@launched(each_channel)
@cuda.jit
def combine_moments(means, squares, mean, variance, rows, channels, rows_of_chunk):
    """One thread a channel puts the chunks together, first to last -> mean, biased variance (channels,)."""
    Real = mean.dtype.type
    channel = cuda.grid(1)
    if channel >= channels:
        return
    center, spread = Real(0), Real(0)
    i = channel
    for before in range(0, rows, rows_of_chunk):
        here = min(rows - before, rows_of_chunk)
        share, distance = Real(here) / Real(before + here), means[i] - center
        center += distance * share
        spread += squares[i] + distance * distance * Real(before) * share
        i += channels
    mean[channel] = center
    variance[channel] = spread / Real(rows)


@cuda.jit(device=True, inline="always")
def inverse_deviation(variance, epsilon, Real):
    """1 / sqrt(variance + epsilon)."""
    return Real(1) / math.sqrt(variance + epsilon)


@launched(each)
@cuda.jit
def normalize(x, gamma, beta, mean, variance, epsilon, y, channels, n):
    """y = gamma · (x - mean) / sqrt(variance + epsilon) + beta, for training and for inference."""
    i = cuda.grid(1)
    if i >= n:
        return
    c = i % channels
    y[i] = (x[i] - mean[c]) * inverse_deviation(variance[c], epsilon, x.dtype.type) * gamma[c] + beta[c]


@launched(chunks_of_rows)
@cuda.jit
def parameter_gradients(dy, x, mean, variance, epsilon, sums, rows, channels, rows_of_chunk):
    """Sums of dy · normalized x, then of dy -> sums (chunks, 2, channels)."""
    Real = x.dtype.type
    part = cuda.shared.array(PARTS, x.dtype)
    channel, first, last = chunk_of_rows(cuda.blockIdx.x, rows, rows_of_chunk)
    inside = channel < channels

    for_gamma, for_beta = Real(0), Real(0)
    if inside:
        center, scale = mean[channel], inverse_deviation(variance[channel], epsilon, Real)
        for row in range(first + cuda.threadIdx.y, last, ROWS_AT_ONCE):
            upstream = dy[row * channels + channel]
            for_gamma += upstream * ((x[row * channels + channel] - center) * scale)
            for_beta += upstream
    dgamma = sum_of_threads(for_gamma, part)
    dbeta = sum_of_threads(for_beta, part)

    if inside and cuda.threadIdx.y == 0:
        sums[2 * cuda.blockIdx.x * channels + channel] = dgamma
        sums[(2 * cuda.blockIdx.x + 1) * channels + channel] = dbeta


@launched(each)
@cuda.jit
def input_gradient(dy, x, gamma, mean, variance, epsilon, dgamma, dbeta, dx, rows, channels, n):
    """dx: what reaches x directly, less what every x did to the mean, less what it did to the variance."""
    Real = x.dtype.type
    i = cuda.grid(1)
    if i >= n:
        return
    c = i % channels
    scale = inverse_deviation(variance[c], epsilon, Real)
    normalized = (x[i] - mean[c]) * scale
    through_mean, through_variance = dbeta[c] / Real(rows), normalized * (dgamma[c] / Real(rows))
    dx[i] = (dy[i] - through_mean - through_variance) * (scale * gamma[c])
