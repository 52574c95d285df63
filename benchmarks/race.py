"""Fair timing on a shared machine: candidates take turns, all samples are kept, and medians are compared.

Noise that lasts longer than one turn hits all candidates alike, so ratios mean something where seconds do not.
Each turn runs a candidate twice and times the second run: the first one brings its data back into the caches and
its threads back to work.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Candidates = dict[str, Callable[[], object]]
WARM_UP = 2


def race(candidates: Candidates, seconds: float = 1.0, least: int = 7) -> dict[str, list[float]]:
    """Seconds of every run of every candidate: turns for at least `seconds`, and at least `least` of them."""
    for run in candidates.values():
        for _ in range(WARM_UP):
            run()
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    end = time.perf_counter() + seconds
    while len(next(iter(samples.values()))) < least or time.perf_counter() < end:
        for name, run in candidates.items():
            run()
            start = time.perf_counter()
            run()
            samples[name].append(time.perf_counter() - start)
    return samples


def medians(samples: dict[str, list[float]]) -> dict[str, float]:
    """The median of each candidate's samples, in seconds."""
    return {name: statistics.median(times) for name, times in samples.items()}


def geometric_mean(ratios: list[float]) -> float:
    """The mean for ratios: twice as fast and half as fast cancel."""
    return statistics.geometric_mean(ratios)


def write_json(path: Path, results: list[dict[str, Any]]) -> None:
    """Results with what they were measured on."""
    import numba
    import numpy
    import torch

    from minicnn.kernels.cpu.machine import cpu, vector_registers
    from minicnn.kernels.cpu.threads import exclusive, layer

    about = {
        "cpu": cpu()[0],
        "vector bytes": vector_registers()[0],
        "threads": exclusive.count,
        "threading layer": layer(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "numba": numba.__version__,
        "torch": torch.__version__,
    }
    path.write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")
