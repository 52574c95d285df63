"""`minicnn profile`: where the time of a network goes, group by group of its plan, and what the machine could do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import click
import numpy as np
from rich.table import Table

from minicnn import backends
from minicnn.cli.console import plain_console
from minicnn.cli.networks import named_network
from minicnn.errors import ArgumentError
from minicnn.groups import Group
from minicnn.layers import InputLayer
from minicnn.models import Model
from minicnn.plan import Plan
from minicnn.plan_table import flops
from minicnn.random import generator
from minicnn.structure import leaves, mapped
from minicnn.tensor import Node, Tensor, no_grad

WARM_UP = 2  # runs that are not counted: kernels are compiled, memory is fetched


@dataclass
class Cost:
    """What was measured. Work and bytes are those of one pass, forward and, if it was made, backward.

    least_bytes: what any implementation has to move, were every array read or written once.
    """

    forward: list[float] = field(default_factory=list)  # seconds, one of each pass
    backward: list[float] = field(default_factory=list)
    flop: float = 0.0
    least_bytes: int = 0

    @property
    def directions(self) -> tuple[float, float]:
        """The medians of both, 0 for one that was not taken."""
        forward, backward = (statistics.median(times) if times else 0.0 for times in (self.forward, self.backward))
        return forward, backward

    @property
    def seconds(self) -> float:
        """Both together."""
        return sum(self.directions)


Rows = list[tuple[Group, Cost]]


@click.command()
@click.argument("model")
@click.option("--batch", default=32, show_default=True, type=click.IntRange(1), help="Images in the batch.")
@click.option("--input-shape", help="Height,width,channels, e.g. 64,64,3.  [default: the network's own]")
@click.option("--classes", type=click.IntRange(2), help="Number of classes.  [default: the network's own]")
@click.option("--train", is_flag=True, help="Also backward, as in a training step.  [default: forward, as in predict]")
@click.option("--backend", default=None, help="Who computes: see `minicnn doctor`.  [default: the fastest there is]")
@click.option("--repeat", default=20, show_default=True, type=click.IntRange(1), help="Passes; medians are shown.")
def profile(
    model: str, batch: int, input_shape: str | None, classes: int | None, train: bool, backend: str | None, repeat: int
) -> None:
    """Time, work and memory traffic of MODEL's layers: a name (small, lenet5, mlp, vgg16), a file, or a run's folder.

    Layers that run as one fused group share a row. MB is what any implementation has to move: every array read or
    written once. The peak is measured: multiply-adds on registers, on as many threads as compute.
    """
    network = named_network(model, input_shape, classes)
    with backends.use_backend(backend) if backend else nullcontext():
        rows = measure(network, batch, train, repeat)
        ceiling = peak() / (2 if network.dtype == "float64" else 1)
        title = (
            f"{network.name}: a batch of {batch} {'forward and backward' if train else 'forward'}, "
            f"{backends.current_backend().name} backend, {backends.get_num_threads()} thread(s)"
        )
    console = plain_console()
    console.print(as_table(rows, title, ceiling))
    seconds = sum(cost.seconds for _, cost in rows)
    console.print(
        f"{1e3 * seconds:,.2f} ms in all, {batch / seconds:,.0f} images/s; peak {ceiling / 1e9:,.0f} GFLOP/s measured",
        soft_wrap=True,
    )


def measure(network: Model, batch: int, train: bool, repeat: int) -> Rows:
    """Each group with its cost over `repeat` passes of random images through all groups: caches are as in real use.

    Raises ArgumentError for a network whose input shape is not known.
    """
    if not network.built or any(None in tensor.shape[1:] for tensor in network.inputs):
        raise ArgumentError(f"{network.name} does not say how large its images are: give --input-shape, e.g. 64,64,3")
    rng, shapes = generator(0), [tensor.shape for tensor in network.inputs]
    sizes = [(batch, *(n or 1 for n in shape[1:])) for shape in shapes]
    inputs = [Tensor(rng.standard_normal(size).astype(network.dtype or "float32")) for size in sizes]
    plan = network.planned()
    costs = [Cost() for _ in plan.steps]
    for turn in range(WARM_UP + repeat):
        if turn == WARM_UP:
            for cost in costs:
                cost.forward.clear()
                cost.backward.clear()
        for variable in network.trainable_weights:
            variable.zero_grad()
        _pass(plan, costs, inputs, train)
    rows = [(step.group, cost) for step, cost in zip(plan.steps, costs, strict=True)]
    return [(group, cost) for group, cost in rows if not isinstance(group.layers[0], InputLayer)]


def _pass(plan: Plan, costs: list[Cost], inputs: list[Tensor], train: bool) -> None:
    """Once forward and, to train, back; each group by itself, so that each can be timed."""
    values = dict(zip(plan.inputs, inputs, strict=True))
    ends: list[tuple[list[Tensor], list[Tensor]]] = []
    with nullcontext() if train else no_grad():
        for step, cost in zip(plan.steps, costs, strict=True):
            x = mapped(lambda number: _cut_off(values[number]), step.takes)
            with _timed(cost.forward):
                y = step.group(x, train if step.training is None else step.training)
            ends.append((leaves(x), leaves(y)))
            cost.flop, cost.least_bytes = _work(step.group, *ends[-1])
            values.update(zip(leaves(step.gives), leaves(y), strict=True))
    upstream = {n: np.ones_like(values[n].data) / values[n].dtype.type(values[n].size) for n in plan.outputs}
    for step, cost, (xs, ys) in reversed(list(zip(plan.steps, costs, ends, strict=True))):
        slopes = [upstream.pop(number, None) for number in leaves(step.gives)]
        asked = [(y, dy) for y, dy in zip(ys, slopes, strict=True) if y.requires_grad and dy is not None]
        if not asked:  # forward alone, or nothing up to here that learns
            continue
        with _timed(cost.backward):
            for y, dy in asked:
                y.backward(dy)
            for number, x in zip(leaves(step.takes), xs, strict=True):
                if x.grad is not None:
                    before = upstream.get(number)  # where branches part, both gradients are summed, as the tape does
                    upstream[number] = x.grad if before is None else backends.backend_for(before).add(before, x.grad)


def _cut_off(x: Tensor) -> Tensor:
    """The same numbers, at which a backward pass ends; dL/dx is left in `grad`, uncopied, as if it were passed on."""
    y = Tensor(x.data)
    if x.requires_grad:

        def leave(dy: Any) -> dict[str, Any]:
            y.grad = dy
            return {}

        y.node, y.requires_grad = Node("input", {}, leave), True
    return y


def _work(group: Group, xs: list[Tensor], ys: list[Tensor]) -> tuple[float, int]:
    """The operations of weighted sums, and the bytes that have to move, forward and, if y has a gradient, backward."""
    flop = float(len(xs[0])) * sum(flops(layer) for layer in group.layers)
    moved = not np.may_share_memory(xs[0].data, ys[0].data)  # else a view, for nothing
    through = moved * sum(t.data.nbytes for t in (*xs, *ys))
    weights = sum(v.data.nbytes for layer in group.layers for v in layer.weights)
    if not any(y.requires_grad for y in ys):
        return flop, through + weights
    learned = sum(v.data.nbytes for layer in group.layers for v in layer.trainable_weights)
    dx = moved * sum(x.data.nbytes for x in xs if x.requires_grad)
    backward = through + weights + dx + learned  # x, dy and the weights are read, their gradients written
    directions = 1 + any(x.requires_grad for x in xs) + bool(learned)
    return flop * directions, through + weights + backward


@contextmanager
def _timed(times: list[float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    times.append(time.perf_counter() - start)


def peak() -> float:
    """Multiplications and additions a second in registers, on as many threads as compute: the best of some runs."""
    from minicnn.kernels.cpu.ladder.peak import FLOPS, multiply_add

    threads = backends.get_num_threads()
    multiply_add(threads)
    times: list[float] = []
    for _ in range(10):
        with _timed(times):
            multiply_add(threads)
    return threads * FLOPS / min(times)


def as_table(rows: Rows, title: str, ceiling: float) -> Table:
    """The rows and their sum. Without weighted sums there is no rate to compare with the peak."""
    costs = [cost for _, cost in rows]
    forward, backward = (sum(times) for times in zip(*(cost.directions for cost in costs), strict=True))
    total = Cost([forward], [backward], sum(c.flop for c in costs), sum(c.least_bytes for c in costs))
    both = any(cost.backward for cost in costs)
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("Layers", "total", overflow="fold")
    table.add_column("Run as", overflow="fold")
    headings = ("forward ms", *(("backward ms",) if both else ()), "GFLOP", "MB", "GFLOP/s", "of peak", "share")
    for heading, figure in zip(headings, _figures(total, total, ceiling, both), strict=True):
        table.add_column(heading, figure, justify="right")
    for group, cost in rows:
        names = ", ".join(layer.name for layer in group.layers)
        table.add_row(names, " + ".join(group.words) or "by itself", *_figures(cost, total, ceiling, both))
    return table


def _figures(cost: Cost, total: Cost, ceiling: float, both: bool) -> list[str]:
    forward, backward = cost.directions
    rate = cost.flop / cost.seconds
    return [
        f"{1e3 * forward:,.3f}",
        *([f"{1e3 * backward:,.3f}"] if both else []),
        f"{cost.flop / 1e9:,.3f}",
        f"{cost.least_bytes / 1e6:,.2f}",
        *((f"{rate / 1e9:,.1f}", f"{rate / ceiling:.0%}") if cost.flop else ("", "")),
        f"{cost.seconds / total.seconds:.0%}",
    ]
