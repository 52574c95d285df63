"""How long a training step waits for its data: streams of pictures, read, decoded and changed while the model computes.

Waiting: the part of an epoch that the training loop spends with nothing to do; and after its first batch, for which it
always waits, in these epochs of eight steps eight times as long a part as in a course's of sixty or a hundred. Over
bare steps: what an epoch takes longer than the same steps on batches that lie in memory; where all processors compute
the step, reading takes its time from them even if nobody waits. Of processor time: the same of what all threads take
together, the least that the epoch can be longer. All take turns in one process; figures are medians, those of processor
time minima, which other work on the machine hardly changes.

    python benchmarks/loader.py [--seconds 10] [--only batch] [--json results.json] [--png results.png]
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from minicnn import use_backend
from minicnn.benchmarks.draw import Bars
from minicnn.benchmarks.nets import NETS, Net
from minicnn.benchmarks.options import Asked, benchmark
from minicnn.benchmarks.race import Candidates, medians, race
from minicnn.benchmarks.report import finish, line
from minicnn.benchmarks.steps import compiled_model
from minicnn.data.ahead import made_ahead
from minicnn.data.batches import Batches
from minicnn.data.directory import image_dataset_from_directory
from minicnn.data.image_generator import ImageDataGenerator
from minicnn.data.pictures import save_img
from minicnn.data.stream import Stream

STEPS = 8  # of an epoch
PHOTOGRAPH = (375, 500)  # pixels, as most of the cats and dogs have
BARE = "bare steps"
WAITING, LATER, OVER, PROCESSOR = "waiting", "after the first batch", "over bare steps", "of processor time"
Notes = dict[str, list[float]]
COURSE = {"rotation_range": 40, "width_shift_range": 0.2, "height_shift_range": 0.2, "shear_range": 0.2,
          "zoom_range": 0.2, "horizontal_flip": True, "rescale": 1 / 255}  # fmt: skip


def write_photographs(folder: Path, count: int) -> None:
    """Smooth noise as JPEG files, half of them in either of two class folders."""
    rng = np.random.Generator(np.random.PCG64(0))
    coarse = rng.uniform(0, 255, (PHOTOGRAPH[0] // 25, PHOTOGRAPH[1] // 25, 3))
    smooth = np.kron(coarse, np.ones((25, 25, 1)))
    for name in ("cat", "dog"):
        (folder / name).mkdir()
        for i in range(count // 2):
            save_img(folder / name / f"{i}.jpg", np.clip(smooth + rng.normal(0, 8, smooth.shape), 0, 255), scale=False)


def streams(net: Net, folder: Path) -> dict[str, Stream]:
    """Batches of the same pictures, with ever more work to make them."""
    files = {"image_size": net.image[:2], "batch_size": net.batch, "seed": 0, "verbose": False}
    plain = image_dataset_from_directory(folder, **files)
    kept = plain.map(lambda x, y: (x / 255, y)).cache()
    x, y = (np.concatenate(column) for column in zip(*plain, strict=True))
    generator = ImageDataGenerator(**COURSE)
    return {
        BARE: kept,
        "shuffled": Batches(x, y, batch_size=net.batch, shuffle=True, scale=1 / 255),
        "changed": generator.flow(x, y, net.batch, seed=0),
        "files": plain.map(lambda x, y: (x / 255, y)),
    }


def epochs(model: Any, stream: Stream, notes: Notes) -> Callable[[], None]:
    """An epoch of steps; puts what it took besides into `notes`."""
    number = 0

    def run() -> None:
        nonlocal number
        began, worked, waits = time.perf_counter(), time.process_time(), []
        with made_ahead(stream.epoch(number)) as ready:
            while True:
                asked = time.perf_counter()
                batch = next(ready, None)
                waits.append(time.perf_counter() - asked)
                if batch is None:
                    break
                model.train_on_batch(batch.x, batch.y)
        number += 1
        took = time.perf_counter() - began
        notes[WAITING].append(sum(waits) / took)
        notes[LATER].append(sum(waits[1:]) / took)
        notes[PROCESSOR].append(time.process_time() - worked)

    return run


@benchmark(seconds=10.0)
@click.option("--backend", default="numba", show_default=True, help="What minicnn computes with.")
def main(asked: Asked, backend: str) -> None:
    """How long a training step waits for its data."""
    nets = asked.chosen([net for net in NETS if net.image[0] > 100])
    results = []
    with use_backend(backend), tempfile.TemporaryDirectory() as place:
        for number, net in enumerate(nets):
            folder = Path(place) / str(number)
            folder.mkdir()
            write_photographs(folder, (2 if asked.quick else STEPS) * net.batch)
            model = compiled_model(net)
            kept = streams(net, folder)
            notes: dict[str, Notes] = {name: {WAITING: [], LATER: [], PROCESSOR: []} for name in kept}
            runs: Candidates = {name: epochs(model, stream, notes[name]) for name, stream in kept.items()}
            samples = race(runs, asked.seconds, asked.least)
            took = medians(samples)
            worked = {name: min(note[PROCESSOR][1:]) for name, note in notes.items()}
            figures = {
                WAITING: {name: statistics.median(note[WAITING][1:]) for name, note in notes.items()},
                LATER: {name: statistics.median(note[LATER][1:]) for name, note in notes.items()},
                OVER: {name: t / took[BARE] - 1 for name, t in took.items()},
                PROCESSOR: {name: t / worked[BARE] - 1 for name, t in worked.items()},
            }
            if number == 0:
                line("", list(notes))
            line(net.name, [])
            for what, shares in figures.items():
                line(f"    {what}", [f"{share:.1%}" for share in shares.values()])
            results.append({"net": net.name, **figures, "samples": samples})
    finish(asked, results, "Waiting for data", _picture(results))


def _picture(results: list[dict[str, Any]]) -> list[Bars]:
    labels = [r["net"] for r in results]
    names = [name for name in results[0]["waiting"] if name != BARE]
    series = {name: [100 * r["waiting"][name] for r in results] for name in names}
    texts = {name: [f"{value:.1f} %" for value in values] for name, values in series.items()}
    return [Bars("waiting for data", "% of a step", labels, series, texts, (10.0, "10 %: the aim"))]


if __name__ == "__main__":
    main()
