"""Sums over rows in two stages, by `sums.cu`: fixed chunks of rows, so that the order never depends on the device."""

from __future__ import annotations

import numpy as np

from minicnn.backends.cuda.device import Device, DeviceArray, Dims, launch

ROWS = 512
"""Rows of a chunk."""

THREADS = 32, 8
"""Channels and rows at a time: reduction.cuh."""


def chunks_of(rows: int) -> int:
    """How many chunks there are, never none: the sum of no rows is 0, and somebody must write it."""
    return max(1, -(-rows // ROWS))


def grid_of(chunks: int, channels: int) -> Dims:
    """(chunks, tiles of 32 channels)."""
    return chunks, -(-channels // THREADS[0])


def column_sums(device: Device, a: DeviceArray, rows: int, channels: int) -> DeviceArray:
    """a (rows, channels) in any shape -> (channels,)."""
    chunks = chunks_of(rows)
    if chunks > 1:
        a = _chunk_sums(device, a, rows, channels, chunks, ROWS)
        rows = chunks
    return _chunk_sums(device, a, rows, channels, 1, rows).reshape((channels,))


def _chunk_sums(
    device: Device, a: DeviceArray, rows: int, channels: int, chunks: int, rows_of_chunk: int
) -> DeviceArray:
    sums = device.empty((chunks, channels), a.dtype)
    shape = np.int64(rows), np.int64(channels), np.int64(rows_of_chunk)
    launch(device, "sums", "column_sums", a.dtype, grid_of(chunks, channels), THREADS, a, sums, *shape)
    return sums
