"""Layers for sequences: the same numbers as the layers for images of one row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Sequential, layers
from minicnn.errors import ArgumentError, ShapeError
from minicnn.layers import Layer
from tests.conftest import Spy

X = np.random.default_rng(0).standard_normal((2, 9, 4))

AS_IMAGES: dict[str, tuple[Layer, Layer]] = {
    "conv": (layers.Conv1D(6, 3, strides=2, activation="tanh"), layers.Conv2D(6, (1, 3), (1, 2), activation="tanh")),
    "same": (layers.Conv1D(6, 4, padding="same"), layers.Conv2D(6, (1, 4), padding="same")),
    "groups": (layers.Conv1D(6, 2, groups=2), layers.Conv2D(6, (1, 2), groups=2)),
    "causal": (
        layers.Conv1D(6, 3, padding="causal", dilation_rate=2),
        layers.Conv2D(6, (1, 3), padding=((0, 0), (4, 0)), dilation_rate=(1, 2)),
    ),
    "max": (layers.MaxPooling1D(3, 2, "same"), layers.MaxPooling2D((1, 3), (1, 2), "same")),
    "average": (layers.AveragePooling1D(3, 1), layers.AveragePooling2D((1, 3), 1)),
    "padding": (layers.ZeroPadding1D((1, 3)), layers.ZeroPadding2D(((0, 0), (1, 3)))),
    "cropping": (layers.Cropping1D((1, 3)), layers.Cropping2D(((0, 0), (1, 3)))),
    "longer": (layers.UpSampling1D(3), layers.UpSampling2D((1, 3))),
}


@pytest.mark.parametrize(("line", "image"), AS_IMAGES.values(), ids=AS_IMAGES)
def test_a_sequence_is_an_image_of_one_row(line: Layer, image: Layer) -> None:
    expected = image(X[:, None])
    line(X)
    line.set_weights([w.reshape(v.shape) for w, v in zip(image.get_weights(), line.weights, strict=True)])
    np.testing.assert_array_equal(line(X).data, expected.data[:, 0])


def test_the_kernels_are_those_of_images(backend: Spy) -> None:
    model = Sequential([Input((9, 4)), layers.Conv1D(3, 3), layers.MaxPooling1D(2), layers.GlobalAveragePooling1D()])
    model.compile("sgd", "mse")
    model.fit(X, np.ones((2, 3)), verbose=0)
    backend.assert_ran("conv2d", "conv2d_weight_gradient", "max_pool2d", "max_pool2d_gradient", "average_pool2d")


def test_causal_outputs_do_not_see_what_comes_after() -> None:
    layer = layers.Conv1D(2, 3, padding="causal", dilation_rate=2)
    before = layer(X).data
    changed = X.copy()
    changed[:, 5:] += 1
    after = layer(changed).data
    np.testing.assert_array_equal(after[:, :5], before[:, :5])
    assert (after[:, 5] != before[:, 5]).all()


def test_global_pooling() -> None:
    np.testing.assert_array_equal(layers.GlobalMaxPooling1D(dtype="float64")(X).data, X.max(axis=1))
    mean = layers.GlobalAveragePooling1D(keepdims=True, dtype="float64")(X).data
    np.testing.assert_allclose(mean, X.mean(axis=1, keepdims=True), atol=1e-15)


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "filters": (lambda: layers.Conv1D(0, 3), ArgumentError, "Conv1D: filters must be a whole number of at least 1"),
    "kernel": (lambda: layers.Conv1D(1, (3, 3)), ArgumentError, r"Conv1D: kernel_size must be .* got \(3, 3\)"),
    "groups": (lambda: layers.Conv1D(3, 3, groups=2), ArgumentError, "groups must divide the 3 filters"),
    "channels": (lambda: layers.Conv1D(3, 3, groups=3)(X), ArgumentError, "groups must divide the 4 channels"),
    "padding": (
        lambda: layers.Conv1D(3, 3, padding="full"),
        ArgumentError,
        "padding must be 'valid', 'same', 'causal'",
    ),
    "causal pooling": (
        lambda: layers.MaxPooling1D(padding="causal"),
        ArgumentError,
        "must be 'valid', 'same' or steps",
    ),
    "too wide": (lambda: layers.Conv1D(3, 10)(X), ShapeError, r"layer 'conv1d' \(Conv1D\): a 1x10 window"),
    "an image": (lambda: layers.Conv1D(3, 3)(X[None]), ShapeError, r"needs inputs of shape \(batch, steps, channels\)"),
    "pool size": (lambda: layers.AveragePooling1D(0), ArgumentError, "AveragePooling1D: pool_size must be a whole"),
    "keepdims": (lambda: layers.GlobalMaxPooling1D(keepdims=1), ArgumentError, "keepdims must be True or False"),
    "cropped away": (lambda: layers.Cropping1D((5, 4))(X), ShapeError, "leaves nothing of 9 steps"),
    "size": (lambda: layers.UpSampling1D(1.5), ArgumentError, "size must be a whole number of at least 1"),
    "pads": (lambda: layers.ZeroPadding1D((1, -1)), ArgumentError, "ZeroPadding1D: padding must be"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
