"""Matrix products with few rows, the other way round: Cᵀ = Bᵀ · Aᵀ.

A dense layer's weights are far larger than a small batch, and `products` would pack all of them for the few rows that
use them. Turned round, the weights are the micro-kernel's left matrix, which is read where it lies, and the batch is
what is packed, once for all threads. Each thread computes some rows of Cᵀ in its scratch memory, and turns them into
columns of C.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import prange

from minicnn.kernels.cpu.calls import address_of, call_microkernel, next_item
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.machine import tile_for
from minicnn.kernels.cpu.microkernel import microkernel
from minicnn.kernels.cpu.panels import pack_filters
from minicnn.kernels.cpu.threads import exclusive, new_counter, scratch, scratch_per_thread
from minicnn.kernels.cpu.units import filled_up

DEPTH = 1024  # of the sum at a time: at most 128 KiB of a panel in float32
ITEMS = 16  # pieces of work that are wanted at least
TILES = 4  # in a piece of work, at most

# What it takes to move one number, in units of a tenth of a nanosecond; measured on one core with vectors of 16 floats.
PACK, PACK_TRANSPOSED, TURN = 2, 6, 3


class Job(NamedTuple):
    """Everything about a turned product that depends on shapes alone, beside its tables."""

    depth: int  # of the sum
    b_row: int  # numbers from one row of Bᵀ to the next
    b_step: int  # and from one column to the next
    tile_rows: int
    item_rows: int  # of Cᵀ in a piece of work


def suits(rows: int, columns: int, depth: int, transposed: bool, packings: int) -> bool:
    """Whether it is worth it for C (rows, columns), when B would otherwise be packed so many times."""
    packing_b = depth * columns * packings * (PACK_TRANSPOSED if transposed else PACK)
    return packing_b > rows * columns * TURN + rows * depth * PACK_TRANSPOSED


def product(a: np.ndarray, b: np.ndarray, transposed: bool, bias: np.ndarray | None, c: np.ndarray, relu: bool) -> None:
    """c (M, N) = a (M, K) @ B (K, N) + bias (N,), and of that what is positive if `relu`; B is `b`, or its transpose.

    All contiguous, one dtype; c and a hold numbers.
    """
    function, job, at, to, shape = _plan(*c.shape, a.shape[1], transposed, c.dtype.char)
    with exclusive:
        panels = scratch("panels", shape[1] * shape[2] * shape[3], a.dtype).reshape(shape)
        pack_filters(a, np.zeros(1, np.int64), len(a), a.shape[1], True, panels)
        memory = scratch_per_thread("turned", job.item_rows * shape[1] * shape[3], c.dtype)
        given = c.reshape(-1) if bias is None else bias
        _multiply(function, new_counter(), job, panels, b, given, bias is None, c, relu, at, to, memory)


@lru_cache(maxsize=1024)
def _plan(
    rows: int, columns: int, depth: int, transposed: bool, dtype: str
) -> tuple[int, Job, np.ndarray, np.ndarray, tuple[int, int, int, int]]:
    """The micro-kernel, the job, where a tile's rows start in Bᵀ and in Cᵀ (of full tiles, of the last), A's panels."""
    tile = tile_for(rows, "float" if dtype == "f" else "double")
    panels, tiles = -(-rows // tile.columns), -(-columns // tile.rows)
    b_row, b_step = (depth, 1) if transposed else (1, columns)
    last = (columns - 1) % tile.rows + 1
    tables = np.stack([filled_up(np.arange(n), tile.rows) for n in (tile.rows, last)])
    job = Job(depth, b_row, b_step, tile.rows, min(TILES, -(-tiles // ITEMS)) * tile.rows)
    function = microkernel(tile, unit_step=b_step == 1)
    return function, job, tables * b_row, tables * (panels * tile.columns), (1, panels, depth, tile.columns)


@parallel_kernel
def _multiply(function, counter, job, panels, b, bias, no_bias, c, relu, at, to, memory):
    for thread in prange(len(memory)):
        _work(function, counter, job, panels, b, bias, no_bias, c, relu, at, to, memory[thread])


@kernel
def _work(function, counter, job, panels, b, bias, no_bias, c, relu, at, to, memory):
    """One thread: takes some rows of Cᵀ at a time until none is left."""
    size = c.itemsize
    width = c.shape[1]
    count, columns = panels.shape[1], panels.shape[3]
    zero_run = np.zeros(1, np.int64)
    item = next_item(counter)
    while item * job.item_rows < width:
        first = item * job.item_rows
        last = min(first + job.item_rows, width)
        for k in range(0, job.depth, DEPTH):
            for p in range(count):
                for i in range(first, last, job.tile_rows):
                    table = 0 if i + job.tile_rows <= width else job.tile_rows * 8
                    call_microkernel(
                        function,
                        address_of(b) + (i * job.b_row + k * job.b_step) * size,
                        address_of(at) + table,
                        address_of(panels) + (p * job.depth + k) * columns * size,
                        address_of(memory) + ((i - first) * count + p) * columns * size,
                        address_of(to) + table,
                        address_of(zero_run),
                        1,
                        min(DEPTH, job.depth - k),
                        job.b_step,
                        0,
                        1 if k > 0 else 0,
                        columns,
                    )
        turned = memory[: job.item_rows * count * columns].reshape(job.item_rows, count * columns)
        _turn(turned, bias[first:last], no_bias, relu, c[:, first:last])
        item = next_item(counter)
    zero_run[0] = 0  # alive to the end: the micro-kernel knows only its address


@kernel
def _turn(turned, bias, no_bias, relu, c):
    """Rows of Cᵀ become columns of C; what is negative becomes 0 if `relu`, NaN stays."""
    zero = c.dtype.type(0)
    for i in range(len(c)):
        for j in range(c.shape[1]):
            value = turned[j, i] if no_bias else turned[j, i] + bias[j]
            c[i, j] = zero if relu and value < zero else value
