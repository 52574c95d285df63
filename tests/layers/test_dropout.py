from __future__ import annotations

import numpy as np
import pytest

from minicnn import layers, set_random_seed
from minicnn.errors import ArgumentError

X = np.ones((50, 100), np.float32)


def test_passes_everything_on_unless_training() -> None:
    np.testing.assert_array_equal(layers.Dropout(0.9)(X).data, X)
    np.testing.assert_array_equal(layers.Dropout(0)(X, training=True).data, X)


def test_leaves_out_its_rate_and_scales_the_rest() -> None:
    y = layers.Dropout(0.25, seed=1)(X, training=True).data
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.03  # five standard deviations


def test_every_call_draws_another_mask_and_the_seed_decides_them_all() -> None:
    a, b, other = layers.Dropout(0.5, seed=3), layers.Dropout(0.5, seed=3), layers.Dropout(0.5, seed=4)
    masks = [a(X, training=True).data for _ in range(3)]
    assert not np.array_equal(masks[0], masks[1])
    for mask in masks:
        np.testing.assert_array_equal(b(X, training=True).data, mask)
    assert not np.array_equal(other(X, training=True).data, masks[0])


def test_without_a_seed_two_layers_differ_and_the_global_seed_decides() -> None:
    def masks() -> list[np.ndarray]:
        set_random_seed(5)
        return [layers.Dropout(0.5)(X, training=True).data for _ in range(2)]

    first, second = masks()
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(masks(), [first, second])


def test_only_a_seed_that_was_given_is_part_of_the_config() -> None:
    assert layers.Dropout(0.5, seed=3).get_config()["seed"] == 3
    assert layers.Dropout(0.5).get_config()["seed"] is None


@pytest.mark.parametrize("rate", [1, 1.0, -0.1, 30, np.nan, "0.5", None, True])
def test_rate_is_a_part(rate: object) -> None:
    with pytest.raises(ArgumentError, match="Dropout: rate must be"):
        layers.Dropout(rate)


IMAGES = np.ones((8, 5, 6, 40), np.float32)


def test_spatial_dropout_leaves_out_whole_channels() -> None:
    y = layers.SpatialDropout2D(0.25, seed=1)(IMAGES, training=True).data
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert abs((y[:, 0, 0] == 0).mean() - 0.25) < 0.12  # five standard deviations
    line = layers.SpatialDropout1D(0.25, seed=1)(IMAGES[:, 0], training=True).data
    np.testing.assert_array_equal(line, y[:, 0])


def test_gaussian_noise_has_its_deviation() -> None:
    noise = layers.GaussianNoise(0.5, seed=1)(X, training=True).data - X
    assert abs(noise.mean()) < 0.04
    assert abs(noise.std() - 0.5) < 0.03
    factor = layers.GaussianDropout(0.2, seed=1)(3 * X, training=True).data / (3 * X)
    assert abs(factor.mean() - 1) < 0.04
    assert abs(factor.std() - 0.5) < 0.03  # √(0.2 / 0.8)
    assert factor.dtype == np.float32


@pytest.mark.parametrize("make", [layers.GaussianNoise, layers.GaussianDropout, layers.SpatialDropout2D])
def test_noise_only_while_training_and_by_its_seed(make: type[layers.Layer]) -> None:
    a, b = make(0.5, seed=3), make(0.5, seed=3)
    np.testing.assert_array_equal(a(IMAGES).data, IMAGES)
    np.testing.assert_array_equal(make(0)(IMAGES, training=True).data, IMAGES)
    first, second = (a(IMAGES, training=True).data for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(b(IMAGES, training=True).data, first)
    with pytest.raises(ArgumentError, match=f"{make.__name__}: .* must be at least 0"):
        make(-0.5)
