"""Memory for results, used again when nobody needs them any more.

A training step allocates the same activations over and over. The operating system hands out large blocks as fresh
pages that are zeroed one at a time when first touched, which took a quarter of a step; so blocks come back here when
the last array over them is gone, and the next result of that size gets them, still warm.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

LARGE = 256 * 1024  # bytes; smaller blocks are recycled by the allocator itself
LINE = 64  # bytes
KEPT = 512 * 1024 * 1024  # bytes of blocks that wait for use, at most


class Pool:
    """Blocks that wait for use. kept: bytes of them at most; None: all, for arrays that know them by address.

    spare: another pool, whose blocks that wait are taken before the operating system is asked.
    """

    def __init__(self, kept: int | None, spare: Pool | None = None) -> None:
        self.kept, self.spare = kept, spare
        self.made = 0  # bytes of the blocks that came from the operating system
        self._free: dict[int, list[np.ndarray]] = {}  # bytes -> blocks; the sizes last used stand at the end

    def take(self, size: int) -> np.ndarray:
        """A block of so many bytes, that begins with a cache line: a vector that lies across two takes two loads."""
        try:
            return self._free[size].pop()
        except (KeyError, IndexError):
            if self.spare is not None and self.spare._free.get(size):
                return self.spare.take(size)
            self.made += size
            raw = np.empty(size + LINE, np.uint8)
            start = -raw.ctypes.data % LINE
            return raw[start : start + size]

    def give_back(self, block: np.ndarray) -> None:
        """Takes a block that no array lies over any more."""
        # Garbage collection may call this anywhere, even in the middle of itself: each line leaves things in order.
        self._free[block.nbytes] = [*self._free.pop(block.nbytes, []), block]
        while (
            self.kept is not None and sum(size * len(blocks) for size, blocks in list(self._free.items())) > self.kept
        ):
            self._free.pop(next(iter(self._free)), None)


class _InUse(threading.local):
    pool = Pool(KEPT)


_in_use = _InUse()


def in_use() -> Pool:
    """Where this thread's results lie."""
    return _in_use.pool


def use(pool: Pool) -> Pool:
    """Has this thread's results lie in `pool` from now on; returns where they lay before."""
    before, _in_use.pool = _in_use.pool, pool
    return before


class _Lease:
    """Owns a block as long as an array lies over it. Views keep that array alive, and it keeps this."""

    __slots__ = ("__array_interface__", "block", "pool")

    def __init__(self, pool: Pool, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.pool = pool
        self.block = pool.take(math.prod(shape) * dtype.itemsize)
        self.__array_interface__ = _interface(self.block.ctypes.data, shape, dtype)

    def __del__(self) -> None:
        self.pool.give_back(self.block)


class _Place:
    """A place in memory that somebody else owns."""

    __slots__ = ("__array_interface__",)

    def __init__(self, a: np.ndarray) -> None:
        self.__array_interface__ = _interface(a.ctypes.data, a.shape, a.dtype, a.strides)


def _interface(address: int, shape: tuple[int, ...], dtype: np.dtype, strides: Any = None) -> dict[str, Any]:
    """NumPy's array interface, version 3: what makes an array of an address."""
    return {"version": 3, "shape": shape, "typestr": dtype.str, "data": (address, False), "strides": strides}


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """np.empty, out of a block that was used before if there is one."""
    if math.prod(shape) * dtype.itemsize < LARGE:
        return np.empty(shape, dtype)
    return np.asarray(_Lease(_in_use.pool, shape, dtype))


def unowned(a: np.ndarray) -> np.ndarray:
    """The same numbers, without a hold on them if they lie in a block of this thread's pool, which keeps all blocks."""
    root: Any = a
    while isinstance(root, np.ndarray):
        root = root.base
    return np.asarray(_Place(a)) if isinstance(root, _Lease) and root.pool is _in_use.pool else a
