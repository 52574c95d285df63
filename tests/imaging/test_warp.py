"""Pixels from somewhere else; what Keras and SciPy make of them is in tests/reference/test_images.py."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.errors import ArgumentError
from minicnn.imaging.warp import FILL_MODES, about_centre, rotation, warp

X = np.arange(2 * 4 * 5, dtype=np.float32).reshape(2, 4, 5, 1)
STAY = np.eye(2)


def shifted(row: float, column: float, mode: str, **options: object) -> np.ndarray:
    m = about_centre(STAY, (row, column), (4, 5))
    return warp(X, np.stack([m, m]), mode, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", FILL_MODES)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("by_coordinate", [False, True])
def test_a_warp_that_changes_nothing(mode: str, order: int, by_coordinate: bool) -> None:
    y = shifted(0, 0, mode, order=order, by_coordinate=by_coordinate)
    np.testing.assert_array_equal(y, X)
    assert not np.shares_memory(y, X)


# NumPy's name of what comes in from outside.
PADS = {"nearest": "edge", "reflect": "symmetric", "wrap": "wrap", "constant": "constant"}


@pytest.mark.parametrize("mode", FILL_MODES)
@pytest.mark.parametrize(("row", "column"), [(-3, 2), (4, -5), (1, 0)])
def test_whole_shifts_show_what_numpys_padding_has_outside(mode: str, row: int, column: int) -> None:
    options = {"constant_values": 9.0} if mode == "constant" else {}
    padded = np.pad(X, ((0, 0), (5, 5), (5, 5), (0, 0)), PADS[mode], **options)  # type: ignore[call-overload]
    expected = padded[:, 5 + row : 9 + row, 5 + column : 10 + column]
    np.testing.assert_allclose(shifted(row, column, mode, fill_value=9.0), expected)


def test_half_shifts_are_means_and_a_constant_blends_in() -> None:
    y = shifted(0, 0.5, "constant", fill_value=9.0)
    np.testing.assert_allclose(y[:, :, :4], (X[:, :, :4] + X[:, :, 1:]) / 2)
    np.testing.assert_allclose(y[:, :, 4], (X[:, :, 4] + 9) / 2)
    hard = shifted(0, 0.5, "constant", fill_value=9.0, by_coordinate=True)
    np.testing.assert_array_equal(hard[:, :, 4], 9)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_go_counter_clockwise_about_the_middle(quarters: int) -> None:
    x = np.random.default_rng(0).uniform(size=(1, 5, 5, 2))
    y = warp(x, about_centre(rotation(90 * quarters), (0, 0), (5, 5))[None])
    np.testing.assert_allclose(y[0], np.rot90(x[0], quarters), atol=1e-9)


def test_each_picture_has_a_warp_of_its_own_and_keeps_its_type() -> None:
    warps = np.stack([about_centre(STAY, (0, 0), (4, 5)), about_centre(STAY, (1, 0), (4, 5))])
    for dtype in (np.float32, np.float64):
        y = warp(X.astype(dtype), warps)
        assert y.dtype == dtype
        np.testing.assert_array_equal(y[0], X[0])
        np.testing.assert_array_equal(y[1, :3], X[1, 1:])


@pytest.mark.parametrize("mode", FILL_MODES)
def test_a_picture_is_read_as_it_lies_and_left_as_it_was(mode: str) -> None:
    wide = np.random.default_rng(1).uniform(size=(1, 9, 8, 2)).astype(np.float32)
    part = wide[:, ::2, 1:6]  # no row or column next to the one before
    part.flags.writeable = False
    m = about_centre(rotation(20), (0.3, -1), (5, 5))[None]
    expected = warp(part.copy(), m, mode)
    np.testing.assert_array_equal(warp(part, m, mode), expected)
    half = warp(part.astype(np.float16), m, mode)
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, expected, atol=2e-3)


def test_wrapping_by_coordinate_has_a_period_of_n_minus_1_as_scipys() -> None:
    y = shifted(0, 4, "wrap", by_coordinate=True)
    np.testing.assert_allclose(y[:, :, 1:4], X[:, :, 1:4])
    one = np.ones((1, 1, 1, 1))
    np.testing.assert_array_equal(warp(one, about_centre(STAY, (3, 3), (1, 1))[None], "wrap", by_coordinate=True), one)


def test_an_unknown_fill_mode() -> None:
    with pytest.raises(ArgumentError, match="there is no fill mode 'mirror'"):
        shifted(0, 0, "mirror")
