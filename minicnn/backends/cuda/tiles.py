"""Matrix products in tiles: which variant of a program computes one, and on what grid. See `tiles.cuh`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from minicnn.backends.cuda.device import Device
from minicnn.backends.cuda.rows import counted
from minicnn.errors import BackendError

THREADS = (128,)
SMALL = 64, 32
LARGE = {4: (128, 64), 8: (64, 64)}
"""Rows and columns of the result that a block of 128 threads computes; by the bytes of a number, where it matters."""

MANY = 128
"""So many blocks occupy a large GPU (an H100 has 132 multiprocessors). Fewer large tiles than that would leave some
idle, which costs more than the reading that they save."""

TF32 = "MINICNN_CUDA_TF32"
_tf32: ContextVar[bool | None] = ContextVar("_tf32", default=None)


@contextmanager
def tf32(allowed: bool = True) -> Iterator[None]:
    """Large products inside of float32 run on tensor cores, in TF32: quicker, and off by up to a thousandth.

    Needs compute capability 8.0 or more to be quicker. The default is the environment variable MINICNN_CUDA_TF32, "1"
    or "0", and without it not to.
    """
    token = _tf32.set(allowed)
    try:
        yield
    finally:
        _tf32.reset(token)


def tf32_allowed() -> bool:
    """Whether products may be rounded to TF32 here. Raises BackendError if the environment variable makes no sense."""
    chosen = _tf32.get()
    if chosen is not None:
        return chosen
    asked = os.environ.get(TF32) or "0"
    if asked not in ("0", "1"):
        raise BackendError(f"{TF32} must be '1' or '0', got {asked!r:.80}")
    return asked == "1"


def tiling(
    device: Device, family: str, arrays: tuple, lines: tuple[int, ...], rows: int, columns: int, copies: int = 1
) -> tuple[str, int]:
    """How to compute `copies` products (rows, columns): one of `kernels.cuda.PROGRAMS`, and how many tiles one takes.

    lines: the lengths, in numbers, of the lines in memory that factors and result are read and written by. Where these
    and the addresses of `arrays` (None among them) are multiples of 16 bytes, all loads are of 16 bytes. Then, if they
    are many and there are more columns than a small one has, tiles are large. Each number of the result is summed in
    the same order in any variant but TF32: they differ in speed, not in bits. Raises BackendError for too many rows.
    """
    given = [a for a in arrays if a is not None]
    size = np.dtype(given[0].dtype).itemsize
    small, large = (-(-counted(rows) // down) * -(-columns // across) for down, across in (SMALL, LARGE[size]))
    if any(line * size % 16 for line in lines) or any(device.address(a) % 16 for a in given):
        return family, small
    if columns > SMALL[1] and copies * large >= MANY:
        return f"{family}.{'tf32' if size == 4 and tf32_allowed() else 'large'}", large
    return f"{family}.vectors", small
