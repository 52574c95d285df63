"""How fast this machine multiplies and adds when nothing but registers is involved: the ceiling for every kernel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit, prange

from minicnn.kernels.cpu.calls import address_of, call_microkernel
from minicnn.kernels.cpu.machine import tile_for
from minicnn.kernels.cpu.microkernel import microkernel
from minicnn.kernels.cpu.threads import exclusive

DEPTH, TURNS = 128, 2000  # 128 steps: panel and rows stay in the L1 cache


@njit(parallel=True)
def _turns(function, threads, a, row, b, c, out, run, columns):
    for thread in prange(threads):
        for _ in range(TURNS):
            call_microkernel(
                function,
                address_of(a),
                address_of(row),
                address_of(b),
                address_of(c) + np.int64(thread) * c.shape[1] * 4,
                address_of(out),
                address_of(run),
                1,
                DEPTH,
                1,
                0,
                0,
                columns,
            )


def multiply_adds() -> tuple[Callable[[], object], int]:
    """(what to time, the operations in it): the micro-kernel on data in the L1 cache, on all threads.

    Its innermost loop is multiply-adds on registers with their loads hidden beneath them; a loop without any loads is
    no faster where it was compared.
    """
    tile = tile_for(1000, "float")
    rng = np.random.Generator(np.random.PCG64(0))
    a = rng.random(tile.rows * DEPTH, dtype=np.float32)
    b = rng.random(DEPTH * tile.columns, dtype=np.float32)
    c = np.zeros((exclusive.count, 1024 + tile.rows * tile.columns), np.float32)
    row, out = np.arange(tile.rows) * DEPTH, np.arange(tile.rows) * tile.columns
    function = microkernel(tile, unit_step=True)
    run = np.zeros(1, np.int64)
    work = lambda: _turns(function, exclusive.count, a, row, b, c, out, run, tile.columns)  # noqa: E731
    return work, exclusive.count * TURNS * 2 * tile.rows * tile.columns * DEPTH
