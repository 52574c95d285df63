"""Layers that are called on pictures of several sizes. The numbers are held against Keras: `reference.networks`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import minicnn
from minicnn import Input, Model, layers
from minicnn.errors import ShapeError
from minicnn.layers import Layer
from tests.conftest import Spy

X = np.random.default_rng(0).random((4, 8, 8, 2), dtype=np.float32)


class Block(Layer):
    """A layer that holds layers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.conv, self.act = layers.Conv2D(3, 3, padding="same"), layers.ReLU()

    def call(self, x: Any) -> Any:  # type: ignore[override]
        return self.act(self.conv(x))


def pyramid(*chain: Layer) -> Model:
    """The chain for the picture, and for one of half its size."""
    image = Input((8, 8, 2))
    ways = [image, layers.AveragePooling2D(2)(image)]
    for layer in (*chain, layers.GlobalMaxPooling2D()):
        ways = [layer(x) for x in ways]
    return Model(image, layers.Concatenate()(ways))


def test_each_call_has_its_shape_and_the_layer_that_of_the_first() -> None:
    conv = layers.Conv2D(3, 3)
    large, small = conv(Input((8, 8, 2))), conv(Input((5, 4, 2)))
    assert (large.shape, small.shape) == ((None, 6, 6, 3), (None, 3, 2, 3))
    assert (conv.input_shape, conv.output_shape) == ((None, 8, 8, 2), (None, 6, 6, 3))
    assert len(conv.weights) == 2


def test_fused_and_unfused_it_computes_the_same(backend: Spy) -> None:
    chain = layers.Conv2D(3, 3, padding="same"), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(2)
    model = pyramid(*chain)
    fused = model.predict(X)
    with minicnn.fusing(False):
        np.testing.assert_allclose(model.predict(X), fused, rtol=1e-5, atol=1e-6)
    by_hand = [X, np.asarray(layers.AveragePooling2D(2)(X).data)]
    for layer in [*chain, layers.GlobalMaxPooling2D()]:
        by_hand = [layer(x) for x in by_hand]
    np.testing.assert_allclose(fused, np.concatenate([y.data for y in by_hand], axis=1), rtol=1e-5, atol=1e-6)


def test_a_layer_that_holds_layers_is_shared_and_trained() -> None:
    model = pyramid(Block())
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, np.ones((4, 6)), epochs=2, verbose=0)
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def test_its_file_has_the_same_calls() -> None:
    model = pyramid(layers.Conv2D(3, 3, padding="same", activation="relu"))
    again = Model.from_config(json.loads(json.dumps(model.get_config())))
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert len(model.weights) == 2


def test_what_cannot_be_shared_says_why() -> None:
    conv, dense, bias = layers.Conv2D(3, 3), layers.Dense(2), layers.PReLU()
    for layer, first, second in ((conv, (8, 8, 2), (8, 8, 3)), (dense, (4,), (5,)), (bias, (4, 4, 2), (5, 4, 2))):
        layer(Input(first))
        with pytest.raises(ShapeError, match=f"layer '{layer.name}' .* was built for inputs of shape .*, it got"):
            layer(Input(second))
    with pytest.raises(ShapeError, match=r"layer 'conv2d' \(Conv2D\): a 3x3 window"):
        conv(Input((2, 2, 2)))
    with pytest.raises(ShapeError, match="was built for inputs of shape"):
        pyramid(layers.Conv2D(3, 3, padding="same"))(Input((6, 6, 2)))
