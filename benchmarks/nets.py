"""The networks that courses train, each described once and built for minicnn, for PyTorch and for Keras.

A network is a list of words: ("conv", filters, kernel, padding), ("bn",), ("relu",), ("pool",), ("flatten",),
("dropout", rate), ("dense", units). PyTorch's batch-norm momentum is the weight of the new value, Keras's of the old.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minicnn import Sequential, layers

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


def minicnn_model(net: Net) -> Sequential:
    """The network in minicnn."""
    return Sequential(_chain(net, layers))


def keras_model(net: Net) -> Any:
    """The network in Keras, by the same names."""
    import keras

    return keras.Sequential(_chain(net, keras.layers))


def _chain(net: Net, layers: Any) -> list[Any]:
    makers = {
        "conv": lambda filters, kernel, padding: layers.Conv2D(filters, kernel, padding=padding),
        "bn": lambda: layers.BatchNormalization(),
        "relu": lambda: layers.ReLU(),
        "pool": lambda: layers.MaxPooling2D(2),
        "flatten": lambda: layers.Flatten(),
        "dropout": lambda rate: layers.Dropout(rate),
        "dense": lambda units: layers.Dense(units),
    }
    return [layers.Input(net.image), *(makers[kind](*options) for kind, *options in net.words)]


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
    }
    model = torch.nn.Sequential(*(makers[kind](*options) for kind, *options in net.words))
    with torch.no_grad():
        model(torch.zeros(1, net.image[2], *net.image[:2]))  # the lazy layers learn their sizes
    return model
