from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import layers
from minicnn.errors import ArgumentError, ShapeError

X = np.arange(2 * 2 * 3 * 2, dtype=np.float32).reshape(2, 2, 3, 2)


def test_flatten_keeps_the_order_with_channels_fastest() -> None:
    np.testing.assert_array_equal(layers.Flatten()(X).data, [range(12), range(12, 24)])


def test_reshape_works_out_one_size() -> None:
    np.testing.assert_array_equal(layers.Reshape((-1, 4))(X).data, X.reshape(2, 3, 4))
    np.testing.assert_array_equal(layers.Reshape((12,))(X).data, X.reshape(2, 12))
    with pytest.raises(ShapeError, match=r"12 numbers of shape \(2, 3, 2\) do not fit target_shape \(5, -1\)"):
        layers.Reshape((5, -1))(X)
    with pytest.raises(ArgumentError, match="Reshape: target_shape must be positive whole numbers"):
        layers.Reshape((-1, -1))


def test_zeros_around() -> None:
    y = layers.ZeroPadding2D(((1, 0), (0, 2)))(X).data
    np.testing.assert_array_equal(y[:, 1:, :3], X)
    assert y.sum() == X.sum()
    with pytest.raises(ArgumentError, match="ZeroPadding2D: padding must be a whole number of pixels"):
        layers.ZeroPadding2D("same")


def test_larger_by_repeating_pixels() -> None:
    np.testing.assert_array_equal(layers.UpSampling2D((1, 2))(X).data, X.repeat(2, axis=2))
    with pytest.raises(ArgumentError, match="UpSampling2D: interpolation must be 'nearest' or 'bilinear', got 'cubic'"):
        layers.UpSampling2D(interpolation="cubic")


def test_cropping_permuting_and_repeating() -> None:
    x = np.arange(2 * 4 * 5 * 3, dtype=np.float32).reshape(2, 4, 5, 3)
    np.testing.assert_array_equal(layers.Cropping2D(((1, 0), (2, 1)))(x).data, x[:, 1:, 2:-1])
    np.testing.assert_array_equal(layers.Permute((3, 1, 2))(x).data, x.transpose(0, 3, 1, 2))
    rows = x[:, 0, 0]
    np.testing.assert_array_equal(layers.RepeatVector(4)(rows).data, np.repeat(rows[:, None], 4, axis=1))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: layers.Cropping2D(2)(x),
            ShapeError,
            r"cropping \(\(2, 2\), \(2, 2\)\) leaves nothing of 4x5 pixels",
        ),
        (lambda x: layers.Cropping2D(-1), ArgumentError, "Cropping2D: cropping must be"),
        (lambda x: layers.Permute((1, 3)), ArgumentError, "dims must name each axis after the batch once, from 1"),
        (lambda x: layers.Permute((2, 1))(x), ShapeError, r"dims \(2, 1\) are for 2 axes after the batch"),
        (lambda x: layers.RepeatVector(0), ArgumentError, "n must be a whole number of at least 1"),
        (lambda x: layers.RepeatVector(2)(x), ShapeError, "needs inputs of shape"),
    ],
)
def test_what_cannot_be_cut_or_turned(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(np.ones((2, 4, 5, 3)))
