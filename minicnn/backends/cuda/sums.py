"""Sums over rows in two stages, by `sums.cu`: fixed chunks of rows, so that the order never depends on the device."""

from __future__ import annotations

import numpy as np

from minicnn.backends.cuda.device import Device, DeviceArray, launch
from minicnn.backends.cuda.rows import block_of, grid_of

ROWS = 512
"""Rows of a chunk."""


def chunks_of(rows: int) -> int:
    """How many chunks there are, never none: the sum of no rows is 0, and somebody must write it."""
    return max(1, -(-rows // ROWS))


def column_sums(device: Device, a: DeviceArray, rows: int, channels: int) -> DeviceArray:
    """a (rows, channels) in any shape -> (channels,)."""
    chunks = chunks_of(rows)
    if chunks > 1:
        a = _chunk_sums(device, a, rows, channels, chunks, ROWS)
        rows = chunks
    return _chunk_sums(device, a, rows, channels, 1, rows).reshape((channels,))


def won_sums(
    device: Device, dy: DeviceArray, winners: DeviceArray, nobody: int, rows: int, channels: int
) -> DeviceArray:
    """dy, winners (rows, channels) of relu_pool -> (channels,), the sums of the dy that some pixel won."""
    chunks = chunks_of(rows)
    sums = device.empty((chunks, channels), dy.dtype)
    arrays, shape = (dy, winners, nobody, sums), (np.int64(rows), np.int64(channels), np.int64(ROWS))
    grid, block = grid_of(chunks, channels), block_of(channels)
    launch(device, "sums", "won_sums", dy.dtype, grid, block, *arrays, *shape)
    return column_sums(device, sums, chunks, channels)


def _chunk_sums(
    device: Device, a: DeviceArray, rows: int, channels: int, chunks: int, rows_of_chunk: int
) -> DeviceArray:
    sums = device.empty((chunks, channels), a.dtype)
    shape = np.int64(rows), np.int64(channels), np.int64(rows_of_chunk)
    grid, block = grid_of(chunks, channels), block_of(channels)
    launch(device, "sums", "column_sums", a.dtype, grid, block, a, sums, *shape)
    return sums
