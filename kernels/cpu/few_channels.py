"""The input gradient of a convolution over images of few channels, where columns that are channels idle most lanes.

The numbers of dx that one row of a filter touches, S·C of them, lie side by side. So here they are the columns: for
each pixel of dy and each filter row r, the micro-kernel adds dy · w[r]ᵀ to them. The pixels of a tile lie in one column
of dy, each in a row of its own, so that no two of them touch the same number of dx. What im2col would call a column
matrix goes from registers straight to where col2im would add it.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
from numba import prange

from minicnn.kernels.cpu.calls import address_of, call_microkernel, clear_bytes, copy_bytes, next_item
from minicnn.kernels.cpu.choice import ADD, CALL
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.machine import Tile, tile_for
from minicnn.kernels.cpu.microkernel import microkernel
from minicnn.kernels.cpu.panels import pack_filters
from minicnn.kernels.cpu.threads import exclusive, new_counter, scratch, scratch_per_thread
from minicnn.kernels.cpu.units import Pads, Pair, filled_up

WORTH = 0.9  # of the other way's cost at most: these are estimates
UNITS = 8  # at least, if there are as many images
STRIP_BYTES = 128 * 1024  # of dx that a unit adds to: with its pixels of dy they share the L2 cache
PIXEL_BYTES = 64 * 1024  # of dy that all rows of the filter pass over, one after another, before the next are fetched


class Job(NamedTuple):
    """Numbers that `_work` needs."""

    images: int
    images_per_unit: int
    row_blocks: int  # units that share an image
    block_rows: int  # rows of dx in one
    line: int  # numbers in a row of the strip
    left: int  # where dx begins in it
    touched: int  # numbers that a filter row touches, S·C
    across: int  # numbers between those of neighbouring pixels of dy
    pixels: int  # columns of dy
    pixels_at_once: int
    filters: int
    tile_rows: int


class Plan(NamedTuple):
    """Everything that depends on shapes alone."""

    tile: Tile
    job: Job
    sources: np.ndarray  # where the rows of each tile lie in dy, from the unit's first image on
    targets: np.ndarray  # and in the strip
    tiles: np.ndarray  # (2, row blocks, R + 1): where in those tables each filter row begins, in a full and a last unit
    run: np.ndarray  # (1,) zero: all channels of a pixel of dy are one run of the micro-kernel's sum


def suits(dy: tuple[int, ...], w: tuple[int, ...], dx: tuple[int, ...], dilation: Pair, groups: int, char: str) -> bool:
    """Whether S·C columns cost less than C columns would. dy (N, OH, OW, K), w (R, S, C, K), dx (N, H, W, C)."""
    if groups > 1 or dilation[1] > 1 or 0 in dy or 0 in dx:
        return False
    (_, out_height, out_width, filters), (r, s, channels, _), (_, height, width, _) = dy, w, dx
    touched = out_height * out_width * r * (filters + ADD) * _lanes(s * channels, char)
    single = (out_height * out_width * r * s * filters + height * width * CALL) * _lanes(channels, char)
    return touched <= WORTH * single


def _lanes(columns: int, char: str) -> int:
    width = _tile(columns, char).columns
    return -(-columns // width) * width


def _tile(columns: int, char: str) -> Tile:
    return tile_for(columns, "float" if char == "f" else "double")


def conv2d_input_gradient(
    dy: np.ndarray, w: np.ndarray, dx: np.ndarray, strides: Pair, dilation: Pair, pads: Pads
) -> None:
    """dy (N, OH, OW, K), w (R, S, C, K) -> dx (N, H, W, C). All contiguous, one dtype, none empty; `suits` held."""
    rows, _, _, filters = w.shape
    plan = _plan(dy.shape, w.shape, dx.shape, strides, dilation[0], (pads[0][0], pads[1][0]), dy.dtype.char)
    panels_shape = 1, -(-plan.job.touched // plan.tile.columns), rows * filters, plan.tile.columns
    with exclusive:
        panels = scratch("panels", prod(panels_shape), w.dtype).reshape(panels_shape)
        taps = np.arange(rows) * plan.job.touched
        pack_filters(w.reshape(-1, filters), taps, plan.job.touched, filters, True, panels)
        _add_rows(
            microkernel(plan.tile, unit_step=True),
            new_counter(),
            plan.job,
            dy,
            panels,
            dx,
            plan.sources,
            plan.targets,
            plan.tiles,
            plan.run,
            scratch_per_thread("strips", plan.job.images_per_unit * plan.job.block_rows * plan.job.line, dx.dtype),
        )


@lru_cache(maxsize=256)
def _plan(
    dy: tuple[int, ...],
    w: tuple[int, ...],
    dx: tuple[int, ...],
    strides: Pair,
    dilation: int,
    corner: Pair,
    char: str,
) -> Plan:
    images, out_height, out_width, filters = dy
    taps, s, channels, _ = w
    _, height, width, _ = dx
    tile, itemsize = _tile(s * channels, char), np.dtype(char).itemsize
    line = max(corner[1] + width, (out_width - 1) * strides[1] + s) * channels
    together = _images_per_unit(images, out_height, height * line * itemsize, tile.rows)
    wanted = 1 if together > 1 else max(-(-height * line * itemsize // STRIP_BYTES), min(-(-UNITS // images), height))
    block_rows = -(-height // wanted)
    blocks = -(-height // block_rows)
    rows_at_once = together * min(out_height, block_rows)
    job = Job(
        images,
        together,
        blocks,
        block_rows,
        line,
        corner[1] * channels,
        s * channels,
        strides[1] * channels,
        out_width,
        max(1, PIXEL_BYTES // (rows_at_once * filters * itemsize)),
        filters,
        tile.rows,
    )

    rows = [r * dilation - corner[0] for r in range(taps)]
    return Plan(tile, job, *_tables(job, rows, strides[0], images, out_height, height), np.zeros(1, np.int64))


def _tables(
    job: Job, filter_rows: list[int], stride: int, images: int, out_height: int, height: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`sources`, `targets` and `tiles` of the plan; filter_rows: how far above each row of the filter dy's row 0 is."""
    none = np.zeros(0, np.int64)
    sources, targets = [none], [none]
    tiles = np.zeros((2, job.row_blocks, len(filter_rows) + 1), np.int64)
    done = 0
    for kind, count in enumerate((job.images_per_unit, (images - 1) % job.images_per_unit + 1)):
        n = np.arange(count)[:, None]
        for block in range(job.row_blocks):
            rows = min(job.block_rows, height - block * job.block_rows)
            for r, above in enumerate(filter_rows):
                tiles[kind, block, r] = done
                h = np.arange(out_height) * stride + above - block * job.block_rows  # the row of dx, within the block
                i = np.flatnonzero((h >= 0) & (h < rows))
                if len(i):
                    sources.append(filled_up((n * out_height + i) * job.pixels * job.filters, job.tile_rows))
                    targets.append(filled_up((n * job.block_rows + h[i]) * job.line, job.tile_rows))
                    done += len(sources[-1]) // job.tile_rows
            tiles[kind, block, -1] = done
    return np.concatenate(sources), np.concatenate(targets), tiles


def _images_per_unit(images: int, rows: int, image_bytes: int, tile_rows: int) -> int:
    """As many as leave fewest rows of tiles empty, and threads without work."""

    def cost(several: int) -> int:
        units = -(-images // several)
        return -(-units // UNITS) * -(-several * rows // tile_rows)

    return min(range(1, max(1, min(images // UNITS, STRIP_BYTES // image_bytes)) + 1), key=cost)


@parallel_kernel
def _add_rows(function, counter, job, dy, panels, dx, sources, targets, tiles, run, memory):
    for thread in prange(len(memory)):
        _work(function, counter, job, dy, panels, dx, sources, targets, tiles, run, memory[thread])


@kernel
def _work(function, counter, job, dy, panels, dx, sources, targets, tiles, run, memory):
    """One thread: takes units until none is left. What it adds to is its own, and goes to dx when all is added."""
    size = dx.itemsize
    row_bytes = dx.shape[2] * dx.shape[3] * size
    unit = next_item(counter)
    while unit < -(-job.images // job.images_per_unit) * job.row_blocks:
        image, block = unit // job.row_blocks * job.images_per_unit, unit % job.row_blocks
        images = min(job.images_per_unit, job.images - image)
        first = block * job.block_rows
        rows = min(job.block_rows, dx.shape[1] - first)
        kind = 0 if images == job.images_per_unit else 1
        clear_bytes(address_of(memory), images * job.block_rows * job.line * size)
        source = address_of(dy) + image * dy.shape[1] * dy.shape[2] * job.filters * size
        for pixel in range(0, job.pixels, job.pixels_at_once):
            last = min(pixel + job.pixels_at_once, job.pixels)
            for r in range(tiles.shape[2] - 1):
                begin, end = tiles[kind, block, r], tiles[kind, block, r + 1]
                _add_row(function, job, source, panels, sources, targets, run, memory, r, begin, end, pixel, last)
        for n in range(images):
            for h in range(rows):
                strip = ((n * job.block_rows + h) * job.line + job.left) * size
                target = address_of(dx) + ((image + n) * dx.shape[1] + first + h) * row_bytes
                copy_bytes(target, address_of(memory) + strip, row_bytes)
        unit = next_item(counter)


@kernel
def _add_row(function, job, source, panels, sources, targets, run, memory, r, begin, end, pixel, last):
    """What the columns `pixel` to `last` of dy add through row r of the filter, tiles `begin` to `end` of each."""
    size = memory.itemsize
    columns = panels.shape[3]
    for p in range(panels.shape[1]):
        panel = (p * panels.shape[2] + r * job.filters) * columns
        for j in range(pixel, last):
            for tile in range(begin, end):
                table = tile * job.tile_rows * 8
                call_microkernel(
                    function,
                    source + j * job.filters * size,
                    address_of(sources) + table,
                    address_of(panels) + panel * size,
                    address_of(memory) + (j * job.across + p * columns) * size,
                    address_of(targets) + table,
                    address_of(run),
                    1,
                    job.filters,
                    1,
                    0,
                    1,
                    min(columns, job.touched - p * columns),
                )
