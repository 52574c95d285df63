"""Winograd's convolutions against the definition: every geometry they take, their error, and what fuses with them."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.backends import numba, numpy
from minicnn.geometry import Pads, Windows
from minicnn.kernels.cpu import winograd, winograd_weight_gradient
from minicnn.kernels.cpu.winograd import LEAST_TILES

TILES = [2, 4]
EPSILON = {np.float32: 1e-6, np.float64: 1e-14}

# (N, H, W, C), K, pads. One pixel and one number; tiles that the image cuts short, on each side and both; channels
# that fill vectors, and that do not; several panels; units of several images, of part of one; padding of every kind.
GEOMETRIES: dict[str, tuple[tuple[int, int, int, int], int, Pads]] = {
    "one output of one pixel": ((1, 3, 3, 1), 1, ((0, 0), (0, 0))),
    "one pixel, all else padding": ((1, 1, 1, 3), 5, ((1, 1), (1, 1))),
    "one row": ((2, 1, 9, 4), 3, ((1, 1), (1, 1))),
    "padding on one side": ((3, 7, 9, 5), 40, ((0, 2), (1, 0))),
    "more padding than kernel": ((2, 5, 6, 3), 4, ((4, 0), (0, 5))),
    "whole tiles in place": ((2, 10, 14, 16), 32, ((0, 0), (0, 0))),
    "several units an image": ((1, 8 * LEAST_TILES, 5, 6), 7, ((1, 1), (1, 1))),
    "several images a unit": ((30, 6, 7, 20), 17, ((1, 1), (1, 1))),
    "several panels, taken back in turns": ((2, 9, 8, 33), 300, ((1, 1), (1, 1))),
    "no images": ((0, 6, 6, 3), 4, ((1, 1), (1, 1))),
}


def drawn(geometry: str, dtype: type) -> tuple[np.ndarray, np.ndarray, np.ndarray, Windows]:
    (n, h, w, c), k, pads = GEOMETRIES[geometry]
    rng = np.random.default_rng(0)
    x, kernel, b = (rng.standard_normal(shape).astype(dtype) for shape in ((n, h, w, c), (3, 3, c, k), (k,)))
    return x, kernel, b, Windows.over((h, w), 3, 1, pads)


def error(found: np.ndarray, expected: np.ndarray) -> float:
    """Relative to the largest number."""
    return float(np.abs(found - expected).max(initial=0) / np.abs(expected).max(initial=1e-300))


@pytest.mark.parametrize("m", TILES)
@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_it_is_the_convolution(geometry: str, dtype: type, m: int) -> None:
    x, w, b, windows = drawn(geometry, dtype)
    y = np.full((len(x), *windows.outputs, w.shape[3]), np.nan, dtype)
    winograd.conv2d(x, w, b, y, windows.pads, m)
    assert error(y, numpy.conv2d(*(a.astype(float) for a in (x, w, b)), windows, 1)) <= m * EPSILON[dtype]


@pytest.mark.parametrize("m", TILES)
@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_its_input_gradient(geometry: str, dtype: type, m: int) -> None:
    x, w, _, windows = drawn(geometry, dtype)
    dy = np.random.default_rng(1).standard_normal((len(x), *windows.outputs, w.shape[3])).astype(dtype)
    dx = np.full(x.shape, np.nan, dtype)
    winograd.conv2d_input_gradient(dy, w, dx, windows.pads, m)
    expected = numpy.conv2d_input_gradient(dy.astype(float), w.astype(float), windows, 1)
    assert error(dx, expected) <= m * EPSILON[dtype]


@pytest.mark.parametrize("m", TILES)
@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_its_weight_gradient(geometry: str, dtype: type, m: int) -> None:
    x, w, _, windows = drawn(geometry, dtype)
    dy = np.random.default_rng(1).standard_normal((len(x), *windows.outputs, w.shape[3])).astype(dtype)
    dw = np.full(w.shape, np.nan, dtype)
    winograd_weight_gradient.conv2d_weight_gradient(x, dy, dw, windows.pads, m)
    expected = numpy.conv2d_weight_gradient(x.astype(float), dy.astype(float), windows, 1)
    assert error(dw, expected) <= m * EPSILON[dtype]


@pytest.mark.parametrize("m", TILES)
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 2), (4, 1)])
@pytest.mark.parametrize("geometry", ["whole tiles in place", "several units an image", "several images a unit"])
def test_relu_and_pooling_follow_on_the_same_numbers(geometry: str, size: tuple[int, int], m: int) -> None:
    x, w, b, windows = drawn(geometry, np.float32)
    outputs = np.empty((len(x), *windows.outputs, w.shape[3]), np.float32)
    winograd.conv2d(x, w, b, outputs, windows.pads, m)
    best, winners = numpy.max_pool2d(outputs, Windows.over(windows.outputs, size, size))

    y, found = np.full_like(best, np.nan), np.full(best.shape, 255, np.uint8)
    winograd.conv2d_relu_pool(x, w, b, y, found, windows.pads, size, m)
    np.testing.assert_array_equal(y, np.maximum(best, 0))
    np.testing.assert_array_equal(found, np.where(best <= 0, size[0] * size[1], winners))


# Figures that the project promises, relative to the largest number. They grow with the number of channels.
ERRORS = {2: 1e-6, 4: 2e-5}


@pytest.mark.parametrize(
    ("shape", "filters"),
    [((2, 30, 30, 16), 32), ((1, 28, 28, 128), 64), ((1, 14, 14, 512), 64), ((4, 17, 17, 128), 128)],
)
def test_the_error_stays_small(shape: tuple[int, int, int, int], filters: int) -> None:
    rng = np.random.default_rng(2)
    windows = Windows.over(shape[1:3], 3, 1, "same")
    for positive in (False, True):  # after ReLU all pixels are positive, and sums do not cancel
        x = rng.standard_normal(shape, dtype=np.float32)
        x = np.abs(x) if positive else x
        w = rng.standard_normal((3, 3, shape[3], filters), dtype=np.float32)
        expected = numpy.conv2d(x.astype(float), w.astype(float), None, windows, 1)
        for m, limit in ERRORS.items():
            y = np.empty(expected.shape, np.float32)
            winograd.conv2d(x, w, None, y, windows.pads, m)
            assert error(y, expected) <= limit
        assert error(numba.conv2d(x, w, None, windows, 1), expected) <= ERRORS[4]


@pytest.mark.parametrize("shape", [(2, 30, 30, 16), (20, 34, 34, 32), (1, 28, 28, 128)])
def test_the_error_of_weight_gradients_stays_small(shape: tuple[int, int, int, int]) -> None:
    rng = np.random.default_rng(2)
    windows = Windows.over(shape[1:3], 3, 1, "same")
    for positive in (False, True):
        x = rng.standard_normal(shape, dtype=np.float32)
        x = np.abs(x) if positive else x
        dy = rng.standard_normal((*shape[:3], 32), dtype=np.float32)
        expected = numpy.conv2d_weight_gradient(x.astype(float), dy.astype(float), windows, 1)
        for m, limit in ERRORS.items():
            dw = np.empty(expected.shape, np.float32)
            winograd_weight_gradient.conv2d_weight_gradient(x, dy, dw, windows.pads, m)
            assert error(dw, expected) <= limit
