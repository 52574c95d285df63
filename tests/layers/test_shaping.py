from __future__ import annotations

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
