"""The default network of `minicnn train`: small enough for two CPU cores, with every kind of layer a course shows."""

from __future__ import annotations

from minicnn import layers
from minicnn.models import Sequential


def small(input_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10) -> Sequential:
    """Convolution, batch-norm, ReLU, max-pool, twice; then dense with dropout; 421,834 parameters for 28x28x1.

    A bias before a batch-norm would be subtracted with the mean, so those convolutions have none.
    """
    return Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(32, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(classes),
        ],
        name="small",
    )
