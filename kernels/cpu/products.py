"""Matrix products by the micro-kernel: the three of a dense layer, Y = X W + b, dX = dY Wᵀ and dW = Xᵀ dY.

They run on the same threads as everything else: calling BLAS in between would wake a second pool of threads, and two
pools that take turns on the same cores cost two to four times what the product itself does.

All three are one driver, C (M, N) = A (M, K) · B (K, N). A is read in place, by strides that can express
a transpose. B is packed a block at a time, by the thread that is about to use it, so that B passes through memory once
and the packed block never leaves the L2 cache.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import prange

from minicnn.kernels.cpu import streamed_products, turned_products
from minicnn.kernels.cpu.calls import address_of, call_microkernel, next_item
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.machine import tile_for
from minicnn.kernels.cpu.microkernel import microkernel
from minicnn.kernels.cpu.panels import pack, pack_transposed
from minicnn.kernels.cpu.threads import exclusive, new_counter, scratch_per_thread
from minicnn.kernels.cpu.units import filled_up

DEPTH = 512  # of a packed block: at most 64 KiB in float32
ITEMS = 16  # pieces of work that are wanted at least


class Job(NamedTuple):
    """Everything about a product that depends on shapes alone, beside its tables."""

    depth: int  # of the sum
    a_row: int  # numbers from one row of A to the next
    a_step: int  # and from one column to the next
    transposed: bool  # whether B lies in memory the other way round
    row_chunks: int  # in how many pieces the rows are shared out
    tile_rows: int
    columns: int  # of a panel


def dense(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, y: np.ndarray, relu: bool = False) -> None:
    """(N, I) @ (I, O) + (O,) -> y (N, O); with relu, what is negative becomes 0."""
    _product(x, (x.shape[1], 1), w, False, b, y, len(w), relu)


def dense_input_gradient(dy: np.ndarray, w: np.ndarray, dx: np.ndarray) -> None:
    """(N, O) @ (O, I) -> dx (N, I)."""
    _product(dy, (dy.shape[1], 1), w, True, None, dx, w.shape[1], False)


def dense_weight_gradient(x: np.ndarray, dy: np.ndarray, dw: np.ndarray) -> None:
    """(I, N) @ (N, O) -> dw (I, O)."""
    _product(x, (1, x.shape[1]), dy, False, None, dw, len(x), False)


def _product(
    a: np.ndarray,
    a_strides: tuple[int, int],
    b: np.ndarray,
    transposed: bool,
    bias: np.ndarray | None,
    c: np.ndarray,
    depth: int,
    relu: bool,
) -> None:
    """c (M, N) = A (M, depth) @ B (depth, N) + bias (N,), and of that what is positive if `relu`.

    A is read out of `a` with a_strides, in numbers; B is `b`, or its transpose.
    """
    if c.size == 0:
        return
    if depth == 0:
        c[...] = 0 if bias is None else bias
        if relu:
            np.maximum(c, 0, out=c)
        return
    in_rows = a_strides == (depth, 1)
    if in_rows and not transposed and streamed_products.suits(*c.shape, depth):
        streamed_products.product(a, b, bias, c, relu)
        return
    function, job, at, to = _plan(*c.shape, depth, *a_strides, transposed, c.dtype.char)
    if in_rows and turned_products.suits(*c.shape, depth, transposed, job.row_chunks):
        turned_products.product(a, b, transposed, bias, c, relu)
        return
    with exclusive:
        memory = scratch_per_thread("dense", DEPTH * job.columns, c.dtype)
        flat = c.reshape(-1)
        _multiply(
            function,
            new_counter(),
            job,
            a.reshape(-1),
            b,
            flat if bias is None else bias,
            bias is None,
            c,
            relu,
            at,
            to,
            memory,
        )


@lru_cache(maxsize=1024)
def _plan(
    rows: int, columns: int, depth: int, a_row: int, a_step: int, transposed: bool, dtype: str
) -> tuple[int, Job, np.ndarray, np.ndarray]:
    """The micro-kernel, the job, and where the rows of a tile start in A and in C: of full tiles, and of the last."""
    tile = tile_for(columns, "float" if dtype == "f" else "double")
    row_chunks = min(-(-rows // tile.rows), -(-ITEMS // -(-columns // tile.columns)))
    last = (rows - 1) % tile.rows + 1
    tables = np.stack([filled_up(np.arange(n), tile.rows) for n in (tile.rows, last)])
    job = Job(depth, a_row, a_step, transposed, row_chunks, tile.rows, tile.columns)
    return microkernel(tile, unit_step=a_step == 1), job, tables * a_row, tables * columns


@parallel_kernel
def _multiply(function, counter, job, a, b, bias, no_bias, c, relu, at, to, memory):
    for thread in prange(len(memory)):
        _work(function, counter, job, a, b, bias, no_bias, c, relu, at, to, memory[thread])


@kernel
def _work(function, counter, job, a, b, bias, no_bias, c, relu, at, to, block):
    """One thread: takes pieces of work (a panel, or some rows of one) until none is left."""
    size = c.itemsize
    columns = job.columns
    height, width = c.shape
    tiles = -(-height // job.tile_rows)
    zero_run = np.zeros(1, np.int64)
    item = next_item(counter)
    while item < job.row_chunks * -(-width // columns):
        j = item // job.row_chunks * columns
        chunk = item % job.row_chunks
        first, last = chunk * tiles // job.row_chunks, (chunk + 1) * tiles // job.row_chunks
        used = min(columns, width - j)
        for k in range(0, job.depth, DEPTH):
            length = min(DEPTH, job.depth - k)
            panel = block[: length * columns].reshape(length, columns)
            if job.transposed:
                pack_transposed(b[j : j + used, k : k + length], panel)
            else:
                pack(b[k : k + length, j : j + used], panel)
            for tile in range(first, last):
                i = tile * job.tile_rows
                table = 0 if i + job.tile_rows <= height else job.tile_rows * 8
                call_microkernel(
                    function,
                    address_of(a) + (i * job.a_row + k * job.a_step) * size,
                    address_of(at) + table,
                    address_of(block),
                    address_of(c) + (i * width + j) * size,
                    address_of(to) + table,
                    address_of(zero_run),
                    1,
                    length,
                    job.a_step,
                    0 if no_bias or k > 0 else address_of(bias) + j * size,
                    1 if k > 0 else 0,
                    used,
                )
        if relu:
            _clip(c[first * job.tile_rows : min(height, last * job.tile_rows), j : j + used])
        item = next_item(counter)
    zero_run[0] = 0  # alive to the end: the micro-kernel knows only its address


@kernel
def _clip(c):
    """What is negative becomes 0; NaN stays."""
    zero = c.dtype.type(0)
    for i in range(len(c)):
        for j in range(c.shape[1]):
            c[i, j] = zero if c[i, j] < zero else c[i, j]
