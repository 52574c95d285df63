"""Floor 3: layers, with Keras 3's names, arguments and defaults.

The registry is closed: loading a file makes these layers and no others.
"""

from __future__ import annotations

from typing import Any

from minicnn.errors import ArgumentError
from minicnn.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from minicnn.layers.base import Layer
from minicnn.layers.convolution import Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D
from minicnn.layers.dense import Dense
from minicnn.layers.dropout import Dropout, GaussianDropout, SpatialDropout1D, SpatialDropout2D
from minicnn.layers.embedding import Embedding
from minicnn.layers.function import Identity, Lambda
from minicnn.layers.input import Input, InputLayer
from minicnn.layers.merged import add, average, concatenate, dot, maximum, minimum, multiply, subtract
from minicnn.layers.merging import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract
from minicnn.layers.normalization import BatchNormalization
from minicnn.layers.one_dimensional import (
    AveragePooling1D,
    Conv1D,
    Cropping1D,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    MaxPooling1D,
    UpSampling1D,
    ZeroPadding1D,
)
from minicnn.layers.operation import Operation
from minicnn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
from minicnn.layers.random_colours import GaussianNoise, RandomBrightness, RandomContrast
from minicnn.layers.random_geometry import RandomCrop, RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from minicnn.layers.scaling import CenterCrop, Normalization, Rescaling, Resizing
from minicnn.layers.shaping import Cropping2D, Flatten, Permute, RepeatVector, Reshape, UpSampling2D, ZeroPadding2D
from minicnn.layers.variable import Variable
from minicnn.registry import custom_object, lookup

AvgPool1D, MaxPool1D = AveragePooling1D, MaxPooling1D
AvgPool2D, MaxPool2D = AveragePooling2D, MaxPooling2D
GlobalAvgPool1D, GlobalMaxPool1D = GlobalAveragePooling1D, GlobalMaxPooling1D
GlobalAvgPool2D, GlobalMaxPool2D = GlobalAveragePooling2D, GlobalMaxPooling2D

__all__ = [
    "ELU",
    "Activation",
    "Add",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "Operation",
    "PReLU",
    "Permute",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv2D",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Subtract",
    "UpSampling1D",
    "UpSampling2D",
    "Variable",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

_KNOWN: dict[str, type[Layer]] = {
    cls.__name__: cls
    for cls in (
        Activation,
        Add,
        Average,
        AveragePooling1D,
        AveragePooling2D,
        BatchNormalization,
        CenterCrop,
        Concatenate,
        Conv1D,
        Conv2D,
        Conv2DTranspose,
        Cropping1D,
        Cropping2D,
        Dense,
        DepthwiseConv2D,
        Dot,
        Dropout,
        ELU,
        Embedding,
        Flatten,
        GaussianDropout,
        GaussianNoise,
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        Identity,
        InputLayer,
        Lambda,
        LeakyReLU,
        MaxPooling1D,
        MaxPooling2D,
        Maximum,
        Minimum,
        Multiply,
        Normalization,
        Operation,
        PReLU,
        Permute,
        RandomBrightness,
        RandomContrast,
        RandomCrop,
        RandomFlip,
        RandomRotation,
        RandomTranslation,
        RandomZoom,
        ReLU,
        RepeatVector,
        Rescaling,
        Reshape,
        Resizing,
        SeparableConv2D,
        Softmax,
        SpatialDropout1D,
        SpatialDropout2D,
        Subtract,
        UpSampling1D,
        UpSampling2D,
        ZeroPadding1D,
        ZeroPadding2D,
    )
}


def is_known(name: str, cls: type | None = None) -> bool:
    """Whether a layer of this library has this name, and is this class."""
    return name in _KNOWN and cls in (None, _KNOWN[name])


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
    own = custom_object(config["class_name"])
    cls = own if isinstance(own, type) and issubclass(own, Layer) else lookup("layer", config["class_name"], _KNOWN)
    try:
        return cls.from_config(config["config"])
    except TypeError as error:
        raise ArgumentError(f"layer {config['class_name']!r} cannot be made from its config: {error}") from None
