"""dL/dw by the micro-kernel: for every tap and channel, a sum over all output pixels of x times dy.

As a matrix product, dW (taps·C, K) = Pᵀ dY: what was the sum's axis in the convolution is now the axis of the
rows, and the sum runs over pixels: N·OH·OW of them, far more than the result has numbers. So the units of pixels are
dealt out to a fixed number of partial sums ("slots"), which are added up in a fixed order at the end. Which thread
fills a slot makes no difference, and so the number of threads changes no bit of the result.

x is read in place as always, and so is dy where its channels are whole panels, or fewer than one. Else it is packed
into panels, (pixel, columns), for each unit; and also where many panels would be read many times: rows that lie far
apart push each other out of the caches.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import prange

from minicnn.kernels.cpu.calls import address_of, call_microkernel, next_item
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.machine import Tile, tile_for
from minicnn.kernels.cpu.microkernel import microkernel
from minicnn.kernels.cpu.panels import pack
from minicnn.kernels.cpu.sums import sum_in_order
from minicnn.kernels.cpu.threads import exclusive, new_counter, scratch, scratch_per_thread
from minicnn.kernels.cpu.units import Pads, Pair, Strips, cut, filled_up, strip_address, unit_extent

PIXELS = 700  # in a unit: each tile is stored once a unit, so units are longer than the convolution's
ITEMS = 16  # slots times panel chunks: pieces of work
PARTIAL_BYTES = 4 * 1024 * 1024  # of all slots together, at most
PANELS_IN_PLACE = 4  # in a row of dy that is read in place however many
TILES_IN_PLACE = 8  # of the result's rows pass over it


class Job(NamedTuple):
    """Numbers that `_work` needs beside the strips."""

    groups: int
    depth: int  # channels of one group of x
    filters: int  # filters of one group
    panels: int  # of one group
    panel_chunks: int
    slots: int
    rows: int  # taps · depth: rows of the result
    step: int  # numbers of x between neighbouring output pixels
    packed: bool  # else dy is read where it lies
    neighbours: int  # rows of the result whose tiles read neighbouring numbers of x: the first ones in the tables


class Plan(NamedTuple):
    """Everything that depends on shapes alone."""

    tile: Tile
    strips: Strips
    job: Job
    taps: np.ndarray  # where tap and channel number q lies in a window
    outs: np.ndarray  # where its row of the result lies
    runs: np.ndarray  # where each output row's pixels start in the strip


def conv2d_weight_gradient(
    x: np.ndarray, dy: np.ndarray, dw: np.ndarray, strides: Pair, dilation: Pair, pads: Pads, groups: int
) -> None:
    """x (N, H, W, C), dy (N, OH, OW, K) -> dw (R, S, C / groups, K). All contiguous, one dtype."""
    if dy.size == 0 or x.size == 0:
        dw.fill(0)
        return
    plan = _plan(x.shape, dy.shape, dw.shape, strides, dilation, pads, groups, x.dtype.char)
    strips, job, columns = plan.strips, plan.job, plan.tile.columns
    pixels = strips.images_per_unit * strips.rows_per_unit * strips.grid_width
    with exclusive:
        sums = scratch("slots", job.slots * dw.size, dw.dtype).reshape(job.slots, *dw.shape)
        memory = scratch_per_thread("strips", strips.scratch_size, x.dtype)
        packed = scratch_per_thread("dy", pixels * columns if job.packed else 0, x.dtype)
        line = 0 if job.packed or columns == dy.shape[3] else dy.shape[3]
        # compiled only where there is such a tile: each takes the compiler a fifth of a second
        function = microkernel(plan.tile, False, line) if job.neighbours < len(plan.taps) else 0
        neighbours = microkernel(plan.tile, False, line, neighbours=True) if job.neighbours else 0
        target = dw[None] if job.slots == 1 else sums
        _sum_units(
            neighbours,
            function,
            new_counter(),
            strips,
            job,
            x,
            dy.reshape(-1, dy.shape[3]),
            target,
            plan.taps,
            plan.outs,
            plan.runs,
            columns,
            plan.tile.rows,
            memory,
            packed,
        )
        if job.slots > 1:
            sum_in_order(sums.reshape(job.slots, -1), dw.reshape(-1))


@lru_cache(maxsize=1024)
def _plan(
    x: tuple[int, ...],
    dy: tuple[int, ...],
    dw: tuple[int, ...],
    strides: Pair,
    dilation: Pair,
    pads: Pads,
    groups: int,
    dtype: str,
) -> Plan:
    r, s, depth, filters = dw[0], dw[1], dw[2], dw[3] // groups
    rows = r * s * depth
    tile = tile_for(filters, "float" if dtype == "f" else "double").shared_evenly(rows)
    (top, _), (left, _) = pads
    strips = cut(
        x,
        (dy[1], dy[2]),
        strides,
        (-top, (r - 1) * dilation[0] - top),
        (-left, (s - 1) * dilation[1] - left),
        PIXELS,
    )
    panels = -(-filters // tile.columns)
    size = rows * dw[3] * np.dtype(dtype).itemsize
    slots = max(1, min(strips.units, ITEMS, PARTIAL_BYTES // size))
    chunks = min(panels, -(-ITEMS // slots))
    whole = filters % tile.columns == 0 or (groups == 1 and filters < tile.columns)
    packed = not whole or (panels > PANELS_IN_PLACE and rows > TILES_IN_PLACE * tile.rows)

    row, column, channel = np.ogrid[:r, :s, :depth]
    taps = (row * dilation[0] * strips.strip_width + column * dilation[1]) * x[3] + channel
    order, neighbours = _neighbours_first(rows, s * depth if groups == dilation[1] == 1 else depth, tile.rows)
    image, line = np.ogrid[: strips.images_per_unit, : strips.rows_per_unit]
    runs = (image * strips.strip_rows + line * strides[0]) * strips.strip_width * x[3]
    job = Job(groups, depth, filters, panels, chunks, slots, rows, strides[1] * x[3], packed, neighbours)
    return Plan(
        tile,
        strips,
        job,
        filled_up(taps.reshape(-1)[order], tile.rows),
        filled_up(order * dw[3], tile.rows),
        runs.reshape(-1).astype(np.int64),
    )


def _neighbours_first(rows: int, length: int, tile_rows: int) -> tuple[np.ndarray, int]:
    """The order of the result's rows, and how many of them come in whole tiles out of one run of `length` numbers."""
    runs = np.arange(rows).reshape(-1, length)
    whole = length - length % tile_rows
    return np.concatenate([runs[:, :whole].reshape(-1), runs[:, whole:].reshape(-1)]), len(runs) * whole


@parallel_kernel
def _sum_units(
    neighbours, function, counter, strips, job, x, dy, sums, taps, outs, runs, columns, tile_rows, memory, packed
):
    for thread in prange(len(memory)):
        _work(
            neighbours,
            function,
            counter,
            strips,
            job,
            x,
            dy,
            sums,
            taps,
            outs,
            runs,
            columns,
            tile_rows,
            memory[thread],
            packed[thread],
        )


@kernel
def _work(
    neighbours, function, counter, strips, job, x, dy, sums, taps, outs, runs, columns, tile_rows, memory, packed
):
    """One thread: takes pieces of work (a slot, or some panels of one) until none is left."""
    size = x.itemsize
    units = -(-strips.images // strips.images_per_unit) * strips.row_blocks
    pixel = job.groups * job.filters
    item = next_item(counter)
    while item < job.slots * job.panel_chunks:
        slot, chunk = item // job.panel_chunks, item % job.panel_chunks
        result = address_of(sums) + slot * job.rows * pixel * size
        first_unit = slot * units // job.slots
        for unit in range(first_unit, (slot + 1) * units // job.slots):
            image, images, row, rows = unit_extent(strips, unit)
            strip = strip_address(strips, x, memory, image, images, row, rows)
            for g in range(job.groups):
                for p in range(chunk * job.panels // job.panel_chunks, (chunk + 1) * job.panels // job.panel_chunks):
                    k = g * job.filters + p * columns
                    used = min(columns, job.filters - p * columns)
                    first = (image * strips.grid_height + row) * strips.grid_width
                    pixels = images * rows * strips.grid_width
                    if job.packed:
                        part = dy[first : first + pixels, k : k + used]
                        pack(part, packed[: pixels * columns].reshape(pixels, columns))
                        panel = address_of(packed)
                    else:
                        panel = address_of(dy) + (first * pixel + k) * size
                    for q in range(0, len(taps), tile_rows):
                        call_microkernel(
                            neighbours if q < job.neighbours else function,
                            strip + g * job.depth * size,
                            address_of(taps) + q * 8,
                            panel,
                            result + k * size,
                            address_of(outs) + q * 8,
                            address_of(runs),
                            images * rows,
                            strips.grid_width,
                            job.step,
                            0,
                            0 if unit == first_unit else 1,
                            used,
                        )
        item = next_item(counter)
