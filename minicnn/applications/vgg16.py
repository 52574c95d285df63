"""VGG16: how far one gets with nothing but 3x3 convolutions."""

from __future__ import annotations

from typing import Any

from minicnn import layers
from minicnn.models import Sequential

# Filters of the convolutions, block by block; each block ends in a max-pool.
BLOCKS = (64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)


def vgg16(input_shape: tuple[int, int, int] = (224, 224, 3), classes: int = 1000) -> Sequential:
    """Thirteen convolutions, three dense layers; 138,357,544 parameters for 224x224x3 and 1000 classes.

    Source: Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition (2015),
    configuration D.
    """
    chain: list[Any] = [layers.Input(input_shape)]
    for block in BLOCKS:
        chain += [layers.Conv2D(filters, 3, padding="same", activation="relu") for filters in block]
        chain.append(layers.MaxPooling2D(2))
    chain += [
        layers.Flatten(),
        layers.Dense(4096, activation="relu"),
        layers.Dense(4096, activation="relu"),
        layers.Dense(classes),
    ]
    return Sequential(chain, name="vgg16")
