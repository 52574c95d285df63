"""The default network of `minicnn train`: small enough for two CPU cores, with every kind of layer a course shows."""

from __future__ import annotations

from minicnn import layers
from minicnn.models import Sequential


def small(input_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10) -> Sequential:
    """Three convolutions and a dense layer, each with batch-norm and ReLU; 431,658 parameters for 28x28x1.

    A bias before a batch-norm would be subtracted with the mean, so only the last layer has one.
    """
    return Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(32, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(64, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(128, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dropout(0.3),
            layers.Dense(classes),
        ],
        name="small",
    )
