"""Depthwise convolution: geometries at the edge of its tables, and that nothing outside of an image is read."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.backends import numba
from minicnn.backends import numpy as textbook
from minicnn.geometry import Windows
from minicnn.kernels.cpu import depthwise

GEOMETRIES = {
    "one pixel": ((1, 1), 3, 1, "same", 1),
    "segments of one turn, of several, and of less": ((2, 25), (1, 3), 1, "same", 1),
    "strides larger than the kernel": ((11, 13), 2, 3, "valid", 1),
    "strides and dilation with a common divisor": ((17, 19), 3, 4, ((3, 1), (0, 5)), 2),
    "padding that whole windows fit into": ((3, 4), 2, 1, ((3, 3), (4, 4)), 1),
}


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
@pytest.mark.parametrize(("channels", "multiplier"), [(1, 1), (16, 1), (37, 1), (5, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_agrees_with_the_textbook(geometry: tuple, channels: int, multiplier: int, dtype: type) -> None:
    image, size, strides, padding, dilation = geometry
    windows = Windows.over(image, size, strides, padding, dilation)
    rng = np.random.default_rng(0)
    around = np.full((4, *image, channels), np.nan, dtype)
    x = around[1:3]  # between images of NaN
    x[:] = rng.standard_normal(x.shape)
    w = rng.standard_normal((*windows.size, channels, multiplier)).astype(dtype)
    b = rng.standard_normal(channels * multiplier).astype(dtype)
    dy_around = np.full((4, *windows.outputs, len(b)), np.nan, dtype)
    dy = dy_around[1:3]
    dy[:] = rng.standard_normal(dy.shape)

    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    for name, arguments in (
        ("depthwise_conv2d", (x, w, b, windows)),
        ("depthwise_conv2d_input_gradient", (dy, w, windows)),
        ("depthwise_conv2d_weight_gradient", (x, dy, windows)),
    ):
        found, expected = getattr(numba, name)(*arguments), getattr(textbook, name)(*arguments)
        np.testing.assert_allclose(found, expected, tolerance, 50 * tolerance, err_msg=name)


def test_columns_that_see_the_same_taps_are_one_segment() -> None:
    forwards = depthwise._seen(56, 56, 3, 1, 1, 1)
    assert forwards.segments.tolist() == [[0, 1, 1, 2, 0], [1, 54, 0, 3, 0], [55, 1, 0, 2, 54]]
    backwards = depthwise._reached(6, 3, 3, 2, 1, 0)  # even pixels by two taps but the first, odd ones by one
    assert backwards.segments.tolist() == [[0, 1, 0, 1, 0], [2, 2, 2, 2, 0], [1, 3, 1, 1, 0]]
