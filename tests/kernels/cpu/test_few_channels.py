"""Filter rows as columns: where that is worth it, how the work is cut, and that dx is the same."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.backends import numpy as textbook
from minicnn.geometry import Windows
from minicnn.kernels.cpu import few_channels
from minicnn.kernels.cpu.machine import Tile


def test_it_is_worth_it_where_channels_idle_the_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    # As on a CPU whose vectors hold 16 numbers of float32.
    monkeypatch.setattr(few_channels, "tile_for", lambda columns, dtype: Tile(12, 1 if columns <= 16 else 2, 16, dtype))

    def suits(channels: int, size: int, dilation: int = 1, groups: int = 1, images: int = 4) -> bool:
        n = 30 - size + 1
        dy, dx = (images, n, n, 32), (images, 30, 30, channels)
        return few_channels.suits(dy, (size, size, channels, 32), dx, (1, dilation), groups, "f")

    assert suits(1, 5)
    assert suits(2, 3)
    assert not suits(64, 3)  # channels fill the lanes
    assert not suits(2, 1)  # each pixel of dy reaches one of dx
    assert not suits(2, 3, dilation=2)  # gaps
    assert not suits(2, 3, groups=2)
    assert not suits(2, 3, images=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("strides", "padding"),
    [(1, "same"), (1, "valid"), (2, "valid"), ((5, 1), ((0, 3), (2, 0))), ((1, 4), ((9, 0), (0, 12)))],
)
@pytest.mark.parametrize(
    ("images", "height", "width", "channels"),
    [(3, 9, 3, 2), (3, 9, 31, 1), (1, 9, 20, 7), (37, 9, 5, 3), (1, 500, 70, 3)],
    ids=["narrow", "wide", "two panels", "images together", "blocks of rows"],
)
def test_dx_is_that_of_the_textbook(
    dtype: type, strides: object, padding: object, images: int, height: int, width: int, channels: int
) -> None:
    windows = Windows.over((height, width), 3, strides, padding)
    rng = np.random.default_rng(0)
    dy = rng.standard_normal((images, *windows.outputs, 20)).astype(dtype)
    w = rng.standard_normal((3, 3, channels, 20)).astype(dtype)
    found = np.full((images, height, width, channels), np.nan, dtype)
    few_channels.conv2d_input_gradient(dy, w, found, windows.strides, windows.dilation, windows.pads)
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(found, textbook.conv2d_input_gradient(dy, w, windows, 1), tolerance, 20 * tolerance)


def test_what_is_not_finite_stays_where_it_was_touched() -> None:
    dy, w = np.zeros((1, 8, 8, 4), np.float32), np.ones((3, 3, 2, 4), np.float32)
    dy[0, 3, 3, 1] = np.inf
    dx = np.zeros((1, 10, 10, 2), np.float32)
    few_channels.conv2d_input_gradient(dy, w, dx, (1, 1), (1, 1), ((0, 0), (0, 0)))
    touched = np.zeros(dx.shape, bool)
    touched[0, 3:6, 3:6] = True
    assert (np.isinf(dx) == touched).all()
