"""How times are taken on a GPU, and what they are held against: its own speeds of copying, multiplying and launching.

Times are differences of two events in the GPU's stream, so they hold what the GPU did and no Python beside it. Short
kernels run many times between two events; then the next is launched while one runs, and what is left is the kernel, or
the launch where that takes longer. Data that fits stays in the GPU's cache from run to run.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from minicnn.backends.cuda import dense
from minicnn.backends.cuda.device import Device, for_each
from minicnn.benchmarks.floor import Work
from minicnn.benchmarks.race import WARM_UP

BETWEEN_EVENTS = 5e-3  # seconds: an event tells about half a microsecond


@dataclass(frozen=True)
class Sizes:
    """Of what the ceilings are measured on: numbers that are copied, the side of a product, launches in a row."""

    numbers: int = 64 * 2**20
    side: int = 4096
    launches: int = 1000


REHEARSAL = Sizes(4096, 24, 5)
"""For a simulated GPU, where nothing can be measured but that it runs."""


@dataclass(frozen=True)
class Ceilings:
    """What a GPU reaches when it does one thing alone.

    copy: bytes/s in its own memory, those read and those written; product: FLOP/s of a large matrix product in float32,
    by `multiplier`; up, down: bytes/s from and to arrays in main memory; call: seconds of the CPU until a launch
    returns; kernel: seconds from one kernel with nothing to do to the next.
    """

    copy: float
    product: float
    multiplier: str
    up: float
    down: float
    call: float
    kernel: float

    def shares(self, work: Work, seconds: float) -> tuple[float, float]:
        """The part of the product's speed and of the copy's that some work has reached."""
        return work.flops / seconds / self.product, work.bytes / seconds / self.copy

    def __str__(self) -> str:
        return (
            f"{self.copy / 1e9:,.1f} GB/s copied in its memory (read and written), {self.up / 1e9:.1f} GB/s from main "
            f"memory, {self.down / 1e9:.1f} GB/s back; {self.product / 1e12:.3g} TFLOP/s in a product of float32 by "
            f"{self.multiplier}; a launch takes {1e6 * self.call:.1f} µs of the CPU, a kernel with nothing to do "
            f"{1e6 * self.kernel:.1f} µs"
        )


class Clock(Protocol):
    """A device, or whoever else can tell how long a GPU took."""

    def seconds(self, work: Callable[[], object]) -> float: ...


def samples_on(clock: Clock, run: Callable[[], object], seconds: float = 0.2, least: int = 5) -> list[float]:
    """Seconds of a run, measured at least `least` times and for about as long as `seconds`."""
    for _ in range(WARM_UP):
        once = clock.seconds(run)
    turns = max(1, min(1000, math.ceil(BETWEEN_EVENTS / max(once, 1e-9))))
    samples: list[float] = []
    end = time.perf_counter() + seconds
    while len(samples) < least or time.perf_counter() < end:
        samples.append(clock.seconds(lambda: [run() for _ in range(turns)]) / turns)
    return samples


def median_on(clock: Clock, run: Callable[[], object], seconds: float = 0.2, least: int = 5) -> float:
    """The median of `samples_on`."""
    return statistics.median(samples_on(clock, run, seconds, least))


def ceilings(device: Device, sizes: Sizes) -> Ceilings:
    """Measured now."""
    host = np.ones(sizes.numbers, np.float32)
    x = device.to_device(host)
    copying = median_on(device, x.copy)
    up = _by_the_clock(device, lambda: device.to_device(host))
    down = _by_the_clock(device, lambda: device.to_host(x))
    square = device.to_device(np.ones((sizes.side, sizes.side), np.float32))
    multiplying = median_on(device, lambda: dense.dense(device, square, square, None))
    call, kernel = _launches(device, sizes.launches)
    by = "cuBLAS" if device.matmul is not None and dense.chosen_gemm() == dense.CUBLAS else "matmul.cu"
    return Ceilings(
        copy=2 * host.nbytes / copying,
        product=2 * sizes.side**3 / multiplying,
        multiplier=by,
        up=host.nbytes / up,
        down=host.nbytes / down,
        call=call,
        kernel=kernel,
    )


def _by_the_clock(device: Device, transfer: Callable[[], Any]) -> float:
    """Of the CPU: the staging in pinned memory is its work, and part of what a transfer takes."""
    times = []
    for _ in range(WARM_UP + 5):
        start = time.perf_counter()
        transfer()
        device.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[WARM_UP:])


def _launches(device: Device, count: int) -> tuple[float, float]:
    """Seconds a launch takes of the CPU, and of the GPU, when the kernel has one number to look at."""
    x, y = (device.to_device(np.ones(1, np.float32)) for _ in range(2))

    def launch_all() -> None:
        for _ in range(count):
            for_each(device, "elementwise", "sigmoid", x.dtype, 1, x, y)

    launch_all()
    device.synchronize()
    start = time.perf_counter()
    launch_all()
    call = (time.perf_counter() - start) / count
    return call, median_on(device, launch_all, least=3) / count
