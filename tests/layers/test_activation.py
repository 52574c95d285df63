from __future__ import annotations

import numpy as np
import pytest

from minicnn import layers, ops
from minicnn.errors import ArgumentError

X = np.array([[-2.0, -0.5, 0.25, 1.0, 9.0]])


def out(layer: layers.Layer, x: np.ndarray = X) -> np.ndarray:
    return layer(x).data


def test_relu_with_all_its_options() -> None:
    np.testing.assert_allclose(out(layers.ReLU()), [[0, 0, 0.25, 1, 9]])
    np.testing.assert_allclose(
        out(layers.ReLU(max_value=6, negative_slope=0.5, threshold=0.5)), [[-1.25, -0.5, -0.125, 1, 6]]
    )
    np.testing.assert_allclose(out(layers.LeakyReLU()), [[-0.6, -0.15, 0.25, 1, 9]])


def test_elu_and_its_alpha() -> None:
    np.testing.assert_allclose(out(layers.ELU(2.0)), [[2 * np.expm1(-2), 2 * np.expm1(-0.5), 0.25, 1, 9]], rtol=1e-6)
    with pytest.raises(ArgumentError, match="ELU: alpha must be a finite number, got None"):
        layers.ELU(None)


def test_prelu_starts_as_relu_and_follows_its_alpha() -> None:
    layer = layers.PReLU()
    np.testing.assert_allclose(out(layer), [[0, 0, 0.25, 1, 9]])
    layer.set_weights([np.array([0.5, 1, 2, 3, 4])])
    np.testing.assert_allclose(out(layer), [[-1, -0.5, 0.25, 1, 9]])


def test_softmax_along_any_axis_sums_to_one() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
    for axis in (-1, 1, 2, 3):
        y = out(layers.Softmax(axis=axis), x)
        np.testing.assert_allclose(y.sum(axis=axis), 1, rtol=1e-6)
        np.testing.assert_allclose(y, np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("name", ["linear", "relu", "relu6", "leaky_relu", "sigmoid", "tanh", "softmax"])
def test_by_name(name: str) -> None:
    expected = X if name == "linear" else getattr(ops, name)(X)
    np.testing.assert_allclose(out(layers.Activation(name, dtype="float64")), expected)


def test_a_function_of_ones_own_works_and_cannot_be_saved() -> None:
    layer = layers.Activation(lambda x: x * 2.0)
    np.testing.assert_allclose(out(layer), X * 2)
    with pytest.raises(ArgumentError, match="cannot be saved"):
        layer.get_config()


def test_what_makes_no_sense() -> None:
    with pytest.raises(ArgumentError, match="there is no activation 'rulu'; did you mean 'relu'"):
        layers.Activation("rulu")
    with pytest.raises(ArgumentError, match="ReLU: negative_slope must be at least 0"):
        layers.ReLU(negative_slope=-1)
    for axes in ((0,), 1.5, "channels"):
        with pytest.raises(ArgumentError, match="PReLU: shared_axes must be axis numbers from 1"):
            layers.PReLU(shared_axes=axes)
    with pytest.raises(ArgumentError, match=r"shared_axes \(5,\) must be below 2"):
        layers.PReLU(shared_axes=5)(X)
    with pytest.raises(ArgumentError, match="axis 7 is not one of the 2 axes"):
        layers.Softmax(axis=7)(X)
