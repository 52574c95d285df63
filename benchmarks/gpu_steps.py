"""Training steps on a GPU against the CPU, from one example a batch to many: where the GPU begins to pay."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from minicnn import repeating
from minicnn.backends.cuda.device import Device
from minicnn.benchmarks.floor import Work, step_work
from minicnn.benchmarks.gpu_rows import CUDA_C, spoken
from minicnn.benchmarks.nets import NETS, Net
from minicnn.benchmarks.steps import compiled_model, examples

BATCHES = 1, 4, 16, 64, 256
SWEPT = NETS[0], NETS[1], NETS[3]


@dataclass(frozen=True)
class Sweep:
    """A network on one size of batch."""

    net: Net

    @property
    def name(self) -> str:
        return f"step {self.net.name.rpartition(',')[0]}, batch {self.net.batch}"

    def work(self) -> Work:
        return step_work(compiled_model(self.net), self.net.batch)


def sweeps(batches: Sequence[int] = BATCHES) -> list[Sweep]:
    """All networks on all sizes, those with the least to do first."""
    found = [Sweep(replace(net, batch=batch)) for net in SWEPT for batch in batches]
    return sorted(found, key=lambda sweep: sweep.work().flops)


def resident_step(net: Net, device: str, language: str = CUDA_C) -> Callable[[], object]:
    """`train_on_batch` of a model that lives on the device: the images go there, the loss comes back."""
    x, y = examples(net)
    model = compiled_model(net)
    model.to(device)

    def step() -> object:
        with spoken(language):
            return model.train_on_batch(x, y)

    return step


def upload_seconds(net: Net, device: Device, turns: int = 5) -> float:
    """What bringing the images there takes by itself, when nothing computes meanwhile."""
    x, _ = examples(net)
    times = []
    for _ in range(turns):
        start = time.perf_counter()
        device.to_device(x)
        device.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def launches_of(step: Callable[[], object], device: Any) -> int:
    """How many kernels of ours a step launches; CuPy's own are not counted."""
    count = 0
    run = device.run

    def counting(*given: Any) -> None:
        nonlocal count
        count += 1
        run(*given)

    device.run = counting
    try:
        with repeating(False):
            step()
    finally:
        del device.run
    return count


def crossover(batches: Sequence[int], cpu: Sequence[float], gpu: Sequence[float]) -> float:
    """The batch from which on the GPU takes less time than the CPU, between two measured ones by their logarithms.

    The smallest measured if it always does, infinity if it does not at the end.
    """
    ahead = [math.log(c / g) for c, g in zip(cpu, gpu, strict=True)]
    if ahead[-1] <= 0:
        return math.inf
    last = max((i for i, lead in enumerate(ahead) if lead <= 0), default=-1)
    if last < 0:
        return float(batches[0])
    part = -ahead[last] / (ahead[last + 1] - ahead[last])
    return math.exp(math.log(batches[last]) + part * math.log(batches[last + 1] / batches[last]))
