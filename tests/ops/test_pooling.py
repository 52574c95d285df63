"""The places where poolings go wrong: padding that wins, windows that overlap, ties, windows partly outside."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import ops
from minicnn.gradient_check import Case
from tests.conftest import Spy
from tests.ops.calls import Result, run


def image(rows: list[list[float]]) -> np.ndarray:
    return np.array(rows, np.float64)[None, :, :, None]


def pooled(operator: object, x: np.ndarray, dy: list[list[float]], **options: object) -> Result:
    """Forward and backward of one image of one channel, as plain rows and columns."""
    y, gradients = run(Case(operator, {"x": x}, options), image(dy))  # type: ignore[arg-type]
    return Result(y[0, :, :, 0], {"x": gradients["x"][0, :, :, 0]})


def test_a_pixel_that_wins_in_overlapping_windows_gets_the_sum(backend: Spy) -> None:
    x = image([[1, 2, 3], [4, 9, 5], [6, 7, 8]])
    y, gradients = pooled(ops.max_pool2d, x, [[1, 10], [100, 1000]], pool_size=2, strides=1)
    assert y.tolist() == [[9, 9], [9, 9]]
    assert gradients["x"].tolist() == [[0, 0, 0], [0, 1111, 0], [0, 0, 0]]


@pytest.mark.parametrize("padding", ["same", 1])
def test_padding_never_wins_over_negative_pixels(backend: Spy, padding: object) -> None:
    x = -1 - np.arange(9.0).reshape(1, 3, 3, 1)
    y = ops.max_pool2d(x, 2, strides=2, padding=padding)
    assert (y < 0).all()
    assert y[0, :, :, 0].tolist() == ([[-1, -3], [-7, -9]] if padding == "same" else [[-1, -2], [-4, -5]])


def test_of_a_tie_the_first_in_row_major_order_wins_alone(backend: Spy) -> None:
    y, gradients = pooled(ops.max_pool2d, image([[5, 5], [5, 5]]), [[7]], pool_size=2)
    assert y.tolist() == [[5]]
    assert gradients["x"].tolist() == [[7, 0], [0, 0]]
    y, gradients = pooled(ops.max_pool2d, image([[1, 5], [5, 2]]), [[7]], pool_size=2)
    assert gradients["x"].tolist() == [[0, 7], [0, 0]]


def test_ties_of_max_and_global_max_go_to_the_first_too(backend: Spy) -> None:
    y, gradients = run(Case(ops.max, {"x": np.array([[2.0, 3, 3], [3, 1, 0]])}, {"axis": 1}), np.array([1.0, 10]))
    assert y.tolist() == [3, 3]
    assert gradients["x"].tolist() == [[0, 1, 0], [10, 0, 0]]
    _, gradients = run(Case(ops.global_max_pool2d, {"x": image([[0, 4], [4, 4]])}), np.array([[3.0]]))
    assert gradients["x"][0, :, :, 0].tolist() == [[0, 3], [0, 0]]


def test_a_nan_pixel_stays_visible(backend: Spy) -> None:
    y = ops.max_pool2d(image([[1, np.nan], [5, 2], [3, 4], [0, 1]]), 2)
    assert np.isnan(y[0, 0, 0, 0])
    assert y[0, 1, 0, 0] == 4


def test_the_gradient_goes_to_the_nan_and_of_several_to_the_last_as_in_pytorch(backend: Spy) -> None:
    x = image([[1, np.nan, 5, 2], [5, 2, np.nan, np.nan]])
    _, gradients = pooled(ops.max_pool2d, x, [[7, 8]], pool_size=2)
    assert gradients["x"].tolist() == [[0, 7, 0, 0], [0, 0, 0, 8]]
    _, gradients = pooled(ops.max_pool2d, image([[np.nan, 1], [2, 3]]), [[9]], pool_size=3, padding=1)
    assert gradients["x"].tolist() == [[9, 0], [0, 0]]


def test_the_mean_is_over_pixels_and_not_over_padding(backend: Spy) -> None:
    x = image([[2, 4], [6, 8]])
    y, gradients = pooled(ops.average_pool2d, x, [[1, 2], [4, 4]], pool_size=2, padding=((1, 0), (1, 0)), strides=1)
    assert y.tolist() == [[2, 3], [4, 5]]
    assert gradients["x"].tolist() == [[1 + 1 + 2 + 1, 1 + 1], [2 + 1, 1]]


def test_pixels_that_no_window_sees_get_nothing(backend: Spy) -> None:
    x = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    _, gradients = pooled(ops.max_pool2d, x, [[1]], pool_size=2)
    assert gradients["x"].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    _, gradients = pooled(ops.average_pool2d, x, [[4]], pool_size=2)
    assert gradients["x"].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_channels_and_images_are_pooled_apart(backend: Spy) -> None:
    x = np.arange(16.0).reshape(2, 2, 2, 2)
    assert ops.max_pool2d(x, 2)[:, 0, 0].tolist() == [[6, 7], [14, 15]]
    assert ops.global_average_pool2d(x).tolist() == [[3, 4], [11, 12]]
    assert ops.global_max_pool2d(x).tolist() == [[6, 7], [14, 15]]


def test_strides_default_to_the_window(backend: Spy) -> None:
    x = np.arange(36.0).reshape(1, 6, 6, 1)
    np.testing.assert_array_equal(ops.max_pool2d(x, (3, 2)), ops.max_pool2d(x, (3, 2), strides=(3, 2)))
