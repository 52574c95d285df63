"""How time grows: with the batch, the side of the image, the channels, and the threads.

Each sweep changes one thing, races all its sizes in turn in one process, and fits time = constant · size^exponent by
least squares on logarithms. Beside it stands the exponent of the arithmetic: 1 for the batch, 2 for the side of an
image and for channels that are inputs and filters alike, -1 for threads. PyTorch, channels-last, goes through the same
sweeps.

    python benchmarks/scaling.py [--seconds 4] [--only side] [--json results.json] [--png results.png]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
import numpy as np

from minicnn import get_num_threads, set_num_threads
from minicnn.benchmarks.draw import Curves
from minicnn.benchmarks.floor import Work, speeds, step_work
from minicnn.benchmarks.layers import Layer
from minicnn.benchmarks.layers import candidates as convolution_candidates
from minicnn.benchmarks.nets import NETS, Net
from minicnn.benchmarks.opponents import against
from minicnn.benchmarks.options import Asked, benchmark
from minicnn.benchmarks.race import Candidates, medians, race
from minicnn.benchmarks.report import finish, line
from minicnn.benchmarks.steps import compiled_model, examples, minicnn_step, torch_step

LAYOUT = "torch nhwc"


@dataclass(frozen=True)
class Sweep:
    """What is timed at each size: `prepare(size, opponents)` gives who runs, and how much work it is."""

    name: str
    size: str
    sizes: tuple[int, ...]
    exponent: int
    prepare: Callable[[int, list[str]], tuple[Candidates, Work]]


def _step(net: Net, opponents: list[str]) -> tuple[Candidates, Work]:
    x, y = examples(net)
    model = compiled_model(net)
    runs: Candidates = {"minicnn": minicnn_step(model, x, y)}
    if "torch" in opponents:
        runs[LAYOUT] = torch_step(net, x, y, LAYOUT)
    if "numpy" in opponents:
        runs["numpy"] = minicnn_step(compiled_model(net), x, y, "numpy")
    return runs, step_work(model, net.batch)


def _convolution(layer: Layer, opponents: list[str]) -> tuple[Candidates, Work]:
    parts, work = convolution_candidates(layer, opponents)
    return {name: run for name, run in parts["forward"].items() if name != "torch nchw"}, work


def _with_threads(net: Net) -> Callable[[int, list[str]], tuple[Candidates, Work]]:
    """The step with a number of threads; every run sets it, since sizes take turns."""

    def prepare(threads: int, opponents: list[str]) -> tuple[Candidates, Work]:
        runs, work = _step(net, [name for name in opponents if name != "numpy"])  # BLAS has threads of its own

        def set_threads() -> None:
            set_num_threads(threads)
            if "torch" in opponents:
                import torch

                torch.set_num_threads(threads)

        def with_threads(run: Callable[[], object]) -> Callable[[], object]:
            return lambda: (set_threads(), run())

        return {name: with_threads(run) for name, run in runs.items()}, work

    return prepare


def sweeps(threads: int) -> list[Sweep]:
    """All of them, with up to so many threads."""
    counts = tuple(sorted({1, 2, *(4 * n for n in range(1, threads // 4 + 1)), threads} & set(range(1, threads + 1))))
    small = NETS[1]
    side = lambda n, who: _convolution(Layer("", 4, n, 64, 64, 3, padding=1), who)  # noqa: E731
    channels = lambda n, who: _convolution(Layer("", 4, 28, n, n, 3, padding=1), who)  # noqa: E731
    batch = lambda n, who: _step(dataclasses.replace(small, batch=n), who)  # noqa: E731
    return [
        Sweep(f"batch: a step of {small.name.split(',')[0]}", "images in a batch", (8, 16, 32, 64, 128), 1, batch),
        Sweep("side: convolution 3x3, 64 to 64", "side of the image, pixels", (14, 28, 56, 112), 2, side),
        Sweep("channels: convolution 3x3, 4 images of 28x28", "channels", (16, 32, 64, 128, 256), 2, channels),
        *(
            Sweep(f"threads: a step of {net.name.split(',')[0]}", "threads", counts, -1, _with_threads(net))
            for net in NETS[-2:]
        ),
    ]


def exponent(sizes: list[int], seconds: list[float]) -> float | None:
    """The slope of log(seconds) over log(sizes); None for fewer than two sizes."""
    if len(sizes) < 2:
        return None
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


@benchmark(seconds=4.0)
@against("torch", "numpy")
def main(asked: Asked, opponents: list[str]) -> None:
    """Time against batch, image side, channels and threads, and the exponents of all four."""
    before = get_num_threads()
    chosen = asked.chosen(sweeps(before))
    line("milliseconds", ["minicnn", *(LAYOUT if o == "torch" else o for o in opponents), "peak floor", "copy floor"])
    results = []
    for sweep in chosen:
        try:
            results.append(_run(sweep, asked, opponents))
        finally:
            set_num_threads(before)
    finish(asked, results, "How time grows", [_picture(r, s) for r, s in zip(results, chosen, strict=True)])


def _run(sweep: Sweep, asked: Asked, opponents: list[str]) -> dict[str, Any]:
    prepared = {size: sweep.prepare(size, opponents) for size in sweep.sizes}
    runs = {f"{name} {size}": run for size, (who, _) in prepared.items() for name, run in who.items()}
    samples = medians(race(runs, asked.seconds, asked.least))
    names = list(prepared[sweep.sizes[0]][0])
    ms = {name: [1e3 * samples[f"{name} {size}"] for size in sweep.sizes] for name in names}
    click.echo(sweep.name)
    floors = []
    for i, size in enumerate(sweep.sizes):
        if sweep.size == "threads":
            set_num_threads(size)  # the floor of so many
        floor = speeds().floor(prepared[size][1])
        floors.append(floor)
        line(
            f"    {size}",
            [*(ms[name][i] for name in names), *([None] * (len(opponents) + 1 - len(names))), *floor.values()],
        )
    exponents = {name: exponent(list(sweep.sizes), ms[name]) for name in names}
    line(f"    exponent; that of the arithmetic is {sweep.exponent}", list(exponents.values()))
    speedup = None
    if sweep.size == "threads" and 2 in sweep.sizes:
        one, two = (sweep.sizes.index(n) for n in (1, 2))
        speedup = {name: t[one] / t[two] for name, t in ms.items()}
        line("    1 thread / 2 threads", list(speedup.values()))
    return {
        "sweep": sweep.name,
        "sizes": list(sweep.sizes),
        "milliseconds": ms,
        "floor milliseconds": floors,
        "exponents": exponents,
        "exponent of the arithmetic": sweep.exponent,
        "one thread / two threads": speedup,
    }


def _picture(result: dict[str, Any], sweep: Sweep) -> Curves:
    series = {}
    for name, milliseconds in result["milliseconds"].items():
        series[name] = (result["sizes"], milliseconds)
    told = ", ".join(f"{name} {e:.2f}" for name, e in result["exponents"].items() if e is not None)
    title = f"{sweep.name}\n{f'exponents: {told}' if told else 'one size only: no exponent'}"
    return Curves(title, sweep.size, "milliseconds", series)


if __name__ == "__main__":
    main()
