"""What NumPy computes is not in a recording: models that use it train to the same bits with repeating on and off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import minicnn
from minicnn import Sequential, constraints, layers, losses, optimizers, repeating

CLASSES = 3


class Setup(NamedTuple):
    """A model's layers, how it is compiled, and whether its labels are one-hot."""

    layers: Callable[[], list[Any]]
    loss: Callable[[], Any] = lambda: losses.SparseCategoricalCrossentropy(from_logits=True)
    one_hot: bool = False
    optimizer: Callable[[], Any] = lambda: optimizers.SGD(0.05, momentum=0.9)


def plain() -> list[Any]:
    return [layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(CLASSES)]


SETUPS = {
    "label smoothing": Setup(plain, lambda: losses.CategoricalCrossentropy(True, label_smoothing=0.1), True),
    "an ignored class": Setup(plain, lambda: losses.SparseCategoricalCrossentropy(True, ignore_class=1)),
    "regularized weights": Setup(
        lambda: [
            layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l1"),
            layers.Flatten(),
            layers.Dense(CLASSES, kernel_regularizer="l2", bias_regularizer="l2"),
        ]
    ),
    "regularized outputs": Setup(
        lambda: [
            layers.Conv2D(4, 3, activity_regularizer="l2"),
            layers.ReLU(),
            layers.MaxPooling2D(2, activity_regularizer="l1"),
            layers.Flatten(),
            layers.Dense(CLASSES),
        ]
    ),
    "constraints": Setup(
        lambda: [layers.Flatten(), layers.Dense(CLASSES, kernel_constraint=constraints.MaxNorm(0.5))],
    ),
    "clipped": Setup(plain, optimizer=lambda: optimizers.AdamW(0.01, clipnorm=0.1, use_ema=True)),
    "activations made of arithmetic": Setup(
        lambda: [
            layers.Conv2D(4, 3, activation="mish"),
            layers.Activation("softsign"),
            layers.Flatten(),
            layers.Dense(5, activation="hard_silu"),
            layers.Dense(CLASSES, activation="log_softmax"),
        ]
    ),
    "focal": Setup(plain, lambda: losses.CategoricalFocalCrossentropy(from_logits=True), True),
    "huber": Setup(plain, losses.Huber, True),
}


def trained(setup: Setup, on: bool) -> list[Any]:
    with repeating(on):
        minicnn.set_random_seed(0)
        model = Sequential([layers.Input((6, 6, 2)), *setup.layers()])
        model.compile(setup.optimizer(), setup.loss())
        rng = np.random.default_rng(0)
        seen: list[Any] = []
        for _ in range(5):
            x, y = rng.standard_normal((6, 6, 6, 2), dtype=np.float32), rng.integers(0, CLASSES, 6)
            seen += [model.train_on_batch(x, np.eye(CLASSES)[y] if setup.one_hot else y), model.predict_on_batch(x)]
        return [*seen, *model.get_weights()]


@pytest.mark.parametrize("name", SETUPS)
def test_training_is_the_same_with_and_without_repeating(name: str) -> None:
    repeated, written = trained(SETUPS[name], True), trained(SETUPS[name], False)
    for one, other in zip(repeated, written, strict=True):
        np.testing.assert_array_equal(one, other)
    assert repeated[0] != repeated[2], "it has learned nothing, so nothing was compared"
