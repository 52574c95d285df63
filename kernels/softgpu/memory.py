"""Device memory: who holds which bytes, and what is copied to it and from it."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

ALIGNMENT = 256  # bytes; what cudaMalloc promises
_GUARD = 256  # bytes on either side that belong to nobody, so that no access is "in the next array by chance"
_POISON = 0xFF  # fresh memory is NaN, as floats

_live: weakref.WeakSet[Allocation] = weakref.WeakSet()


class Allocation:
    """A stretch of device memory; freed when the last array over it is gone."""

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        self._block = np.full(nbytes + 2 * _GUARD + ALIGNMENT, _POISON, np.uint8)
        first = self._block.ctypes.data + _GUARD
        self.address = -(-first // ALIGNMENT) * ALIGNMENT
        start = self.address - self._block.ctypes.data
        self.bytes = self._block[start : start + nbytes]
        _live.add(self)


def allocations() -> Iterator[tuple[int, int]]:
    """Address and number of bytes of all device memory in use."""
    return ((allocation.address, allocation.nbytes) for allocation in list(_live))


class Transfer(NamedTuple):
    """One copy between main memory and the device. to: "device" or "host"."""

    to: str
    nbytes: int


_watching: list[list[Transfer]] = []


@contextmanager
def transfers() -> Iterator[list[Transfer]]:
    """Lists the copies made within the block, hidden ones included: `float(array)` copies, and waits, as on a GPU."""
    seen: list[Transfer] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)


def note_transfer(to: str, nbytes: int) -> None:
    """Tells whoever watches."""
    for seen in _watching:
        seen.append(Transfer(to, nbytes))
