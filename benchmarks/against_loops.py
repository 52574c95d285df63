"""The NumPy backend against six nested Python loops: convolution forward and both gradients, the same sums.

    python benchmarks/against_loops.py

Prints minimum and median of several runs in turn, and their ratio; checks first that both give the same numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

from minicnn.backends import numpy as vectorized
from minicnn.geometry import Windows
from minicnn.kernels.cpu.ladder import loops

RUNS = 3
# Images, side, channels, filters, kernel side.
SHAPES = [(1, 12, 4, 8, 3), (1, 28, 1, 6, 5), (2, 14, 16, 16, 3)]


def steps(n: int, side: int, c: int, k: int, r: int) -> tuple[Callable[[], list], Callable[[], list]]:
    rng = np.random.Generator(np.random.PCG64(0))
    x = rng.standard_normal((n, side, side, c)).astype("float32")
    w = rng.standard_normal((r, r, c, k)).astype("float32")
    windows = Windows.over((side, side), (r, r))
    dy = rng.standard_normal((n, *windows.outputs, k)).astype("float32")
    geometry = windows.strides, windows.pads, windows.dilation

    def naive() -> list:
        return [
            loops.conv2d(x, w, None, *geometry, 1),
            loops.conv2d_input_gradient(dy, w, (side, side), *geometry, 1),
            loops.conv2d_weight_gradient(x, dy, (r, r), *geometry, 1),
        ]

    def numpy() -> list:
        return [
            vectorized.conv2d(x, w, None, windows, 1),
            vectorized.conv2d_input_gradient(dy, w, windows, 1),
            vectorized.conv2d_weight_gradient(x, dy, windows, 1),
        ]

    return naive, numpy


def seconds(step: Callable[[], list]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def main() -> None:
    table = Table(title="Convolution forward + both gradients, float32")
    for heading in ("images x side² x channels -> filters, kernel", "loops", "numpy", "factor (medians)"):
        table.add_column(heading, justify="right")
    for shape in SHAPES:
        naive, numpy = steps(*shape)
        for a, b in zip(naive(), numpy(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)
        times = [(seconds(naive), min(seconds(numpy) for _ in range(10))) for _ in range(RUNS)]
        slow, fast = (median(t) for t in zip(*times, strict=True))
        n, side, c, k, r = shape
        table.add_row(
            f"{n} x {side}² x {c} -> {k}, {r}x{r}", f"{slow:.3f} s", f"{fast * 1e3:.3f} ms", f"{slow / fast:,.0f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
