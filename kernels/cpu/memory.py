"""Memory for results, used again when nobody needs them any more.

A training step allocates the same activations over and over. The operating system hands out large blocks as fresh
pages that are zeroed one at a time when first touched, which took a quarter of a step; so blocks come back here when
the last array over them is gone, and the next result of that size gets them, still warm.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

LARGE = 256 * 1024  # bytes; smaller blocks are recycled by the allocator itself
KEPT = 512 * 1024 * 1024  # bytes of blocks that wait for use, at most

_free: dict[int, list[np.ndarray]] = {}  # bytes -> blocks of that size; the sizes last used stand at the end


class _Lease:
    """Owns a block as long as an array lies over it. Views keep that array alive, and it keeps this."""

    __slots__ = ("__array_interface__", "block")

    def __init__(self, block: np.ndarray, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.block = block
        self.__array_interface__: dict[str, Any] = {
            "version": 3,
            "shape": shape,
            "typestr": dtype.str,
            "data": (block.ctypes.data, False),
        }

    def __del__(self) -> None:
        _take_back(self.block)


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """np.empty, out of a block that was used before if there is one."""
    size = math.prod(shape) * dtype.itemsize
    if size < LARGE:
        return np.empty(shape, dtype)
    try:
        block = _free[size].pop()
    except (KeyError, IndexError):
        block = np.empty(size, np.uint8)
    return np.asarray(_Lease(block, shape, dtype))


def _take_back(block: np.ndarray) -> None:
    # Garbage collection may call this anywhere, even in the middle of itself: each line leaves things in order.
    _free[block.nbytes] = [*_free.pop(block.nbytes, []), block]
    while sum(size * len(blocks) for size, blocks in list(_free.items())) > KEPT:
        _free.pop(next(iter(_free)), None)
