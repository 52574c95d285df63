"""The network at which most courses on photographs arrive."""

from __future__ import annotations

from typing import Any

from minicnn import layers
from minicnn.models import Sequential


def three_blocks(input_shape: tuple[int, int, int] = (32, 32, 3), classes: int = 10) -> Sequential:
    """Three blocks of two 3x3 convolutions (32, 64, 128 filters), pooling and dropout; then a dense layer of 128.

    551,914 parameters for 32x32x3. The blocks: Simonyan and Zisserman, Very deep convolutional networks for large-scale
    image recognition (2015), section 2.
    """
    chain: list[Any] = [layers.Input(input_shape)]
    for filters, dropped in ((32, 0.2), (64, 0.3), (128, 0.4)):
        for _ in range(2):
            chain += [
                layers.Conv2D(filters, 3, padding="same", use_bias=False),
                layers.BatchNormalization(momentum=0.9),
                layers.ReLU(),
            ]
        chain += [layers.MaxPooling2D(2), layers.Dropout(dropped)]
    chain += [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.5), layers.Dense(classes)]
    return Sequential(chain, name="three_blocks")
