"""Convolution by 3x3 kernels with fewer multiplications: Winograd's F(2x2, 3x3) and F(4x4, 3x3).

Outputs are computed in tiles of m x m, by way of (m + 2)² numbers for each tile and channel (`winograd_transforms`).
The sum over channels goes in between, and makes a matrix product of every one of those (m + 2)² places:

    V[place] (tiles, C) @ U[place] (C, K) -> M[place] (tiles, K)        V from the pixels, U from the kernel, Y from M

so that 4·C·K (m = 2) or 2.25·C·K (m = 4) multiplications are left of 9·C·K for an output. Kernels are transformed
once a call. A unit of tiles (`units`) goes to a thread, which transforms its pixels, multiplies by the micro-kernel,
and transforms back, some panels of filters at a time: V and M of a unit stay in the L2 cache.

An input gradient is the same with the kernel turned by half a turn, filters and channels exchanged. ReLU and pooling
follow on a unit's outputs while they are in the cache.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import prange

from minicnn.kernels.cpu import pool_rows
from minicnn.kernels.cpu.calls import address_of, call_address, call_microkernel, next_item
from minicnn.kernels.cpu.fetching import claim, fetch, pixels_ahead, results_ahead
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.machine import Tile, tile_for
from minicnn.kernels.cpu.microkernel import microkernel
from minicnn.kernels.cpu.panels import flip_and_transpose
from minicnn.kernels.cpu.relu_pool import kind_of
from minicnn.kernels.cpu.threads import exclusive, new_counter, scratch, scratch_per_thread
from minicnn.kernels.cpu.units import Pads, Pair, Strips, cut, strip_address, unit_extent
from minicnn.kernels.cpu.winograd_transforms import TAPS, kernel_in, outputs_from, pixels_in

UNIT_BYTES = 512 * 1024  # of V and M in a unit: they share the L2 cache with one panel, and with what is fetched ahead
LEAST_TILES = 72  # in a unit, even if they exceed it: U is read once for each unit
COLUMNS = 128  # filters that are taken back at a time
ITEMS = 4  # pieces of work that are wanted at least


class Job(NamedTuple):
    """Numbers that `_work` needs beside the strips."""

    m: int  # outputs of a tile, on each axis
    depth: int  # channels
    filters: int
    panels: int
    panels_at_once: int
    panel_chunks: int  # in how many pieces a unit's panels are shared out
    tile_rows: int  # of the micro-kernel
    columns: int  # of a panel
    v_place: int  # numbers from one place of V to the next
    m_place: int
    m_start: int  # where M begins in a thread's memory


class Plan(NamedTuple):
    """Everything about a convolution that depends on shapes alone."""

    tile: Tile
    strips: Strips
    job: Job
    tables: np.ndarray  # (3, ·): where rows of a micro-kernel's tile lie in V and in M, and a single run
    u_shape: tuple[int, int]  # (places, numbers of a place: panels of (C, columns), and a gap)
    memory: int  # numbers that a thread needs


def conv2d(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, y: np.ndarray, pads: Pads, m: int) -> None:
    """x (N, H, W, C), w (3, 3, C, K), b (K,) or None -> y (N, OH, OW, K), in tiles of m x m: 2 or 4.

    All contiguous, one dtype.
    """
    _convolve(x, w, b, y, None, (1, 1), (pads[0][0], pads[1][0]), m)


def conv2d_input_gradient(dy: np.ndarray, w: np.ndarray, dx: np.ndarray, pads: Pads, m: int) -> None:
    """dy (N, OH, OW, K), w (3, 3, C, K) -> dx (N, H, W, C). x[h] went into y[h + pad - r] through tap r."""
    with exclusive:
        turned = scratch("turned kernel", w.size, w.dtype).reshape(*w.shape[:2], w.shape[3], w.shape[2])
        flip_and_transpose(w, turned)
        _convolve(dy, turned, None, dx, None, (1, 1), (TAPS - 1 - pads[0][0], TAPS - 1 - pads[1][0]), m)


def conv2d_relu_pool(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    y: np.ndarray,
    winners: np.ndarray,
    pads: Pads,
    size: Pair,
    m: int,
) -> None:
    """The same as `conv2d`, with ReLU and pooling by `size` -> y and winners (N, PH, PW, K), as in `relu_pool`."""
    _convolve(x, w, b, y, winners, size, (pads[0][0], pads[1][0]), m)


def _convolve(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    y: np.ndarray,
    winners: np.ndarray | None,
    size: Pair,
    corner: Pair,
    m: int,
) -> None:
    """corner: pixels of padding above and to the left of x; winners: None where nothing is to be pooled."""
    if y.size == 0:
        return
    outputs = y.shape[1] * size[0], y.shape[2] * size[1]
    plan = plan_for(x.shape, outputs, w.shape[3], corner, m, size, x.dtype.char)
    strips, kind = plan.strips, kind_of(x)
    pooled = strips.images_per_unit * strips.rows_per_unit * strips.grid_width * w.shape[3]
    with exclusive:
        u = scratch("panels", int(np.prod(plan.u_shape)), w.dtype).reshape(plan.u_shape)
        _transform_kernel(kernel_in(m, kind), w, plan.job, u)
        _convolve_units(
            microkernel(plan.tile, unit_step=True),
            (pixels_in(m, kind), outputs_from(m, kind), 0 if winners is None else pool_rows.forward(size, kind)),
            new_counter(),
            strips,
            plan.job,
            x,
            u,
            np.zeros(w.shape[3], w.dtype) if b is None else b,
            size,
            y,
            np.empty((1, 1, 1, 1), np.uint8) if winners is None else winners,
            plan.tables,
            scratch_per_thread("strips", strips.scratch_size, x.dtype),
            scratch_per_thread("winograd", plan.memory, x.dtype),
            scratch_per_thread("outputs", 0 if winners is None else pooled, x.dtype),
        )


@lru_cache(maxsize=1024)
def plan_for(
    source: tuple[int, ...], outputs: Pair, filters: int, corner: Pair, m: int, size: Pair, dtype: str
) -> Plan:
    """The plan for a source of (N, H, W, C), a grid of outputs (height, width), pooled by `size`."""
    channels, places, itemsize = source[3], (m + TAPS - 1) ** 2, np.dtype(dtype).itemsize
    tile = tile_for(filters, "float" if dtype == "f" else "double")
    panels = -(-filters // tile.columns)
    tiles = max(LEAST_TILES, UNIT_BYTES // (places * (channels + min(filters, COLUMNS)) * itemsize))
    together = [int(np.lcm(m, s)) for s in size]
    grid = tuple(-(-n // t) * t for n, t in zip(outputs, together, strict=True))
    (top, left), last = corner, TAPS - 1
    # Pieces of work share a unit rather than be small units: each would read all of U for a few tiles.
    strips = cut(source, grid, (1, 1), (-top, last - top), (-left, last - left), tiles * m * m, together[0], least=1)
    wanted = min(panels, -(-ITEMS // max(1, strips.units)))
    at_once = min(-(-panels // wanted), max(1, COLUMNS // tile.columns))
    columns = at_once * tile.columns
    most = strips.images_per_unit * strips.rows_per_unit * strips.grid_width // (m * m)
    rows = -(-most // tile.rows) * tile.rows
    v_place, m_place = spread(rows * channels, itemsize), spread(rows * columns, itemsize)
    job = Job(
        m, channels, filters, panels, at_once, wanted, tile.rows, tile.columns, v_place, m_place, places * v_place
    )
    row = np.arange(tile.rows)
    tables = np.stack([row * channels, row * columns, row * 0])
    u_shape = places, spread(panels * channels * tile.columns, itemsize)
    return Plan(tile, strips, job, tables, u_shape, places * (v_place + m_place))


def spread(numbers: int, itemsize: int) -> int:
    """At least `numbers`, an odd number of cache lines: the places of one tile then fall into different cache sets."""
    line = 64 // itemsize
    return (-(-numbers // line) | 1) * line


@parallel_kernel
def _transform_kernel(function, w, job, u):
    """w (3, 3, C, K) -> U (places, ·), panels of (C, columns). Columns past the last filter are left as they are."""
    for item in prange(job.panels * job.depth):
        _transform_channel(np.int64(item), function, w, job, u)


@kernel
def _transform_channel(item, function, w, job, u):
    p, c = item // job.depth, item % job.depth
    place = u.shape[1]
    first = p * job.columns
    call_address(
        function,
        (
            min(job.columns, job.filters - first),
            address_of(w) + (c * job.filters + first) * w.itemsize,
            w.shape[1] * job.depth * job.filters,
            job.depth * job.filters,
            address_of(u) + item * job.columns * w.itemsize,
            (job.m + 2) * place,
            place,
        ),
    )


@parallel_kernel
def _convolve_units(
    function, transforms, counter, strips, job, x, u, bias, size, y, winners, tables, memory, work, outputs
):
    for thread in prange(len(memory)):
        _work(
            len(memory),
            function,
            transforms,
            counter,
            strips,
            job,
            x,
            u,
            bias,
            size,
            y,
            winners,
            tables,
            memory[thread],
            work[thread],
            outputs[thread],
        )


@kernel
def _work(
    threads, function, transforms, counter, strips, job, x, u, bias, size, y, winners, tables, memory, work, outputs
):
    """One thread: takes pieces of work (a unit, or some panels of one) until none is left."""
    pixels_in, outputs_from, pool_row = transforms
    units = -(-strips.images // strips.images_per_unit) * strips.row_blocks
    item = next_item(counter)
    while item < units * job.panel_chunks:
        image, images, row, rows = unit_extent(strips, item // job.panel_chunks)
        strip = strip_address(strips, x, memory, image, images, row, rows)
        transform_pixels(pixels_in, strips, job.m, job.v_place, strip, images, rows, work)
        chunk = item % job.panel_chunks
        first, last = chunk * job.panels // job.panel_chunks, (chunk + 1) * job.panels // job.panel_chunks
        tiles = images * (rows // job.m) * (strips.grid_width // job.m)
        for p in range(first, last, job.panels_at_once):
            several = min(job.panels_at_once, last - p)
            turns = len(u) * several * -(-tiles // job.tile_rows)
            following = (item + threads) // job.panel_chunks if p + several == last else units
            reading = pixels_ahead(strips, x, following, turns)
            now = item // job.panel_chunks if several == job.panels else units
            writing = results_ahead(strips, y, size[0], now, turns)
            _multiply(function, job, u, tables, tiles, p, several, work, reading, writing)
            k = p * job.columns
            used = min(several * job.columns, job.filters - k)
            if pool_row == 0:
                _transform_outputs(outputs_from, strips, job, bias, y, image, images, row, rows, k, used, work)
            else:
                full = outputs[: images * rows * strips.grid_width * job.filters].reshape(
                    (images, rows, strips.grid_width, job.filters)
                )
                _transform_outputs(outputs_from, strips, job, bias, full, 0, images, 0, rows, k, used, work)
                _pool(pool_row, full, size, y, winners, image, row, k, used)
        item = next_item(counter)


@kernel
def transform_pixels(function, strips, m, v_place, strip, images, rows, work):
    """The strip at address `strip`, (images, rows + 2, width, C), -> V in `work`, tile by tile."""
    size = work.itemsize
    line = strips.strip_width * strips.channels
    points = m + 2
    target = address_of(work)
    for n in range(images):
        for i in range(0, rows, m):
            source = strip + (n * strips.strip_rows + i) * line * size
            for _ in range(strips.grid_width // m):
                call_address(
                    function, (strips.channels, source, line, strips.channels, target, points * v_place, v_place)
                )
                source += m * strips.channels * size
                target += strips.channels * size


@kernel
def _multiply(function, job, u, tables, tiles, first, several, work, reading, writing):
    """V @ U -> M, for `several` panels from number `first` on. Meanwhile memory is fetched that is needed then."""
    size = work.itemsize
    columns = job.panels_at_once * job.columns
    v, m = address_of(work), address_of(work) + job.m_start * size
    row, out, run = address_of(tables), address_of(tables[1]), address_of(tables[2])
    turn = 0
    for place in range(len(u)):
        for p in range(several):
            panel = address_of(u[place]) + (first + p) * job.depth * job.columns * size
            for tile in range(0, tiles, job.tile_rows):
                fetch((reading,), turn)
                claim(writing, turn)
                turn += 1
                call_microkernel(
                    function,
                    v + (place * job.v_place + tile * job.depth) * size,
                    row,
                    panel,
                    m + (place * job.m_place + tile * columns + p * job.columns) * size,
                    out,
                    run,
                    1,
                    job.depth,
                    1,
                    0,
                    0,
                    job.columns,
                )


@kernel
def _transform_outputs(function, strips, job, bias, y, image, images, row, rows, first_filter, filters, work):
    """M in `work` -> y (N, OH, OW, K), from image `image`, row `row` and filter `first_filter` on."""
    size = work.itemsize
    points = job.m + 2
    columns = job.panels_at_once * job.columns
    line = y.shape[2] * job.filters
    source = address_of(work) + job.m_start * size
    for n in range(images):
        for i in range(row, row + rows, job.m):
            target = address_of(y) + (((image + n) * y.shape[1] + i) * line + first_filter) * size
            for j in range(0, strips.grid_width, job.m):
                call_address(
                    function,
                    (
                        filters,
                        source,
                        points * job.m_place,
                        job.m_place,
                        target + j * job.filters * size,
                        line,
                        job.filters,
                        address_of(bias) + first_filter * size,
                        y.shape[1] - i,
                        y.shape[2] - j,
                    ),
                )
                source += columns * size


@kernel
def _pool(function, outputs, size, y, winners, image, row, first_filter, filters):
    """outputs (images, rows, width, K) of a unit -> those channels of them, pooled, in y and winners."""
    channels = outputs.shape[3]
    for n in range(len(outputs)):
        top = row // size[0]
        for i in range(top, min(y.shape[1], top + outputs.shape[1] // size[0])):
            call_address(
                function,
                (
                    y.shape[2],
                    filters,
                    outputs.shape[2] * channels,
                    channels,
                    address_of(outputs[n, (i - top) * size[0]]) + first_filter * outputs.itemsize,
                    address_of(y[image + n, i]) + first_filter * outputs.itemsize,
                    address_of(winners[image + n, i]) + first_filter,
                ),
            )
