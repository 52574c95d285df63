"""Computations whose kernels are launched again, on the same memory, without the Python that led to them."""

from __future__ import annotations

from collections.abc import Callable

from minicnn.backends.contract import Results
from minicnn.kernels.recording import Recording


def recorded(compute: Callable[[], Results]) -> tuple[Results, Callable[[], None] | None]:
    """compute()'s results, and a function that has the same kernels compute them again; None if others had a part.

    The recording holds all arrays that its kernels work on, so none of their memory is given to anybody else.
    """
    with Recording() as recording:
        results = compute()
    return results, recording.run if all(recording.computes(a) for a in results) else None
