"""A residual network that two CPU cores train in minutes."""

from __future__ import annotations

from typing import Any

from minicnn import layers
from minicnn.models import Model


def resnet9(input_shape: tuple[int, int, int] = (32, 32, 3), classes: int = 10, width: int = 32) -> Model:
    """Eight convolutions of 3x3, two residual blocks among them, and a dense layer; 1,648,362 parameters for 32x32x3.

    width: filters of the first convolution; the last two blocks have eight times as many. Half of the published
    width, so a quarter of its work. The picture is halved three times, which asks for at least 8x8 pixels.
    Source: Page, How to train your ResNet (2018), part 4; the blocks: He et al., Deep residual learning for image
    recognition (2016), section 3.
    """

    def conv(x: Any, filters: int, *, halved: bool = False) -> Any:
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        return layers.MaxPooling2D(2)(x) if halved else x

    def residual(x: Any, filters: int) -> Any:
        return layers.Add()([x, conv(conv(x, filters), filters)])

    image = layers.Input(input_shape)
    x = conv(image, width)
    x = residual(conv(x, 2 * width, halved=True), 2 * width)
    x = conv(x, 4 * width, halved=True)
    x = residual(conv(x, 8 * width, halved=True), 8 * width)
    return Model(image, layers.Dense(classes)(layers.GlobalMaxPooling2D()(x)), name="resnet9")
