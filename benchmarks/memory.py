"""Memory of a training step: the most that is resident, in a process of its own for each candidate.

Two figures, both in MB (10^6 bytes). "step": the peak over three steps on the batch, minus what was resident after
imports and data and before the network was made. So parameters, gradients, velocities, activations, work space and the
code that is loaded for them count; interpreter, libraries and the batch do not. "batch": the same peak minus what was
resident after a step on one single example, which leaves what the size of the batch costs.

minicnn's kernels are compiled beforehand, as they are once after installing. The floor is what any step must hold:
each fused group's input until its backward pass, and parameters, gradients and velocities. Ratios are the best PyTorch
to minicnn.

    python benchmarks/memory.py [--only LeNet] [--json results.json] [--png results.png]
"""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median
from typing import Any

import click

from minicnn.benchmarks.draw import Bars
from minicnn.benchmarks.floor import step_memory
from minicnn.benchmarks.nets import NETS
from minicnn.benchmarks.opponents import LAYOUTS, against
from minicnn.benchmarks.options import Asked, benchmark
from minicnn.benchmarks.race import geometric_mean
from minicnn.benchmarks.report import finish, line
from minicnn.benchmarks.steps import compiled_model
from minicnn.errors import StateError

MB = 1e6
FIGURES = ("step", "batch")


def measure(net: str, candidate: str) -> dict[str, float]:
    """MB of each of FIGURES, by a child process. Raises StateError with its last words if it fails."""
    command = [sys.executable, "-m", "minicnn.benchmarks.memory_child", net, candidate]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise StateError(f"the process that trains {net!r} by {candidate} ended with {done.returncode}: {words}")
    held = json.loads(done.stdout.splitlines()[-1])
    return {"step": (held["peak"] - held["before"]) / MB, "batch": (held["peak"] - held["one"]) / MB}


@benchmark(seconds=None)
@against("torch", "numpy")
def main(asked: Asked, opponents: list[str]) -> None:
    """Peak memory of a training step of five course networks, against PyTorch.

    Each process is run three times and medians count; once with --quick.
    """
    rivals = [*(LAYOUTS if "torch" in opponents else ()), *(["numpy"] if "numpy" in opponents else ())]
    line("MB", ["minicnn", *rivals, "ratio", "must hold"], start=54)
    results: list[dict[str, Any]] = []
    for net in asked.chosen(NETS):
        measure(net.name, "numba")  # compiles what is not compiled yet
        turns = [{name: measure(net.name, name) for name in ("numba", *rivals)} for _ in range(1 if asked.quick else 3)]
        floor = step_memory(compiled_model(net), net.batch) / MB
        result: dict[str, Any] = {"net": net.name, "must hold": floor, "turns": turns}
        for figure in FIGURES:
            held = {name: median(turn[name][figure] for turn in turns) for name in ("numba", *rivals)}
            ratio = min(held[name] for name in rivals) / held["numba"]
            line(f"{net.name:46s}{figure}", [*held.values(), ratio, floor], start=54)
            result[figure] = {"megabytes": held, "ratio": ratio}
        results.append(result)
    click.echo(f"geometric mean, step: {geometric_mean([r['step']['ratio'] for r in results]):.2f}")
    finish(asked, results, "Memory of a training step, beside minicnn's", _picture(results))


def _picture(results: list[dict[str, Any]]) -> list[Bars]:
    panels = []
    for figure, title in zip(FIGURES, ("network, step and work space", "of that, what the batch costs"), strict=True):
        held = [r[figure]["megabytes"] for r in results]
        shares = {_shown(n): [h[n] / h["numba"] for h in held] for n in held[0]}
        texts = {_shown(n): [f"{h[n]:.3g} MB" for h in held] for n in held[0]}
        panels.append(Bars(title, "peak memory, minicnn's = 1", [r["net"] for r in results], shares, texts))
    return panels


def _shown(candidate: str) -> str:
    return {"numba": "minicnn", "numpy": "minicnn on numpy"}.get(candidate, candidate)


if __name__ == "__main__":
    main()
