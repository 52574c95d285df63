from __future__ import annotations

import numpy as np
import pytest

from minicnn import layers
from minicnn.errors import ArgumentError

RNG = np.random.default_rng(0)


def test_weighted_sums() -> None:
    layer = layers.Dense(2, activation="relu", dtype="float64")
    x = RNG.standard_normal((5, 3))
    layer(x)
    kernel, bias = RNG.standard_normal((3, 2)), RNG.standard_normal(2)
    layer.set_weights([kernel, bias])
    np.testing.assert_allclose(layer(x).data, np.maximum(x @ kernel + bias, 0), atol=1e-15)


def test_axes_in_between_are_kept_as_in_keras() -> None:
    layer = layers.Dense(2, dtype="float64")
    x = RNG.standard_normal((5, 4, 6, 3))
    y = layer(x).data
    np.testing.assert_allclose(y, x @ layer.get_weights()[0], atol=1e-15)


@pytest.mark.parametrize("units", [0, -1, 2.5, True, None, "3"])
def test_units_are_a_whole_number(units: object) -> None:
    with pytest.raises(ArgumentError, match="Dense: units must be a whole number of at least 1, got"):
        layers.Dense(units)


def test_flags_are_no_words() -> None:
    with pytest.raises(ArgumentError, match="Dense: use_bias must be True or False, got 'False'"):
        layers.Dense(2, use_bias="False")
