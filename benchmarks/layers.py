"""Convolutions of the networks that courses teach: forward, dx and dw, in GFLOP/s and against PyTorch.

All candidates take turns in one process; medians are compared. "peak" is what this machine's multiply-adds reach when
nothing but registers is involved, measured in the same turns. PyTorch's dx and dw come from its own
`aten.convolution_backward`, asked for one of them at a time; the better of NCHW and channels-last counts. The floors
are the direct sum's operations at that peak, and each array through memory once at the measured copy speed.

    python benchmarks/layers.py [--seconds 1] [--only VGG] [--algorithm direct] [--json FILE] [--png FILE]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
import numpy as np

from minicnn.backends import Backend, numba
from minicnn.backends import numpy as textbook
from minicnn.backends.contract import ALGORITHMS
from minicnn.benchmarks.draw import Bars
from minicnn.benchmarks.floor import Speeds, Work, speeds
from minicnn.benchmarks.opponents import LAYOUTS, against
from minicnn.benchmarks.options import Asked, benchmark
from minicnn.benchmarks.peak import multiply_adds
from minicnn.benchmarks.race import Candidates, geometric_mean, medians, race
from minicnn.benchmarks.report import finish, line
from minicnn.geometry import Windows


@dataclass(frozen=True)
class Layer:
    """A convolution over a batch of square images."""

    name: str
    batch: int
    side: int
    channels: int
    filters: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1

    def windows(self) -> Windows:
        """Where the kernel is laid."""
        return Windows.over((self.side, self.side), self.kernel, self.stride, self.padding)


LAYERS = [
    Layer("LeNet-5 1", 64, 28, 1, 6, 5, padding=2),
    Layer("LeNet-5 2", 64, 14, 6, 16, 5),
    Layer("MNIST 1", 128, 28, 1, 32, 3, padding=1),
    Layer("MNIST 2", 128, 14, 32, 64, 3, padding=1),
    Layer("CIFAR 2x2 2", 32, 16, 16, 32, 2),
    Layer("cats-dogs 1", 20, 150, 3, 32, 3),
    Layer("cats-dogs 2", 20, 74, 32, 64, 3),
    Layer("cats-dogs 3", 20, 36, 64, 128, 3),
    Layer("cats-dogs 4", 20, 17, 128, 128, 3),
    Layer("AlexNet 1", 8, 227, 3, 96, 11, stride=4),
    Layer("AlexNet 2", 8, 27, 96, 256, 5, padding=2, groups=2),
    Layer("AlexNet 3", 8, 13, 256, 384, 3, padding=1),
    Layer("VGG16 1.1", 1, 224, 3, 64, 3, padding=1),
    Layer("VGG16 1.2", 1, 224, 64, 64, 3, padding=1),
    Layer("VGG16 2.2", 1, 112, 128, 128, 3, padding=1),
    Layer("VGG16 3.2", 1, 56, 256, 256, 3, padding=1),
    Layer("VGG16 4.2", 1, 28, 512, 512, 3, padding=1),
    Layer("VGG16 5.2", 1, 14, 512, 512, 3, padding=1),
    Layer("ResNet 1", 4, 224, 3, 64, 7, stride=2, padding=3),
    Layer("ResNet 2 1x1", 4, 56, 64, 256, 1),
    Layer("ResNet 3 strided", 4, 56, 128, 128, 3, stride=2, padding=1),
    Layer("ResNet 4", 4, 14, 256, 256, 3, padding=1),
    Layer("MobileNet pointwise", 4, 28, 256, 256, 1),
    Layer("MobileNet depthwise", 4, 56, 128, 128, 3, padding=1, groups=128),
    Layer("ResNet-20 stem", 128, 32, 3, 16, 3, padding=1),
    Layer("ResNet-20 16", 128, 32, 16, 16, 3, padding=1),
    Layer("ResNet-20 strided 32", 128, 32, 16, 32, 3, stride=2, padding=1),
    Layer("ResNet-20 1x1 32", 128, 32, 16, 32, 1, stride=2),
    Layer("ResNet-20 32", 128, 16, 32, 32, 3, padding=1),
    Layer("ResNet-20 strided 64", 128, 16, 32, 64, 3, stride=2, padding=1),
    Layer("ResNet-20 1x1 64", 128, 16, 32, 64, 1, stride=2),
    Layer("ResNet-20 64", 128, 8, 64, 64, 3, padding=1),
]


PARTS = ("forward", "dx", "dw")


def candidates(layer: Layer, opponents: list[str], algorithm: str = "auto") -> tuple[dict[str, Candidates], Work]:
    """Forward, dx and dw, each by minicnn and by whom it races; and the work that each of them is."""
    rng = np.random.Generator(np.random.PCG64(0))
    x = rng.standard_normal((layer.batch, layer.side, layer.side, layer.channels), dtype=np.float32)
    shape = layer.kernel, layer.kernel, layer.channels // layer.groups, layer.filters
    w, b = rng.standard_normal(shape, dtype=np.float32), rng.standard_normal(layer.filters, dtype=np.float32)
    outputs = layer.windows().outputs
    dy = rng.standard_normal((layer.batch, *outputs, layer.filters), dtype=np.float32)

    by = {"minicnn": _backend_runs(numba, layer, x, w, b, dy, algorithm)}
    if "torch" in opponents:
        by |= {name: _torch_runs(layer, x, w, b, dy, name) for name in LAYOUTS}
    if "numpy" in opponents:
        by["numpy"] = _backend_runs(textbook, layer, x, w, b, dy)
    operations = 2 * dy.size * layer.kernel**2 * layer.channels // layer.groups
    work = Work(operations, x.nbytes + w.nbytes + dy.nbytes)
    return {part: {name: runs[part] for name, runs in by.items()} for part in PARTS}, work


def _backend_runs(
    backend: Backend,
    layer: Layer,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    dy: np.ndarray,
    algorithm: str = "auto",
) -> Candidates:
    windows = layer.windows()
    if layer.groups == layer.channels > 1:
        w = w.reshape(layer.kernel, layer.kernel, layer.channels, -1)
        return {
            "forward": lambda: backend.depthwise_conv2d(x, w, b, windows),
            "dx": lambda: backend.depthwise_conv2d_input_gradient(dy, w, windows),
            "dw": lambda: backend.depthwise_conv2d_weight_gradient(x, dy, windows),
        }
    return {
        "forward": lambda: backend.conv2d(x, w, b, windows, layer.groups, algorithm),
        "dx": lambda: backend.conv2d_input_gradient(dy, w, windows, layer.groups, algorithm),
        "dw": lambda: backend.conv2d_weight_gradient(x, dy, windows, layer.groups, algorithm),
    }


def _torch_runs(layer: Layer, x: np.ndarray, w: np.ndarray, b: np.ndarray, dy: np.ndarray, layout: str) -> Candidates:
    import torch

    to = {"memory_format": getattr(torch, LAYOUTS[layout])}
    x_t, dy_t = (torch.from_numpy(a.transpose(0, 3, 1, 2).copy()).to(**to) for a in (x, dy))
    w_t = torch.from_numpy(w.transpose(3, 2, 0, 1).copy()).to(**to)
    b_t = torch.from_numpy(b)
    pair = lambda n: [n, n]  # noqa: E731
    geometry = pair(layer.stride), pair(layer.padding), pair(1)

    def backward(dx: bool, dw: bool) -> object:
        return torch.ops.aten.convolution_backward(
            dy_t, x_t, w_t, None, *geometry, False, [0, 0], layer.groups, [dx, dw, False]
        )

    return {
        "forward": lambda: torch.conv2d(x_t, w_t, b_t, *geometry, layer.groups),
        "dx": lambda: backward(True, False),
        "dw": lambda: backward(False, True),
    }


@benchmark(seconds=1.0)
@against("torch", "numpy")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="auto", help="winograd: where it can be done.")
def main(asked: Asked, opponents: list[str], algorithm: str) -> None:
    """Convolutions of known networks: forward, dx and dw, in GFLOP/s, against PyTorch."""
    layers = asked.chosen(LAYERS)
    rivals = [*(LAYOUTS if "torch" in opponents else ()), *(["numpy"] if "numpy" in opponents else ())]
    peak_run, peak_operations = multiply_adds()
    headings = ["minicnn", *rivals, "ratio", "GFLOP/s", "of peak", "peak floor", "copy floor"]
    line("milliseconds", headings, start=30)
    results = []
    for layer in layers:
        parts, work = candidates(layer, opponents, algorithm)
        for part, runs in parts.items():
            seconds = medians(race({**runs, "peak": peak_run}, asked.seconds, asked.least))
            rate = work.flops / seconds["minicnn"] / 1e9
            peak = peak_operations / seconds.pop("peak") / 1e9
            ratio = min(seconds[name] for name in rivals) / seconds["minicnn"]
            ms = {name: 1e3 * t for name, t in seconds.items()}
            floor = Speeds(1e9 * peak, speeds().bytes).floor(work)
            cells = [*ms.values(), ratio, rate, f"{rate / peak:.0%}", *floor.values()]
            line(f"{layer.name:20s} {part}", cells, start=30)
            results.append(
                {
                    "layer": layer.name,
                    "part": part,
                    "gflop": work.flops / 1e9,
                    "gflops": rate,
                    "peak": peak,
                    "milliseconds": ms,
                    "ratio": ratio,
                    "floor milliseconds": floor,
                }
            )
    for part in PARTS:
        click.echo(f"geometric mean, {part}: {geometric_mean([r['ratio'] for r in results if r['part'] == part]):.2f}")
    finish(asked, results, "Convolutions: arithmetic a second", _picture(results, rivals))


def _picture(results: list[dict[str, Any]], rivals: list[str]) -> list[Bars]:
    """A panel for each part; of PyTorch the better layout."""
    best = "best PyTorch" if "torch nchw" in rivals else "numpy backend"
    labels = list(dict.fromkeys(r["layer"] for r in results))
    panels = []
    for part in PARTS:
        rows = [r for r in results if r["part"] == part]
        series = {"minicnn": [r["gflops"] for r in rows], best: [r["gflops"] / r["ratio"] for r in rows]}
        texts = {name: [f"{value:.0f}" for value in values] for name, values in series.items()}
        mark = max(r["peak"] for r in rows), "measured peak"
        panels.append(Bars(part, "GFLOP/s", labels, series, texts, mark))
    return panels


if __name__ == "__main__":
    main()
