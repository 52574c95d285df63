"""Real data from scratch on a CPU: all of Fashion-MNIST and CIFAR-10, learnt in minutes by a residual network.

    python examples/from_scratch.py fashion-mnist     # resnet9
    python examples/from_scratch.py cifar10           # resnet9
    python examples/from_scratch.py cifar10-course    # three_blocks, what a course ends with

The pictures are looked for in the folder MINICNN_DATA and in the user's cache (--download fetches them). Kill it when
you like: started again it goes on where it was, to the same bits. The model, a log and the curves go to runs/RECIPE.
--quick only shows that it runs, on the pictures that come with minicnn.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

import minicnn
from minicnn import applications, callbacks, datasets, losses, optimizers
from minicnn.data.augment import shift_and_flip
from minicnn.data.loader import Loader

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import LogLocator, NullFormatter


@dataclass(frozen=True)
class Recipe:
    """What is learnt, by whom and how. learning_rate: the highest, of one cycle over all steps."""

    data: Any
    network: Callable[..., Any]
    epochs: int
    learning_rate: float = 0.1
    weight_decay: float = 0.005
    batch_size: int = 128


RECIPES = {
    "fashion-mnist": Recipe(datasets.fashion_mnist, applications.resnet9, epochs=12),
    "cifar10": Recipe(datasets.cifar10, applications.resnet9, epochs=12),
    "cifar10-course": Recipe(datasets.cifar10, applications.three_blocks, epochs=10, learning_rate=0.05),
}


def pictures(source: Any, **options: Any) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """(x, y) to learn from and (x, y) to be judged by: x float32 (N, H, W, C) from 0 to 1, y (N,)."""
    (x, y), (x_test, y_test) = source.load_data(**options)
    return as_floats(x, y), as_floats(x_test, y_test)


def as_floats(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels from 0 to 1 with an axis of channels; labels without one."""
    return x.reshape(*x.shape[:3], -1).astype("float32") / 255, y.ravel().astype("int64")


def train(recipe: Recipe, training: Any, test: Any, folder: Path) -> Any:
    """The trained model. The test pictures are looked at after each epoch, and decide nothing."""
    minicnn.set_random_seed(1)
    batches = Loader(training, recipe.batch_size, shuffle=True, seed=1, augment=shift_and_flip)
    model = recipe.network(training[0].shape[1:], 10)
    schedule = optimizers.schedules.OneCycle(recipe.learning_rate, recipe.epochs * len(batches))
    model.compile(
        optimizers.SGD(schedule, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay),
        losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    broken_off = any((folder / "backup").glob("*"))
    folder.mkdir(parents=True, exist_ok=True)
    log = callbacks.CSVLogger(folder / "log.csv", append=broken_off)
    backup = callbacks.BackupAndRestore(folder / "backup")
    model.fit(batches, epochs=recipe.epochs, validation_data=test, callbacks=[log, backup])
    return model


def draw(log: Path, title: str, path: Path) -> None:
    """Errors by epoch, in percent, on a logarithmic scale: what is left to learn is what one wants to see."""
    with log.open(newline="") as file:
        by_epoch = {int(row["epoch"]) + 1: row for row in csv.DictReader(file)}  # one that was broken off comes twice
    epochs, rows = list(by_epoch), list(by_epoch.values())
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for column, label in (("accuracy", "training pictures, shifted and flipped"), ("val_accuracy", "test pictures")):
        errors = [100 - 100 * float(row[column]) for row in rows]
        axes.semilogy(epochs, errors, marker="o", label=f"{label}: {errors[-1]:.1f} % in the end")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g} %")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set(title=title, xlabel="epoch", ylabel="pictures taken for something else")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--download", action="store_true", help="fetch the data if it is not on this machine")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="where the folder of the recipe goes")
    parser.add_argument("--quick", action="store_true", help="two epochs of 64 pictures that come with minicnn")
    given = parser.parse_args()
    recipe, folder = RECIPES[given.recipe], given.out / given.recipe
    if given.quick:
        recipe = replace(recipe, data=datasets.embedded, epochs=2, batch_size=32)
    training, test = pictures(recipe.data, **({} if given.quick else {"download": given.download}))
    if given.quick:
        training, test = ((x[:64], y[:64]) for x, y in (training, test))

    began = time.perf_counter()
    model = train(recipe, training, test, folder)
    minutes = (time.perf_counter() - began) / 60
    accuracy = model.evaluate(*test, return_dict=True)["accuracy"]
    model.save(folder / f"{given.recipe}.minicnn")
    draw(
        folder / "log.csv", f"{given.recipe}: {model.name}, {accuracy:.2%} of the test pictures", folder / "curves.png"
    )
    print(f"{accuracy:.2%} of {len(test[0]):,} test pictures, {minutes:.1f} minutes; written to {folder}")


if __name__ == "__main__":
    main()
