"""Every backend that runs here on the same convolutions and training steps: numpy, numba, a GPU if there is one.

What runs is what `minicnn.backends.status()` calls ready; what does not is named with the reason. Each run begins and
ends with NumPy arrays in main memory, so that copies to a device and back count, as they do for whoever calls it.

    python benchmarks/cpu_vs_gpu.py [--seconds 3] [--only LeNet] [--json results.json] [--png results.png]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
import numpy as np

from minicnn import Tensor, backends, ops, use_backend
from minicnn.benchmarks.draw import Bars
from minicnn.benchmarks.floor import Work, speeds, step_work
from minicnn.benchmarks.layers import LAYERS, Layer
from minicnn.benchmarks.nets import NETS, Net
from minicnn.benchmarks.options import Asked, benchmark
from minicnn.benchmarks.race import Candidates, geometric_mean, medians, race
from minicnn.benchmarks.report import finish, line
from minicnn.benchmarks.steps import compiled_model, examples, minicnn_step

FEW = ("LeNet-5 2", "MNIST 2", "cats-dogs 2", "VGG16 3.2", "ResNet 2 1x1", "MobileNet depthwise")
SIMULATED = "cuda-sim"  # checks GPU code, and says nothing about its speed
GPUS = ("cuda",)


@dataclass(frozen=True)
class Row:
    """Something that every backend does: `prepare(backends)` gives a run for each, and how much work it is."""

    name: str
    kind: str
    prepare: Callable[[list[str]], tuple[Candidates, Work]]


def _convolution(layer: Layer, names: list[str]) -> tuple[Candidates, Work]:
    """Forward, dx and dw in one."""
    rng = np.random.Generator(np.random.PCG64(0))
    x = Tensor(
        rng.standard_normal((layer.batch, layer.side, layer.side, layer.channels), dtype=np.float32), requires_grad=True
    )
    depthwise = layer.groups == layer.channels
    shape = (layer.channels, 1) if depthwise else (layer.channels // layer.groups, layer.filters)
    w = Tensor(rng.standard_normal((layer.kernel, layer.kernel, *shape), dtype=np.float32), requires_grad=True)
    convolve: Any = ops.depthwise_conv2d if depthwise else ops.conv2d
    more = {} if depthwise else {"groups": layer.groups}
    dy = rng.standard_normal((layer.batch, *layer.windows().outputs, layer.filters), dtype=np.float32)

    def run_on(backend: str) -> Callable[[], object]:
        def run() -> object:
            with use_backend(backend):
                x.zero_grad()
                w.zero_grad()
                convolve(x, w, strides=layer.stride, padding=layer.padding, **more).backward(dy)
                return np.asarray(x.grad), np.asarray(w.grad)

        return run

    flops = 3 * 2 * dy.size * layer.kernel**2 * layer.channels // layer.groups
    return {name: run_on(name) for name in names}, Work(flops, 3 * (x.data.nbytes + w.data.nbytes + dy.nbytes))


def _step(net: Net, names: list[str]) -> tuple[Candidates, Work]:
    x, y = examples(net)
    models = {name: compiled_model(net) for name in names}
    work = step_work(next(iter(models.values())), net.batch)
    return {name: minicnn_step(model, x, y, name) for name, model in models.items()}, work


def rows() -> list[Row]:
    """Six convolutions of different character, then the training steps."""
    layers = [layer for layer in LAYERS if layer.name in FEW]
    return [
        *(Row(f"convolution {a.name}", "convolution", lambda names, a=a: _convolution(a, names)) for a in layers),
        *(Row(f"step {net.name}", "step", lambda names, net=net: _step(net, names)) for net in NETS),
    ]


@benchmark(seconds=3.0)
def main(asked: Asked) -> None:
    """The backends against one another, on convolutions (forward, dx, dw) and on training steps."""
    known = {name: reason for name, reason in backends.status().items() if name != SIMULATED}
    ready = [name for name, reason in known.items() if reason is None]
    absent = {name: reason for name, reason in known.items() if reason is not None}
    for name, reason in absent.items():
        click.echo(f"backend {name} does not run here: {reason}")
    if not set(ready) & set(GPUS):
        click.echo("there is no GPU in this comparison; what follows is the CPU alone")
    rest = [name for name in ready if name != "numpy"]  # each is compared with the textbook
    line("milliseconds", [*ready, *(f"numpy/{name}" for name in rest), "peak floor", "copy floor"], start=52)
    results: list[dict[str, Any]] = []
    for row in asked.chosen(rows()):
        runs, work = row.prepare(ready)
        samples = race(runs, asked.seconds, asked.least)
        ms = {name: 1e3 * t for name, t in medians(samples).items()}
        factors = {name: ms["numpy"] / ms[name] for name in rest}
        floor = speeds().floor(work)
        line(row.name, [*ms.values(), *factors.values(), *floor.values()], start=52)
        results.append(
            {
                "name": row.name,
                "kind": row.kind,
                "milliseconds": ms,
                "numpy / backend": factors,
                "floor milliseconds": floor,
                "samples": samples,
            }
        )
    for kind in ("convolution", "step"):
        of_kind = [r["numpy / backend"] for r in results if r["kind"] == kind]
        for name in rest if of_kind else ():
            click.echo(f"geometric mean, {kind}, numpy / {name}: {geometric_mean([r[name] for r in of_kind]):.2f}")
    title = "Backends, beside the fastest of each row"
    finish(asked, results, title, [_picture(results, [*rest, "numpy"])], **{"backends that do not run": absent})


def _picture(results: list[dict[str, Any]], names: list[str]) -> Bars:
    times = [r["milliseconds"] for r in results]
    shares = {name: [ms[name] / min(ms.values()) for ms in times] for name in names}
    texts = {name: [f"{ms[name]:.3g} ms" for ms in times] for name in names}
    return Bars("", "time, the fastest = 1", [r["name"] for r in results], shares, texts)


if __name__ == "__main__":
    main()
