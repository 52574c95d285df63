"""What `fit` costs over its bare steps: cutting, shuffling and augmenting batches, metrics, the progress bar.

The bare steps are `train_on_batch` on the same batches, which lie in memory ready to be used. Both take turns in one
process; the figure is the median of what an epoch of `fit` takes, divided by the median of the bare steps.

    python benchmarks/input_path.py [--seconds 10] [--only LeNet] [--backend numba] [--json results.json]
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from nets import NETS, Net, minicnn_model
from race import Candidates, medians, race, write_json
from rich.console import Console

from minicnn import Sequential, losses, optimizers, use_backend
from minicnn.data.augment import shift_and_flip
from minicnn.data.batches import Batches
from minicnn.training.progress import ProgressBar

STEPS = {"LeNet-5": 300, "cats-dogs 32-32-64": 10}  # of an epoch


def candidates(net: Net, steps: int) -> Candidates:
    """An epoch of bare steps, and epochs of fit that do ever more with their batches."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (steps * net.batch, *net.image), np.uint8)
    x, y = pixels / np.float32(255), rng.integers(0, net.classes, len(pixels))
    model = _compiled(net)
    ready = list(Batches(x, y, batch_size=net.batch).epoch())

    def bare() -> None:
        for batch in ready:
            model.train_on_batch(batch.x, batch.y)

    def fitting(*callbacks: Any, data: np.ndarray = x, **options: Any) -> Callable[[], object]:
        batches = Batches(data, y, batch_size=net.batch, **options)
        return lambda: model.fit(batches, verbose=0, callbacks=callbacks)

    terminal = Console(file=io.StringIO(), force_terminal=True)
    return {
        "bare steps": bare,
        "fit": fitting(),
        "shuffled": fitting(shuffle=True),
        "with a bar": fitting(ProgressBar(console=terminal), shuffle=True),
        "of uint8": fitting(data=pixels, shuffle=True, scale=1 / 255),
        "augmented": fitting(data=pixels, shuffle=True, scale=1 / 255, augment=shift_and_flip),
    }


def _compiled(net: Net) -> Sequential:
    model = minicnn_model(net)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.SGD(1e-4, momentum=0.9), loss, metrics=["accuracy"])
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="for each network")
    parser.add_argument("--only", default="", help="networks with this in their name")
    parser.add_argument("--backend", default="numba")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    use_backend(options.backend)

    results = []
    for net in NETS:
        steps = next((n for name, n in STEPS.items() if net.name.startswith(name)), 0)
        if not steps or options.only not in net.name:
            continue
        samples = race(candidates(net, steps), options.seconds)
        ms = {name: 1e3 * t / steps for name, t in medians(samples).items()}
        print(f"{net.name}: {ms['bare steps']:.3f} ms a bare step")
        for name, t in list(ms.items())[1:]:
            print(f"    {name:12s} {t:8.3f} ms  {t / ms['bare steps'] - 1:+7.1%}", flush=True)
        results.append({"net": net.name, "milliseconds a step": ms, "samples": samples})
    if options.json:
        write_json(options.json, results)


if __name__ == "__main__":
    main()
