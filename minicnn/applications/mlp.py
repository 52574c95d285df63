"""A multi-layer perceptron: what one does without convolutions."""

from __future__ import annotations

from minicnn import layers
from minicnn.models import Sequential


def mlp(input_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10) -> Sequential:
    """Two hidden layers of 256 and 128 units with dropout; 235,146 parameters for 28x28x1 and 10 classes."""
    return Sequential(
        [
            layers.Input(input_shape),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(classes),
        ],
        name="mlp",
    )
