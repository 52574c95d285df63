"""The process that `memory` measures: it imports, makes a batch and a network, and trains some steps.

    python -m minicnn.benchmarks.memory_child NET CANDIDATE

prints a JSON object of bytes: "before" is resident after imports and data, before the network is made; "one" after a
step on a single example; "peak" the most that was resident after "before", three steps on the whole batch included.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

STEPS = 3
STATUS, PEAK_RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident() -> int:
    """Bytes of memory that this process holds now; where the system has no /proc, the most it ever held."""
    return _status("VmRSS") if STATUS.exists() else _most()


def peak() -> int:
    """The most bytes that this process ever held, or has held since `forget_peak`.

    Not getrusage's ru_maxrss where there is another source: on Linux that begins with the size of the process that
    started this one.
    """
    return _status("VmHWM") if STATUS.exists() else _most()


def forget_peak() -> None:
    """What was held for a moment while importing does not count, where the system lets us say so."""
    with contextlib.suppress(OSError):
        PEAK_RESET.write_text("5", encoding="ascii")


def _status(field: str) -> int:
    lines = STATUS.read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(text.split()[1]) for text in lines if text.startswith(field + ":"))


def _most() -> int:
    resource = importlib.import_module("resource")  # Windows has none, which the error then says
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(name: str, candidate: str) -> None:
    """Trains, and tells."""
    from minicnn.benchmarks.nets import NETS
    from minicnn.benchmarks.steps import examples

    net = next(net for net in NETS if net.name == name)
    batch = examples(net)
    single = batch[0][:1], batch[1][:1]
    train: Callable[..., Any]
    if candidate.startswith("torch"):
        import torch

        from minicnn.benchmarks.steps import torch_batch, torch_trainer
        from minicnn.kernels.cpu.threads import exclusive

        torch.set_num_threads(exclusive.count)
        batch, single = (torch_batch(*part, candidate) for part in (batch, single))
        before = resident()
        forget_peak()
        train = torch_trainer(net, candidate)
    else:
        from minicnn.backends import use_backend
        from minicnn.benchmarks.steps import compiled_model

        use_backend(candidate)  # imports it
        before = resident()
        forget_peak()
        train = compiled_model(net).train_on_batch
    train(*single)
    one = resident()
    for _ in range(STEPS):
        train(*batch)
    click.echo(json.dumps({"before": before, "one": one, "peak": peak()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
