"""The oracle itself, by hand: it must not lean on what it bears witness for."""

from __future__ import annotations

import ast
import inspect

import numpy as np
import pytest

from minicnn.kernels.cpu.ladder import loops

NO_PADS = ((0, 0), (0, 0))


def image(rows: list[list[float]]) -> np.ndarray:
    return np.array(rows, np.float64)[None, :, :, None]


def kernel(rows: list[list[float]]) -> np.ndarray:
    return np.array(rows, np.float64)[:, :, None, None]


def test_nothing_but_numpy_is_imported() -> None:
    imported = set()
    for node in ast.walk(ast.parse(inspect.getsource(loops))):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert imported == {"__future__", "collections.abc", "numpy"}


def test_a_convolution_and_its_gradients_by_hand() -> None:
    x, w = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]]), kernel([[1, 2], [3, 4]])
    y = loops.conv2d(x, w, np.array([0.5]), (1, 1), NO_PADS, (1, 1), 1)
    assert y[0, :, :, 0].tolist() == [[37.5, 47.5], [67.5, 77.5]]
    dy = image([[1, 0], [0, 10]])
    dx = loops.conv2d_input_gradient(dy, w, (3, 3), (1, 1), NO_PADS, (1, 1), 1)
    assert dx[0, :, :, 0].tolist() == [[1, 2, 0], [3, 14, 20], [0, 30, 40]]
    dw = loops.conv2d_weight_gradient(x, dy, (2, 2), (1, 1), NO_PADS, (1, 1), 1)
    assert dw[:, :, 0, 0].tolist() == [[51, 62], [84, 95]]


def test_stride_dilation_and_padding_by_hand() -> None:
    x, w = image([[1, 2, 3, 4]]), kernel([[10, 1]])
    y = loops.conv2d(x, w, None, (1, 2), ((0, 0), (1, 2)), (1, 2), 1)  # taps at (-1, 1), (1, 3), (3, 5)
    assert y[0, :, :, 0].tolist() == [[2, 24, 40]]


def test_groups_see_only_their_own_channels() -> None:
    x = np.array([1.0, 10, 100, 1000]).reshape(1, 1, 1, 4)
    w = np.ones((1, 1, 2, 4)) * np.array([1, 2, 3, 4])
    y = loops.conv2d(x, w, None, (1, 1), NO_PADS, (1, 1), 2)
    assert y.ravel().tolist() == [11, 22, 3300, 4400]


def test_depthwise_channels_come_out_filter_by_filter() -> None:
    x, w = np.array([1.0, 10]).reshape(1, 1, 1, 2), np.array([[1.0, 2], [3, 4]]).reshape(1, 1, 2, 2)
    assert loops.depthwise_conv2d(x, w, None, (1, 1), NO_PADS, (1, 1)).ravel().tolist() == [1, 2, 30, 40]
    dy = np.array([1.0, 10, 100, 1000]).reshape(1, 1, 1, 4)
    dx = loops.depthwise_conv2d_input_gradient(dy, w, (1, 1), (1, 1), NO_PADS, (1, 1))
    assert dx.ravel().tolist() == [1 + 20, 300 + 4000]
    dw = loops.depthwise_conv2d_weight_gradient(x, dy, (1, 1), (1, 1), NO_PADS, (1, 1))
    assert dw.ravel().tolist() == [1, 10, 1000, 10000]


def test_a_transposed_convolution_stamps_its_kernel() -> None:
    x, w = image([[1, 2]]), kernel([[1, 10, 100]])
    y = loops.conv2d_transpose(x, w, np.array([0.5]), (1, 6), (1, 2), NO_PADS, (1, 1))
    assert y[0, 0, :, 0].tolist() == [1.5, 10.5, 102.5, 20.5, 200.5, 0.5]
    dy = image([[1, 2, 3, 4, 5, 6]])
    dx = loops.conv2d_transpose_input_gradient(dy, w, (1, 2), (1, 2), NO_PADS, (1, 1))
    assert dx.ravel().tolist() == [1 + 20 + 300, 3 + 40 + 500]
    dw = loops.conv2d_transpose_weight_gradient(x, dy, (1, 3), (1, 2), NO_PADS, (1, 1))
    assert dw.ravel().tolist() == [1 * 1 + 2 * 3, 1 * 2 + 2 * 4, 1 * 3 + 2 * 5]


def test_max_pooling_ignores_padding_and_gives_ties_to_the_first() -> None:
    x = image([[-3, -1], [-1, -5]])
    pads = ((1, 0), (1, 0))
    assert loops.max_pool2d(x, (2, 2), (1, 1), pads)[0, :, :, 0].tolist() == [[-3, -1], [-1, -1]]
    dx = loops.max_pool2d_gradient(image([[1, 10], [100, 1000]]), x, (2, 2), (1, 1), pads)
    assert dx[0, :, :, 0].tolist() == [[1, 1010], [100, 0]]


def test_average_pooling_counts_pixels_only() -> None:
    pads = ((1, 0), (1, 0))
    y = loops.average_pool2d(image([[2, 4], [6, 8]]), (2, 2), (1, 1), pads)
    assert y[0, :, :, 0].tolist() == [[2, 3], [4, 5]]
    dx = loops.average_pool2d_gradient(image([[1, 2], [4, 4]]), (2, 2), (2, 2), (1, 1), pads)
    assert dx[0, :, :, 0].tolist() == [[5, 2], [3, 1]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_are_kept(dtype: type) -> None:
    x, w = np.ones((1, 3, 3, 1), dtype), np.ones((2, 2, 1, 1), dtype)
    assert loops.conv2d(x, w, None, (1, 1), NO_PADS, (1, 1), 1).dtype == dtype
    assert loops.average_pool2d(x, (2, 2), (1, 1), NO_PADS).dtype == dtype
