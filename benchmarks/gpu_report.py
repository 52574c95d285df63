"""The GPU's half of `cpu_vs_gpu`: what it reaches by itself, then layers, teaching kernels and training steps.

It keeps to its time: rows go from those with the least to do to those with the most, and what is left when a section's
share is used up is dropped, and named.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from minicnn.backends.cuda.device import Device
from minicnn.benchmarks import gpu_torch
from minicnn.benchmarks.draw import Bars, Curves, Panel
from minicnn.benchmarks.floor import Work
from minicnn.benchmarks.gpu import Ceilings, Clock, median_on
from minicnn.benchmarks.gpu_rows import (
    CUDA_C,
    PARTS,
    TEACHING,
    layer_runs,
    teaching_kernels,
    tiles_in,
)
from minicnn.benchmarks.gpu_steps import Sweep, crossover, launches_of, resident_step, upload_seconds
from minicnn.benchmarks.layers import Layer
from minicnn.benchmarks.layers import candidates as cpu_candidates
from minicnn.benchmarks.options import Named
from minicnn.benchmarks.race import medians, race
from minicnn.benchmarks.report import line
from minicnn.benchmarks.steps import compiled_model, examples, minicnn_step

N = TypeVar("N", bound=Named)
START = 44


@dataclass
class Box:
    """Time that sections share; `dropped` names what there was none for."""

    minutes: float
    dropped: list[str] = field(default_factory=list)
    _start: float = field(default_factory=time.perf_counter)

    def rows(self, rows: Sequence[N], until: float) -> Iterator[N]:
        """One after the other until that part of all the time is over; always the first."""
        for i, row in enumerate(rows):
            if i and time.perf_counter() - self._start > 60 * self.minutes * until:
                self.dropped += [left.name for left in rows[i:]]
                click.echo(f"dropped, for time: {', '.join(left.name for left in rows[i:])}")
                return
            yield row


@dataclass(frozen=True)
class Gpu:
    """The device, what it reaches, for how long each figure is taken, whether PyTorch races, and in which languages
    kernels are launched; `ours` is what the first of them is called."""

    device: Device
    ceilings: Ceilings
    seconds: float
    torch: bool = False
    ours: str = "cuda-c"
    languages: tuple[str, ...] = (CUDA_C,)

    def ms(self, clock: Clock, run: Any) -> float:
        """The median, in milliseconds."""
        return 1e3 * median_on(clock, run, self.seconds)


def layers(gpu: Gpu, rows: Sequence[Layer], box: Box, until: float) -> list[dict[str, Any]]:
    """Forward, dx and dw: milliseconds by everyone, and what minicnn's kernels reach of the GPU's own speeds."""
    names = ["numpy", "numba", gpu.ours, *(["cuDNN"] if gpu.torch else [])]
    line("milliseconds", [*names, "CPU/GPU", "TFLOP/s", "of product", "GB/s", "of copy"], start=START)
    found = []
    for layer in box.rows(rows, until):
        parts, work = cpu_candidates(layer, ["numpy"])
        ours = layer_runs(gpu.device, layer)
        theirs = gpu_torch.layer_runs(layer) if gpu.torch else {}
        for part in PARTS:
            on_cpu = medians(race({"numba": parts[part]["minicnn"], "numpy": parts[part]["numpy"]}, gpu.seconds, 3))
            ms = {name: 1e3 * on_cpu[name] for name in ("numpy", "numba")}
            ms[gpu.ours] = gpu.ms(gpu.device, ours[part])
            if gpu.torch:
                ms["cuDNN"] = gpu.ms(gpu_torch.TorchClock(), theirs[part])
            found.append(_told(f"{layer.name}, {part}", "layer", ms, work, gpu, ms["numba"] / ms[gpu.ours]))
    return found


def kernels(gpu: Gpu, box: Box, until: float, **size: int) -> list[dict[str, Any]]:
    """The teaching kernels in each language: milliseconds, and what they reach of the GPU's own speeds."""
    names = {language: gpu.ours if language == CUDA_C else language for language in gpu.languages}
    line("milliseconds", [*names.values(), "TFLOP/s", "of product", "GB/s", "of copy"], start=START)
    found = []
    for row in box.rows(list(teaching_kernels(gpu.device, **(size or TEACHING))), until):
        ms = {}
        for language, name in names.items():
            with tiles_in(language):
                ms[name] = gpu.ms(gpu.device, row.run)
        found.append(_told(row.name, "kernel", ms, row.work, gpu))
    return found


def steps(gpu: Gpu, rows: Sequence[Sweep], box: Box, until: float) -> list[dict[str, Any]]:
    """A training step on the CPU and on the GPU, images coming from main memory; how much transfer and launches are."""
    names = ["numba", gpu.ours, *gpu.languages[1:], *(["cuDNN"] if gpu.torch else [])]
    line("milliseconds", [*names, "CPU/GPU", "upload", "launches", "their calls"], start=START)
    found = []
    for row in box.rows(rows, until):
        net = row.net
        x, y = examples(net)
        runs: dict[str, Any] = {"numba": minicnn_step(compiled_model(net), x, y)}
        runs[gpu.ours] = resident_step(net, gpu.device.name)
        for language in gpu.languages[1:]:
            runs[language] = resident_step(net, gpu.device.name, language)
        if gpu.torch:
            runs["cuDNN"] = gpu_torch.step(net)
        launches = launches_of(runs[gpu.ours], gpu.device)
        ms = {name: 1e3 * t for name, t in medians(race(runs, gpu.seconds, 3)).items()}
        upload, calls = 1e3 * upload_seconds(net, gpu.device), 1e3 * launches * gpu.ceilings.call
        line(row.name, [*ms.values(), ms["numba"] / ms[gpu.ours], upload, launches, calls], start=START)
        result = {"name": row.name, "kind": "step", "batch": net.batch, "milliseconds": ms, "upload": upload}
        found.append({**result, "net": _net(row), "launches": launches, "calls": calls})
    return found


def crossovers(results: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """For each network that was swept, the batch from which on the GPU takes less time than numba; None: from none."""
    found: dict[str, float | None] = {}
    for net, rows in _by_net(results).items():
        batch = crossover(*_columns(rows, "numba", "cuda-c"))
        found[net] = batch if batch < float("inf") else None
        click.echo(f"{net}: the GPU is ahead from batch {batch:.0f} on" if found[net] else f"{net}: the CPU is ahead")
    return found


def pictures(results: Sequence[dict[str, Any]], ceilings: Ceilings) -> dict[str, list[Panel]]:
    """Steps as curves over the batch; what layers compute and kernels move in a second, beside what the GPU can."""
    drawn: dict[str, list[Panel]] = {}
    curves: list[Panel] = []
    for net, rows in _by_net(results).items():
        batches = [float(row["batch"]) for row in rows]
        series = {name: (batches, [row["milliseconds"][name] for row in rows]) for name in rows[0]["milliseconds"]}
        curves.append(Curves(net, "batch", "milliseconds a step", series))
    if curves:
        drawn["steps"] = curves
    if layers := [row for row in results if row["kind"] == "layer"]:
        mark = ceilings.product / 1e12, f"a product by {ceilings.multiplier}"
        drawn["layers"] = [_rates(layers, "flops", 1e12, "TFLOP/s", mark)]
    if moving := [row for row in results if row["kind"] == "kernel" and not row["flops"]]:
        drawn["kernels"] = [_rates(moving, "bytes", 1e9, "GB/s", (ceilings.copy / 1e9, "a copy"))]
    return drawn


def _rates(rows: Sequence[dict[str, Any]], what: str, unit: float, axis: str, mark: tuple[float, str]) -> Bars:
    """Longer is faster."""
    names = sorted(rows[0]["milliseconds"], key=lambda name: name != "cuda-c")
    series = {name: [1e3 * row[what] / row["milliseconds"][name] / unit for row in rows] for name in names}
    texts = {name: [f"{rate:.3g}" for rate in rates] for name, rates in series.items()}
    return Bars("", axis, [row["name"] for row in rows], series, texts, mark)


def _told(name: str, kind: str, ms: dict[str, float], work: Work, gpu: Gpu, *more: float) -> dict[str, Any]:
    """Prints a row, and returns it."""
    seconds = ms[gpu.ours] / 1e3
    of_product, of_copy = gpu.ceilings.shares(work, seconds)
    rates = work.flops / seconds / 1e12 if work.flops else None, work.bytes / seconds / 1e9
    shares = f"{of_product:.0%}" if work.flops else None, f"{of_copy:.0%}"
    line(name, [*ms.values(), *more, rates[0], shares[0], rates[1], shares[1]], start=START)
    return {
        **{"name": name, "kind": kind, "milliseconds": ms, "flops": work.flops, "bytes": work.bytes},
        **{"of product": of_product, "of copy": of_copy},
    }


def _net(row: Sweep) -> str:
    return row.net.name.rpartition(",")[0]


def _by_net(results: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    nets: dict[str, list[dict[str, Any]]] = {}
    for row in results:
        if row["kind"] == "step":
            nets.setdefault(row["net"], []).append(row)
    return {net: sorted(rows, key=lambda row: row["batch"]) for net, rows in nets.items()}


def _columns(rows: Sequence[dict[str, Any]], cpu: str, gpu: str) -> tuple[list[int], list[float], list[float]]:
    times = [[row["milliseconds"][name] for row in rows] for name in (cpu, gpu)]
    return [row["batch"] for row in rows], times[0], times[1]
