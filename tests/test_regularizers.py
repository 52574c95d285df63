from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Sequential, layers, ops, optimizers, regularizers
from minicnn.errors import ArgumentError, ShapeError
from minicnn.gradient_check import gradcheck
from minicnn.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer
from minicnn.tensor import Tensor

RNG = np.random.default_rng(0)
W = RNG.standard_normal((4, 3))
X, Y = RNG.standard_normal((8, 5)).astype(np.float32), RNG.standard_normal((8, 2)).astype(np.float32)
unit = W / np.linalg.norm(W, axis=1, keepdims=True)

PENALTIES: dict[str, tuple[Regularizer, float]] = {
    "l1": (L1(0.1), 0.1 * np.abs(W).sum()),
    "l2": (L2(0.1), 0.1 * (W**2).sum()),
    "both": (L1L2(0.1, 0.2), 0.1 * np.abs(W).sum() + 0.2 * (W**2).sum()),
    "neither": (L1L2(), 0.0),
    "orthogonal": (OrthogonalRegularizer(0.5), 0.5 * np.abs(unit @ unit.T - np.eye(4)).sum() / 12),
}
every_regularizer = pytest.mark.parametrize(("regularizer", "expected"), PENALTIES.values(), ids=PENALTIES)


@every_regularizer
def test_penalties_and_their_gradients(regularizer: Regularizer, expected: float) -> None:
    np.testing.assert_allclose(regularizer(W), expected, rtol=1e-12)
    np.testing.assert_allclose(regularizer(Tensor(W)).item(), expected, rtol=1e-12)
    gradcheck(regularizer, [W])
    assert regularizer(Tensor(W.astype(np.float32))).dtype == np.float32


@every_regularizer
def test_config_round_trip(regularizer: Regularizer, expected: float) -> None:
    again = regularizers.get(json.loads(json.dumps(regularizers.serialize(regularizer))))
    assert type(again) is type(regularizer)
    assert again.get_config() == regularizer.get_config()


def test_names() -> None:
    assert isinstance(regularizers.get("l2"), L2)
    assert regularizers.get("l1").l1 == regularizers.get("L2").l2 == 0.01
    assert regularizers.get("l1l2").get_config() == {"l1": 0.0, "l2": 0.0}
    assert regularizers.get(None) is None
    assert regularizers.get(L1)(np.ones(2)) == 0.02


def model(**options: Any) -> Sequential:
    net = Sequential([Input((5,)), layers.Dense(2, **options)])
    net.set_weights([np.linspace(-1, 1, 10).reshape(5, 2), np.array([0.5, -1])])
    net.compile(optimizers.SGD(0.1), "mse")
    return net


def test_the_loss_that_is_reported_holds_the_penalties() -> None:
    plain, penalized = model(), model(kernel_regularizer=L1(0.5), bias_regularizer="l2")
    w, b = plain.get_weights()
    expected = plain.evaluate(X, Y) + 0.5 * np.abs(w).sum() + 0.01 * (b**2).sum()
    np.testing.assert_allclose(penalized.evaluate(X, Y), expected, rtol=1e-6)
    np.testing.assert_allclose(sum(map(float, penalized.losses)), expected - plain.evaluate(X, Y), rtol=1e-6)
    np.testing.assert_allclose(penalized.train_on_batch(X, Y), expected, rtol=1e-6)


def test_a_step_follows_the_gradient_of_the_penalty_too() -> None:
    plain, penalized = model(), model(kernel_regularizer=L2(0.3))
    before = plain.get_weights()[0]
    plain.train_on_batch(X, Y)
    penalized.train_on_batch(X, Y)
    moved = penalized.get_weights()[0] - plain.get_weights()[0]
    np.testing.assert_allclose(moved, -0.1 * 2 * 0.3 * before, rtol=1e-4, atol=1e-7)


def test_an_activity_regularizer_is_that_of_the_mean_example() -> None:
    plain, penalized = model(), model(activity_regularizer=L2(0.3), activation="relu")
    outputs = np.maximum(plain.predict(X), 0)
    mse = np.square(outputs - Y).mean()
    np.testing.assert_allclose(penalized.evaluate(X, Y), mse + 0.3 * np.square(outputs).sum() / 8, rtol=1e-6)
    assert penalized.layers[0].activity_loss is None
    penalized.predict(X[:2])
    assert len(penalized.losses) == 1


def test_a_frozen_layer_is_not_penalized() -> None:
    net = model(kernel_regularizer=L1(0.5))
    net.layers[0].trainable = False
    np.testing.assert_allclose(net.evaluate(X, Y), model().evaluate(X, Y), rtol=1e-6)


def test_functions_of_ones_own() -> None:
    own = model(kernel_regularizer=lambda w: ops.sum(ops.absolute(w)) * 0.5)
    np.testing.assert_allclose(own.evaluate(X, Y), model(kernel_regularizer=L1(0.5)).evaluate(X, Y), rtol=1e-6)
    with pytest.raises(ArgumentError, match="is of a class of your own: it cannot be saved"):
        own.layers[0].get_config()
    with pytest.raises(ArgumentError, match=r"the regularizer <lambda> must return a Tensor of one number"):
        model(kernel_regularizer=lambda w: w).evaluate(X, Y)


LAYERS: dict[str, Callable[[], layers.Layer]] = {
    "conv": lambda: layers.Conv2D(2, 3, kernel_regularizer="l1", bias_regularizer=L2(0.5)),
    "transpose": lambda: layers.Conv2DTranspose(2, 3, kernel_regularizer="l1", bias_regularizer=L2(0.5)),
    "depthwise": lambda: layers.DepthwiseConv2D(3, depthwise_regularizer="l1", bias_regularizer=L2(0.5)),
    "separable": lambda: layers.SeparableConv2D(
        2, 3, depthwise_regularizer="l1", pointwise_regularizer="l2", bias_regularizer=L2(0.5)
    ),
    "batch norm": lambda: layers.BatchNormalization(gamma_regularizer="l1", beta_regularizer=L2(0.5)),
    "sequence": lambda: layers.Conv1D(2, 3, kernel_regularizer="l1", bias_regularizer=L2(0.5)),
    "prelu": lambda: layers.PReLU(alpha_regularizer=L1L2(0.1, 0.2), alpha_initializer="ones"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_with_weights_takes_them(name: str) -> None:
    example = (36, 2) if name == "sequence" else (6, 6, 2)
    net = Sequential([Input(example), LAYERS[name](), layers.Flatten(), layers.Dense(1)])
    layer = net.layers[0]
    assert len(layer.losses) == len(layer.trainable_weights)
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert again.get_config() == layer.get_config()
    net.compile("sgd", "mse")
    before = sum(map(float, net.losses))
    for _ in range(3):
        net.train_on_batch(np.zeros((2, *example)), np.zeros((2, 1)))
    assert sum(map(float, net.losses)) < before


BAD = {
    "a negative factor": (lambda: L2(-0.1), ArgumentError, "L2: l2 must be at least 0, got -0.1"),
    "words": (lambda: L1("much"), ArgumentError, "L1: l1 must be a finite number"),
    "NaN": (lambda: L1L2(l2=np.nan), ArgumentError, "L1L2: l2 must be a finite number"),
    "an unknown name": (lambda: layers.Dense(1, kernel_regularizer="l3"), ArgumentError, "no regularizer 'l3'"),
    "a number": (lambda: layers.Dense(1, bias_regularizer=0.1), ArgumentError, "regularizer must be a name or a Reg"),
    "an activity": (lambda: layers.Conv2D(1, 1, activity_regularizer=5), ArgumentError, "regularizer must be a name"),
    "mode": (lambda: OrthogonalRegularizer(mode="all"), ArgumentError, "mode must be 'rows' or 'columns', got 'all'"),
    "a kernel": (lambda: OrthogonalRegularizer()(np.ones((3, 3, 1, 1))), ShapeError, "takes a matrix, got shape"),
    "one row": (lambda: OrthogonalRegularizer()(np.ones((1, 3))), ShapeError, "needs two rows or more"),
}


@pytest.mark.parametrize(("make", "error", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
