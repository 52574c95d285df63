from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import layers, ops
from minicnn.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 6, 7, 4))
GEOMETRY: dict[str, Any] = {"strides": (2, 1), "padding": "same"}


def built(layer: layers.Layer) -> layers.Layer:
    """With weights that are no zeros, biases included."""
    layer(X)
    layer.set_weights([RNG.standard_normal(w.shape) for w in layer.get_weights()])
    return layer


def test_conv2d_is_the_operator_with_bias_and_activation() -> None:
    layer = built(layers.Conv2D(6, 3, groups=2, activation="relu", dtype="float64", **GEOMETRY))
    kernel, bias = layer.get_weights()
    np.testing.assert_array_equal(layer(X).data, ops.relu(ops.conv2d(X, kernel, bias, groups=2, **GEOMETRY)))


def test_the_algorithm_reaches_the_operator_and_the_config() -> None:
    layer = layers.Conv2D(6, 3, algorithm="winograd", dtype="float64")
    assert layer.get_config()["algorithm"] == "winograd"
    y = layer(X)
    np.testing.assert_array_equal(y.data, ops.conv2d(X, layer.kernel.data, algorithm="winograd"))
    np.testing.assert_allclose(y.data, ops.conv2d(X, layer.kernel.data, algorithm="direct"), atol=1e-12)


def test_depthwise_is_the_operator_with_bias_and_activation() -> None:
    layer = built(layers.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh", dtype="float64", **GEOMETRY))
    kernel, bias = layer.get_weights()
    np.testing.assert_array_equal(layer(X).data, ops.tanh(ops.depthwise_conv2d(X, kernel, bias, **GEOMETRY)))


def test_separable_is_depthwise_then_pointwise() -> None:
    layer = built(layers.SeparableConv2D(5, 3, depth_multiplier=2, dtype="float64", **GEOMETRY))
    depthwise, pointwise, bias = layer.get_weights()
    between = ops.depthwise_conv2d(X, depthwise, **GEOMETRY)
    np.testing.assert_allclose(layer(X).data, between @ pointwise[0, 0] + bias, atol=1e-12)


def test_transposed_is_the_operator_with_bias() -> None:
    layer = built(layers.Conv2DTranspose(3, 3, strides=2, dilation_rate=2, dtype="float64"))
    kernel, bias = layer.get_weights()
    np.testing.assert_array_equal(layer(X).data, ops.conv2d_transpose(X, kernel, bias, strides=2, dilation=2))


def test_a_conv2d_of_one_pixel_is_a_dense_layer() -> None:
    layer = built(layers.Conv2D(3, 1, dtype="float64"))
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(layer(X).data, X @ kernel[0, 0] + bias, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv2D(0, 3), "Conv2D: filters must be a whole number of at least 1, got 0"),
        (lambda: layers.Conv2D(4, (3, 0)), "Conv2D: kernel_size must be a whole number of at least 1"),
        (lambda: layers.Conv2D(4, 3, strides=1.5), "Conv2D: strides must be"),
        (lambda: layers.Conv2D(4, 3, dilation_rate=(1, 2, 3)), "Conv2D: dilation_rate must be"),
        (lambda: layers.Conv2D(4, 3, padding="full"), "Conv2D: padding must be 'valid', 'same'"),
        (lambda: layers.Conv2D(4, 3, algorithm="fft"), "Conv2D: algorithm must be one of 'auto', 'direct', 'winograd'"),
        (lambda: layers.Conv2D(4, 5, algorithm="winograd"), "Conv2D: algorithm 'winograd' needs a 3x3 kernel"),
        (lambda: layers.Conv2D(4, 3, groups=3), "Conv2D: groups must divide the 4 filters, got 3"),
        (lambda: layers.SeparableConv2D(4, 3, depth_multiplier=0), "SeparableConv2D: depth_multiplier must be"),
        (lambda: layers.Conv2DTranspose(4, 3, output_padding=-1), "Conv2DTranspose: output_padding must be"),
    ],
)
def test_arguments_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_what_does_not_fit_names_the_layer() -> None:
    with pytest.raises(ArgumentError, match=r"layer 'conv2d' \(Conv2D\): groups must divide the 4 channels .* got 3"):
        layers.Conv2D(6, 3, groups=3)(X)
    with pytest.raises(ShapeError, match=r"layer 'eye' \(Conv2D\): a 9x9 window .* use padding='same'"):
        layers.Conv2D(6, 9, name="eye")(X)
    with pytest.raises(ShapeError, match=r"needs inputs of shape \(batch, height, width, channels\)"):
        layers.Conv2D(6, 3)(X[0])
    with pytest.raises(ArgumentError, match="output_padding must be smaller than the strides"):
        layers.Conv2DTranspose(4, 3, strides=2, output_padding=2)(X)
