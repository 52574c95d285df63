from __future__ import annotations

import colorsys

import numpy as np
import pytest

from minicnn.imaging import colours

X = np.random.default_rng(0).uniform(0.2, 0.6, (2, 3, 4, 3))
UNIT = (0.0, 1.0)


def test_brightness_adds_and_clips() -> None:
    y = colours.brightness(X, np.array([0.1, 0.9]), UNIT)
    np.testing.assert_allclose(y[0], X[0] + 0.1)
    np.testing.assert_array_equal(y[1], 1)


def test_contrast_keeps_the_mean_of_each_channel() -> None:
    y = colours.contrast(X, np.array([1.2, 0.0]), UNIT)
    np.testing.assert_allclose(y.mean(axis=(1, 2)), X.mean(axis=(1, 2)))
    np.testing.assert_allclose(y[0].std(axis=(0, 1)), 1.2 * X[0].std(axis=(0, 1)))
    np.testing.assert_allclose(y[1].std(axis=(0, 1)), 0, atol=1e-12)


def test_without_saturation_everything_is_grey_of_the_same_luma() -> None:
    y = colours.saturation(X, np.array([0.0, 1.0]), UNIT)
    np.testing.assert_allclose(np.ptp(y[0], axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(y @ colours.GREY, X @ colours.GREY)
    np.testing.assert_allclose(y[1], X[1])


def test_a_turn_of_hue_keeps_luma_and_chroma_in_yiq() -> None:
    y = colours.hue(X, np.array([0.05, 1.0]), (-9, 9))
    np.testing.assert_allclose(y @ colours.GREY, X @ colours.GREY, atol=1e-12)
    np.testing.assert_allclose(y[1], X[1], atol=1e-12)
    for before, after in zip(X[0].reshape(-1, 3), y[0].reshape(-1, 3), strict=True):
        (_, i, q), (_, turned_i, turned_q) = colorsys.rgb_to_yiq(*before), colorsys.rgb_to_yiq(*after)
        angle = np.angle((turned_i + 1j * turned_q) / (i + 1j * q))
        assert angle == pytest.approx(2 * np.pi * 0.05, abs=0.02)  # the two agree on YIQ to two digits


def test_pictures_of_one_channel_have_no_colour_and_types_stay() -> None:
    grey, one = X[..., :1].astype(np.float32), np.ones(2)
    assert colours.saturation(grey, one, UNIT) is grey
    assert colours.hue(grey, one, UNIT) is grey
    for change in (colours.brightness, colours.contrast, colours.saturation, colours.hue):
        assert change(X.astype(np.float32), one, UNIT).dtype == np.float32
