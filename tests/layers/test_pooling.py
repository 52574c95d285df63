from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import Sequential, layers, ops
from minicnn.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).standard_normal((2, 5, 6, 3))


@pytest.mark.parametrize("arguments", [{}, {"pool_size": 3, "strides": 2, "padding": "same"}, {"pool_size": (1, 4)}])
def test_windows(arguments: dict[str, Any]) -> None:
    of_operator = {"pool_size": 2, **arguments}
    np.testing.assert_array_equal(
        layers.MaxPooling2D(**arguments, dtype="float64")(X).data, ops.max_pool2d(X, **of_operator)
    )
    np.testing.assert_array_equal(
        layers.AveragePooling2D(**arguments, dtype="float64")(X).data, ops.average_pool2d(X, **of_operator)
    )


def test_global() -> None:
    largest, mean = layers.GlobalMaxPooling2D(dtype="float64"), layers.GlobalAveragePooling2D(dtype="float64")
    np.testing.assert_array_equal(largest(X).data, X.max(axis=(1, 2)))
    np.testing.assert_allclose(mean(X).data, X.mean(axis=(1, 2)), atol=1e-15)


def test_short_names() -> None:
    assert layers.MaxPool2D is layers.MaxPooling2D
    assert layers.GlobalAvgPool2D is layers.GlobalAveragePooling2D


def test_what_makes_no_sense() -> None:
    with pytest.raises(ArgumentError, match="MaxPooling2D: pool_size must be a whole number of at least 1"):
        layers.MaxPooling2D(0)
    with pytest.raises(ShapeError, match=r"layer 'max_pooling2d' \(MaxPooling2D\): a 7x7 window .* does not fit"):
        layers.MaxPooling2D(7)(X)
    with pytest.raises(ArgumentError, match="GlobalMaxPooling2D: keepdims must be True or False, got 'no'"):
        layers.GlobalMaxPooling2D(keepdims="no")


def test_ceil_mode_counts_the_window_that_the_image_cuts() -> None:
    x = np.arange(10.0).reshape(1, 1, 10, 1)
    largest = layers.MaxPooling2D((1, 4), strides=(1, 4), ceil_mode=True, dtype="float64")
    assert largest(x).data.ravel().tolist() == [3, 7, 9]
    mean = layers.AveragePooling2D((1, 4), strides=(1, 4), ceil_mode=True, dtype="float64")
    assert mean(x).data.ravel().tolist() == [1.5, 5.5, 8.5]
    apart = layers.MaxPooling2D((1, 2), strides=(1, 4), ceil_mode=True, dtype="float64")
    assert apart(x[:, :, :7]).data.ravel().tolist() == [1, 5], "a window that would begin beyond the image is none"
    with pytest.raises(ArgumentError, match="ceil_mode is for padding='valid'"):
        layers.MaxPooling2D(padding="same", ceil_mode=True)


def test_ceil_mode_is_fused_only_where_it_changes_nothing() -> None:
    for size, words in ((9, ("conv2d", "relu")), (10, ("conv2d", "relu", "max_pool"))):
        chain = [layers.Conv2D(2, 3, activation="relu"), layers.MaxPooling2D(2, ceil_mode=True)]
        model = Sequential([layers.Input((size, size, 1)), *chain])
        assert model.groups()[0].words == words
