"""Batch normalization, ReLU and max-pooling as one.

Each strip of an image (`relu_pool`) is normalized, and pooled, in registers; and so is the gradient of what was pooled
spread out. So x passes through memory once forwards, after its moments were taken, and twice backwards: for the sums,
and for dx.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu import pool_rows
from minicnn.kernels.cpu.calls import address_of, call_address
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.relu_pool import blocks_of, kind_of, long_rows, strips_of
from minicnn.kernels.cpu.sums import sum_in_order
from minicnn.kernels.cpu.threads import exclusive, scratch
from minicnn.kernels.cpu.units import Pair


def forward(
    x: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    size: Pair,
    y: np.ndarray,
    winners: np.ndarray,
) -> None:
    """x (N, H, W, C) -> y, winners (N, PH, PW, C): max-pooled relu((x - mean) · scale · gamma + beta)."""
    x, y, winners = long_rows(size, x, y, winners)
    function = pool_rows.normalized_forward(size, kind_of(x))
    with exclusive:
        _forward(function, x, mean, scale, gamma, beta, size, y, winners)


def parameter_gradients(
    dy: np.ndarray,
    winners: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    size: Pair,
    gradients: np.ndarray,
) -> None:
    """gradients (2, C): the sums of dz · (x - mean) · scale and of dz, which is dy (N, PH, PW, C) spread over x."""
    dy, winners, x = long_rows(size, dy, winners, x)
    blocks, channels = blocks_of(x.shape, size), x.shape[3]
    function = pool_rows.normalized_sums(size, kind_of(x))
    with exclusive:
        partial = scratch("sums", blocks * 2 * channels, x.dtype).reshape(blocks, 2, channels)
        _sums(function, dy, winners, x, mean, scale, size, partial)
        sum_in_order(partial.reshape(blocks, -1), gradients.reshape(-1))


def input_gradient(
    dy: np.ndarray,
    winners: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    factor: np.ndarray,
    through_mean: np.ndarray,
    through_variance: np.ndarray,
    size: Pair,
    dx: np.ndarray,
) -> None:
    """dx (N, H, W, C) = (dz - through_mean - (x - mean) · scale · through_variance) · factor; the others (C,)."""
    dy, winners, x, dx = long_rows(size, dy, winners, x, dx)
    function = pool_rows.normalized_backward(size, kind_of(x))
    with exclusive:
        _backward(function, dy, winners, x, mean, scale, factor, through_mean, through_variance, size, dx)


@parallel_kernel
def _forward(function, x, mean, scale, gamma, beta, size, y, winners):
    for item in prange(y.shape[0] * y.shape[1]):
        _forward_strip(np.int64(item), function, x, mean, scale, gamma, beta, size, y, winners)


@kernel
def _forward_strip(item, function, x, mean, scale, gamma, beta, size, y, winners):
    _, height, width, channels = y.shape
    image, strip = item // height, item % height
    call_address(
        function,
        (
            width,
            channels,
            x.shape[2] * channels,
            channels,
            address_of(x[image, strip * size[0]]),
            address_of(y[image, strip]),
            address_of(winners[image, strip]),
            address_of(mean),
            address_of(scale),
            address_of(gamma),
            address_of(beta),
        ),
    )


@parallel_kernel
def _sums(function, dy, winners, x, mean, scale, size, partial):
    """Strips are dealt out to blocks as in `relu_pool`; those without windows have no gradient."""
    for block in prange(len(partial)):
        _sum_block(np.int64(block), function, dy, winners, x, mean, scale, size, partial)


@kernel
def _sum_block(block, function, dy, winners, x, mean, scale, size, partial):
    _, height, width, channels = dy.shape
    n = len(x) * height
    partial[block] = 0
    for item in range(block * n // len(partial), (block + 1) * n // len(partial)):
        image, strip = item // height, item % height
        call_address(
            function,
            (
                width,
                channels,
                x.shape[2] * channels,
                channels,
                address_of(dy[image, strip]),
                address_of(winners[image, strip]),
                address_of(x[image, strip * size[0]]),
                address_of(mean),
                address_of(scale),
                address_of(partial[block, 0]),
                address_of(partial[block, 1]),
            ),
        )


@parallel_kernel
def _backward(function, dy, winners, x, mean, scale, factor, through_mean, through_variance, size, dx):
    strips = strips_of(x.shape[1], size[0])
    for item in prange(x.shape[0] * strips):
        _backward_strip(
            np.int64(item), function, dy, winners, x, mean, scale, factor, through_mean, through_variance, size, dx
        )


@kernel
def _backward_strip(item, function, dy, winners, x, mean, scale, factor, through_mean, through_variance, size, dx):
    _, height, width, channels = dy.shape
    strips = strips_of(x.shape[1], size[0])
    image, strip = item // strips, item % strips
    top = strip * size[0]
    if strip < height:
        call_address(
            function,
            (
                width,
                channels,
                x.shape[2] * channels,
                channels,
                address_of(dy[image, strip]),
                address_of(winners[image, strip]),
                address_of(x[image, top]),
                address_of(mean),
                address_of(scale),
                address_of(factor),
                address_of(through_mean),
                address_of(through_variance),
                address_of(dx[image, top]),
            ),
        )
    # What no window holds won nothing, but it went into mean and variance.
    left = width * size[1] if strip < height else 0
    for row in range(top, min(top + size[0], x.shape[1])):
        for j in range(left, x.shape[2]):
            source, target = x[image, row, j], dx[image, row, j]
            for c in range(channels):
                normalized = (source[c] - mean[c]) * scale[c]
                target[c] = (-through_mean[c] - normalized * through_variance[c]) * factor[c]
