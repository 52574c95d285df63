"""The input gradient of a convolution over images of few channels, where a panel of C columns would idle most lanes.

The numbers that one row of a filter touches, S·C of them, lie side by side in dx. So here they are the columns:
dY · Wᵀ gives for each output pixel and each filter row what it adds to them. That is the matrix which col2im folds
up, but only a tile of it exists at a time, and it is added to the image while it is still in the L1 cache.
An image is one piece of work, so no two threads add to the same pixel.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import prange

from minicnn.kernels.cpu.calls import address_of, call_microkernel, clear_bytes, copy_bytes, next_item
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.machine import Tile, tile_for
from minicnn.kernels.cpu.microkernel import microkernel
from minicnn.kernels.cpu.panels import pack_filters
from minicnn.kernels.cpu.threads import exclusive, new_counter, scratch, scratch_per_thread
from minicnn.kernels.cpu.units import Pads, Pair, filled_up


class Job(NamedTuple):
    """Numbers that `_work` needs."""

    kernel_rows: int
    row_step: int  # image rows between them: the dilation
    down: int  # image rows between output rows: the stride
    across: int
    width: int  # of a padded image, in numbers
    padded: int  # numbers in a padded image
    top: int  # padding
    left: int
    channels: int
    touched: int  # numbers that a filter row touches, S·C
    panels: int
    columns: int
    tile_rows: int


class Plan(NamedTuple):
    """Everything that depends on shapes alone."""

    tile: Tile
    job: Job
    taps: np.ndarray  # the rows of w as a matrix at which the filter rows start
    pixels: np.ndarray  # (2, tile rows): where the pixels of a tile lie in dy: full tiles, and the last one
    outs: np.ndarray  # where the rows of a tile lie in its buffer


def suits(w: np.ndarray, dilation: Pair, groups: int) -> bool:
    """Whether C columns would idle lanes that S·C columns would not, and whether those are contiguous."""
    lanes = tile_for(1, "float" if w.dtype == np.float32 else "double").lanes
    _, s, channels, _ = w.shape
    return groups == 1 and dilation[1] == 1 and 2 * channels <= lanes <= s * channels


def conv2d_input_gradient(
    dy: np.ndarray, w: np.ndarray, dx: np.ndarray, strides: Pair, dilation: Pair, pads: Pads
) -> None:
    """dy (N, OH, OW, K), w (R, S, C, K) -> dx (N, H, W, C). All contiguous, one dtype."""
    if dx.size == 0:
        return
    plan = _plan(dy.shape, w.shape, dx.shape, strides, dilation, pads, dy.dtype.char)
    job, filters = plan.job, w.shape[3]
    with exclusive:
        shape = 1, job.panels, job.kernel_rows * filters, job.columns
        panels = scratch("panels", int(np.prod(shape)), dy.dtype).reshape(shape)
        pack_filters(w.reshape(-1, filters), plan.taps, job.touched, filters, True, panels)
        _add_images(
            microkernel(plan.tile, unit_step=True),
            new_counter(),
            job,
            dy,
            panels,
            dx,
            plan.pixels,
            plan.outs,
            scratch_per_thread("strips", job.padded, dy.dtype),
            scratch_per_thread("tiles", job.tile_rows * job.panels * job.columns, dy.dtype),
        )


@lru_cache(maxsize=256)
def _plan(
    dy: tuple[int, ...],
    w: tuple[int, ...],
    dx: tuple[int, ...],
    strides: Pair,
    dilation: Pair,
    pads: Pads,
    dtype: str,
) -> Plan:
    (r, s, channels, filters), (top, bottom), (left, right) = w, *pads
    tile = tile_for(s * channels, "float" if dtype == "f" else "double")
    panels = -(-s * channels // tile.columns)
    width = (dx[2] + left + right) * channels
    job = Job(
        r,
        dilation[0],
        *strides,
        width,
        (dx[1] + top + bottom) * width,
        top,
        left,
        channels,
        s * channels,
        panels,
        tile.columns,
        tile.rows,
    )
    last = (dy[1] * dy[2] - 1) % tile.rows + 1
    pixels = np.stack([filled_up(np.arange(n), tile.rows) for n in (tile.rows, last)]) * filters
    outs = np.arange(tile.rows) * panels * tile.columns
    return Plan(tile, job, np.arange(r) * s * channels, pixels, outs)


@parallel_kernel
def _add_images(function, counter, job, dy, panels, dx, pixels, outs, memory, buffers):
    for thread in prange(len(memory)):
        _work(function, counter, job, dy, panels, dx, pixels, outs, memory[thread], buffers[thread])


@kernel
def _work(function, counter, job, dy, panels, dx, pixels, outs, padded, buffer):
    """One thread: takes images until none is left."""
    size, filters = dy.itemsize, dy.shape[3]
    count = dy.shape[1] * dy.shape[2]
    zero_run = np.zeros(1, np.int64)
    image = next_item(counter)
    while image < len(dy):
        clear_bytes(address_of(padded), job.padded * size)
        for pixel in range(0, count, job.tile_rows):
            table = 0 if pixel + job.tile_rows <= count else job.tile_rows * 8
            for r in range(job.kernel_rows):
                for p in range(job.panels):
                    call_microkernel(
                        function,
                        address_of(dy) + (image * count + pixel) * filters * size,
                        address_of(pixels) + table,
                        address_of(panels) + (p * job.kernel_rows + r) * filters * job.columns * size,
                        address_of(buffer) + p * job.columns * size,
                        address_of(outs),
                        address_of(zero_run),
                        1,
                        filters,
                        1,
                        0,
                        0,
                        job.columns,
                    )
                _add_tile(job, r, pixel, min(job.tile_rows, count - pixel), dy.shape[2], buffer, padded)
        line = dx.shape[2] * dx.shape[3]
        for h in range(dx.shape[1]):
            source = (h + job.top) * job.width + job.left * dx.shape[3]
            target = (image * dx.shape[1] + h) * line
            copy_bytes(address_of(dx) + target * size, address_of(padded) + source * size, line * size)
        image = next_item(counter)
    zero_run[0] = 0  # alive to the end: the micro-kernel knows only its address


@kernel
def _add_tile(job, r, first, used, out_width, buffer, padded):
    """Row i of the tile belongs to output pixel first + i: its numbers are added where filter row r saw the image."""
    touched, line = np.uint64(job.touched), job.panels * job.columns
    for i in range(used):
        h, w = (first + i) // out_width, (first + i) % out_width
        here = np.uint64(i * line)
        there = np.uint64((h * job.down + r * job.row_step) * job.width + w * job.across * job.channels)
        for j in range(touched):  # unsigned: else Numba tests each index for being negative
            padded[there + j] += buffer[here + j]
