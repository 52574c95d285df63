"""Batch normalization, the sum with a shortcut and ReLU as one, by `channel_rows`.

x and the shortcut pass through memory once forwards, after the moments of x were taken. Backwards, what ReLU lets
through of dy is the shortcut's gradient: it is written while the sums for gamma and beta are taken.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu import channel_rows
from minicnn.kernels.cpu.calls import address_of, call_address
from minicnn.kernels.cpu.channel_rows import rows_at_a_time
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.relu_pool import kind_of
from minicnn.kernels.cpu.sums import ROWS, blocks_of, sum_in_order
from minicnn.kernels.cpu.threads import exclusive, scratch


def forward(
    x: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    shortcut: np.ndarray,
    relu: str,
    y: np.ndarray,
    winners: np.ndarray,
) -> None:
    """x, shortcut, y, winners (rows, C), the others (C,). relu, winners: as in `channel_rows.normalized_sum`."""
    function = channel_rows.normalized_sum(relu, kind_of(x))
    with exclusive:
        _forward(function, x, mean, scale, gamma, beta, shortcut, y, winners)


def gradients(
    dy: np.ndarray,
    winners: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    dz: np.ndarray,
    sums: np.ndarray,
) -> None:
    """dy, winners, x -> dz (rows, C), what ReLU let through of dy; sums (2, C): of dz · (x - mean) · scale, of dz."""
    blocks, channels = blocks_of(len(x)), x.shape[1]
    function = channel_rows.gradients(kind_of(x))
    with exclusive:
        partial = scratch("sums", blocks * 2 * channels, x.dtype).reshape(blocks, 2, channels)
        _gradients(function, dy, winners, x, mean, scale, dz, partial)
        sum_in_order(partial.reshape(blocks, -1), sums.reshape(-1))


@parallel_kernel
def _forward(function, x, mean, scale, gamma, beta, shortcut, y, winners):
    for block in prange(-(-len(x) // ROWS)):
        _forward_block(np.int64(block), function, x, mean, scale, gamma, beta, shortcut, y, winners)


@kernel
def _forward_block(block, function, x, mean, scale, gamma, beta, shortcut, y, winners):
    channels = x.shape[1]
    last = min((block + 1) * ROWS, len(x))
    together = rows_at_a_time(channels)
    for row in range(block * ROWS, last, together):
        number = row * channels
        call_address(
            function,
            (
                min(together, last - row),
                channels,
                address_of(x) + number * x.itemsize,
                address_of(mean),
                address_of(scale),
                address_of(gamma),
                address_of(beta),
                address_of(shortcut) + number * x.itemsize,
                address_of(y) + number * x.itemsize,
                address_of(winners) + number,
            ),
        )


@parallel_kernel
def _gradients(function, dy, winners, x, mean, scale, dz, partial):
    for block in prange(len(partial)):
        _gradients_block(np.int64(block), function, dy, winners, x, mean, scale, dz, partial)


@kernel
def _gradients_block(block, function, dy, winners, x, mean, scale, dz, partial):
    channels = x.shape[1]
    last = min((block + 1) * ROWS, len(x))
    together = rows_at_a_time(channels)
    dgamma = address_of(partial) + block * 2 * channels * x.itemsize
    partial[block] = 0
    for row in range(block * ROWS, last, together):
        number = row * channels
        call_address(
            function,
            (
                min(together, last - row),
                channels,
                address_of(dy) + number * x.itemsize,
                address_of(winners) + number,
                address_of(x) + number * x.itemsize,
                address_of(mean),
                address_of(scale),
                address_of(dz) + number * x.itemsize,
                dgamma,
                dgamma + channels * x.itemsize,
            ),
        )
