"""Floor 3: layers, with Keras 3's names, arguments and defaults.

The registry is closed: loading a file makes these layers and no others.
"""

from __future__ import annotations

from typing import Any

from minicnn.errors import ArgumentError
from minicnn.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from minicnn.layers.base import Layer, Variable
from minicnn.layers.convolution import Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D
from minicnn.layers.dense import Dense
from minicnn.layers.dropout import Dropout
from minicnn.layers.input import Input, InputLayer
from minicnn.layers.normalization import BatchNormalization
from minicnn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
from minicnn.layers.random_colours import GaussianNoise, RandomBrightness, RandomContrast
from minicnn.layers.random_geometry import RandomCrop, RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from minicnn.layers.scaling import CenterCrop, Normalization, Rescaling, Resizing
from minicnn.layers.shaping import Flatten, Reshape, UpSampling2D, ZeroPadding2D
from minicnn.registry import lookup

AvgPool2D, MaxPool2D = AveragePooling2D, MaxPooling2D
GlobalAvgPool2D, GlobalMaxPool2D = GlobalAveragePooling2D, GlobalMaxPooling2D

__all__ = [
    "ELU",
    "Activation",
    "AveragePooling2D",
    "AvgPool2D",
    "BatchNormalization",
    "CenterCrop",
    "Conv2D",
    "Conv2DTranspose",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "Input",
    "InputLayer",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "MaxPooling2D",
    "Normalization",
    "PReLU",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv2D",
    "Softmax",
    "UpSampling2D",
    "Variable",
    "ZeroPadding2D",
    "deserialize",
    "serialize",
]

_KNOWN: dict[str, type[Layer]] = {
    cls.__name__: cls
    for cls in (
        ELU,
        Activation,
        AveragePooling2D,
        BatchNormalization,
        CenterCrop,
        Conv2D,
        Conv2DTranspose,
        Dense,
        DepthwiseConv2D,
        Dropout,
        Flatten,
        GaussianNoise,
        GlobalAveragePooling2D,
        GlobalMaxPooling2D,
        InputLayer,
        LeakyReLU,
        MaxPooling2D,
        Normalization,
        PReLU,
        RandomBrightness,
        RandomContrast,
        RandomCrop,
        RandomFlip,
        RandomRotation,
        RandomTranslation,
        RandomZoom,
        ReLU,
        Rescaling,
        Reshape,
        Resizing,
        SeparableConv2D,
        Softmax,
        UpSampling2D,
        ZeroPadding2D,
    )
}


def serialize(layer: Layer) -> dict[str, Any]:
    """{"class_name", "config"} of a layer, without its weights, ready for JSON."""
    if _KNOWN.get(type(layer).__name__) is not type(layer):
        raise ArgumentError(f"{layer!r} is of a class of your own: it cannot be saved by name")
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(config: Any) -> Layer:
    """A layer from what `serialize` returned. Raises ArgumentError for unknown classes and arguments."""
    if (
        not isinstance(config, dict)
        or set(config) != {"class_name", "config"}
        or not isinstance(config["config"], dict)
    ):
        raise ArgumentError(f'a layer\'s config must be {{"class_name": ..., "config": {{...}}}}, got {config!r:.200}')
    cls = lookup("layer", config["class_name"], _KNOWN)
    try:
        return cls.from_config(config["config"])
    except TypeError as error:
        raise ArgumentError(f"layer {config['class_name']!r} cannot be made from its config: {error}") from None
