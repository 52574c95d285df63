"""The networks that courses train, each described once and built for minicnn, for PyTorch and for Keras.

A network is a list of words: ("conv", filters, kernel, padding), ("bn",), ("relu",), ("pool",), ("flatten",),
("dropout", rate), ("dense", units), ("mean",) over all pixels, ("residual", filters, stride).
PyTorch's batch-norm momentum is the weight of the new value, Keras's of the old.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minicnn import Model, layers
from minicnn.models import Sequential

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Net:
    """A network, and the batch that it is trained on."""

    name: str
    batch: int
    image: tuple[int, int, int]
    classes: int
    words: tuple[tuple[Any, ...], ...]


def _block(filters: int, kernel: int, padding: str, *middle: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
    return ("conv", filters, kernel, padding), *middle, ("relu",), ("pool",)


def _head(units: int, classes: int) -> tuple[tuple[Any, ...], ...]:
    return ("flatten",), ("dense", units), ("relu",), ("dense", classes)


def _resnet(blocks: int) -> tuple[tuple[Any, ...], ...]:
    """6 · blocks + 2 weighted layers for CIFAR: He et al., Deep residual learning (2016), section 4.2.

    Where a block changes the shape its short cut is a 1x1 convolution with batch-norm (their option B), as in most
    code; the paper's own nets for CIFAR pad with zeros there.
    """
    stages = [("residual", filters, 1 + (filters > 16 and not n)) for filters in (16, 32, 64) for n in range(blocks)]
    return ("conv", 16, 3, "same"), ("bn",), ("relu",), *stages, ("mean",), ("dense", 10)


NETS = [
    Net(
        "LeNet-5, 28x28, batch 64",
        64,
        (28, 28, 1),
        10,
        (
            *_block(6, 5, "same"),
            *_block(16, 5, "valid"),
            ("flatten",),
            ("dense", 120),
            ("relu",),
            ("dense", 84),
            ("relu",),
            ("dense", 10),
        ),
    ),
    Net(
        "conv32-bn-conv64-bn, 28x28, batch 128",
        128,
        (28, 28, 1),
        10,
        (
            *_block(32, 3, "same", ("bn",)),
            *_block(64, 3, "same", ("bn",)),
            ("flatten",),
            ("dropout", 0.5),
            ("dense", 10),
        ),
    ),
    Net(
        "2x2 kernels, 32x32x3, batch 32",
        32,
        (32, 32, 3),
        10,
        (
            *_block(16, 2, "same"),
            *_block(32, 2, "same"),
            *_block(64, 2, "same"),
            ("dropout", 0.3),
            ("flatten",),
            ("dense", 500),
            ("relu",),
            ("dropout", 0.4),
            ("dense", 10),
        ),
    ),
    Net(
        "cats-dogs 32-32-64, 150x150, batch 32",
        32,
        (150, 150, 3),
        2,
        (*_block(32, 3, "valid"), *_block(32, 3, "valid"), *_block(64, 3, "valid"), *_head(64, 2)),
    ),
    Net(
        "cats-dogs 32-64-128-128, 150x150, batch 20",
        20,
        (150, 150, 3),
        2,
        (
            *_block(32, 3, "valid"),
            *_block(64, 3, "valid"),
            *_block(128, 3, "valid"),
            *_block(128, 3, "valid"),
            *_head(512, 2),
        ),
    ),
]


RESNETS = [Net("resnet20, 32x32x3, batch 128", 128, (32, 32, 3), 10, _resnet(3))]
"""Networks that branch. They stand apart: figures over "the five course networks" are over NETS."""


def minicnn_model(net: Net) -> Sequential | Model:
    """The network in minicnn."""
    if net in RESNETS:
        return Model(*_ends(net, layers))
    return Sequential([layers.Input(net.image), *_layers(net, layers)])


def keras_model(net: Net) -> Any:
    """The network in Keras, by the same names."""
    import keras

    if net in RESNETS:
        return keras.Model(*_ends(net, keras.layers))
    return keras.Sequential([keras.layers.Input(net.image), *_layers(net, keras.layers)])


def _ends(net: Net, layers: Any) -> tuple[Any, Any]:
    """Input and output of the network as a graph."""
    start = x = layers.Input(net.image)
    for make in _layers(net, layers):
        x = make(x)
    return start, x


def _layers(net: Net, layers: Any) -> list[Any]:
    def residual(filters: int, stride: int) -> Callable[[Any], Any]:
        def block(x: Any) -> Any:
            y = _without_bias(layers, filters, 3, stride)(x)
            y = layers.ReLU()(layers.BatchNormalization()(y))
            y = layers.BatchNormalization()(_without_bias(layers, filters, 3, 1)(y))
            if stride != 1 or x.shape[-1] != filters:
                x = layers.BatchNormalization()(_without_bias(layers, filters, 1, stride)(x))
            return layers.ReLU()(layers.Add()([x, y]))

        return block

    makers = {
        "residual": residual,
        "mean": lambda: layers.GlobalAveragePooling2D(),
        "conv": lambda filters, kernel, padding: layers.Conv2D(filters, kernel, padding=padding),
        "bn": lambda: layers.BatchNormalization(),
        "relu": lambda: layers.ReLU(),
        "pool": lambda: layers.MaxPooling2D(2),
        "flatten": lambda: layers.Flatten(),
        "dropout": lambda rate: layers.Dropout(rate),
        "dense": lambda units: layers.Dense(units),
    }
    return [makers[kind](*options) for kind, *options in net.words]


def _without_bias(layers: Any, filters: int, kernel: int, stride: int) -> Any:
    """Of a convolution before batch-norm, which would take a bias away."""
    return layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)


def torch_model(net: Net) -> torch.nn.Sequential:
    """The network in PyTorch, NCHW. `same` padding of an even kernel is asymmetric there as well."""
    import torch

    makers = {
        "conv": lambda filters, kernel, padding: torch.nn.LazyConv2d(
            filters, kernel, padding=(kernel // 2 if kernel % 2 else "same") if padding == "same" else 0
        ),
        "bn": lambda: torch.nn.LazyBatchNorm2d(eps=1e-3, momentum=0.01),
        "relu": lambda: torch.nn.ReLU(),
        "pool": lambda: torch.nn.MaxPool2d(2),
        "flatten": lambda: torch.nn.Flatten(),
        "dropout": lambda rate: torch.nn.Dropout(rate),
        "dense": lambda units: torch.nn.LazyLinear(units),
        "mean": lambda: torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()),
        "residual": _torch_residual,
    }
    model = torch.nn.Sequential(*(makers[kind](*options) for kind, *options in net.words))
    with torch.no_grad():
        model(torch.zeros(1, net.image[2], *net.image[:2]))  # the lazy layers learn their sizes
    return model


def _torch_residual(filters: int, stride: int) -> Any:
    import torch

    def convolution(kernel: int, stride: int) -> list[Any]:
        conv = torch.nn.LazyConv2d(filters, kernel, stride, padding=kernel // 2, bias=False)
        return [conv, torch.nn.LazyBatchNorm2d(eps=1e-3, momentum=0.01)]

    class Residual(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = torch.nn.Sequential(*convolution(3, stride), torch.nn.ReLU(), *convolution(3, 1))
            self.turn = torch.nn.Sequential(*convolution(1, stride)) if stride != 1 else torch.nn.Identity()

        def forward(self, x: Any) -> Any:
            return torch.relu(self.block(x) + self.turn(x))

    return Residual()
