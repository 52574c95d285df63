"""One training step of five course networks and a residual net: minicnn, PyTorch eager in two layouts, and Keras.

All take batches that lie in memory, compute loss and gradients, and update with SGD and momentum (PyTorch's fused
one). "minicnn" is `train_on_batch`; the two `fit` rows are an epoch of some steps each, divided by their number:
slicing and shuffling included. Figures are medians of alternating runs in one process; the ratio is the best PyTorch
to minicnn, that of `fit` Keras on PyTorch to minicnn's; their geometric means are over the course networks alone.

    python benchmarks/train_step.py [--seconds 5] [--only LeNet] [--json results.json] [--png results.png] [--profile]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from minicnn import use_backend
from minicnn.benchmarks.draw import Bars
from minicnn.benchmarks.floor import speeds, step_work
from minicnn.benchmarks.nets import NETS, RESNETS, Net
from minicnn.benchmarks.opponents import LAYOUTS, against
from minicnn.benchmarks.options import Asked, benchmark
from minicnn.benchmarks.race import Candidates, geometric_mean, medians, race
from minicnn.benchmarks.report import finish, line
from minicnn.benchmarks.steps import compiled_model, examples, keras_epoch, minicnn_step, torch_step

FIT_STEPS = 8


def candidates(net: Net, backend: str, opponents: list[str], fit_steps: int) -> Candidates:
    """The same step by everyone; the `fit` ones run an epoch of `fit_steps`."""
    x, y = examples(net, fit_steps)
    one = x[: net.batch], y[: net.batch]
    fitted = compiled_model(net)

    def fit() -> None:
        with use_backend(backend):
            fitted.fit(x, y, batch_size=net.batch, verbose=0)

    runs: Candidates = {"minicnn": minicnn_step(compiled_model(net), *one, backend), "minicnn fit": fit}
    if "torch" in opponents:
        runs |= {layout: torch_step(net, *one, layout) for layout in LAYOUTS}
    if "keras" in opponents:
        runs["keras fit"] = keras_epoch(net, x, y)
    if "numpy" in opponents:
        runs["numpy"] = minicnn_step(compiled_model(net), *one, "numpy")
    return runs


@benchmark(seconds=5.0)
@against("torch", "keras", "numpy")
@click.option("--backend", default="numba", show_default=True, help="What minicnn computes with.")
@click.option("--profile", is_flag=True, help="Where minicnn's step spends its time, by function of the backend.")
def main(asked: Asked, opponents: list[str], backend: str, profile: bool) -> None:
    """Time of a training step of five course networks and a residual net, against PyTorch and Keras."""
    nets = asked.chosen([*NETS, *RESNETS])
    with use_backend(backend):  # a wrong name is said now
        pass
    steps = 4 if asked.quick else FIT_STEPS
    rivals = [*(LAYOUTS if "torch" in opponents else ()), *(["numpy"] if "numpy" in opponents else ())]
    columns = ["minicnn", *rivals, "minicnn fit", *(["keras fit"] if "keras" in opponents else ())]
    line("milliseconds a step", [*columns, "ratio", "fit ratio", "peak floor", "copy floor"])
    results = []
    for net in nets:
        runs = candidates(net, backend, opponents, steps)
        samples = race(runs, asked.seconds, asked.least)
        ms = {name: 1e3 * t / (steps if name.endswith("fit") else 1) for name, t in medians(samples).items()}
        ratio = min(ms[name] for name in rivals) / ms["minicnn"] if rivals else None
        fit_ratio = ms["keras fit"] / ms["minicnn fit"] if "keras" in opponents else None
        floor = speeds().floor(step_work(compiled_model(net), net.batch))
        line(net.name, [*(ms[name] for name in columns), ratio, fit_ratio, *floor.values()])
        results.append(
            {
                "net": net.name,
                "milliseconds": ms,
                "ratio": ratio,
                "fit ratio": fit_ratio,
                "fit over steps": ms["minicnn fit"] / ms["minicnn"],
                "floor milliseconds": floor,
                "samples": samples,
            }
        )
        if profile:
            print_profile(runs["minicnn"])
    for key in ("ratio", "fit ratio"):
        ratios = [r[key] for r in results if r[key] is not None and r["net"] in {net.name for net in NETS}]
        if ratios:
            click.echo(f"geometric mean over {len(ratios)} course network(s), {key}: {geometric_mean(ratios):.2f}")
    finish(asked, results, "One training step, beside minicnn's `train_on_batch`", [_picture(results, columns)])


def _picture(results: list[dict[str, Any]], columns: list[str]) -> Bars:
    shares, texts = (
        {name: [form(r["milliseconds"], name) for r in results] for name in columns}
        for form in (lambda ms, name: ms[name] / ms["minicnn"], lambda ms, name: f"{ms[name]:.3g} ms")
    )
    return Bars("", "time of a step, minicnn's = 1", [r["net"] for r in results], shares, texts)


def print_profile(run: Callable[[], object], steps: int = 20) -> None:
    """Time a step in each function of the backend."""
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(steps):
        run()
    profiler.disable()
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    rows = [(times[3], times[1], place) for place, times in stats.items() if "backends/numba" in place[0]]
    for seconds, calls, place in sorted(rows, reverse=True)[:16]:
        click.echo(f"    {1e3 * seconds / steps:8.3f} ms {calls // steps:3d} x {place[2]}")


if __name__ == "__main__":
    main()
