"""Why convolutions: a net of dense layers against one of convolutions, with as many parameters.

Both learn the 5,000 pictures of clothes that come with minicnn, or with --full all of MNIST's digits and
Fashion-MNIST's clothes, if they are on this machine. Then both see the test pictures, and the same pictures two pixels
further to the right. Prints a table and draws `mlp_against_cnn.png`: how they learned, and what each mistakes. It takes
less than a minute on two cores, with --full some minutes:

    python examples/mlp_against_cnn.py [--full] [--out FOLDER] [--quick]
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure, SubFigure

import minicnn
from minicnn import Sequential, layers, optimizers
from minicnn.callbacks import LambdaCallback
from minicnn.datasets import embedded, fashion_mnist, mnist
from minicnn.errors import DataError
from minicnn.optimizers.schedules import CosineDecay

COLOURS = {"MLP": "#c05621", "CNN": "#2b6cb0"}
BATCH = 64
SHIFT = 2  # pixels


def mlp() -> Sequential:
    """109,386 parameters, nearly all in the first layer: each of its units has a weight for each pixel."""
    return Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def cnn() -> Sequential:
    """109,042 parameters: what a filter of 3x3 pixels has learned, it has learned for all places."""
    return Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(56, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


@dataclass(frozen=True)
class Task:
    """Pictures (N, 28, 28, 1) from 0 to 1 with class numbers (N,), for training and for the test."""

    title: str
    names: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """What one net came to. said: its answers to the test pictures, (N,)."""

    parameters: int
    seconds: float
    history: dict[str, list[float]]
    said: np.ndarray
    accuracy: float
    accuracy_shifted: float


def tasks(full: bool, most: int) -> list[Task]:
    """The pictures to learn, at most `most` of each kind."""
    sources: list[tuple[str, Any]] = [("Clothes (5,000 of Fashion-MNIST)", embedded)]
    if full:
        sources = [("Digits (MNIST)", mnist), ("Clothes (Fashion-MNIST)", fashion_mnist)]
    found = []
    for title, source in sources:
        (x, y), (x_test, y_test) = source.load_data()
        x, x_test = (a[:most, ..., None].astype("float32") / 255 for a in (x, x_test))
        found.append(Task(title, source.CLASS_NAMES, x, y[:most], x_test, y_test[:most]))
    return found


def train(model: Sequential, task: Task, epochs: int) -> Outcome:
    """Trains on nine tenths of the pictures, validates on the rest, and looks at the test pictures once.

    The learning rate falls to nothing: where both end does not depend on which epoch happens to be the last.
    """
    clock = [time.perf_counter()]
    ticking = LambdaCallback(on_epoch_end=lambda epoch, logs: clock.append(time.perf_counter()))
    steps = epochs * math.ceil(0.9 * len(task.x) / BATCH)
    model.compile(optimizers.Adam(CosineDecay(2e-3, steps)), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        task.x, task.y, batch_size=BATCH, epochs=epochs, validation_split=0.1, verbose=0, callbacks=[ticking]
    )
    said = model.predict(task.x_test).argmax(axis=1)
    further = np.roll(task.x_test, SHIFT, axis=2)  # the margins are empty: nothing comes in at the other side
    return Outcome(
        model.count_params(),
        float(np.median(np.diff(clock))),  # not the mean: the first epoch may compile kernels
        history.history,
        said,
        float(np.mean(said == task.y_test)),
        float(np.mean(model.predict(further).argmax(axis=1) == task.y_test)),
    )


def draw_curves(figure: SubFigure, outcomes: dict[str, Outcome]) -> None:
    """Accuracy over the epochs, training dashed."""
    axes = figure.subplots()
    for name, outcome in outcomes.items():
        epochs = range(1, len(outcome.history["accuracy"]) + 1)
        axes.plot(epochs, outcome.history["accuracy"], "--", color=COLOURS[name], label=f"{name}, training")
        axes.plot(epochs, outcome.history["val_accuracy"], color=COLOURS[name], label=f"{name}, validation")
    axes.set_xlabel("epoch")
    axes.set_ylabel("accuracy")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def draw_errors(figure: SubFigure, task: Task, outcomes: dict[str, Outcome]) -> None:
    """Of each class, the part of the test pictures that each net mistakes."""
    axes = figure.subplots()
    places = np.arange(len(task.names))
    for offset, (name, outcome) in zip((-0.2, 0.2), outcomes.items(), strict=True):
        wrong = [100 * np.mean(outcome.said[task.y_test == label] != label) for label in places]
        axes.barh(places + offset, wrong, 0.4, color=COLOURS[name], label=name)
    axes.set_yticks(places, task.names)
    axes.invert_yaxis()
    axes.set_xlabel("% of the test pictures mistaken")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def draw_mistakes(figure: SubFigure, task: Task, outcomes: dict[str, Outcome]) -> None:
    """Test pictures that only one of the nets mistakes, and what it took them for."""
    for row, (name, outcome), other in zip(
        figure.subfigures(2, 1), outcomes.items(), reversed(outcomes.values()), strict=True
    ):
        row.suptitle(f"mistaken by the {name} only", color=COLOURS[name], fontsize="medium")
        alone = np.flatnonzero((outcome.said != task.y_test) & (other.said == task.y_test))
        for axes, picture in zip(row.subplots(1, 5), alone[:5], strict=False):
            axes.imshow(task.x_test[picture, ..., 0], cmap="gray_r")
            says, is_one = task.names[outcome.said[picture]], task.names[task.y_test[picture]]
            axes.set_title(f"says {says}\nis {is_one}", fontsize="small")
        for axes in row.axes:
            axes.set_axis_off()


def draw(results: list[tuple[Task, dict[str, Outcome]]]) -> Figure:
    """A row for each task."""
    figure = Figure(figsize=(13.5, 4.6 * len(results)), layout="constrained", dpi=100)
    for row, (task, outcomes) in zip(np.ravel(figure.subfigures(len(results), 1)), results, strict=True):
        row.suptitle(task.title, x=0.01, ha="left", fontweight="bold")
        left, middle, right = row.subfigures(1, 3, width_ratios=(1, 1, 1.3))
        draw_curves(left, outcomes)
        draw_errors(middle, task, outcomes)
        draw_mistakes(right, task, outcomes)
    return figure


def main() -> None:
    """Trains both nets on each task, prints a line for each, and draws all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="all of MNIST and Fashion-MNIST, if they are here")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("pictures"), help="folder for the picture")
    parser.add_argument("--quick", action="store_true", help="a few pictures, to see that it runs")
    options = parser.parse_args()
    epochs = 2 if options.quick else 5 if options.full else 12

    try:
        found = tasks(options.full, most=300 if options.quick else 60_000)
    except DataError as error:  # says where it looked, and where the data can be had
        parser.exit(1, f"{error}\n")
    print(f"{'':33} {'':3} {'parameters':>10} {'s an epoch':>10} {'test':>6} {'shifted':>7}")
    results = []
    for task in found:
        outcomes = {}
        for name, make in (("MLP", mlp), ("CNN", cnn)):
            minicnn.set_random_seed(0)
            outcomes[name] = done = train(make(), task, epochs)
            print(
                f"{task.title:33} {name} {done.parameters:>10,} {done.seconds:>10.2f} {done.accuracy:>6.1%} "
                f"{done.accuracy_shifted:>7.1%}",
                flush=True,
            )
        results.append((task, outcomes))
    options.out.mkdir(parents=True, exist_ok=True)
    draw(results).savefig(options.out / "mlp_against_cnn.png")
    print(f"\npicture: {options.out / 'mlp_against_cnn.png'}")


if __name__ == "__main__":
    main()
