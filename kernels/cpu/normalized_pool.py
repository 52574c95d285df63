"""Batch normalization, ReLU and max-pooling as one.

Every strip of rows that a row of windows covers is normalized into memory that stays in the L1 cache, and pooled from
there; backwards its gradient is spread out into such memory, and used from there. So x passes through memory once
forwards, after its moments were taken, and twice backwards: for the sums, and for dx.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.relu_pool import gradient_strip, relu_pool_row, strips_of


@parallel_kernel
def forward(x, mean, scale, gamma, beta, size, y, winners):
    """x (N, H, W, C) -> y, winners (N, PH, PW, C): max-pooled relu((x - mean) · scale · gamma + beta)."""
    for item in prange(y.shape[0] * y.shape[1]):
        _forward_strip(np.int64(item), x, mean, scale, gamma, beta, size, y, winners)


@kernel
def _forward_strip(item, x, mean, scale, gamma, beta, size, y, winners):
    _, height, width, channels = y.shape
    image, top = item // height, item % height * size[0]
    normalized = np.empty((size[0], width * size[1], channels), x.dtype)
    for r in range(size[0]):
        for j in range(width * size[1]):
            source, target = x[image, top + r, j], normalized[r, j]
            for c in range(channels):
                target[c] = (source[c] - mean[c]) * scale[c] * gamma[c] + beta[c]
    line, at = width * size[1] * channels, item * width * channels
    relu_pool_row(
        normalized.reshape(-1),
        0,
        line,
        channels,
        0,
        channels,
        size,
        y.reshape(-1),
        winners.reshape(-1),
        at,
        width,
    )


@parallel_kernel
def parameter_gradients(dy, winners, x, mean, scale, size, partial):
    """partial (blocks, 2, C): over each block of strips, the sums of dz · (x - mean) · scale and of dz.

    dz is dy (N, PH, PW, C) spread over x's pixels. The strips are dealt out to blocks as in `relu_pool.gradient`.
    """
    for block in prange(len(partial)):
        _sum_block(np.int64(block), dy, winners, x, mean, scale, size, partial)


@kernel
def _sum_block(block, dy, winners, x, mean, scale, size, partial):
    n = len(x) * dy.shape[1]  # strips without windows have no gradient
    total = partial[block]
    total[:] = 0
    dz = np.empty((size[0], x.shape[2], x.shape[3]), x.dtype)
    for item in range(block * n // len(partial), (block + 1) * n // len(partial)):
        image, strip = item // dy.shape[1], item % dy.shape[1]
        gradient_strip(dy, winners, image, strip, size, dz)
        for r in range(size[0]):
            for j in range(x.shape[2]):
                _add(dz[r, j], x[image, strip * size[0] + r, j], mean, scale, total[0], total[1])


@kernel
def _add(dz, x, mean, scale, dgamma, dbeta):
    for c in range(len(dz)):
        dgamma[c] += dz[c] * ((x[c] - mean[c]) * scale[c])
        dbeta[c] += dz[c]


@parallel_kernel
def input_gradient(dy, winners, x, mean, scale, gamma, through_mean, through_variance, size, dx):
    """dx (N, H, W, C) = (dz - through_mean - normalized x · through_variance) · gamma · scale; the others (C,)."""
    strips = strips_of(x.shape[1], size[0])
    for item in prange(x.shape[0] * strips):
        image, strip = np.int64(item) // strips, np.int64(item) % strips
        _input_strip(image, strip, dy, winners, x, mean, scale, gamma, through_mean, through_variance, size, dx)


@kernel
def _input_strip(image, strip, dy, winners, x, mean, scale, gamma, through_mean, through_variance, size, dx):
    top = strip * size[0]
    rows = dx[image, top : min(top + size[0], dx.shape[1])]
    gradient_strip(dy, winners, image, strip, size, rows)
    for r in range(len(rows)):
        for j in range(x.shape[2]):
            source, target = x[image, top + r, j], rows[r, j]
            for c in range(len(target)):
                normalized = (source[c] - mean[c]) * scale[c]
                target[c] = (target[c] - through_mean[c] - normalized * through_variance[c]) * (gamma[c] * scale[c])
