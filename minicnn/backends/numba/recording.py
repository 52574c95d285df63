"""Computations that are launched again without the Python that led to their kernels: `kernels.recording`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from minicnn.kernels.cpu.threads import exclusive
from minicnn.kernels.recording import Recording

Results = tuple[np.ndarray, ...]

SHORT = 400e-6  # seconds; a computation that takes longer is worth all threads
TRIALS = 5  # runs on one thread and on all of them, before the quicker way is known


def recorded(compute: Callable[[], Results]) -> tuple[Results, Callable[[], None] | None]:
    """compute()'s results, and a function that has the same kernels compute them again; None if others had a part."""
    with Recording() as recording:
        results = compute()
    if not all(recording.computes(a) for a in results):
        return results, None
    return results, _Again(recording).run


class _Again:
    """Runs a recording on as many threads as are quickest for it: where kernels take microseconds, one is."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._count = exclusive.count
        self._seconds: dict[int, list[float]] = {1: [], exclusive.count: []}

    def run(self) -> None:
        """Computes the results again."""
        with exclusive:
            exclusive.narrow(self._count)
            start = time.perf_counter()
            self._recording.run()
            if len(self._seconds) > 1:
                self._learn(time.perf_counter() - start)

    def _learn(self, seconds: float) -> None:
        """Takes note of what a run took, and changes over to the other number of threads, or decides."""
        self._seconds[self._count].append(seconds)
        alone, together = self._seconds.values()
        if together and min(together) > SHORT:
            self._seconds = {exclusive.count: together}
            self._count = exclusive.count
        elif len(alone) == len(together) == TRIALS:
            self._count = 1 if min(alone) < min(together) else exclusive.count
            self._seconds = {self._count: []}
        else:
            self._count = 1 if len(alone) < len(together) else exclusive.count
