"""Answers of trained networks: VGG16 on images of 224x224, one and eight at a time, and LeNet-5 on one image.

minicnn answers in three ways: `predict(x)`, `predict_on_batch(x)`, and `model(x)`, which also records what a gradient
would need. PyTorch is in eval mode under inference_mode, NCHW and channels-last. The ratio is the best PyTorch to
minicnn. What a call costs before anything is computed is measured on LeNet-5's layers with one filter or unit each
and the smallest image that passes through them, 12x12.

    python benchmarks/inference.py [--seconds 5] [--only LeNet] [--json results.json] [--png results.png]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
import numpy as np

from minicnn import use_backend
from minicnn.applications import lenet5, vgg16
from minicnn.applications.vgg16 import BLOCKS
from minicnn.benchmarks.draw import Bars
from minicnn.benchmarks.floor import forward_work, speeds
from minicnn.benchmarks.nets import Net, minicnn_model, torch_model
from minicnn.benchmarks.opponents import LAYOUTS, against
from minicnn.benchmarks.options import Asked, benchmark
from minicnn.benchmarks.race import Candidates, medians, race
from minicnn.benchmarks.report import finish, line
from minicnn.models import Sequential

Words = tuple[tuple[Any, ...], ...]


def _lenet_words(filters: tuple[int, int], units: tuple[int, int, int]) -> Words:
    first, second = filters
    convolutions = ("conv", first, 5, "same"), ("relu",), ("pool",), ("conv", second, 5, "valid"), ("relu",), ("pool",)
    hidden = (word for n in units[:-1] for word in (("dense", n), ("relu",)))
    return *convolutions, ("flatten",), *hidden, ("dense", units[-1])


def _vgg_words() -> Words:
    convolution = lambda filters: (("conv", filters, 3, "same"), ("relu",))  # noqa: E731
    blocks = (word for block in BLOCKS for word in (*(w for f in block for w in convolution(f)), ("pool",)))
    return *blocks, ("flatten",), ("dense", 4096), ("relu",), ("dense", 4096), ("relu",), ("dense", 1000)


@dataclass(frozen=True)
class Case:
    """A network and its batch, described for everyone; `application` is what minicnn's users call it by."""

    net: Net
    application: Callable[[], Sequential] | None

    @property
    def name(self) -> str:
        """That of the network."""
        return self.net.name

    def model(self) -> Sequential:
        """The network in minicnn."""
        return self.application() if self.application else minicnn_model(self.net)


CASES = [
    Case(Net("LeNet-5, batch 1", 1, (28, 28, 1), 10, _lenet_words((6, 16), (120, 84, 10))), lenet5),
    Case(Net("LeNet-5's layers, nothing to compute", 1, (12, 12, 1), 1, _lenet_words((1, 1), (1, 1, 1))), None),
    Case(Net("VGG16, batch 1", 1, (224, 224, 3), 1000, _vgg_words()), vgg16),
    Case(Net("VGG16, batch 8", 8, (224, 224, 3), 1000, _vgg_words()), vgg16),
]
WAYS = ("predict", "predict_on_batch", "model(x)")


def candidates(case: Case, model: Sequential, opponents: list[str]) -> Candidates:
    """minicnn in its three ways, then the others."""
    x = np.random.Generator(np.random.PCG64(0)).standard_normal((case.net.batch, *case.net.image), dtype=np.float32)
    runs = dict(zip(WAYS, _ways(model, x, "numba"), strict=True))
    if "torch" in opponents:
        network = torch_model(case.net)
        runs |= {layout: _torch_run(network, x, layout) for layout in LAYOUTS}
    if "numpy" in opponents:
        runs["numpy"] = _ways(model, x, "numpy")[0]
    return runs


def _ways(model: Sequential, x: np.ndarray, backend: str) -> tuple[Callable[[], object], ...]:
    def on_backend(run: Callable[[], object]) -> Callable[[], object]:
        def running() -> object:
            with use_backend(backend):
                return run()

        return running

    ways = lambda: model.predict(x, verbose=0), lambda: model.predict_on_batch(x), lambda: model(x).data
    return tuple(map(on_backend, ways))


def _torch_run(network: Any, x: np.ndarray, layout: str) -> Callable[[], object]:
    """A copy of the network in this layout."""
    import copy

    import torch

    memory_format = getattr(torch, LAYOUTS[layout])
    model = copy.deepcopy(network).to(memory_format=memory_format).eval()
    images = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()).to(memory_format=memory_format)

    def run() -> object:
        with torch.inference_mode():
            return model(images)

    return run


@benchmark(seconds=5.0)
@against("torch", "numpy")
def main(asked: Asked, opponents: list[str]) -> None:
    """Time of an answer: VGG16 and LeNet-5 on one image, VGG16 on eight; and what a call alone costs."""
    rivals = [*(LAYOUTS if "torch" in opponents else ()), *(["numpy"] if "numpy" in opponents else ())]
    line("milliseconds", ["minicnn", *rivals, "ratio", "peak floor", "copy floor"], start=58)
    results: list[dict[str, Any]] = []
    for case in asked.chosen(CASES):
        model = case.model()
        samples = race(candidates(case, model, opponents), asked.seconds, asked.least)
        ms = {name: 1e3 * t for name, t in medians(samples).items()}
        best = min(ms[name] for name in rivals)
        floor = speeds().floor(forward_work(model, case.net.batch))
        for way in WAYS:
            line(
                f"{case.name:38s}{way}", [ms[way], *(ms[r] for r in rivals), best / ms[way], *floor.values()], start=58
            )
        results.append(
            {
                "net": case.name,
                "milliseconds": ms,
                "ratios": {way: best / ms[way] for way in WAYS},
                "floor milliseconds": floor,
                "samples": samples,
            }
        )
        if case.application is None:
            cost = ", ".join(f"{way} {1e3 * ms[way]:.0f}" for way in (*WAYS, *rivals))
            click.echo(f"a call alone, in microseconds: {cost}")
    finish(asked, results, "Time of an answer, beside minicnn's `predict`", [_picture(results, rivals)])


def _picture(results: list[dict[str, Any]], rivals: list[str]) -> Bars:
    names = [*WAYS, *rivals]
    shares = {n: [r["milliseconds"][n] / r["milliseconds"]["predict"] for r in results] for n in names}
    texts = {n: [f"{r['milliseconds'][n]:.3g} ms" for r in results] for n in names}
    series = {f"minicnn {n}" if n in WAYS else n: values for n, values in shares.items()}
    named = {f"minicnn {n}" if n in WAYS else n: values for n, values in texts.items()}
    return Bars("", "time, that of minicnn's predict = 1", [r["net"] for r in results], series, named)


if __name__ == "__main__":
    main()
