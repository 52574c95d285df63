"""One training step of five course networks: minicnn's `train_on_batch` against PyTorch eager, NCHW and channels-last.

Both take a batch that lies in memory, compute loss and gradients, and update with SGD and momentum (PyTorch's fused
one). Figures are medians of alternating runs in one process; the ratio is the best PyTorch to minicnn.

    python benchmarks/train_step.py [--seconds 5] [--only LeNet] [--json results.json] [--profile]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from nets import NETS, Net, minicnn_model, torch_model
from race import Candidates, geometric_mean, medians, race, write_json

from minicnn import losses, optimizers, use_backend
from minicnn.kernels.cpu.threads import exclusive

RATE, MOMENTUM = 0.01, 0.9


def candidates(net: Net) -> Candidates:
    """The same step three times over."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((net.batch, *net.image), dtype=np.float32)
    y = rng.integers(0, net.classes, net.batch)

    model = minicnn_model(net)
    model.compile(optimizers.SGD(RATE, momentum=MOMENTUM), losses.SparseCategoricalCrossentropy(from_logits=True))
    runs: Candidates = {"minicnn": lambda: model.train_on_batch(x, y)}
    for name, layout in (("torch nchw", torch.contiguous_format), ("torch nhwc", torch.channels_last)):
        runs[name] = _torch_step(net, x, y, layout)
    return runs


def _torch_step(net: Net, x: np.ndarray, y: np.ndarray, layout: torch.memory_format) -> Callable[[], object]:
    model = torch_model(net).to(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM, fused=True)
    images = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()).to(memory_format=layout)
    labels = torch.from_numpy(y)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="for each network")
    parser.add_argument("--only", default="", help="networks with this in their name")
    parser.add_argument("--backend", default="numba")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--profile", action="store_true", help="where minicnn's step spends its time")
    options = parser.parse_args()
    torch.set_num_threads(exclusive.count)
    use_backend(options.backend)

    print(f"{'milliseconds a step':44s} {'minicnn':>8s} {'nchw':>8s} {'nhwc':>8s} {'ratio':>6s}")
    results = []
    for net in (n for n in NETS if options.only in n.name):
        runs = candidates(net)
        samples = race(runs, options.seconds)
        ms = {name: 1e3 * t for name, t in medians(samples).items()}
        ratio = min(ms["torch nchw"], ms["torch nhwc"]) / ms["minicnn"]
        print(
            f"{net.name:44s} {ms['minicnn']:8.2f} {ms['torch nchw']:8.2f} {ms['torch nhwc']:8.2f} {ratio:6.2f}",
            flush=True,
        )
        results.append({"net": net.name, "milliseconds": ms, "ratio": ratio, "samples": samples})
        if options.profile:
            profile(runs["minicnn"])
    print(f"{'geometric mean':71s} {geometric_mean([r['ratio'] for r in results]):6.2f}")
    if options.json:
        write_json(options.json, results)


def profile(run: Callable[[], object], steps: int = 20) -> None:
    """Time a step in each function of the backend."""
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(steps):
        run()
    profiler.disable()
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    rows = [(times[3], times[1], place) for place, times in stats.items() if "backends/numba" in place[0]]
    for seconds, calls, place in sorted(rows, reverse=True)[:16]:
        print(f"    {1e3 * seconds / steps:8.3f} ms {calls // steps:3d} x {place[2]}")


if __name__ == "__main__":
    main()
