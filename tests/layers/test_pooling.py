from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import layers, ops
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
