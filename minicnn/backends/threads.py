"""How many threads compute. The number changes how long a result takes, and not one bit of it."""

from __future__ import annotations

from typing import Any

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int


def set_num_threads(n: Any) -> None:
    """Has the numba backend compute with `n` threads, from 1 to as many as there are processors for this process.

    Without it, OMP_NUM_THREADS or NUMBA_NUM_THREADS decide, or else all processors are used; NUMBA_NUM_THREADS also
    raises the limit. Raises ArgumentError for a number outside it.
    """
    from minicnn.kernels.cpu.threads import exclusive  # brings in Numba, which importing minicnn does not wait for

    if not is_int(n) or not 1 <= n <= exclusive.limit:
        raise ArgumentError(
            f"set_num_threads: n must be a whole number from 1 to {exclusive.limit}, got {n!r}; "
            "for more threads than processors set NUMBA_NUM_THREADS before Python starts"
        )
    exclusive.count = int(n)


def get_num_threads() -> int:
    """With how many threads the numba backend computes."""
    from minicnn.kernels.cpu.threads import exclusive

    return exclusive.count
