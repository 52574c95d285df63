"""A net that learns its pictures by heart, and five cures.

A large net sees 400 pictures of clothes, 60 times over, until it knows each of them: on pictures that it has not seen
its loss rises from then on. Then the same with fewer parameters, with L2, dropout and augmentation, and with the
last three together. Prints a table and draws `overfitting.png`. It takes about a minute on two cores:

    python examples/overfitting.py [--out FOLDER] [--quick]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import minicnn
from minicnn import Sequential, layers, optimizers
from minicnn.callbacks import Callback, Logs
from minicnn.datasets import embedded
from minicnn.optimizers.schedules import CosineDecay
from minicnn.regularizers import L2

BATCH = 32
TRAINING, VALIDATION = "#2b6cb0", "#c05621"


@dataclass(frozen=True)
class Cure:
    """A net of two convolutions, and what keeps it from learning by heart.

    filters: of the first convolution, the second has twice as many; units: of the hidden dense layer; l2: how much the
    squares of the weights cost; dropout: the part of the features that is left out; augmented: whether it sees each
    picture mirrored and moved by a pixel, by chance.
    """

    title: str
    filters: int = 32
    units: int = 256
    l2: float = 0.0
    dropout: float = 0.0
    augmented: bool = False

    def network(self) -> Sequential:
        """The net, new. Layers that change pictures and dropout do nothing but in training."""
        cost = L2(self.l2) if self.l2 else None
        changes = [layers.RandomFlip("horizontal"), layers.RandomTranslation(0.04, 0.04, fill_mode="constant")]
        return Sequential(
            [
                layers.Input((28, 28, 1)),
                *(changes if self.augmented else []),
                layers.Conv2D(self.filters, 3, activation="relu", kernel_regularizer=cost),
                layers.MaxPooling2D(2),
                layers.Conv2D(2 * self.filters, 3, activation="relu", kernel_regularizer=cost),
                layers.MaxPooling2D(2),
                layers.Flatten(),
                layers.Dropout(self.dropout),
                layers.Dense(self.units, activation="relu", kernel_regularizer=cost),
                layers.Dropout(self.dropout),
                layers.Dense(10, activation="softmax", kernel_regularizer=cost),
            ]
        )


CURES = (
    Cure("Too large, no cure"),
    Cure("A smaller net", filters=8, units=32),
    Cure("L2", l2=0.003),
    Cure("Dropout", dropout=0.5),
    Cure("Augmentation", augmented=True),
    Cure("L2, dropout, augmentation", l2=0.001, dropout=0.4, augmented=True),
)


class Curves(Callback):
    """Cross-entropy and accuracy after each epoch, of both parts and in the same way: all pictures as they are.

    What `fit` reports of training is another thing: it is gathered while the weights change, with dropout and
    augmentation at work and with what L2 costs, and says little when it is held against validation.
    """

    def __init__(self, training: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray]) -> None:
        self.parts = training, validation
        self.losses: list[tuple[float, float]] = []
        self.accuracies: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        seen = [self.model.evaluate(x, y, batch_size=100, return_dict=True) for x, y in self.parts]
        self.losses.append(tuple(s["sparse_categorical_crossentropy"] for s in seen))
        self.accuracies.append(tuple(s["accuracy"] for s in seen))


def train(cure: Cure, training: tuple, validation: tuple, epochs: int) -> tuple[Curves, int]:
    """The curves of a net that was trained with this cure, and how many parameters it has."""
    minicnn.set_random_seed(0)
    model, curves = cure.network(), Curves(training, validation)
    steps = epochs * math.ceil(len(training[0]) / BATCH)
    rate = CosineDecay(2e-3, steps)  # falls to nothing: where it ends does not depend on which epoch is the last
    metrics = ["accuracy", "sparse_categorical_crossentropy"]
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=metrics)
    model.fit(*training, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[curves])
    return curves, model.count_params()


def row(title: str, curves: Curves, parameters: int) -> str:
    """A line of the table: accuracies after the last epoch, and the validation's loss then and at its best."""
    train_accuracy, accuracy = curves.accuracies[-1]
    losses = [loss for _, loss in curves.losses]
    gap = 100 * (train_accuracy - accuracy)
    return (
        f"{title:27} {parameters:>10,} {train_accuracy:>9.1%} {accuracy:>10.1%} {gap:>5.1f} "
        f"{losses[-1]:>9.2f} {min(losses):>7.2f}"
    )


def draw(found: Sequence[tuple[Cure, Curves]]) -> Figure:
    """A panel for each cure: the loss of both parts over the epochs, the gap between them shaded."""
    figure = Figure(figsize=(12, 7), layout="constrained", dpi=100)
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    top = 1.15 * max(loss for _, loss in found[0][1].losses)
    for axes, (cure, curves) in zip(panels.flat, found, strict=True):
        epochs = range(1, len(curves.losses) + 1)
        train_losses, losses = zip(*curves.losses, strict=True)
        axes.fill_between(epochs, train_losses, losses, color=VALIDATION, alpha=0.12, linewidth=0)
        axes.plot(epochs, train_losses, color=TRAINING, label="training pictures")
        axes.plot(epochs, losses, color=VALIDATION, label="validation pictures")
        best = int(np.argmin(losses))
        axes.plot(epochs[best], losses[best], "o", color=VALIDATION, label="the best epoch, which early stopping keeps")
        train_accuracy, accuracy = curves.accuracies[-1]
        axes.set_title(cure.title, loc="left", fontweight="bold")
        axes.text(
            0.97,
            0.95,
            f"accuracy {train_accuracy:.1%} and {accuracy:.1%}\n{100 * (train_accuracy - accuracy):.1f} points apart",
            transform=axes.transAxes,
            ha="right",
            va="top",
        )
        axes.set_ylim(0, top)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    figure.supxlabel("epoch")
    figure.supylabel("cross-entropy")
    return figure


def main() -> None:
    """Trains with each cure in turn, prints a line of the table when one is done, and draws all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("pictures"), help="folder for the picture")
    parser.add_argument("--quick", action="store_true", help="a few pictures, to see that it runs")
    options = parser.parse_args()
    pictures, held_out, epochs = (64, 100, 2) if options.quick else (400, 1000, 60)

    (x, y), _ = embedded.load_data()  # the test pictures stay where they are: what is looked at here decides
    x = x[..., None].astype("float32") / 255
    training = x[:pictures], y[:pictures]
    validation = x[pictures : pictures + held_out], y[pictures : pictures + held_out]

    print(f"{pictures} pictures to learn, {held_out} others to validate, {epochs} epochs\n")
    print(f"{'':27} {'parameters':>10} {'training':>9} {'validation':>10} {'gap':>5} {'val. loss':>9} {'best':>7}")
    found = []
    for cure in CURES:
        curves, parameters = train(cure, training, validation, epochs)
        print(row(cure.title, curves, parameters), flush=True)
        found.append((cure, curves))
    options.out.mkdir(parents=True, exist_ok=True)
    draw(found).savefig(options.out / "overfitting.png")
    print(f"\npicture: {options.out / 'overfitting.png'}")


if __name__ == "__main__":
    main()
