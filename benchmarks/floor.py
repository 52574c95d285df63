"""What work costs at least on this machine: arithmetic at the measured peak, bytes at the measured copy speed.

The arithmetic is that of the direct sum; an algorithm with fewer multiplications, as Winograd's, may pass below that
floor. Bytes are counted once for every pass over an array that a fused group has to make; arrays that stay in a cache
between two passes may pass below that one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

from minicnn.benchmarks.copy_speed import copies
from minicnn.benchmarks.peak import multiply_adds
from minicnn.benchmarks.race import medians, race
from minicnn.kernels.cpu.threads import exclusive
from minicnn.layers import InputLayer
from minicnn.models import Model
from minicnn.plan_table import flops, traffic


@dataclass(frozen=True)
class Work:
    """Additions and multiplications, and bytes to and from memory."""

    flops: float
    bytes: float


@dataclass(frozen=True)
class Speeds:
    """Of this machine, with as many threads as minicnn uses: FLOP/s and bytes/s."""

    flops: float
    bytes: float

    def floor(self, work: Work) -> dict[str, float]:
        """Milliseconds that the arithmetic and the bytes of some work take at these speeds."""
        return {"flops": 1e3 * work.flops / self.flops, "bytes": 1e3 * work.bytes / self.bytes}

    def __str__(self) -> str:
        return f"measured peak {self.flops / 1e9:.0f} GFLOP/s, measured copy speed {self.bytes / 1e9:.1f} GB/s"


def speeds() -> Speeds:
    """Measured once for a number of threads, the two in turn."""
    return _speeds(exclusive.count)


@cache
def _speeds(threads: int) -> Speeds:
    (multiply, operations), (copy, moved) = multiply_adds(), copies()
    seconds = medians(race({"multiply": multiply, "copy": copy}, 0.3))
    return Speeds(operations / seconds["multiply"], moved / seconds["copy"])


def forward_work(model: Model, batch: int) -> Work:
    """Of the network's output for a batch: weighted sums, and what each fused group reads and writes."""
    return Work(
        batch * sum(flops(layer) for layer in model.layers),
        sum(traffic(group, batch) for group in _groups(model)),
    )


def step_work(model: Model, batch: int) -> Work:
    """Of a training step with momentum.

    Backwards each weighted layer computes two sums as large as its forward one, but for the first layer, whose dx
    nobody wants. A group reads its input and the gradient of its output, and writes the gradient of its input.
    Parameters are read for dx, their gradients written; the update reads parameter, gradient and velocity and writes
    parameter and velocity.
    """
    forward = forward_work(model, batch)
    first = next((n for n in map(flops, model.layers) if n), 0)
    inputs, outputs = _group_bytes(model, batch)
    return Work(
        3 * forward.flops - batch * first,
        forward.bytes + 2 * sum(inputs) - inputs[0] + sum(outputs) + 7 * _parameter_bytes(model),
    )


def step_memory(model: Model, batch: int) -> int:
    """Bytes that a training step has to hold: each group's input until its backward pass; weights three times over.

    The three are the parameters, their gradients and the optimizer's velocities.
    """
    inputs, _ = _group_bytes(model, batch)
    return sum(inputs) + 3 * _parameter_bytes(model)


def _groups(model: Model) -> list[Any]:
    return [group for group in model.groups() if not isinstance(group.layers[0], InputLayer)]


def _group_bytes(model: Model, batch: int) -> tuple[list[int], list[int]]:
    """Of the input and of the output of each group, float32."""
    groups = _groups(model)
    inputs, outputs = [g.layers[0].input_shape for g in groups], [g.layers[-1].output_shape for g in groups]
    return [_bytes(shapes, batch) for shapes in inputs], [_bytes(shapes, batch) for shapes in outputs]


def _bytes(shapes: Any, batch: int) -> int:
    """Of a tensor, or of all that a merging layer takes."""
    several = shapes if isinstance(shapes, list) else [shapes]
    return sum(4 * batch * math.prod(n or 1 for n in shape[1:]) for shape in several)


def _parameter_bytes(model: Model) -> int:
    return sum(variable.data.nbytes for variable in model.trainable_weights)
