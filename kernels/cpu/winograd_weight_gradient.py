"""dL/dw of a 3x3 convolution by Winograd's algorithm: the sum over pixels as one over tiles.

Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A is linear in g. Its gradient with respect to g is the same read backwards,

    dg = Gᵀ [ Σ over tiles of (A dY Aᵀ) ⊙ (Bᵀ d B) ] G

and with channels and filters, the brackets hold a matrix product for each of the (m + 2)² places:

    S[place] (C, K) = V[place]ᵀ (C, tiles) @ D[place] (tiles, K)          V from the pixels, D from dY

For each unit V and D are made anew, D some panels at a time; S is added to. As in `weight_gradient`, the units are
dealt out to a fixed number of partial sums, which are added up in order: no bit depends on the number of threads.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import prange

from minicnn.kernels.cpu.calls import address_of, call_address, call_microkernel, next_item
from minicnn.kernels.cpu.fetching import fetch, pixels_ahead
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.machine import Tile, tile_for
from minicnn.kernels.cpu.microkernel import microkernel
from minicnn.kernels.cpu.relu_pool import kind_of
from minicnn.kernels.cpu.sums import sum_in_order
from minicnn.kernels.cpu.threads import exclusive, new_counter, scratch, scratch_per_thread
from minicnn.kernels.cpu.units import Pads, Pair, Strips, cut, filled_up, strip_address, unit_extent
from minicnn.kernels.cpu.winograd import spread, transform_pixels
from minicnn.kernels.cpu.winograd_transforms import TAPS, gradients_in, kernel_from, pixels_in

TILES = 128  # in a unit: S is read and written once for each
COLUMNS = 128  # filters that D holds at a time
ITEMS = 4  # pieces of work that are wanted: partial sums ("slots"), times pieces that a unit's panels are shared out in
SLOT_TILES = 512  # in a slot at least, or adding up the slots takes too long; each piece, for its part, makes V again


class Job(NamedTuple):
    """Numbers that `_work` needs beside the strips."""

    m: int  # a tile of dY is m x m
    depth: int  # channels
    filters: int
    panels: int
    panels_at_once: int
    panel_chunks: int
    slots: int
    tile_rows: int  # of the micro-kernel
    most_tiles: int  # in a unit
    v_place: int  # numbers from one place of V to the next
    d_place: int
    d_start: int  # where D begins in a thread's memory


class Plan(NamedTuple):
    """Everything that depends on shapes alone."""

    tile: Tile
    pixels: Strips
    gradients: Strips  # the same units, of dY
    job: Job
    tables: np.ndarray  # (2, ·): where the channels lie in a row of V, and in S
    sum_shape: tuple[int, int, int]  # (slots, places, numbers of a place: rows of a channel, and a gap)
    row: int  # numbers from one channel of S to the next
    memory: int  # numbers that a thread needs


def conv2d_weight_gradient(x: np.ndarray, dy: np.ndarray, dw: np.ndarray, pads: Pads, m: int) -> None:
    """x (N, H, W, C), dy (N, OH, OW, K) -> dw (3, 3, C, K), by tiles of m x m: 2 or 4. All contiguous, one dtype."""
    if dy.size == 0 or x.size == 0:
        dw.fill(0)
        return
    plan = _plan(x.shape, dy.shape, (pads[0][0], pads[1][0]), m, x.dtype.char)
    job, kind = plan.job, kind_of(x)
    with exclusive:
        sums = scratch("slots", int(np.prod(plan.sum_shape)), x.dtype).reshape(plan.sum_shape)
        _sum_units(
            microkernel(plan.tile, unit_step=False, neighbours=job.depth % job.tile_rows == 0),
            (pixels_in(m, kind), gradients_in(m, kind)),
            new_counter(),
            plan.pixels,
            plan.gradients,
            job,
            x,
            dy,
            sums,
            plan.tile.columns,
            plan.tables,
            scratch_per_thread("strips", plan.pixels.scratch_size, x.dtype),
            scratch_per_thread("dy", plan.gradients.scratch_size, x.dtype),
            scratch_per_thread("winograd", plan.memory, x.dtype),
        )
        if job.slots > 1:
            sum_in_order(sums.reshape(job.slots, -1), sums[0].reshape(-1))
        _transform_sums(kernel_from(m, kind), sums[0], plan.row, np.zeros(job.filters, x.dtype), dw)


@lru_cache(maxsize=1024)
def _plan(x: tuple[int, ...], dy: tuple[int, ...], corner: Pair, m: int, dtype: str) -> Plan:
    channels, filters, points, itemsize = x[3], dy[3], m + TAPS - 1, np.dtype(dtype).itemsize
    tile = _tile(filters, channels, dtype)
    panels = -(-filters // tile.columns)
    grid = -(-dy[1] // m) * m, -(-dy[2] // m) * m
    (top, left), last = corner, TAPS - 1
    rows, columns = (-top, last - top), (-left, last - left)
    pixels = cut(x, grid, (1, 1), rows, columns, TILES * m * m, m, least=ITEMS)
    gradients = cut(dy, grid, (1, 1), (0, 0), (0, 0), TILES * m * m, m, least=ITEMS)
    most = pixels.images_per_unit * pixels.rows_per_unit * pixels.grid_width // (m * m)
    slots = max(1, min(pixels.units, ITEMS, x[0] * grid[0] * grid[1] // (m * m * SLOT_TILES)))
    chunks = min(panels, -(-ITEMS // slots))
    at_once = min(-(-panels // chunks), max(1, COLUMNS // tile.columns))
    v_place, d_place = spread(most * channels, itemsize), spread(most * at_once * tile.columns, itemsize)
    job = Job(
        m,
        channels,
        filters,
        panels,
        at_once,
        chunks,
        slots,
        tile.rows,
        most,
        v_place,
        d_place,
        points**2 * v_place,
    )
    channel = filled_up(np.arange(channels), tile.rows)
    row = panels * tile.columns
    return Plan(
        tile,
        pixels,
        gradients,
        job,
        np.stack([channel, channel * row]),
        (slots, points**2, spread(channels * row, itemsize)),
        row,
        points**2 * (v_place + d_place),
    )


def _tile(filters: int, channels: int, dtype: str) -> Tile:
    """As high as divides the channels if it is not much less, so that the rows of all tiles are neighbours."""
    tile = tile_for(filters, "float" if dtype == "f" else "double")
    heights = (rows for rows in range(tile.rows, 2 * tile.rows // 3 - 1, -1) if channels % rows == 0)
    return replace(tile, rows=next(heights, tile.shared_evenly(channels).rows))


@parallel_kernel
def _sum_units(
    function, transforms, counter, pixels, gradients, job, x, dy, sums, columns, tables, memory, dy_memory, work
):
    for thread in prange(len(memory)):
        _work(
            function,
            transforms,
            counter,
            pixels,
            gradients,
            job,
            x,
            dy,
            sums,
            columns,
            tables,
            memory[thread],
            dy_memory[thread],
            work[thread],
        )


@kernel
def _work(function, transforms, counter, pixels, gradients, job, x, dy, sums, columns, tables, memory, dy_memory, work):
    """One thread: takes pieces of work (a slot, or some panels of one) until none is left."""
    pixels_in, gradients_in = transforms
    units = -(-pixels.images // pixels.images_per_unit) * pixels.row_blocks
    item = next_item(counter)
    while item < job.slots * job.panel_chunks:
        slot, chunk = item // job.panel_chunks, item % job.panel_chunks
        first, last = chunk * job.panels // job.panel_chunks, (chunk + 1) * job.panels // job.panel_chunks
        first_unit = slot * units // job.slots
        for unit in range(first_unit, (slot + 1) * units // job.slots):
            image, images, row, rows = unit_extent(pixels, unit)
            strip = strip_address(pixels, x, memory, image, images, row, rows)
            transform_pixels(pixels_in, pixels, job.m, job.v_place, strip, images, rows, work)
            strip = strip_address(gradients, dy, dy_memory, image, images, row, rows)
            tiles = images * (rows // job.m) * (pixels.grid_width // job.m)
            for p in range(first, last, job.panels_at_once):
                several = min(job.panels_at_once, last - p)
                turns = len(tables[0]) // job.tile_rows * several * (job.m + 2) ** 2
                following = unit + 1 if p + several == last else units
                reading = pixels_ahead(pixels, x, following, turns), pixels_ahead(gradients, dy, following, turns)
                _transform_gradients(gradients_in, gradients, job, columns, strip, images, rows, p, several, work)
                adding = unit > first_unit
                _multiply(function, job, columns, sums[slot], tables, tiles, p, several, adding, work, reading)
        item = next_item(counter)


@kernel
def _transform_gradients(function, strips, job, columns, strip, images, rows, first, several, work):
    """The strip of dY at address `strip`, (images, rows, width, K) -> panels of D in `work`, from `first` on."""
    size = work.itemsize
    line = strips.strip_width * job.filters
    points = job.m + 2
    target = address_of(work) + job.d_start * size
    for n in range(images):
        for i in range(0, rows, job.m):
            source = strip + ((n * strips.strip_rows + i) * line + first * columns) * size
            for _ in range(strips.grid_width // job.m):
                for p in range(several):
                    call_address(
                        function,
                        (
                            min(columns, job.filters - (first + p) * columns),
                            source + p * columns * size,
                            line,
                            job.filters,
                            target + p * job.most_tiles * columns * size,
                            points * job.d_place,
                            job.d_place,
                        ),
                    )
                source += job.m * job.filters * size
                target += columns * size


@kernel
def _multiply(function, job, columns, sums, tables, tiles, first, several, adding, work, reading):
    """Vᵀ @ D -> S (places, ·), or added to it, for `several` panels from number `first` on.

    Meanwhile what the next unit reads of x and dy is fetched.
    """
    size = work.itemsize
    v, d = address_of(work), address_of(work) + job.d_start * size
    zero_run = np.zeros(1, np.int64)
    turn = 0
    for place in range(len(sums)):
        for p in range(several):
            for c in range(0, job.depth, job.tile_rows):
                fetch(reading, turn)
                turn += 1
                call_microkernel(
                    function,
                    v + place * job.v_place * size,
                    address_of(tables) + c * 8,
                    d + (place * job.d_place + p * job.most_tiles * columns) * size,
                    address_of(sums[place]) + (first + p) * columns * size,
                    address_of(tables[1]) + c * 8,
                    address_of(zero_run),
                    1,
                    tiles,
                    job.depth,
                    0,
                    1 if adding else 0,
                    columns,
                )
    zero_run[0] = 0  # alive to the end: the micro-kernel knows only its address


@parallel_kernel
def _transform_sums(function, sums, row, bias, dw):
    """S (places, ·), `row` numbers a channel -> dw (3, 3, C, K). bias: zeros (K,)."""
    for c in prange(dw.shape[2]):
        _transform_channel(np.int64(c), function, sums, row, bias, dw)


@kernel
def _transform_channel(c, function, sums, row, bias, dw):
    size = dw.itemsize
    place = sums.shape[1]
    points = int(np.sqrt(len(sums)))
    taps, _, channels, filters = dw.shape
    call_address(
        function,
        (
            filters,
            address_of(sums) + c * row * size,
            points * place,
            place,
            address_of(dw) + c * filters * size,
            taps * channels * filters,
            channels * filters,
            address_of(bias),
            taps,
            taps,
        ),
    )
