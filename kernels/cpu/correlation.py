"""Convolution by the micro-kernel: every output pixel is a sum over taps, each tap a few contiguous numbers of x.

From the outside in: a unit (`units`) goes to a thread; its padded strip is copied into the thread's scratch memory
unless it has no padding; then for each group, for each block of the sum that keeps the panel within the L2 cache,
for each weight panel, for each tile of pixels: the micro-kernel.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
from numba import prange

from minicnn.kernels.cpu.calls import address_of, call_microkernel, next_item
from minicnn.kernels.cpu.fetching import claim, fetch, pixels_ahead, results_ahead
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.machine import Tile, tile_for
from minicnn.kernels.cpu.microkernel import microkernel
from minicnn.kernels.cpu.panels import pack_filters
from minicnn.kernels.cpu.threads import exclusive, new_counter, scratch, scratch_per_thread
from minicnn.kernels.cpu.units import Pads, Pair, Strips, cut, filled_up, strip_address, unit_extent

PIXELS = 400  # in a unit
PANEL_BYTES = 256 * 1024  # of a panel that are used at a time: they share the L2 cache with the unit's pixels
SHORT = 16  # numbers in a run that a one-vector tile takes without a loop, which costs more than what is in it
ITEMS = 16  # pieces of work that are wanted at least, so that threads finish together


class Taps(NamedTuple):
    """Which pixels of the source an output pixel sums over, and which outputs there are.

    `rows` and `columns` are displacements in pixels from (i·step, j·step); all pairs are (height, width).
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    step: Pair  # source pixels between neighbouring outputs
    grid: Pair  # outputs
    out_step: Pair  # pixels of the result between neighbouring outputs
    out_origin: Pair  # where the first of them lies


class Job(NamedTuple):
    """Numbers that `_work` needs beside the strips."""

    groups: int
    depth: int  # channels of one group of the source
    filters: int  # channels of one group of the result
    panels: int
    panel_chunks: int  # in how many pieces a unit's panels are shared out
    out_image: int  # numbers in one image of the result
    out_row: int  # numbers between two grid rows of the result
    tile_rows: int


class Plan(NamedTuple):
    """Everything about a convolution that depends on shapes alone."""

    tile: Tile
    strips: Strips
    job: Job
    pixels: np.ndarray  # (2, ·): where each output pixel's window starts in the strip, full unit and last unit
    outs: np.ndarray  # (2, ·): where it goes
    runs: np.ndarray  # where each run of contiguous numbers lies in a window
    blocks: np.ndarray  # (·, 4): first run, runs, first number of the run, numbers
    panel_shape: tuple[int, int, int, int]

    def function(self) -> int:
        """The address of the micro-kernel; with two vectors, and without the loop, LLVM would run out of registers."""
        length = self.panel_shape[2] // len(self.runs)
        short = self.tile.vectors == 1 and length <= SHORT
        return microkernel(self.tile, unit_step=True, length=length if short else 0)


def conv2d(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    y: np.ndarray,
    strides: Pair,
    dilation: Pair,
    pads: Pads,
    groups: int,
) -> None:
    """x (N, H, W, C), w (R, S, C / groups, K), b (K,) or None -> y (N, OH, OW, K). All contiguous, one dtype."""
    plan = plan_for(
        x.shape, y.shape, window_taps(w.shape[:2], y.shape[1:3], strides, dilation, pads), groups, x.dtype.char
    )
    with exclusive:
        launch(plan, x, filter_panels(plan, w), b, y)


@lru_cache(maxsize=1024)
def window_taps(size: Pair, grid: Pair, strides: Pair, dilation: Pair, pads: Pads) -> Taps:
    """The taps of an ordinary convolution whose outputs fill `grid`."""
    rows, columns = (tuple(t * d - pad[0] for t in range(n)) for n, d, pad in zip(size, dilation, pads, strict=True))
    return Taps(rows, columns, strides, grid, (1, 1), (0, 0))


def filter_panels(plan: Plan, w: np.ndarray) -> np.ndarray:
    """w (R, S, C / groups, K) as the panels of an ordinary convolution."""
    r, s, channels, _ = w.shape
    return packed(plan, w, np.arange(r * s) * channels, transposed=False)


def packed(plan: Plan, w: np.ndarray, taps: np.ndarray, transposed: bool) -> np.ndarray:
    """The panels of the taps that start at rows `taps` of w as a matrix (R·S·C, K)."""
    panels = scratch("panels", prod(plan.panel_shape), w.dtype).reshape(plan.panel_shape)
    matrix, filters = w.reshape(-1, w.shape[3]), w.shape[3] // plan.job.groups
    pack_filters(matrix, taps, w.shape[2], filters, transposed, panels)
    return panels


@lru_cache(maxsize=1024)
def plan_for(
    source: tuple[int, ...], result: tuple[int, ...], taps: Taps, groups: int, dtype: str, together: int = 1
) -> Plan:
    """The plan for a source of (N, H, W, C) and a result of (N, H', W', K) of dtype "f" or "d".

    together: rows of the grid that one unit must compute together, as `units.cut` has it.
    """
    channels, filters = source[3], result[3] // groups
    depth = channels // groups
    tile = tile_for(filters, "float" if dtype == "f" else "double")
    strips = cut(
        source,
        taps.grid,
        taps.step,
        (taps.rows[0], taps.rows[-1]),
        (taps.columns[0], taps.columns[-1]),
        PIXELS,
        together,
    )
    panels = -(-filters // tile.columns)
    out_row = result[2] * result[3]  # numbers in a row of the result
    job = Job(
        groups,
        depth,
        filters,
        panels,
        min(panels, -(-ITEMS // max(1, strips.units))),
        result[1] * out_row,
        taps.out_step[0] * out_row,
        tile.rows,
    )

    full = strips.images_per_unit, strips.rows_per_unit
    last = (
        (strips.images - 1) % strips.images_per_unit + 1,
        (strips.grid_height - 1) % strips.rows_per_unit + 1,
    )
    pixels, outs = [], []
    for images, rows in (full, last):
        n, i, j = np.ogrid[:images, :rows, : taps.grid[1]]
        at = ((n * strips.strip_rows + i * taps.step[0]) * strips.strip_width + j * taps.step[1]) * channels
        to = n * job.out_image + (i * taps.out_step[0] + taps.out_origin[0]) * out_row
        to = to + (j * taps.out_step[1] + taps.out_origin[1]) * result[3]
        pixels.append(filled_up(at, tile.rows))
        outs.append(filled_up(to, tile.rows))

    runs, length = _runs(taps, strips.strip_width, channels, depth)
    limit = PANEL_BYTES // (tile.columns * np.dtype(dtype).itemsize)
    panel_shape = groups, panels, len(runs) * length, tile.columns
    return Plan(
        tile, strips, job, _stacked(pixels), _stacked(outs), runs, _blocks(len(runs), length, limit), panel_shape
    )


def _runs(taps: Taps, width: int, channels: int, depth: int) -> tuple[np.ndarray, int]:
    """Offsets of the runs in a window, and their common length: a whole row of taps if they touch, else single taps."""
    rows = np.array(taps.rows)[:, None] - taps.rows[0]
    columns = np.array(taps.columns)[None, :] - taps.columns[0]
    offsets = ((rows * width + columns) * channels).astype(np.int64)
    if depth == channels and taps.columns[-1] - taps.columns[0] == len(taps.columns) - 1:
        return offsets[:, 0].copy(), depth * len(taps.columns)
    return offsets.reshape(-1).copy(), depth


def _blocks(runs: int, length: int, limit: int) -> np.ndarray:
    """The sum in pieces of at most `limit` numbers: several whole runs, or a part of one."""
    if length <= limit:
        several = limit // length
        rows = [(o, min(several, runs - o), 0, length) for o in range(0, runs, several)]
    else:
        rows = [(o, 1, k, min(limit, length - k)) for o in range(runs) for k in range(0, length, limit)]
    return np.array(rows, np.int64)


def _stacked(tables: list[np.ndarray]) -> np.ndarray:
    both = np.zeros((len(tables), max(len(t) for t in tables)), np.int64)
    for row, table in zip(both, tables, strict=True):
        row[: len(table)] = table
    return both


def launch(plan: Plan, source: np.ndarray, panels: np.ndarray, bias: np.ndarray | None, result: np.ndarray) -> None:
    """The correlation of `source` with packed filters -> the pixels of `result` that the plan names."""
    if result.size == 0:
        return
    memory = scratch_per_thread("strips", plan.strips.scratch_size, source.dtype)
    _correlate(
        plan.function(),
        new_counter(),
        plan.strips,
        plan.job,
        source,
        panels,
        panels.reshape(-1) if bias is None else bias,
        bias is None,
        result,
        plan.pixels,
        plan.outs,
        plan.runs,
        plan.blocks,
        memory,
    )


@parallel_kernel
def _correlate(
    function, counter, strips, job, source, panels, bias, no_bias, result, pixels, outs, runs, blocks, memory
):
    for thread in prange(len(memory)):
        _work(
            len(memory),
            function,
            counter,
            strips,
            job,
            source,
            panels,
            bias,
            no_bias,
            result,
            pixels,
            outs,
            runs,
            blocks,
            memory[thread],
        )


@kernel
def _work(
    threads, function, counter, strips, job, source, panels, bias, no_bias, result, pixels, outs, runs, blocks, memory
):
    """One thread: takes pieces of work (a unit, or some panels of one) until none is left."""
    size = source.itemsize
    units = -(-strips.images // strips.images_per_unit) * strips.row_blocks
    item = next_item(counter)
    while item < units * job.panel_chunks:
        image, images, row, rows = unit_extent(strips, item // job.panel_chunks)
        strip = strip_address(strips, source, memory, image, images, row, rows)
        out = address_of(result) + (image * job.out_image + row * job.out_row) * size
        turns = turns_of(strips, job, len(blocks), images, rows)
        following = (item + threads) // job.panel_chunks
        whole_rows = job.panel_chunks == 1 and job.out_row == result.shape[2] * result.shape[3]
        correlate_unit(
            function,
            strips,
            job,
            panels,
            bias,
            no_bias,
            pixels,
            outs,
            runs,
            blocks,
            strip,
            out,
            images,
            rows,
            item % job.panel_chunks,
            pixels_ahead(strips, source, following, turns),
            results_ahead(strips, result, 1, following if whole_rows else units, turns),
        )
        item = next_item(counter)


@kernel
def turns_of(strips, job, blocks, images, rows):
    """How often `correlate_unit` calls the micro-kernel, at most."""
    tiles = -(-(images * rows * strips.grid_width) // job.tile_rows)
    return job.groups * blocks * -(-job.panels // job.panel_chunks) * tiles


@kernel
def correlate_unit(
    function,
    strips,
    job,
    panels,
    bias,
    no_bias,
    pixels,
    outs,
    runs,
    blocks,
    strip,
    out,
    images,
    rows,
    chunk,
    reading,
    writing,
):
    """The outputs of one unit, of the channels in one chunk of the panels. strip, out: addresses of its corners.

    Meanwhile what the next unit reads and writes is fetched, in `turns_of` turns.
    """
    size = panels.itemsize
    columns = panels.shape[3]
    run_length = panels.shape[2] // len(runs)
    whole = images == strips.images_per_unit and rows == strips.rows_per_unit
    at = address_of(pixels) + (0 if whole else pixels.shape[1] * 8)
    to = address_of(outs) + (0 if whole else pixels.shape[1] * 8)
    tiles = -(-(images * rows * strips.grid_width) // job.tile_rows)
    turn = 0
    for g in range(job.groups):
        for block in range(len(blocks)):
            first_run, run_count, start, length = blocks[block]
            a = strip + (g * job.depth + start) * size
            run = address_of(runs) + first_run * 8
            for p in range(chunk * job.panels // job.panel_chunks, (chunk + 1) * job.panels // job.panel_chunks):
                panel = ((g * job.panels + p) * panels.shape[2] + first_run * run_length + start) * columns
                k = g * job.filters + p * columns
                for tile in range(tiles):
                    fetch((reading,), turn)
                    claim(writing, turn)
                    turn += 1
                    table = tile * job.tile_rows * 8
                    call_microkernel(
                        function,
                        a,
                        at + table,
                        address_of(panels) + panel * size,
                        out + k * size,
                        to + table,
                        run,
                        run_count,
                        length,
                        1,
                        address_of(bias) + k * size if block == 0 and not no_bias else 0,
                        1 if block > 0 else 0,
                        min(columns, job.filters - p * columns),
                    )
