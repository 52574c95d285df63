"""Convolutions of the networks that courses teach: forward, dx and dw, in GFLOP/s and against PyTorch.

All candidates take turns in one process; medians are compared. "peak" is what this machine's multiply-adds reach when
nothing but registers is involved, measured in the same turns. PyTorch's dx and dw come from its own
`aten.convolution_backward`, asked for one of them at a time; the better of NCHW and channels-last counts.

    python benchmarks/layers.py [--seconds 1] [--only VGG] [--algorithm direct] [--json results.json]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from peak import multiply_adds
from race import Candidates, geometric_mean, medians, race, write_json

from minicnn.backends import numba
from minicnn.backends.contract import ALGORITHMS
from minicnn.geometry import Windows
from minicnn.kernels.cpu.threads import exclusive


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
]


def candidates(layer: Layer, algorithm: str = "auto") -> tuple[dict[str, Candidates], int]:
    """Forward, dx and dw, each by minicnn and by PyTorch in both layouts; and the operations of each."""
    rng = np.random.default_rng(0)
    windows = Windows.over((layer.side, layer.side), layer.kernel, layer.stride, layer.padding)
    x = rng.standard_normal((layer.batch, layer.side, layer.side, layer.channels), dtype=np.float32)
    shape = layer.kernel, layer.kernel, layer.channels // layer.groups, layer.filters
    w, b = rng.standard_normal(shape, dtype=np.float32), rng.standard_normal(layer.filters, dtype=np.float32)
    depthwise = layer.groups == layer.channels > 1
    w_depthwise = w.reshape(layer.kernel, layer.kernel, layer.channels, -1)
    if depthwise:
        y = numba.depthwise_conv2d(x, w_depthwise, b, windows)
    else:
        y = numba.conv2d(x, w, b, windows, layer.groups)
    dy = rng.standard_normal(y.shape, dtype=np.float32)

    runs: dict[str, Candidates]
    if depthwise:
        runs = {
            "forward": {"minicnn": lambda: numba.depthwise_conv2d(x, w_depthwise, b, windows)},
            "dx": {"minicnn": lambda: numba.depthwise_conv2d_input_gradient(dy, w_depthwise, windows)},
            "dw": {"minicnn": lambda: numba.depthwise_conv2d_weight_gradient(x, dy, windows)},
        }
    else:
        runs = {
            "forward": {"minicnn": lambda: numba.conv2d(x, w, b, windows, layer.groups, algorithm)},
            "dx": {"minicnn": lambda: numba.conv2d_input_gradient(dy, w, windows, layer.groups, algorithm)},
            "dw": {"minicnn": lambda: numba.conv2d_weight_gradient(x, dy, windows, layer.groups, algorithm)},
        }
    for name, layout in (("nchw", torch.contiguous_format), ("nhwc", torch.channels_last)):
        for part, run in _torch_runs(layer, x, w, b, dy, layout).items():
            runs[part][name] = run
    return runs, 2 * y.size * layer.kernel**2 * layer.channels // layer.groups


def _torch_runs(
    layer: Layer, x: np.ndarray, w: np.ndarray, b: np.ndarray, dy: np.ndarray, layout: torch.memory_format
) -> Candidates:
    x_t, dy_t = (torch.from_numpy(a.transpose(0, 3, 1, 2).copy()).to(memory_format=layout) for a in (x, dy))
    w_t = torch.from_numpy(w.transpose(3, 2, 0, 1).copy()).to(memory_format=layout)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="for each of forward, dx and dw of a layer")
    parser.add_argument("--only", default="", help="layers with this in their name")
    parser.add_argument("--algorithm", choices=ALGORITHMS, default="auto", help="winograd: where it can be done")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(exclusive.count)
    torch.set_grad_enabled(False)

    peak_run, peak_operations = multiply_adds()
    print(f"{'':20s} {'':8s} {'ms':>8s} {'GFLOP/s':>8s} {'% peak':>7s} {'nchw ms':>8s} {'nhwc ms':>8s} {'ratio':>6s}")
    results = []
    for layer in (one for one in LAYERS if options.only in one.name):
        parts, operations = candidates(layer, options.algorithm)
        for part, runs in parts.items():
            seconds = medians(race({**runs, "peak": peak_run}, options.seconds))
            rate = operations / seconds["minicnn"] / 1e9
            peak = peak_operations / seconds["peak"] / 1e9
            ratio = min(seconds["nchw"], seconds["nhwc"]) / seconds["minicnn"]
            ms = {name: 1e3 * t for name, t in seconds.items()}
            print(
                f"{layer.name:20s} {part:8s} {ms['minicnn']:8.3f} {rate:8.0f} {100 * rate / peak:6.0f}% "
                f"{ms['nchw']:8.3f} {ms['nhwc']:8.3f} {ratio:6.2f}",
                flush=True,
            )
            results.append(
                {"layer": layer.name, "part": part, "gflops": rate, "peak": peak, "milliseconds": ms, "ratio": ratio}
            )
    for part in ("forward", "dx", "dw"):
        print(f"geometric mean, {part}: {geometric_mean([r['ratio'] for r in results if r['part'] == part]):.2f}")
    if options.json:
        write_json(options.json, results)


if __name__ == "__main__":
    main()
