from __future__ import annotations

import math

import numpy as np
import pytest

from minicnn import activations, initializers
from minicnn.applications import NETWORKS, lenet5, small, vgg16
from minicnn.errors import ArgumentError, ShapeError

SHAPE = (28, 28, 1)


@pytest.mark.parametrize("name", ["small", "lenet5", "mlp"])
def test_networks_for_images_of_28_pixels(name: str) -> None:
    network = NETWORKS[name](SHAPE, 10)
    assert network.name == name
    assert network.input_shape == (None, *SHAPE)
    assert network.output_shape == (None, 10)
    assert network(np.zeros((2, *SHAPE))).shape == (2, 10)
    assert getattr(network.layers[-1], "activation", None) is activations.linear, "all end in logits"


@pytest.mark.parametrize("name", ["small", "lenet5", "mlp"])
def test_other_images_and_classes(name: str) -> None:
    network = NETWORKS[name]((32, 40, 3), 4)
    assert network.input_shape == (None, 32, 40, 3)
    assert network.output_shape == (None, 4)


def test_parameter_counts_that_the_docstrings_tell() -> None:
    assert lenet5().count_params() == 61_706
    assert f"{small().count_params():,} parameters" in str(small.__doc__)


def test_dense_weights_of_lenet5() -> None:
    kernels = [layer.get_weights()[0].size for layer in lenet5().layers if layer.name.startswith("dense")]
    assert kernels == [48_000, 10_080, 840]


def test_vgg16_has_138_357_544_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros, which take no memory until they are written to: the count is of real variables all the same."""
    monkeypatch.setattr(initializers.GlorotUniform, "__call__", initializers.Zeros.__call__)
    network = vgg16()
    assert network.count_params() == 138_357_544
    assert sum(math.prod(v.shape) for v in network.trainable_weights) == 138_357_544
    assert network.get_layer("max_pooling2d_4").output_shape == (None, 7, 7, 512)
    assert network.output_shape == (None, 1000)


def test_what_does_not_fit() -> None:
    with pytest.raises(ShapeError, match=r"layer 'max_pooling2d_4' \(MaxPooling2D\): a 2x2 window .* does not fit"):
        vgg16((28, 28, 1))
    with pytest.raises(ArgumentError, match="Dense: units must be"):
        lenet5(SHAPE, 0)
    with pytest.raises(ArgumentError, match="Input: shape must be"):
        small((28, 28, 0))
