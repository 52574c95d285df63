"""A small task that a small network learns in moments: which quarter of an image is bright."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn import Input, Sequential, layers, set_random_seed


def quarters(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 6, 6, 1) float32, labels (n,) 0 .. 3."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, n)
    x = rng.random((n, 6, 6, 1), dtype=np.float32)
    for i, label in enumerate(y):
        row, column = divmod(int(label), 2)
        x[i, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3] += 1
    return x, y


def network(seed: int = 0, **compiling: Any) -> Sequential:
    """Every kind of state that a training has: weights, running averages, dropout, momentum."""
    set_random_seed(seed)
    model = Sequential(
        [
            Input((6, 6, 1)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(4, activation="softmax"),
        ]
    )
    settings = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **compiling}
    model.compile(**settings)
    return model


def linear(seed: int = 0, **compiling: Any) -> Sequential:
    """The same without anything that differs between training and inference."""
    set_random_seed(seed)
    model = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(4, activation="softmax")], dtype="float64")
    settings = {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **compiling}
    model.compile(**settings)
    return model
