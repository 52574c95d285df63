"""Fair timing on a shared machine: candidates take turns, all samples are kept, and medians are compared.

Noise that lasts longer than one turn hits all candidates alike, so ratios mean something where seconds do not.
Each turn runs a candidate twice and times the second run: the first one brings its data back into the caches and
its threads back to work. Where a run takes long, that is a small part of it, and it runs once.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from minicnn.training.archive import write_whole

Candidates = dict[str, Callable[[], object]]
WARM_UP = 2
LONG = 0.5  # seconds


def race(candidates: Candidates, seconds: float = 1.0, least: int = 7) -> dict[str, list[float]]:
    """Seconds of every run of every candidate: turns for at least `seconds`, and at least `least` of them."""
    long = set()
    for name, run in candidates.items():
        for _ in range(WARM_UP):
            start = time.perf_counter()
            run()
        if time.perf_counter() - start > LONG:
            long.add(name)
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    end = time.perf_counter() + seconds
    while len(next(iter(samples.values()))) < least or time.perf_counter() < end:
        for name, run in candidates.items():
            if name not in long:
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


def write_json(path: Path, results: list[dict[str, Any]], **more: Any) -> None:
    """Results with what they were measured on, and `more` of it. Raises OutputError."""
    content = {"machine": {**machine(), **more}, "results": results}
    write_whole(path, (json.dumps(content, indent=1) + "\n").encode())


def machine() -> dict[str, Any]:
    """The CPU, the threads, and the versions of all that computes; None for what is not installed."""
    from minicnn.kernels.cpu.machine import cpu, vector_registers
    from minicnn.kernels.cpu.threads import exclusive, layer

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": cpu()[0],
        "vector bytes": vector_registers()[0],
        "processors": os.cpu_count(),
        "threads": exclusive.count,
        "threading layer": layer(),
        "python": platform.python_version(),
        **{package: _version(package) for package in ("minicnn", "numpy", "numba", "torch", "keras")},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
