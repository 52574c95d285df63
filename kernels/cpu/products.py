"""Matrix products by the micro-kernel: the three of a dense layer, Y = X W + b, dX = dY Wᵀ and dW = Xᵀ dY.

They run on the same threads as everything else: calling BLAS in between would wake a second pool of threads, and two
pools that take turns on the same cores cost two to four times what the product itself does.

All three are one driver, C (M, N) = A (M, K) · B (K, N). A is read in place, by strides that can express
a transpose. B is packed a block at a time, by the thread that is about to use it, so that B passes through memory once
and the packed block never leaves the L2 cache.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import prange

from minicnn.kernels.cpu.calls import address_of, call_microkernel, next_item
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.machine import tile_for
from minicnn.kernels.cpu.microkernel import microkernel
from minicnn.kernels.cpu.panels import pack, pack_transposed
from minicnn.kernels.cpu.threads import exclusive, new_counter, scratch_per_thread
from minicnn.kernels.cpu.units import filled_up

DEPTH = 512  # of a packed block: at most 64 KiB in float32
ITEMS = 16  # pieces of work that are wanted at least


def dense(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, y: np.ndarray) -> None:
    """(N, I) @ (I, O) + (O,) -> y (N, O)."""
    _product(x, (x.shape[1], 1), w, False, b, y, len(w))


def dense_input_gradient(dy: np.ndarray, w: np.ndarray, dx: np.ndarray) -> None:
    """(N, O) @ (O, I) -> dx (N, I)."""
    _product(dy, (dy.shape[1], 1), w, True, None, dx, w.shape[1])


def dense_weight_gradient(x: np.ndarray, dy: np.ndarray, dw: np.ndarray) -> None:
    """(I, N) @ (N, O) -> dw (I, O)."""
    _product(x, (1, x.shape[1]), dy, False, None, dw, len(x))


def _product(
    a: np.ndarray,
    a_strides: tuple[int, int],
    b: np.ndarray,
    transposed: bool,
    bias: np.ndarray | None,
    c: np.ndarray,
    depth: int,
) -> None:
    """c (M, N) = A (M, depth) @ B (depth, N) + bias (N,).

    A is read out of `a` with a_strides, in numbers; B is `b`, or its transpose.
    """
    if c.size == 0:
        return
    if depth == 0:
        c[...] = 0 if bias is None else bias
        return
    rows, columns = c.shape
    tile = tile_for(columns, "float" if c.dtype == np.float32 else "double")
    panels = -(-columns // tile.columns)
    tiles = -(-rows // tile.rows)
    row_chunks = min(tiles, -(-ITEMS // panels))
    at, to = _tables(rows, tile.rows, a_strides[0], columns)
    with exclusive:
        _multiply(
            microkernel(tile, unit_step=a_strides[1] == 1),
            new_counter(),
            a.reshape(-1),
            a_strides,
            b,
            transposed,
            c.reshape(-1) if bias is None else bias,
            bias is None,
            c,
            depth,
            row_chunks,
            at,
            to,
            tile.rows,
            tile.columns,
            scratch_per_thread("dense", DEPTH * tile.columns, c.dtype),
        )


@lru_cache(maxsize=1024)
def _tables(rows: int, tile_rows: int, stride: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the rows of a tile start in A and in C: for full tiles, and (second) for the last one."""
    last = (rows - 1) % tile_rows + 1
    tables = [filled_up(np.arange(n), tile_rows) for n in (tile_rows, last)]
    return np.stack(tables) * stride, np.stack(tables) * columns


@parallel_kernel
def _multiply(
    function,
    counter,
    a,
    a_strides,
    b,
    transposed,
    bias,
    no_bias,
    c,
    depth,
    row_chunks,
    at,
    to,
    tile_rows,
    columns,
    memory,
):
    for thread in prange(len(memory)):
        _work(
            function,
            counter,
            a,
            a_strides,
            b,
            transposed,
            bias,
            no_bias,
            c,
            depth,
            row_chunks,
            at,
            to,
            tile_rows,
            columns,
            memory[thread],
        )


@kernel
def _work(
    function,
    counter,
    a,
    a_strides,
    b,
    transposed,
    bias,
    no_bias,
    c,
    depth,
    row_chunks,
    at,
    to,
    tile_rows,
    columns,
    block,
):
    """One thread: takes pieces of work (a panel, or some rows of one) until none is left."""
    size = c.itemsize
    height, width = c.shape
    tiles = -(-height // tile_rows)
    zero_run = np.zeros(1, np.int64)
    item = next_item(counter)
    while item < row_chunks * -(-width // columns):
        j = item // row_chunks * columns
        chunk = item % row_chunks
        used = min(columns, width - j)
        for k in range(0, depth, DEPTH):
            length = min(DEPTH, depth - k)
            panel = block[: length * columns].reshape(length, columns)
            if transposed:
                pack_transposed(b[j : j + used, k : k + length], panel)
            else:
                pack(b[k : k + length, j : j + used], panel)
            for tile in range(chunk * tiles // row_chunks, (chunk + 1) * tiles // row_chunks):
                i = tile * tile_rows
                table = 0 if i + tile_rows <= height else tile_rows * 8
                call_microkernel(
                    function,
                    address_of(a) + (i * a_strides[0] + k * a_strides[1]) * size,
                    address_of(at) + table,
                    address_of(block),
                    address_of(c) + (i * width + j) * size,
                    address_of(to) + table,
                    address_of(zero_run),
                    1,
                    length,
                    a_strides[1],
                    0 if no_bias or k > 0 else address_of(bias) + j * size,
                    1 if k > 0 else 0,
                    used,
                )
        item = next_item(counter)
    zero_run[0] = 0  # alive to the end: the micro-kernel knows only its address
