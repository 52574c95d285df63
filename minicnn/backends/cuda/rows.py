"""Launches over arrays of rows of channels, as `rows.cuh` and `reduction.cuh` lay them out."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends.cuda.device import BLOCK, Device, Dims, launch
from minicnn.errors import BackendError

ROWS_OF_THREAD = 4
ACROSS = 32  # channels of a block at most: a warp's worth
MOST = 2**31 - 1
"""Rows are counted in 32 bits, as in most GPU libraries: 64 would take twice the registers."""


def block_of(channels: int) -> Dims:
    """Threads of a block, across and down: the power of two that holds the channels, 32 at most; 256 in all."""
    across = min(ACROSS, 1 << max(0, channels - 1).bit_length())
    return across, BLOCK // across


def grid_of(stretches: int, channels: int) -> Dims:
    """(stretches of rows, tiles of channels)."""
    return stretches, -(-channels // block_of(channels)[0])


def for_each_row(
    device: Device, family: str, kernel: str, real: np.dtype, rows: int, channels: int, *arguments: Any
) -> None:
    """Launches threads for all numbers of (rows, channels); how many these are is the kernel's last argument."""
    block = block_of(channels)
    grid = grid_of(-(-counted(rows) // (block[1] * ROWS_OF_THREAD)), channels)
    launch(device, family, kernel, real, grid, block, *arguments, np.int64(rows * channels))


def counted(rows: int) -> int:
    """rows. Raises BackendError for more than kernels can count."""
    if rows > MOST:
        raise BackendError(f"an array of {rows} rows: on a GPU there may be {MOST}; take smaller batches")
    return rows
