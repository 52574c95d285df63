"""What every kernel's accesses cost a GPU's memory, counted on the software GPU. Writes the kept table TRAFFIC.md:

    python -m tests.kernels.cuda.traffic

Sectors and bank conflicts are facts of the addresses, and as true here as on a device. Layers are those of
`minicnn bench layers`, with one image, smaller images where that changes no program, and tiles as the full batch has
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn.backends.cuda import (
    activations,
    convolution,
    cross_entropy,
    dense,
    depthwise,
    fused,
    normalization,
    pooling,
    tiles,
    updates,
)
from minicnn.backends.cuda.on_simulator import SimulatedDevice
from minicnn.backends.cuda.rows import for_each_row
from minicnn.geometry import Windows
from minicnn.kernels.cuda import FOLDER
from minicnn.random import Key, generator

BUDGET = 1.25  # sectors, of the fewest in which the same bytes could come
KEPT = FOLDER / "TRAFFIC.md"

PIECES = "{}: a request's pieces of memory are not whole sectors; its neighbours find the rest in the cache"
REASONS = {
    "LeNet-5 1": PIECES.format("1 channel, rows of windows of 20 bytes, 6 filters"),
    "LeNet-5 2": PIECES.format("6 channels, pixels of 24 bytes"),
    "MNIST 1": PIECES.format("1 channel, rows of windows of 12 bytes"),
    "VGG16 1.1, 14x14 of it": PIECES.format("3 channels, rows of windows of 36 bytes"),
    "(32, 84) @ (84, 10)": PIECES.format("10 classes, rows of 40 bytes"),
    "2x28x28x6": PIECES.format("6 channels, pixels of 24 bytes"),
}
"""Why a shape is over the budget."""


@dataclass(frozen=True)
class Count:
    """Of one kernel on one shape: requests of warps for global memory, their sectors, and how few would do; the same
    in cycles for shared memory."""

    program: str
    kernel: str
    shape: str
    requests: int
    sectors: int
    fewest: int
    cycles: int
    fewest_cycles: int

    @property
    def excess(self) -> float:
        """Sectors moved for each that is needed."""
        return self.sectors / self.fewest

    @property
    def conflicts(self) -> int:
        """Cycles that lanes waited for one another's banks."""
        return self.cycles - self.fewest_cycles

    @property
    def reason(self) -> str:
        """Why it is over the budget; "" if it is not. Raises KeyError if nobody knows."""
        return REASONS[self.shape] if self.excess > BUDGET else ""

    def row(self) -> str:
        """Of the kept table."""
        moved, needed = self.sectors / self.requests, self.fewest / self.requests
        figures = f"{self.requests} | {moved:.2f} | {needed:.2f} | {self.excess:.2f} | {self.conflicts}"
        return f"| {self.program} | {self.kernel} | {self.shape} | {figures} | {self.reason} |"


class CountingDevice(SimulatedDevice):
    """A software GPU that counts what every launch moves."""

    def __init__(self) -> None:
        super().__init__("prof")
        self.shape = ""
        self.counts: dict[tuple[str, str, str], Count] = {}

    def run(self, family: str, kernel: str, real: np.dtype, grid: Any, block: Any, arguments: tuple) -> None:
        """Counts the first launch of a kernel on a shape."""
        super().run(family, kernel, real, grid, block, arguments)
        rows = self._module(family, real.name).traffic()

        def total(space: str, what: str) -> int:
            return sum(getattr(row, what) for row in rows if row.space == space)

        of_global = total("global", "requests"), total("global", "moved"), total("global", "ideal")
        of_shared = total("shared", "moved"), total("shared", "ideal")
        count = Count(family, kernel, self.shape, *of_global, *of_shared)
        self.counts.setdefault((family, kernel, self.shape), count)


@dataclass(frozen=True)
class Layer:
    """A convolution of `batch` images, of which one is counted."""

    name: str
    batch: int
    side: int
    channels: int
    filters: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1


LAYERS = (
    Layer("LeNet-5 1", 64, 28, 1, 6, 5, padding=2),
    Layer("LeNet-5 2", 64, 14, 6, 16, 5),
    Layer("MNIST 1", 128, 28, 1, 32, 3, padding=1),
    Layer("MNIST 2", 128, 14, 32, 64, 3, padding=1),
    Layer("VGG16 1.1, 14x14 of it", 1, 14, 3, 64, 3, padding=1),
    Layer("AlexNet 2, 5x5 of it", 8, 5, 96, 256, 5, padding=2, groups=2),
    Layer("ResNet 2 1x1, 14x14 of it", 128, 14, 64, 256, 1),
    Layer("ResNet 3 strided, 8x8 of it", 4, 8, 128, 128, 3, stride=2, padding=1),
)
DENSE = ((32, 400, 120), (32, 84, 10), (256, 512, 128))
MAPS = ((2, 14, 14, 32), (2, 10, 10, 16), (2, 28, 28, 6), (1, 14, 14, 96))


def count_all(layers: tuple[Layer, ...] = LAYERS) -> list[Count]:
    """Every kernel, in float32."""
    device, rng = CountingDevice(), generator(5)

    def given(*shape: int) -> Any:
        return device.to_device(rng.standard_normal(shape).astype(np.float32))

    for layer in layers:
        device.shape = layer.name
        for rounded in (False, True):
            with as_for_a_batch_of(layer.batch), tiles.tf32(rounded):
                _convolutions(device, layer, given)
    for rows, depth, columns in DENSE:
        device.shape = f"({rows}, {depth}) @ ({depth}, {columns})"
        x, w, b, dy = given(rows, depth), given(depth, columns), given(columns), given(rows, columns)
        for large, rounded in ((False, False), (True, False), (True, True)):
            with as_for_a_batch_of(10**6 if large else 1), tiles.tf32(rounded):
                dense.dense(device, x, w, b)
                dense.dense_input_gradient(device, dy, w)
                dense.dense_weight_gradient(device, x, dy)
    for shape in MAPS:
        device.shape = "x".join(map(str, shape))
        _maps(device, shape, given)
    for rows, classes in ((64, 10), (8, 1000)):
        device.shape = f"{rows}x{classes}"
        _classes(device, rows, classes, given)
    device.shape = "arrays of 432, 16, 5000"
    lists = [[given(n) for n in (432, 16, 5000)] for _ in range(5)]
    updates.sgd_update(device, *lists[:3], 0.1, 0.9, True)
    updates.adam_update(device, *lists, 0.1, 0.9, 0.999, 1e-7, 1)
    updates.nadam_update(device, *lists[:4], 0.1, 0.1, 0.9, 0.999, 1e-7, 1)
    updates.adamax_update(device, *lists[:4], 0.1, 0.9, 0.999, 1e-7, 1)
    updates.adadelta_update(device, *lists[:4], 0.1, 0.9, 1e-7)
    updates.rmsprop_update(device, *lists, 0.1, 0.9, 0.9, 1e-7)
    return sorted(device.counts.values(), key=lambda c: (c.program.partition(".")[0], c.kernel, c.program, c.shape))


@contextmanager
def as_for_a_batch_of(images: int) -> Iterator[None]:
    """One image is cut into tiles as so many would be."""
    many = tiles.MANY
    tiles.MANY = max(1, many // images)
    try:
        yield
    finally:
        tiles.MANY = many


def _convolutions(device: CountingDevice, layer: Layer, given: Callable[..., Any]) -> None:
    windows = Windows.over((layer.side, layer.side), layer.kernel, layer.stride, layer.padding)
    x = given(1, layer.side, layer.side, layer.channels)
    w = given(layer.kernel, layer.kernel, layer.channels // layer.groups, layer.filters)
    b, dy = given(layer.filters), given(1, *windows.outputs, layer.filters)
    convolution.conv2d(device, x, w, b, windows, layer.groups)
    for pool in (1, 2):
        convolution.conv2d_relu(device, x, w, b, windows, layer.groups, pool)
    convolution.conv2d_input_gradient(device, dy, w, windows, layer.groups)
    convolution.conv2d_weight_gradient(device, x, dy, windows, layer.groups)


def _maps(device: CountingDevice, shape: tuple[int, ...], given: Callable[..., Any]) -> None:
    channels = shape[3]
    x, dy = given(*shape), given(*shape)
    gamma, beta = given(channels), given(channels)
    _, mean, variance = normalization.batch_norm(device, x, gamma, beta, 1e-3)
    statistics = mean, variance, 1e-3
    sums = normalization.batch_norm_parameter_gradients(device, dy, x, *statistics)
    normalization.batch_norm_input_gradient(device, dy, x, gamma, *statistics, *sums)
    pools = Windows.over(shape[1:3], 2, 2)
    y, winners, *_ = fused.batch_norm_relu_pool(device, x, gamma, beta, 1e-3, pools)
    normalization.batch_norm_relu_pool_parameter_gradients(device, y, winners, x, *statistics, pools)
    normalization.batch_norm_relu_pool_input_gradient(device, y, winners, x, gamma, *statistics, *sums, pools)
    fused.relu_pool_gradient(device, y, winners, pools)
    _, winners, *_ = fused.batch_norm_add_relu(device, x, gamma, beta, dy, 1e-3, False)
    normalization.batch_norm_add_relu_gradients(device, dy, winners, x, *statistics)
    pooling.relu_pool(device, x, pools)
    overlapping = Windows.over(shape[1:3], 3, 2, "same")
    y, winners = pooling.max_pool2d(device, x, overlapping)
    pooling.max_pool2d_gradient(device, y, winners, overlapping)
    pooling.average_pool2d_gradient(device, pooling.average_pool2d(device, x, overlapping), overlapping)
    taps = Windows.over(shape[1:3], 3, padding="same")
    convolution.col2im(device, convolution.im2col(device, x, taps), taps)
    w = given(3, 3, channels, 1)
    depthwise.depthwise_conv2d(device, x, w, beta, taps)
    depthwise.depthwise_conv2d_input_gradient(device, dy, w, taps)
    depthwise.depthwise_conv2d_weight_gradient(device, x, dy, taps)
    _activations(device, x, dy)
    for_each_row(
        device, "elementwise", "bias_and_relu", x.dtype, x.size // channels, channels, beta, True, dy, channels
    )
    activations.dropout(device, x, 0.5, Key(1))


def _activations(device: CountingDevice, x: Any, dy: Any) -> None:
    for name, numbers in (("relu", (0.1, None, 0.0)), ("elu", (1.0, 1.0)), ("gelu", (True,)), ("gelu", (False,))):
        getattr(activations, name)(device, x, *numbers)
        getattr(activations, f"{name}_gradient")(device, dy, x, *numbers)
    activations.add_relu(device, x, dy)
    for name in ("sigmoid", "tanh", "silu", "softplus"):
        getattr(activations, f"{name}_gradient")(device, dy, getattr(activations, name)(device, x))


def _classes(device: CountingDevice, rows: int, classes: int, given: Callable[..., Any]) -> None:
    logits, dlosses = given(rows, classes), given(rows)
    activations.softmax_gradient(device, logits, activations.softmax(device, logits))
    labels = device.to_device(np.arange(rows, dtype=np.int32) % classes)
    for targets in (labels, activations.softmax(device, logits)):
        _, probabilities = cross_entropy.softmax_cross_entropy(device, logits, targets)
        cross_entropy.softmax_cross_entropy_gradient(device, dlosses, probabilities, targets)


INTRODUCTION = f"""# What the kernels move: counted, not timed

Written by `python -m tests.kernels.cuda.traffic`, which runs every kernel on the software GPU in float32, and held by a
test. A request is one load or store of a warp from or to global memory; it moves sectors of 32 bytes. `needed` is how
few sectors could hold the bytes that its lanes asked for; the budget is {BUDGET} times that, or a reason. Bank
conflicts are the cycles that lanes of a warp wait for one another in shared memory. Requests are what g++ makes of the
source; a GPU's compiler merges and splits them a little differently.

| program | kernel | shape | requests | sectors a request | needed | ratio | bank conflicts | why over the budget |
|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Writes the table."""
    KEPT.write_text(INTRODUCTION + "".join(f"{count.row()}\n" for count in count_all()), encoding="utf-8")


if __name__ == "__main__":
    main()
