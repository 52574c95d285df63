"""How fast this machine moves bytes through memory: the floor for whatever is too large for the caches."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from minicnn.kernels.cpu.threads import exclusive

NUMBERS = 16 * 1024 * 1024  # 64 MB to read and 64 MB to write: beyond any cache of a course's machine


def copies() -> tuple[Callable[[], object], int]:
    """(what to time, the bytes in it): one array copied to another, a piece by each thread.

    Bytes read and bytes written both count, once each; what the CPU reads of a line before it writes it does not.
    """
    source, target = np.ones(NUMBERS, np.float32), np.zeros(NUMBERS, np.float32)
    pieces = list(zip(np.array_split(target, exclusive.count), np.array_split(source, exclusive.count), strict=True))
    pool = ThreadPoolExecutor(exclusive.count)  # np.copyto lets other threads run
    return lambda: list(pool.map(lambda pair: np.copyto(*pair), pieces)), 2 * source.nbytes
