"""Convolution, bias, ReLU and max-pooling as one: what the convolution computes never goes through memory.

A unit of the convolution (`correlation`) goes to scratch memory of its thread that stays in the L2 cache, and is
pooled from there. Rows and columns that no pooling window holds are not computed at all.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu import pool_rows
from minicnn.kernels.cpu.calls import address_of, call_address, next_item
from minicnn.kernels.cpu.correlation import Pads, correlate_unit, filter_panels, plan_for, turns_of, window_taps
from minicnn.kernels.cpu.fetching import pixels_ahead, results_ahead
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.relu_pool import kind_of
from minicnn.kernels.cpu.threads import exclusive, new_counter, scratch_per_thread
from minicnn.kernels.cpu.units import Pair, strip_address, unit_extent


def conv2d_relu_pool(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    y: np.ndarray,
    winners: np.ndarray,
    strides: Pair,
    dilation: Pair,
    pads: Pads,
    groups: int,
    size: Pair,
) -> None:
    """x (N, H, W, C), w (R, S, C / groups, K), b (K,) or None -> y and winners (N, PH, PW, K), pooled by `size`.

    All contiguous; winners uint8 as in `relu_pool`, the others of one dtype.
    """
    if y.size == 0:
        return
    grid = y.shape[1] * size[0], y.shape[2] * size[1]
    taps = window_taps(w.shape[:2], grid, strides, dilation, pads)
    plan = plan_for(x.shape, (len(x), *grid, w.shape[3]), taps, groups, x.dtype.char, together=size[0])
    strips = plan.strips
    outputs = strips.images_per_unit * strips.rows_per_unit * grid[1] * w.shape[3]
    with exclusive:
        panels = filter_panels(plan, w)
        _correlate_and_pool(
            plan.function(),
            pool_rows.forward(size, kind_of(x)),
            new_counter(),
            strips,
            plan.job,
            x,
            panels,
            panels.reshape(-1) if b is None else b,
            b is None,
            size,
            y,
            winners,
            plan.pixels,
            plan.outs,
            plan.runs,
            plan.blocks,
            scratch_per_thread("strips", strips.scratch_size, x.dtype),
            scratch_per_thread("outputs", outputs, x.dtype),
        )


@parallel_kernel
def _correlate_and_pool(
    function,
    pool_row,
    counter,
    strips,
    job,
    x,
    panels,
    bias,
    no_bias,
    size,
    y,
    winners,
    pixels,
    outs,
    runs,
    blocks,
    memory,
    outputs,
):
    for thread in prange(len(memory)):
        _work(
            len(memory),
            function,
            pool_row,
            counter,
            strips,
            job,
            x,
            panels,
            bias,
            no_bias,
            size,
            y,
            winners,
            pixels,
            outs,
            runs,
            blocks,
            memory[thread],
            outputs[thread],
        )


@kernel
def _work(
    threads,
    function,
    pool_row,
    counter,
    strips,
    job,
    x,
    panels,
    bias,
    no_bias,
    size,
    y,
    winners,
    pixels,
    outs,
    runs,
    blocks,
    memory,
    outputs,
):
    """One thread: takes pieces of work (a unit, or some panels of one) until none is left."""
    units = -(-strips.images // strips.images_per_unit) * strips.row_blocks
    item = next_item(counter)
    while item < units * job.panel_chunks:
        chunk = item % job.panel_chunks
        image, images, row, rows = unit_extent(strips, item // job.panel_chunks)
        turns = turns_of(strips, job, len(blocks), images, rows)
        following = (item + threads) // job.panel_chunks
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
            strip_address(strips, x, memory, image, images, row, rows),
            address_of(outputs),
            images,
            rows,
            chunk,
            pixels_ahead(strips, x, following, turns),
            results_ahead(strips, y, size[0], following if job.panel_chunks == 1 else units, turns),
        )
        _pool_unit(pool_row, outputs, job, chunk, panels.shape[3], size, y, winners, image, images, row, rows)
        item = next_item(counter)


@kernel
def _pool_unit(pool_row, outputs, job, chunk, columns, size, y, winners, image, images, row, rows):
    """outputs: (images, rows, width, K) as the unit left them; those channels of them that the chunk computed."""
    width, channels = y.shape[2:]
    line = width * size[1] * channels
    first = chunk * job.panels // job.panel_chunks * columns
    last = min((chunk + 1) * job.panels // job.panel_chunks * columns, job.filters)
    if first == last:
        return
    for n in range(images):
        for i in range(rows // size[0]):
            start = (n * rows + i * size[0]) * line
            target, winner = y[image + n, row // size[0] + i], winners[image + n, row // size[0] + i]
            for g in range(job.groups):
                k = g * job.filters + first
                call_address(
                    pool_row,
                    (
                        width,
                        last - first,
                        line,
                        channels,
                        address_of(outputs) + (start + k) * outputs.itemsize,
                        address_of(target) + k * outputs.itemsize,
                        address_of(winner) + k,
                    ),
                )
