"""Computations that are launched again without the Python that led to their kernels: `kernels.recording`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minicnn.kernels.cpu.threads import exclusive
from minicnn.kernels.recording import Recording

Results = tuple[np.ndarray, ...]


def recorded(compute: Callable[[], Results]) -> tuple[Results, Callable[[], None] | None]:
    """compute()'s results, and a function that has the same kernels compute them again; None if others had a part."""
    with Recording() as recording:
        results = compute()
    if not all(recording.computes(a) for a in results):
        return results, None

    def again() -> None:
        with exclusive:
            recording.run()

    return results, again
