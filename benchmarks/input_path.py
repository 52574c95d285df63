"""What `fit` costs over its bare steps: cutting, shuffling and augmenting batches, metrics, the progress bar.

The bare steps are `train_on_batch` on the same batches, which lie in memory ready to be used. All take turns in one
process; the figure is the median of what an epoch of `fit` takes, divided by the median of the bare steps.

    python benchmarks/input_path.py [--seconds 10] [--only LeNet] [--json results.json] [--png results.png]
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import click
import numpy as np
from rich.console import Console

from minicnn import use_backend
from minicnn.benchmarks.draw import Bars
from minicnn.benchmarks.nets import NETS, Net
from minicnn.benchmarks.options import Asked, benchmark
from minicnn.benchmarks.race import Candidates, medians, race
from minicnn.benchmarks.report import finish, line
from minicnn.benchmarks.steps import compiled_model
from minicnn.callbacks import ProgbarLogger
from minicnn.data.augment import shift_and_flip
from minicnn.data.batches import Batches

STEPS = {"LeNet-5": 300, "cats-dogs 32-32-64": 10}  # of an epoch
BARE = "bare steps"


def candidates(net: Net, steps: int) -> Candidates:
    """An epoch of bare steps, and epochs of fit that do ever more with their batches."""
    rng = np.random.Generator(np.random.PCG64(0))
    pixels = rng.integers(0, 256, (steps * net.batch, *net.image), np.uint8)
    x, y = pixels / np.float32(255), rng.integers(0, net.classes, len(pixels))
    model = compiled_model(net)
    ready = list(Batches(x, y, batch_size=net.batch).epoch())

    def bare() -> None:
        for batch in ready:
            model.train_on_batch(batch.x, batch.y)

    def fitting(*callbacks: Any, data: np.ndarray = x, **options: Any) -> Callable[[], object]:
        batches = Batches(data, y, batch_size=net.batch, **options)
        return lambda: model.fit(batches, verbose=0, callbacks=callbacks)

    terminal = Console(file=io.StringIO(), force_terminal=True)
    return {
        BARE: bare,
        "fit": fitting(),
        "shuffled": fitting(shuffle=True),
        "with a bar": fitting(ProgbarLogger(console=terminal), shuffle=True),
        "of uint8": fitting(data=pixels, shuffle=True, scale=1 / 255),
        "augmented": fitting(data=pixels, shuffle=True, scale=1 / 255, augment=shift_and_flip),
    }


@benchmark(seconds=10.0)
@click.option("--backend", default="numba", show_default=True, help="What minicnn computes with.")
def main(asked: Asked, backend: str) -> None:
    """What fit costs over its bare steps."""
    nets = asked.chosen([net for net in NETS if _steps(net)])
    results = []
    with use_backend(backend):
        for number, net in enumerate(nets):
            steps = _steps(net) // (10 if asked.quick else 1) or 1
            samples = race(candidates(net, steps), asked.seconds, asked.least)
            ms = {name: 1e3 * t / steps for name, t in medians(samples).items()}
            if number == 0:
                line("milliseconds a step", list(ms))
            line(net.name, list(ms.values()))
            over = {name: t / ms[BARE] - 1 for name, t in ms.items()}
            line("    over the bare steps", [f"{share:+.1%}" for share in over.values()])
            results.append({"net": net.name, "milliseconds a step": ms, "over bare steps": over, "samples": samples})
    finish(asked, results, "fit over its bare steps", _picture(results))


def _steps(net: Net) -> int:
    return next((n for name, n in STEPS.items() if net.name.startswith(name)), 0)


def _picture(results: list[dict[str, Any]]) -> list[Bars]:
    labels = [r["net"] for r in results]
    names = [name for name in results[0]["over bare steps"] if name != BARE]
    series = {name: [100 * r["over bare steps"][name] for r in results] for name in names}
    texts = {name: [f"{value:+.1f} %" for value in values] for name, values in series.items()}
    return [Bars("fit over its bare steps", "% of a bare step", labels, series, texts, (5.0, "5 %: the aim"))]


if __name__ == "__main__":
    main()
