from __future__ import annotations

import numpy as np
import pytest

from minicnn import layers
from minicnn.errors import ArgumentError, ShapeError
from minicnn.tensor import Tensor

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 3, 2, 4)) * [1, 2, 3, 4] + [5, -5, 0, 1]
MEAN, BIASED = X.mean(axis=(0, 1, 2)), X.var(axis=(0, 1, 2))  # np.var divides by n


def normalized(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return (X - mean) / np.sqrt(variance + 1e-3)


def test_training_normalizes_by_the_batch_with_the_biased_variance() -> None:
    layer = layers.BatchNormalization(dtype="float64")
    np.testing.assert_allclose(layer(X, training=True).data, normalized(MEAN, BIASED), atol=1e-12)


def test_the_momentum_weighs_the_old_running_average() -> None:
    layer = layers.BatchNormalization(momentum=0.9, dtype="float64")
    layer(X, training=True)
    gamma, beta, mean, variance = layer.get_weights()
    np.testing.assert_allclose(mean, 0.9 * 0 + 0.1 * MEAN, atol=1e-15)
    np.testing.assert_allclose(variance, 0.9 * 1 + 0.1 * BIASED, atol=1e-15)
    layer(X, training=True)
    np.testing.assert_allclose(layer.get_weights()[2], 0.19 * MEAN, atol=1e-14)
    np.testing.assert_array_equal([gamma, beta], [np.ones(4), np.zeros(4)])


def test_inference_uses_the_running_averages_and_leaves_them_alone() -> None:
    layer = layers.BatchNormalization(dtype="float64")
    layer(X)
    weights = [RNG.standard_normal(4), RNG.standard_normal(4), RNG.standard_normal(4), RNG.random(4) + 1]
    layer.set_weights(weights)
    gamma, beta, mean, variance = weights
    np.testing.assert_allclose(layer(X).data, normalized(mean, variance) * gamma + beta, atol=1e-12)
    np.testing.assert_array_equal(layer.get_weights(), weights)


def test_a_frozen_layer_infers_in_training_too_as_in_keras() -> None:
    layer = layers.BatchNormalization(dtype="float64", trainable=False)
    x = Tensor(X, requires_grad=True)
    y = layer(x, training=True)
    np.testing.assert_allclose(y.data, normalized(np.zeros(4), np.ones(4)), atol=1e-12)
    np.testing.assert_array_equal(layer.get_weights()[2:], [np.zeros(4), np.ones(4)])
    y.backward(np.ones_like(y.data))
    np.testing.assert_allclose(x.grad, 1 / np.sqrt(1 + 1e-3))
    assert all(v.grad is None for v in layer.weights)


def test_without_center_and_scale() -> None:
    layer = layers.BatchNormalization(center=False, scale=False, epsilon=0, dtype="float64")
    y = layer(X, training=True).data
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=(0, 1, 2)), 1, atol=1e-12)
    assert len(layer.get_weights()) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"axis": 0}, "BatchNormalization: axis must be the last one"),
        ({"momentum": 1.5}, "BatchNormalization: momentum must be at least 0 and below 1"),
        ({"epsilon": -1e-3}, "BatchNormalization: epsilon must be at least 0"),
        ({"scale": None}, "BatchNormalization: scale must be True or False"),
        ({"gamma_initializer": "one"}, "there is no initializer 'one'; did you mean 'ones'"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        layers.BatchNormalization(**arguments)


def test_channels_come_last() -> None:
    layers.BatchNormalization(axis=3)(X)
    layers.BatchNormalization(axis=1)(X[:, 0, 0])
    with pytest.raises(ArgumentError, match="axis must be the last one, -1 or 3; got 1"):
        layers.BatchNormalization(axis=1)(X)
    with pytest.raises(ShapeError, match="needs a batch"):
        layers.BatchNormalization()(X[0, 0, 0])
