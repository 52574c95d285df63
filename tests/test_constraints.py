from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Sequential, constraints, layers, optimizers
from minicnn.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from minicnn.errors import ArgumentError

W = np.array([[3.0, 0.3, -1.0], [4.0, 0.4, 0.0]])  # columns of length 5, 0.5 and 1


def lengths(w: np.ndarray) -> list[float]:
    return np.linalg.norm(w, axis=0).round(6).tolist()


def test_norms_of_columns() -> None:
    assert lengths(MaxNorm(2)(W)) == [2, 0.5, 1]
    assert lengths(UnitNorm()(W)) == [1, 1, 1]
    assert lengths(MinMaxNorm(0.8, 2)(W)) == [2, 0.8, 1]
    assert lengths(MinMaxNorm(0.8, 2, rate=0.5)(W)) == [3.5, 0.65, 1]
    np.testing.assert_allclose(MaxNorm(2)(W)[:, 0], [1.2, 1.6], rtol=1e-6)


def test_other_axes() -> None:
    kernel = np.ones((3, 3, 2, 4), np.float32)
    found = MaxNorm(1, axis=[0, 1, 2])(kernel)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.sqrt(np.square(found).sum(axis=(0, 1, 2))), 1, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(UnitNorm(axis=-1)(W), axis=1), 1, rtol=1e-6)


def test_negative_numbers_go() -> None:
    assert NonNeg()(W).min() == 0
    assert (NonNeg()(W)[:, :2] == W[:, :2]).all()


@pytest.mark.parametrize(
    "constraint", [MaxNorm(3, [0, 1]), NonNeg(), UnitNorm(1), MinMaxNorm(0.1, 0.9, 0.5)], ids=lambda c: type(c).__name__
)
def test_config_round_trip(constraint: Constraint) -> None:
    again = constraints.get(json.loads(json.dumps(constraints.serialize(constraint))))
    assert type(again) is type(constraint)
    assert again.get_config() == constraint.get_config()


def test_names() -> None:
    assert constraints.get("max_norm").get_config() == {"max_value": 2, "axis": 0}
    assert constraints.get("MinMaxNorm").max_value == 1
    assert isinstance(constraints.get("non_neg"), NonNeg)
    assert constraints.get(None) is None


def test_weights_keep_to_them_after_every_step() -> None:
    rng = np.random.default_rng(0)
    net = Sequential(
        [
            Input((6, 6, 2)),
            layers.Conv2D(3, 3, kernel_constraint=MaxNorm(0.5, [0, 1, 2]), bias_constraint="non_neg"),
            layers.BatchNormalization(gamma_constraint="unit_norm", beta_constraint="non_neg"),
            layers.DepthwiseConv2D(2, depthwise_constraint="non_neg"),
            layers.SeparableConv2D(2, 2, depthwise_constraint="non_neg", pointwise_constraint="non_neg"),
            layers.PReLU(alpha_constraint="non_neg", alpha_initializer="ones"),
            layers.Reshape((-1, 2)),
            layers.Conv1D(2, 1, kernel_constraint="non_neg", bias_constraint="non_neg"),
            layers.Flatten(),
            layers.Dense(2, kernel_constraint=lambda w: w.round(1)),
        ]
    )
    net.compile(optimizers.SGD(1.0), "mse")
    net.train_on_batch(rng.standard_normal((4, 6, 6, 2)), rng.standard_normal((4, 2)))
    kernel, bias = net.layers[0].get_weights()
    assert np.sqrt(np.square(kernel).sum(axis=(0, 1, 2))).max() <= 0.5 + 1e-6
    assert bias.min() >= 0
    np.testing.assert_allclose(np.linalg.norm(net.layers[1].get_weights()[0]), 1, rtol=1e-5)
    for layer, count in ((net.layers[2], 1), (net.layers[3], 2), (net.layers[4], 1), (net.layers[6], 2)):
        assert all(w.min() >= 0 for w in layer.get_weights()[:count])
        again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
        assert again.get_config() == layer.get_config()
    kernel = net.layers[8].get_weights()[0]
    np.testing.assert_array_equal(kernel, kernel.round(1))
    with pytest.raises(ArgumentError, match="of a class of your own: it cannot be saved"):
        net.layers[8].get_config()


BAD = {
    "a negative norm": (lambda: MaxNorm(-1), "MaxNorm: max_value must be at least 0, got -1"),
    "upside down": (lambda: MinMaxNorm(2, 1), "MinMaxNorm: max_value must be at least 2, got 1"),
    "a rate above 1": (lambda: MinMaxNorm(rate=2), "MinMaxNorm: rate must be at most 1, got 2"),
    "an axis in words": (lambda: UnitNorm("rows"), "UnitNorm: axis must be a whole number or several, got 'rows'"),
    "no axes": (lambda: UnitNorm([]), "UnitNorm: axis must be a whole number or several"),
    "an axis that is not there": (lambda: MaxNorm(axis=[0, 3])(W), r"axis \[0, 3\] is not one of a weight of shape"),
    "an unknown name": (lambda: layers.Dense(1, kernel_constraint="maxnorm"), "did you mean 'max_norm'"),
    "a number": (lambda: layers.Dense(1, bias_constraint=3), "constraint must be a name or a Constraint, got 3"),
    "another shape": (lambda: constraints.get(lambda w: w[0])(W), r"must return an array of shape \(2, 3\)"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()
