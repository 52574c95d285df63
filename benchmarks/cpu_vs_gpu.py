"""CPU against GPU on one machine: convolutions, teaching kernels and training steps, in some five minutes.

With a GPU: first what it reaches by itself, copying, multiplying, launching. Then each convolution by numpy, numba, our
kernels and cuDNN (where PyTorch with CUDA is installed), with the share of those speeds that ours reach; the kernels
that are written in CUDA C and in Numba; and training steps from batch 1 to 256, images coming from main memory, with
the time of that transfer and of the launches beside it and the batch from which on the GPU is ahead.

Without one it says so, and times the CPU alone. Beside that stands what does not depend on who computes: FLOPs, bytes
and their ratio. A GPU's speed is never guessed.

    python benchmarks/cpu_vs_gpu.py [--minutes 5] [--only LeNet] [--json results.json] [--png results.png]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import click
import numpy as np

from minicnn import Tensor, backends, ops, use_backend
from minicnn.backends.cuda.device import Device
from minicnn.backends.dispatch import backend_on
from minicnn.benchmarks import gpu_report, gpu_torch
from minicnn.benchmarks.draw import Bars, draw
from minicnn.benchmarks.floor import Work, speeds, step_work
from minicnn.benchmarks.gpu import REHEARSAL, Ceilings, Sizes, ceilings
from minicnn.benchmarks.gpu_report import Box, Gpu
from minicnn.benchmarks.gpu_rows import languages, small
from minicnn.benchmarks.gpu_steps import BATCHES, sweeps
from minicnn.benchmarks.layers import LAYERS, Layer
from minicnn.benchmarks.nets import NETS, Net
from minicnn.benchmarks.options import Asked, benchmark
from minicnn.benchmarks.race import Candidates, geometric_mean, medians, race, write_json
from minicnn.benchmarks.report import finish, line
from minicnn.benchmarks.steps import compiled_model, examples, minicnn_step
from minicnn.training.archive import write_whole

START = 44
TINY = {"batch": 2, "side": 6, "channels": 3}
FEW = ("LeNet-5 2", "MNIST 2", "cats-dogs 2", "VGG16 3.2", "ResNet 2 1x1", "MobileNet depthwise")
GPU, SIMULATED = "cuda", "cuda-sim"


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
@click.option(
    "--minutes", type=click.FloatRange(0.1), default=5.0, show_default=True, help="For all of the GPU's rows."
)
@click.option(
    "--rehearse",
    is_flag=True,
    help="The GPU's half on the software GPU, on tiny sizes: shows that it runs. Its times mean nothing.",
)
def main(asked: Asked, minutes: float, rehearse: bool) -> None:
    """CPU against GPU: layers, kernels and training steps, transfers and launches apart. Without a GPU: the CPU."""
    if rehearse and (asked.json or asked.png):
        raise click.BadParameter("times of a simulated GPU are written to no file", param_hint="--rehearse")
    reason = backends.status()[SIMULATED if rehearse else GPU]
    if reason is None:
        device = backend_on(SIMULATED if rehearse else GPU).device
        _against_gpu(asked, device, minutes, REHEARSAL if rehearse else Sizes())
        return
    click.echo(f"there is no GPU in this comparison: {reason}")
    _cpu_alone(asked, reason)


def _against_gpu(asked: Asked, device: Device, minutes: float, sizes: Sizes) -> None:
    simulated = sizes is REHEARSAL
    if simulated:
        click.echo("a rehearsal: the GPU is simulated, its times mean nothing, and everything is tiny")
    click.echo(device.describe())
    no_torch = gpu_torch.reason_against() if not simulated else "not in a rehearsal"
    if no_torch:
        click.echo(f"without cuDNN: {no_torch}")
    ours, seconds = ("simulated", 0.0) if simulated else ("cuda-c", 0.05 if asked.quick else 0.2)
    kernels = languages()[: 1 if simulated else None]
    gpu = Gpu(device, ceilings(device, sizes), seconds, no_torch is None, ours, kernels)
    if len(kernels) == 1 and not simulated:
        click.echo("without kernels in Numba: pip install 'minicnn[numba-cuda]' brings them")
    click.echo(f"the GPU by itself: {gpu.ceilings}")
    box = Box(minutes)
    layers = sorted((small(a) if simulated else a for a in LAYERS if a.name in FEW), key=_flops)
    swept = sweeps((1, 2) if simulated else BATCHES)
    results = []
    if rows := [layer for layer in layers if asked.only in layer.name]:
        results += gpu_report.layers(gpu, rows, box, 0.4)
    if asked.only in "kernels":
        results += gpu_report.kernels(gpu, box, 0.5, **(TINY if simulated else {}))
    if steps := [sweep for sweep in swept if asked.only in sweep.name]:
        results += gpu_report.steps(gpu, steps, box, 1.0)
    if not results:
        asked.chosen([*layers, *swept])  # says what there is
    about = {"gpu": device.describe(), "ceilings": asdict(gpu.ceilings), "dropped": box.dropped}
    if not simulated:
        _write(asked, results, gpu.ceilings, {**about, "crossover batch": gpu_report.crossovers(results)})


def _write(asked: Asked, results: list[dict[str, Any]], reached: Ceilings, about: dict[str, Any]) -> None:
    """The JSON, and a picture for each kind of row: FILE.png, and FILE-layers.png beside it."""
    if asked.json:
        write_json(asked.json, results, **about)
    if asked.png:
        for number, (kind, panels) in enumerate(gpu_report.pictures(results, reached).items()):
            path = asked.png.with_name(f"{asked.png.stem}-{kind}{asked.png.suffix}") if number else asked.png
            write_whole(path, draw(f"CPU against GPU: {kind}", panels))


def _flops(layer: Layer) -> int:
    outputs = layer.windows().outputs
    return layer.batch * outputs[0] * outputs[1] * layer.filters * layer.kernel**2 * layer.channels // layer.groups


def _cpu_alone(asked: Asked, reason: str) -> None:
    """The CPU's backends, and what of the work does not depend on who does it: FLOPs, bytes, and their ratio."""
    names = ["numpy", "numba"]
    columns = ["numpy", "numba", "numpy/numba", "peak floor", "copy floor", "MFLOP", "MB", "FLOP/byte"]
    line("milliseconds", columns, start=START)
    results: list[dict[str, Any]] = []
    for row in asked.chosen(rows()):
        runs, work = row.prepare(names)
        samples = race(runs, asked.seconds, asked.least)
        ms = {name: 1e3 * t for name, t in medians(samples).items()}
        factor = ms["numpy"] / ms["numba"]
        floor = speeds().floor(work)
        counted = {"flops": work.flops, "bytes": work.bytes, "flops a byte": work.flops / work.bytes}
        figures = [work.flops / 1e6, work.bytes / 1e6, counted["flops a byte"]]
        line(row.name, [*ms.values(), factor, *floor.values(), *figures], start=START)
        result = {"name": row.name, "kind": row.kind, "milliseconds": ms, "numpy / numba": factor}
        results.append({**result, "floor milliseconds": floor, **counted, "samples": samples})
    for kind in ("convolution", "step"):
        if factors := [r["numpy / numba"] for r in results if r["kind"] == kind]:
            click.echo(f"geometric mean, {kind}, numpy / numba: {geometric_mean(factors):.2f}")
    title = "CPU backends, beside the fastest of each row"
    finish(asked, results, title, [_picture(results, ["numba", "numpy"])], **{"no gpu": reason})


def _picture(results: list[dict[str, Any]], names: list[str]) -> Bars:
    times = [r["milliseconds"] for r in results]
    shares = {name: [ms[name] / min(ms.values()) for ms in times] for name in names}
    texts = {name: [f"{ms[name]:.3g} ms" for ms in times] for name in names}
    return Bars("", "time, the fastest = 1", [r["name"] for r in results], shares, texts)


if __name__ == "__main__":
    main()
